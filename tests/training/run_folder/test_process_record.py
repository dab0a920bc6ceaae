"""What a run does, by its process's last report and by what is known of that process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from napari_icenet.jobs.file_lock import locked
from napari_icenet.training.run_folder.process_record import (
    VARIABLE,
    Launch,
    effective_status,
    own_token,
    read_launch,
    write_launch,
)
from napari_icenet.training.run_folder.status import ACTIVE, RunStatus

HERE = socket.gethostname()


@pytest.fixture(scope="module")
def dead():
    """Number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def launch(**values):
    return Launch(**{"token": "t", "host": HERE, "pid": os.getpid(), "started": 100.0, **values})


def status(**values):
    return RunStatus(
        **{"state": "running", "host": HERE, "pid": os.getpid(), "updated": 200.0, "launch": "t", **values}
    )


def test_a_record_comes_back_from_its_file(tmp_path):
    path = tmp_path / "launch.json"
    made = launch(exit=-9, words="why", ended=True, compare=False, module="m", born=3.5)
    write_launch(path, made)
    assert read_launch(path) == made
    assert [file.name for file in tmp_path.iterdir()] == ["launch.json"]


def test_files_of_0_1_0_call_the_supervisor_a_keeper(tmp_path):
    (tmp_path / "launch.json").write_text('{"token": "t", "host": "h", "keeper": 7, "unknown": 1}')
    assert read_launch(tmp_path / "launch.json").supervisor == 7


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"token": 3}'])
def test_a_record_that_cannot_be_read_is_none(tmp_path, content):
    path = tmp_path / "launch.json"
    if content is not None:
        path.write_text(content)
    assert read_launch(path) is None


def test_a_process_knows_its_launch(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert own_token() == ""
    monkeypatch.setenv(VARIABLE, "abc")
    assert own_token() == "abc"


def test_a_process_is_going_until_it_has_ended_or_died(dead):
    assert launch().going
    assert not launch(ended=True).going
    assert not launch(pid=dead).going
    assert launch(pid=0, supervisor=os.getpid()).going
    assert not launch(pid=0, supervisor=dead).going
    # The number was given to another process since.
    assert not launch(born=1.0).going
    # Nobody here knows of another machine's.
    assert launch(pid=dead, host="elsewhere").going
    assert not launch(pid=dead, host="elsewhere", ended=True).going


def test_nothing_is_known_of_what_has_never_begun(tmp_path):
    assert effective_status(None, None, tmp_path) is None


@pytest.mark.parametrize("before", [None, status(launch="old", updated=50.0, state="stopped", step=7)])
def test_one_that_has_yet_to_speak_is_starting(tmp_path, before):
    found = effective_status(before, launch(), tmp_path)
    assert (found.state, found.message, found.pid, found.launch) == ("preparing", "starting", os.getpid(), "t")
    assert found.step == (0 if before is None else 7)


@pytest.mark.parametrize(
    ("ended", "code", "state"),
    [(True, 1, "failed"), (True, 0, "stopped"), (True, -9, "stopped"), (False, 0, "stopped")],
)
def test_one_that_never_spoke_and_is_gone(tmp_path, dead, ended, code, state):
    found = effective_status(None, launch(pid=dead, ended=ended, exit=code, words="the reason"), tmp_path)
    assert (found.state, found.message) == (state, "the reason")
    assert effective_status(None, launch(pid=dead), tmp_path).message


@pytest.mark.parametrize("state", ["stopped", "finished", "failed"])
def test_what_has_ended_by_its_own_words_has_ended(tmp_path, dead, state):
    said = status(state=state, pid=dead)
    assert effective_status(said, launch(ended=True, exit=1, words="x"), tmp_path) == said


@pytest.mark.parametrize("state", ACTIVE)
def test_one_that_holds_its_folder_is_at_work_however_long_it_is_silent(tmp_path, state):
    with locked(tmp_path):
        said = status(state=state, updated=1.0, launch="")
        assert effective_status(said, None, tmp_path) == said


@pytest.mark.parametrize("state", ACTIVE)
def test_another_process_with_its_number_does_not_hold_the_folder(tmp_path, state):
    with locked(tmp_path):
        pass
    assert effective_status(status(state=state), None, tmp_path).state == "stopped"


def test_another_machines_is_taken_at_its_word(tmp_path, dead):
    said = status(host="elsewhere", pid=dead)
    assert effective_status(said, None, tmp_path) == said


@pytest.mark.parametrize(
    ("code", "words", "state"),
    [(1, "a fault", "failed"), (-9, "killed", "stopped"), (143, "stopped from outside", "stopped"), (1, "", "stopped")],
)
def test_one_that_died_while_at_work_has_its_supervisors_words(tmp_path, dead, code, words, state):
    found = effective_status(status(pid=dead), launch(pid=dead, ended=True, exit=code, words=words), tmp_path)
    assert found.state == state
    assert found.message == words if words else "died" in found.message


def test_words_of_another_launch_are_not_its_own(tmp_path, dead):
    old = launch(token="old", pid=dead, ended=True, exit=1, words="of before")
    found = effective_status(status(pid=dead), old, tmp_path)
    assert found.state == "stopped"
    assert "of before" not in found.message

"""Runs that wait for each other."""

from __future__ import annotations

import os
import shutil
import signal

import pytest

from napari_icenet.errors import TrainingError, UsageError
from napari_icenet.jobs.detached import alive
from napari_icenet.training.launch import launch as launching
from napari_icenet.training.launch.list import Runs
from napari_icenet.training.launch.queue import Queue
from napari_icenet.training.run_folder.folder import RunFolder
from napari_icenet.training.run_folder.process_record import read_launch
from tests.training.launched import wait_for_end, wait_for_state
from tests.training.runs import small, wait_for
from tests.training.tiny import trouble

pytestmark = pytest.mark.usefixtures("own_home")


@pytest.fixture
def settings(dataset):
    return small(dataset, objective={"cost": 0.05})


@pytest.mark.process
def test_the_next_one_starts_when_the_one_before_ends_though_nobody_looks(settings, tmp_path):
    queue, runs = Queue(), Runs([tmp_path / "runs"])
    one, other = (tmp_path / "runs" / name for name in ("one", "other"))
    large = settings.model_copy(update={"optimisation": settings.optimisation.model_copy(update={"batch": 5000})})
    assert queue.add(one, large, compare=False) is not None
    assert queue.add(other, settings, compare=False) is None
    assert queue.waiting == (other,)
    assert queue.active == (one,)
    runs.refresh()
    assert {run.name: run.state for run in runs.runs} == {"one": "preparing", "other": "queued"}
    with pytest.raises(UsageError, match="waits in the queue already"):
        queue.add(other, settings)
    wait_for_state(other, "finished")
    for run in (one, other):
        wait_for_end(run)
    assert [RunFolder(run).status().state for run in (one, other)] == ["failed", "finished"]
    assert trouble(one).startswith("a batch of 5000 is larger")
    assert queue.waiting == ()
    assert queue.active == ()


@pytest.mark.process
def test_a_queue_whose_keeper_was_killed_waits_for_a_window(settings, tmp_path):
    queue = Queue()
    one, other = tmp_path / "one", tmp_path / "other"
    queue.add(one, settings, compare=False)
    queue.add(other, settings, compare=False)
    wait_for_state(one, "running")
    assert queue.tend() is None
    record = read_launch(RunFolder(one).launch)
    for pid in (record.supervisor, record.pid):
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not alive(record.pid))
    assert Queue().waiting == (other,)
    wait_for(lambda: Queue().tend() is not None)
    wait_for_end(other)
    assert RunFolder(other).status().state == "finished"


@pytest.fixture
def held(monkeypatch):
    """A queue in which a run is always going on."""
    monkeypatch.setattr("napari_icenet.training.launch.queue._active", lambda values: ["busy"])
    return Queue()


def test_order(held, settings, tmp_path):
    folders = [tmp_path / name for name in "abc"]
    for folder in folders:
        held.add(folder, settings)
    a, b, c = folders
    assert held.waiting == (a, b, c)
    held.move(c, 0)
    assert held.waiting == (c, a, b)
    held.move(c, 9)
    assert held.waiting == (a, b, c)
    held.remove(b)
    assert Queue().waiting == (a, c)
    assert b.exists()
    with pytest.raises(UsageError, match="does not wait in the queue"):
        held.move(b, 0)


def test_a_run_that_was_deleted_meanwhile_is_passed_over(held, settings, tmp_path, monkeypatch):
    one, other = tmp_path / "one", tmp_path / "other"
    held.add(one, settings)
    held.add(other, settings)
    (one / "wanted.json").unlink()
    one.rmdir()
    started = []
    monkeypatch.setattr("napari_icenet.training.launch.queue._active", lambda values: values.get("active", []))
    monkeypatch.setattr(
        "napari_icenet.training.launch.launch._start", lambda run, **_: started.append(run.path) or "launched"
    )
    assert held.tend() == "launched"
    assert started == [other]
    assert held.waiting == ()
    assert not one.exists()


def test_a_damaged_file_is_an_empty_queue(tmp_path):
    path = tmp_path / "queue.json"
    for text in ("{", "[]", '{"waiting": [3, {"folder": 4}, {}], "active": [5]}'):
        path.write_text(text)
        assert Queue(path).waiting == ()
        assert Queue(path).active == ()
        assert Queue(path).tend() is None


def test_deleting_takes_it_out_of_the_queue(held, settings, tmp_path):
    runs = Runs([tmp_path / "runs"])
    held.add(tmp_path / "runs" / "one", settings)
    runs.refresh()
    assert runs.runs[0].state == "queued"
    runs.delete(tmp_path / "runs" / "one")
    assert held.waiting == ()
    assert runs.runs == ()


@pytest.mark.process
def test_one_that_has_just_been_told_to_stop_is_waited_for_and_goes_on(settings, tmp_path):
    queue, run = Queue(), tmp_path / "run"
    queue.add(run, settings, compare=False)
    wait_for_state(run, "running")
    with pytest.raises(TrainingError, match="is going on already"):
        queue.add_resume(run)
    RunFolder(run).request("stop")
    wait_for_state(run, "stopped")
    # Its process has said so, and has yet to leave the folder.
    assert queue.add_resume(run, compare=False) is not None
    wait_for_state(run, "finished")


@pytest.mark.process
def test_a_run_in_the_queue_is_told_where_its_datasets_are_now(settings, tmp_path):
    queue, run = Queue(), tmp_path / "run"
    mine = tmp_path / "mine.zarr"
    shutil.copytree(settings.data.datasets[0], mine)
    here = settings.model_copy(update={"data": settings.data.model_copy(update={"datasets": (str(mine),)})})
    queue.add(run, here, compare=False)
    wait_for_state(run, "running")
    RunFolder(run).request("stop")
    wait_for_state(run, "stopped")
    mine.rename(tmp_path / "moved.zarr")
    assert queue.add_resume(run, datasets=[str(tmp_path / "moved.zarr")], compare=False) is not None
    wait_for_state(run, "finished", "failed")
    assert RunFolder(run).status().state == "finished", trouble(run)


def test_settings_of_a_run_that_starts_at_once_are_written_once(settings, tmp_path, monkeypatch):
    written, write = [], launching.write_durably
    monkeypatch.setattr(launching, "write_durably", lambda path, data: written.append(path) or write(path, data))
    monkeypatch.setattr(launching, "_start", lambda run, **_how: run)
    started = Queue().add(tmp_path / "one", settings, compare=False)
    assert written == [started.wanted]
    assert started.wanted_settings() == settings

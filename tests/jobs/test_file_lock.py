"""A folder is held by one process at a time, and let go of when that process ends, however it ends."""

import subprocess
import sys

import pytest

from napari_icenet.errors import TrainingError
from napari_icenet.jobs.file_lock import held, locked

HOLDS = """
import sys, pathlib
from napari_icenet.jobs.file_lock import locked
with locked(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the folder until its input is closed."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_folder_that_was_never_held_is_not_touched(tmp_path):
    assert held(tmp_path) is None
    assert not list(tmp_path.iterdir())


def test_it_is_held_as_long_as_the_context_lasts(tmp_path):
    with locked(tmp_path):
        assert held(tmp_path) is True
    assert held(tmp_path) is False
    with locked(tmp_path):
        pass


@pytest.mark.process
def test_what_another_process_holds_is_refused(holder, tmp_path):
    assert held(tmp_path) is True
    with pytest.raises(TrainingError, match="in use by a run that is going on; stop that one first"), locked(tmp_path):
        pass


@pytest.mark.process
def test_different_names_are_not_in_each_others_way(holder, tmp_path):
    with locked(tmp_path, "other"):
        assert held(tmp_path) is True


@pytest.mark.process
def test_a_process_that_is_killed_lets_go(holder, tmp_path):
    holder.kill()
    holder.wait()
    assert held(tmp_path) is False
    with locked(tmp_path):
        pass


def test_a_folder_that_cannot_be_written_says_so(tmp_path):
    with pytest.raises(TrainingError, match=r"lock cannot be written .*choose another folder"), locked(tmp_path / "no"):
        pass

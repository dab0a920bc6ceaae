"""A run that comes to grief while the window looks on: one sentence each, and a way on that works."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import signal
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from napari_icenet.training.run_folder.folder import RunFolder
from napari_icenet.training.run_folder.process_record import read_launch
from tests.datasets.ice import moving, stack_of
from tests.gui.train.ready import small
from tests.gui.train.windows import begin_anew, kept_desk, stopped_run, trainers
from tests.training import tiny
from tests.training.launched import ROOT
from tests.training.runs import steps, wait_for

#: Counts processes that the system has killed for want of memory, as the system itself does in /proc/vmstat.
COUNTER = """
import os, pathlib
read = pathlib.Path.read_text
def counted(self, *args, **kwargs):
    return read(pathlib.Path(os.environ["VMSTAT"]) if str(self) == "/proc/vmstat" else self, *args, **kwargs)
pathlib.Path.read_text = counted
"""


@pytest.fixture(scope="module")
def window(qapp, tmp_path_factory, dataset):
    folder = tmp_path_factory.mktemp("window")
    (folder / "vmstat").write_text("nr_free_pages 9\noom_kill 3\n")
    (folder / "sitecustomize.py").write_text(COUNTER)
    with kept_desk(folder) as desk, pytest.MonkeyPatch.context() as changed:
        changed.setenv("VMSTAT", str(folder / "vmstat"))
        changed.setenv("PYTHONPATH", f"{folder}{os.pathsep}{ROOT}")
        yield desk


@pytest.fixture
def going(window, qtbot, dataset):
    """The window and a run that is going on; what one test has ended goes on for the next."""
    desk, window.qtbot = window, qtbot
    if desk.run is None or desk.run.name != "patient":
        begin_anew(desk, qtbot)
        desk.choose_dataset(dataset)
        desk.setup.name.setText("patient")
        desk.start(small(dataset, objective={"cost": 0.1}, validation={"every": 0}, optimisation={"steps": 5000}))
        desk.setup.name.clear()
    elif not desk.run.active:
        desk.runs.next.click()
    desk.until(lambda: desk.run.state == "running" and desk.run.step >= 2)
    return desk


@contextmanager
def no_file_above(size, pid=0):
    """As on a full disk, files do not grow above a size: in this process and those it starts, or in another one."""
    usual = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, usual[1]))
    try:
        yield
    finally:
        if not pid:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, usual)


def follow(desk, folder):
    """Show a run on the page of runs."""
    desk.tab.show_page(1)
    desk.tab.follower.look()
    desk.until(lambda: desk.tab.follower.find(folder) is not None)
    desk.runs.choose((folder,))


def press_resume(desk):
    """What the window offers after a fault: the run goes on from its checkpoint, each step taken once."""
    folder, before = desk.run.folder, steps(desk.run.folder)
    assert not desk.runs.progress.isVisible()
    assert not desk.runs.stop.isVisible()
    desk.until(lambda: desk.runs.next.text() == "Resume" and desk.runs.next.isEnabled())
    desk.runs.next.click()
    assert desk.runs.next.text() == "Going on …"
    desk.until_state("running")
    desk.until(lambda: taken(folder)[-1] > before - 10 and desk.run.state == "running")
    assert taken(folder) == list(range(1, len(taken(folder)) + 1))


def taken(folder):
    lines = (folder / "events.jsonl").read_text().splitlines()[:-1]
    return [line["step"] for line in map(json.loads, lines) if line["kind"] == "step"]


def test_a_machine_asleep_is_waited_for(going):
    desk, run = going, RunFolder(going.run.folder)
    pid = run.status().pid
    os.kill(pid, signal.SIGSTOP)
    desk.qtbot.wait(1200)
    asleep, left = steps(run.path), desk.run.seconds_left
    # The clock has jumped: what was told last is of an hour ago, or of an hour to come.
    told = json.loads((run.path / "status.json").read_bytes())
    words = {-3600: "nothing heard for 60 min", 3600: " left"}
    for jump, said in words.items():
        (run.path / "status.json").write_text(json.dumps(told | {"updated": time.time() + jump}))
        looks = desk.tab.follower.looks
        desk.until(lambda looks=looks: desk.tab.follower.looks >= looks + 2)
        assert desk.run.state == "running"
        assert desk.runs.next.text() == "Pause"
        assert desk.runs.stop.isVisible()
        assert f"tep {desk.run.step} of 5" in desk.runs.line.text()
        assert desk.run.seconds_left == left
        desk.until(lambda said=said: said in desk.runs.line.text())
        assert not desk.runs.message.isVisible()
    assert steps(run.path) == asleep
    os.kill(pid, signal.SIGCONT)
    desk.until(lambda: desk.run.step >= asleep + 5)
    # A step takes a tenth of a second, and not the time asleep.
    assert desk.run.seconds_left < 5000
    assert trainers(run.path) == [pid]


def test_killed_by_somebody(going):
    desk = going
    os.kill(RunFolder(desk.run.folder).status().pid, signal.SIGKILL)
    desk.until_state("stopped")
    desk.until(lambda: "It was killed, by somebody or by the system for want of memory" in desk.runs.line.text())
    assert "resume it to go on" in desk.runs.line.text()
    assert desk.runs.table.item(0, 1).text() == "stopped"
    press_resume(desk)


def test_killed_by_the_system_for_want_of_memory(going):
    desk = going
    Path(os.environ["VMSTAT"]).write_text("nr_free_pages 9\noom_kill 4\n")
    os.kill(RunFolder(desk.run.folder).status().pid, signal.SIGKILL)
    desk.until_state("stopped")
    desk.until(lambda: "The system ended it, for the memory was full" in desk.runs.line.text())
    assert "choose a smaller batch, or close programs, then resume it" in desk.runs.line.text()
    press_resume(desk)


def test_trainer_and_keeper_killed_together(going):
    desk = going
    record = read_launch(RunFolder(desk.run.folder).launch)
    # The supervisor first, for it would still tell why.
    for pid in (record.supervisor, record.pid):
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not trainers(desk.run.folder))
    desk.until_state("stopped")
    desk.until(lambda: "Its process has died; resume it to go on" in desk.runs.line.text())
    press_resume(desk)


def test_the_disk_fills_while_a_run_is_training(going):
    desk, run = going, RunFolder(going.run.folder)
    with no_file_above(4096, run.status().pid):
        desk.until_state("failed")
    words = desk.runs.line.text()
    assert re.search(r"cannot be written \((File too large|the disk is full)\); free some space, then resume", words)
    assert words.count(". ") == 0
    assert desk.runs.table.item(0, 1).text() == "failed"
    press_resume(desk)


def test_the_disk_fills_while_the_dataset_is_cut(desk):
    desk.choose_stack(stack_of(moving(6, 288, (0, 1))))
    desk.setup.settings.show_settings(small(validation={"every": 0}))
    desk.until(desk.setup.bar.button.isEnabled)
    path = desk.setup.data.path
    with no_file_above(4096):
        desk.setup.bar.button.click()
        desk.until(lambda: bool(said(desk)))
    assert "free some space" in said(desk)
    assert said(desk).count(". ") == 0
    assert not path.exists()
    # With space again, the same button goes on.
    button = desk.runs.next if desk.run is not None else desk.setup.bar.button
    desk.until(button.isEnabled)
    assert button.text() in ("Start training", "Resume")
    button.click()
    desk.until(lambda: desk.run is not None and desk.run.state in ("running", "finished"))
    assert path.exists()


def said(desk):
    """Why the dataset was not cut: by the page that set it up, or the run that cuts it."""
    failed = desk.run is not None and desk.run.state == "failed"
    return desk.runs.line.text() if failed else desk.setup.message.text()


def test_a_dataset_that_has_changed_or_moved_is_asked_for(desk, dataset, tmp_path, monkeypatch):
    own, moved = tmp_path / "own.zarr", tmp_path / "moved.zarr"
    shutil.copytree(dataset, own)
    folder = stopped_run("moved", small(own, validation={"every": 0}, optimisation={"steps": 40}), 4)
    own.rename(moved)
    tiny.make_dataset(own, seed=1)
    desk.tab.show_page(1)
    desk.tab.follower.look()
    desk.until(lambda: desk.run is not None)
    desk.runs.next.click()
    desk.until_state("failed")
    assert "own.zarr has changed since the run began" in desk.runs.line.text()
    assert "bring that dataset back, or start a new run" in desk.runs.line.text()
    assert desk.runs.next.text() == "Resume"
    asked, answers = [], ["", str(moved)]

    def choose(_parent, title, start):
        asked.append((title, start))
        return answers.pop(0)

    monkeypatch.setattr("napari_icenet.gui.train.runs.actions.QFileDialog.getExistingDirectory", choose)
    for state in ("failed", "preparing"):
        desk.runs.menu.aboutToShow.emit()
        entries = {action.text(): action for action in desk.runs.menu.actions()}
        entries["Resume with the datasets elsewhere…"].trigger()
        desk.until_state(state)
    assert asked == [("Where is own.zarr now?", str(tmp_path))] * 2
    desk.until(lambda: desk.run.step > 4)
    assert json.loads((folder / "config.json").read_bytes())["data"]["datasets"] == [str(moved)]

"""What following a run costs: counted in what is read, laid out and drawn, with a run that is written by hand."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from qtpy.QtCore import QEvent, QObject

from napari_icenet.gui.train.runs import follower as train_follow
from napari_icenet.gui.train.runs.reader import RunReader
from napari_icenet.gui.train.tab import RUNS
from napari_icenet.training.run_folder.event_log import EventLog
from napari_icenet.training.run_folder.folder import RunFolder
from napari_icenet.training.run_folder.status import RunStatus
from tests.gui.train.ready import small


class Written:
    """A run of this process, whose steps are made up."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.run, self.step = RunFolder(folder), 0
        self.run.config.write_text(small().model_dump_json())
        self.log = EventLog(self.run.log)

    def go_on(self, steps: int = 1, state: str = "running", tell: bool = True) -> None:
        for _ in range(steps):
            self.step += 1
            self.log.write("step", self.step, {"loss": 1 / self.step, "mse": 0.5 / self.step})
        if tell:
            self.run.write_status(
                RunStatus(state=state, pid=os.getpid(), host=socket.gethostname(), step=self.step, of=60, started=1.0)
            )

    def validate(self) -> None:
        values = {"t1": 0.5, "t2": 0.4, "persistence_t1": 0.3, "persistence_t2": 0.2, "best": True}
        self.log.write("validation", self.step, values)


class Counted(QObject):
    """How often a widget was told something of one kind."""

    def __init__(self, widget, kind):
        super().__init__(widget)
        self.kind, self.count = kind, 0
        widget.installEventFilter(self)

    def eventFilter(self, _watched, event):
        self.count += event.type() == self.kind
        return False


@pytest.fixture
def written(own_home, tmp_path):
    made = Written(tmp_path / "home" / "runs" / "first")
    made.go_on(20)
    yield made
    made.log.close()


@pytest.fixture
def desk(new_desk, written):
    made = new_desk()
    made.tab.show_page(RUNS)
    made.until(lambda: made.runs.curves.drawn > 0 and made.run.step == 20)
    # From here on it looks only when it is told to.
    made.tab.follower._timer.stop()
    made.qtbot.wait(300)
    yield made
    written.go_on(state="stopped")
    look(made)


def look(desk, *, in_full=False):
    """Have the runs looked at, and wait until what was found is shown and painted."""
    looks = desk.tab.follower.looks
    desk.until(desk.tab.follower._look_due.done)
    desk.tab.follower.look(in_full=in_full)
    desk.until(lambda: desk.tab.follower.looks > looks)
    desk.qtbot.wait(100)


def test_curves_are_read_with_every_few_numbers_only(desk, written, monkeypatch):
    monkeypatch.setattr(train_follow, "FULL_S", 1e6)
    monkeypatch.setattr(train_follow, "AT_LEAST_S", 1e6)
    runs, follower = desk.runs, desk.tab.follower
    drawn = runs.curves.drawn
    for step in range(21, 26):
        written.go_on()
        look(desk)
        assert runs.line.text().startswith(f"Step {step} of 60")
        assert runs.table.item(0, 2).text() == f"{step} / 60"
    assert runs.curves.drawn == drawn
    assert follower.views[written.run.path].steps == 20
    # What it does now is never left for later, nor is what was asked for.
    written.go_on(state="paused")
    look(desk)
    assert runs.next.text() == "Go on"
    assert follower.views[written.run.path].steps == 26
    assert runs.curves.drawn == drawn + 1
    written.go_on(state="paused")
    runs.next.click()
    assert runs.next.text() == "Going on …"
    desk.until(lambda: follower.views[written.run.path].steps == 27)
    assert written.run.requested() == "run"


def test_only_what_has_grown_is_drawn(desk, written):
    curves = desk.runs.curves
    items = len(curves.losses.items) + len(curves.scores.items)
    drawn, views = curves.drawn, desk.tab.follower.views
    look(desk, in_full=True)
    assert curves.drawn == drawn
    # Another file alone makes another view of the same curves.
    before = views[written.run.path]
    written.run.output.write_text("something was said\n")
    look(desk, in_full=True)
    after = views[written.run.path]
    assert after is not before
    assert (after.raw, after.smooth, after.validation) == (before.raw, before.smooth, before.validation)
    assert curves.drawn == drawn
    for _ in range(3):
        written.go_on()
        look(desk, in_full=True)
    assert curves.drawn == drawn + 3
    assert views[written.run.path].validation is before.validation
    written.validate()
    look(desk, in_full=True)
    assert curves.drawn == drawn + 4
    assert curves.score_curves.items[0].run.getData()[1].tolist() == [0.4]
    # Hidden, they wait.
    desk.runs.show_panel("Log")
    written.go_on()
    look(desk, in_full=True)
    assert curves.drawn == drawn + 4
    desk.runs.show_panel("Curves")
    assert curves.drawn == drawn + 5
    assert curves.readout.text().startswith("step 24")
    assert len(curves.losses.items) + len(curves.scores.items) == items


def test_new_numbers_lay_nothing_out_and_paint_once(desk, written):
    runs = desk.runs
    laid_out = Counted(runs.pages.currentWidget(), QEvent.Type.LayoutRequest)
    curves_laid_out = Counted(runs.curves, QEvent.Type.LayoutRequest)
    painted = Counted(runs.curves.canvas.viewport(), QEvent.Type.Paint)
    line_painted = Counted(runs.line, QEvent.Type.Paint)
    for _ in range(3):
        written.go_on()
        look(desk, in_full=True)
    assert runs.line.text().startswith("Step 23 of 60")
    assert (laid_out.count, curves_laid_out.count) == (0, 0)
    assert (painted.count, line_painted.count) == (3, 3)
    # A run that prepares is told of in words; nothing moves meanwhile.
    written.go_on(state="preparing")
    look(desk, in_full=True)
    assert runs.line.text() == "Preparing …"
    moved = Counted(runs.progress, QEvent.Type.Paint)
    desk.qtbot.wait(300)
    assert runs.progress.isVisible()
    assert moved.count == 0
    # With more words than fit on one line there is room for two.
    height = runs.line.height()
    runs.line.setText("It waits for what is not there yet, and says so at length. " * 3)
    desk.until(lambda: runs.line.height() > 1.5 * height)
    assert runs.line.height() >= runs.line.heightForWidth(runs.line.width())
    assert laid_out.count > 0


def test_a_file_that_stays_is_read_once(written, monkeypatch):
    reader = RunReader(written.run.path)
    assert reader.read().steps == 20
    opened = []
    monkeypatch.setattr(RunFolder, "events", lambda *_: opened.append("events"))
    monkeypatch.setattr("napari_icenet.gui.train.runs.reader.comparing", lambda *_: opened.append("comparing"))
    monkeypatch.setattr("napari_icenet.gui.train.runs.reader.read_comparison", lambda *_: opened.append("comparison"))
    assert reader.read() is None
    assert opened == []

"""What can be done with a run from the list and its menu, by the actions that a user sees; and what the mouse reads."""

from __future__ import annotations

import importlib.util
import json
import shutil

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_icenet.models.weights import load_weights
from napari_icenet.training.launch.launch import want
from napari_icenet.training.launch.list import default_root
from napari_icenet.training.launch.queue import Queue
from napari_icenet.training.run_folder.folder import RunFolder
from napari_icenet.training.train import train
from tests.gui.train.ready import small
from tests.gui.train.windows import Answers, trainers

STEPS = 24


@pytest.fixture(scope="module")
def finished(window, dataset, tmp_path_factory):
    """A run of 24 steps with 3 validations; not to be written to."""
    folder = tmp_path_factory.mktemp("finished") / "done"
    values = {"optimisation": {"steps": STEPS}, "validation": {"every": 8, "sequences": 6}}
    train(small(dataset, objective={"cost": 0.0}, **values), folder)
    return folder


@pytest.fixture
def desk(desk, finished):
    """The window, with two finished runs."""
    for name in ("first", "second"):
        shutil.copytree(finished, default_root() / name)
    desk.tab.follower.look()
    desk.until(lambda: len(desk.tab.follower.runs) == 2)
    desk.tab.show_page(1)
    desk.runs.show_panel("Curves")
    click(desk, "first")
    desk.until(lambda: desk.run is not None and desk.run.folder in desk.tab.follower.views)
    return desk


def click(desk, name, modifiers=Qt.KeyboardModifier.NoModifier):
    """Click a row of the list."""
    table = desk.runs.table
    row = [folder.name for folder in table.folders].index(name)
    at = table.visualItemRect(table.item(row, 0)).center()
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, modifiers, at)


def press(desk, title):
    """Choose an entry of the menu of the run."""
    entry(desk, title).trigger()


def entry(desk, title):
    desk.runs.menu.aboutToShow.emit()
    return next((action for action in desk.runs.menu.actions() if action.text() == title), None)


def titles(desk):
    desk.runs.menu.aboutToShow.emit()
    return [action.text() for action in desk.runs.menu.actions() if action.text()]


def test_the_menu_of_a_run_that_has_finished(desk):
    board = ["TensorBoard"] if importlib.util.find_spec("tensorboard") is not None else []
    again = ["Compare before and after again"]
    assert titles(desk) == ["Use these settings again", "Open folder", *again, *board, "Delete…"]
    assert all(entry(desk, title).toolTip() not in ("", title) for title in titles(desk))


def test_its_settings_are_used_again(desk, dataset):
    press(desk, "Use these settings again")
    assert desk.tab.bar.currentIndex() == 0
    settings = desk.setup.settings.settings([dataset])
    assert settings.essence() == RunFolder(default_root() / "first").settings().essence()
    assert settings.optimisation.steps == STEPS
    assert desk.setup.data.form.dataset == dataset
    desk.until(desk.setup.bar.button.isEnabled)


def test_its_folder_is_shown(desk, monkeypatch):
    opened = []
    monkeypatch.setattr(
        "napari_icenet.gui.train.runs.actions.QDesktopServices.openUrl", lambda url: opened.append(url.toLocalFile())
    )
    press(desk, "Open folder")
    assert opened == [str(default_root() / "first")]


def test_it_is_exported_as_one_file(desk, tmp_path, monkeypatch):
    answers = [("", ""), (str(tmp_path / "mine.safetensors"), "")]
    suggested = []

    def ask(_parent, _title, start, _kinds):
        suggested.append(start)
        return answers.pop(0)

    monkeypatch.setattr("napari_icenet.gui.train.runs.actions.QFileDialog.getSaveFileName", ask)
    desk.runs.export.click()
    assert not desk.runs.message.isVisible()
    desk.runs.export.click()
    desk.until(lambda: desk.runs.message.text().startswith("Wrote mine.safetensors, which holds its card"))
    assert [path.rpartition("/")[2] for path in suggested] == ["first.safetensors"] * 2
    assert load_weights(tmp_path / "mine.safetensors", "tiny")[1].model == "tiny"


def test_deleting_asks_first(desk):
    no = Answers("No")
    press(desk, "Delete…")
    assert no.seen[0][0] == "Delete first with its settings, curves and its weights? This cannot be undone."
    desk.qtbot.wait(100)
    assert (default_root() / "first").exists()
    # The Delete key asks the same; Enter alone deletes nothing.
    escape = Answers("Esc")
    desk.runs.table.setFocus()
    QTest.keyClick(desk.runs.table, Qt.Key.Key_Delete)
    assert len(escape.seen) == 1
    yes = Answers("Yes")
    press(desk, "Delete…")
    assert len(yes.seen) == 1
    desk.until(lambda: [run.name for run in desk.tab.follower.runs] == ["second"])
    desk.until(lambda: desk.runs.message.text() == "Deleted first.")
    assert not (default_root() / "first").exists()
    assert desk.runs.run.name == "second"


def test_two_are_compared_with_ctrl_click(desk):
    config = default_root() / "second" / "config.json"
    values = json.loads(config.read_bytes())
    values["optimisation"]["learning_rate"] = 0.5
    config.write_text(json.dumps(values))
    click(desk, "second", Qt.KeyboardModifier.ControlModifier)
    desk.until(lambda: {path.name for path in desk.tab.follower.views} == {"first", "second"})
    assert desk.run.name == "first"
    desk.runs.show_panel("Settings")
    table = desk.runs.settings
    rows = [[table.item(row, col).text() for col in range(3)] for row in range(table.rowCount())]
    assert rows == [["Learning rate", "0.01", "0.5"]]
    click(desk, "second")
    assert desk.run.name == "second"
    desk.until(lambda: desk.runs.settings.rowCount() > 20)


def test_the_mouse_over_the_curves_reads_their_values(desk):
    curves = desk.runs.curves
    desk.until(lambda: curves.readout.text().startswith(f"step {STEPS} "))
    at_end = curves.readout.text()
    view = desk.tab.follower.views[desk.run.folder]
    box = curves.scores.getViewBox()
    for step, judged in ((10, 0), (16, 1)):
        desk.until(lambda step=step: read_at(curves, box, step).startswith(f"step {step} "))
        assert f"NCC {view.validation.t2[judged]:.2f}".replace("0.", ".") in curves.readout.text()
        smooth = view.smooth["mse"]
        assert f"mse {smooth[1][list(smooth[0]).index(step)]:.3g}" in curves.readout.text()
    QApplication.sendEvent(curves, QEvent(QEvent.Type.Leave))
    desk.until(lambda: curves.readout.text() == at_end)


def read_at(curves, box, step):
    """What is read where the mouse points to a step."""
    canvas, none = curves.canvas, Qt.MouseButton.NoButton
    at = canvas.mapFromScene(box.mapViewToScene(QPointF(step, float(np.mean(box.viewRange()[1])))))
    where = QPointF(canvas.viewport().mapToGlobal(at))
    held = Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(canvas.viewport(), QMouseEvent(QEvent.Type.MouseMove, QPointF(at), where, none, none, held))
    return curves.readout.text()


def test_those_that_wait_change_places_and_one_that_goes_on_is_ended(desk, dataset):
    values = {"objective": {"cost": 0.05}, "validation": {"every": 0}, "optimisation": {"steps": 5000}}
    names = ("working", "waiting", "hurried")
    for name in names:
        Queue().add(default_root() / name, small(dataset, **values))
    working, waiting, hurried = (default_root() / name for name in names)
    desk.until(lambda: len(desk.tab.follower.runs) == 5)
    click(desk, "hurried")
    assert desk.runs.line.text() == "Waits for the runs before it."
    assert desk.runs.table.item(desk.runs.table.folders.index(hurried), 1).text() == "queued"
    press(desk, "Next in the queue")
    desk.until(lambda: Queue().waiting == (hurried, waiting))
    click(desk, "waiting")
    desk.until(lambda: desk.runs.next.text() == "Take out of the queue")
    desk.runs.next.click()
    desk.until(lambda: desk.run.state == "new")
    assert Queue().waiting == (hurried,)
    assert desk.runs.next.text() == "Start"
    click(desk, "working")
    desk.until_state("running")
    assert "End at once…" in titles(desk)
    assert "Next in the queue" not in titles(desk)
    answer = Answers("No")
    press(desk, "End at once…")
    assert "What it learned since its last checkpoint is lost" in answer.seen[0][0]
    assert len(trainers(working)) == 1
    answer = Answers("Yes")
    press(desk, "End at once…")
    assert len(answer.seen) == 1
    desk.until_state("stopped")
    assert trainers(working) == []
    assert desk.run.resumable
    # The next one begins by itself.
    click(desk, "hurried")
    desk.until_state("preparing", "running")


def test_a_run_that_never_began_is_started(desk, dataset):
    want(RunFolder(default_root() / "fresh"), small(dataset, validation={"every": 0}, optimisation={"steps": 500}))
    desk.until(lambda: len(desk.tab.follower.runs) == 3)
    click(desk, "fresh")
    assert desk.runs.line.text() == "Never started."
    desk.runs.next.click()
    desk.until_state("preparing", "running")

"""Training from the window: real processes of a tiny network, followed, stopped, killed, resumed, and found again."""

from __future__ import annotations

import json
import os
import shutil
import signal

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_icenet.datasets.sequences import SPLITS
from napari_icenet.gui.train import closing as train_closing
from napari_icenet.gui.train.runs import actions as runs_actions
from napari_icenet.gui.train.setup.split_layer import NAME
from napari_icenet.predictors.predictor_set import PredictorSpec
from napari_icenet.training.launch.list import Runs
from napari_icenet.training.run_folder.folder import RunFolder
from tests.datasets.ice import moving, stack_of
from tests.gui.train.ready import small, wait_for_step
from tests.training.launched import wait_for_end
from tests.training.runs import steps, wait_for


@pytest.fixture
def desk(new_desk):
    return new_desk()


def test_from_open_scenes_to_weights_in_line(desk, tmp_path):
    setup, runs, follower = desk.setup, desk.runs, desk.tab.follower
    wanted, compared = [], []
    desk.tab.scenes_wanted.connect(lambda: wanted.append(True))
    desk.tab.compare_wanted.connect(compared.append)
    assert setup.pages.currentIndex() == 0
    desk.qtbot.mouseClick(setup.open_scenes, Qt.MouseButton.LeftButton)
    assert wanted

    desk.choose_stack(stack_of(moving(6, 288, (0, 1))))
    planned = setup.data.planned
    layer = desk.viewer.layers[NAME]
    np.testing.assert_array_equal(layer.data, planned.plan.splits())
    assert layer.visible
    counts = planned.estimate.by_split
    assert f"training&nbsp;{counts['train']}" in setup.data.legend.text()
    assert "sequences" in setup.data.sizes.text()
    setup.data.look.click()
    desk.until(lambda: setup.data.preview.count == 6)

    desk.start(small())
    assert desk.tab.pages.currentWidget() is runs
    assert not layer.visible
    desk.until(lambda: desk.run.step >= 10)
    runs.next.click()
    assert runs.next.text() == "Pausing …"
    desk.until_state("paused")
    held = steps(desk.run.folder)
    desk.qtbot.wait(300)
    assert steps(desk.run.folder) == held
    assert runs.next.text() == "Go on"
    runs.next.click()
    desk.until_state("finished")
    view = follower.views[desk.run.folder]
    desk.until(lambda: len(follower.views[desk.run.folder].validation.step) == 3)
    view = follower.views[desk.run.folder]
    assert view.steps == 60
    assert set(view.raw) == {"loss", "mse"}
    assert len(view.samples) == 3
    assert runs.next.text() == "Compare on the picture"

    desk.until(lambda: follower.views[desk.run.folder].result is not None)
    found = follower.views[desk.run.folder].result
    desk.until(runs.result.isVisible)
    assert runs.result.table.rowCount() == len(found.rows)
    runs.next.click()
    assert compared == [desk.run.folder / "best.safetensors"]
    assert PredictorSpec.of_weights(compared[0]).title == f"Tiny · {desk.run.name}"
    listed = Runs()
    listed.refresh()
    assert listed.weights_of() == ((desk.run.name, compared[0]),)
    runs.actions_.export(desk.run, tmp_path / "mine.safetensors")
    desk.until(lambda: runs.message.text().startswith("Wrote mine.safetensors"))
    assert (tmp_path / "mine.safetensors").is_file()
    for title in ("Chips", "Settings", "Log", "Curves"):
        runs.show_panel(title)
    assert not runs.chips.picture.pixmap().isNull()
    assert runs.settings.rowCount() > 20
    assert "60 of 60" in runs.log.toPlainText()


def test_a_killed_trainer_is_told_and_resumed(desk, dataset):
    desk.choose_dataset(dataset)
    assert "blocks of ground held out" in desk.setup.data.sizes.text()
    desk.start(small(dataset))
    desk.until(lambda: desk.run.step >= 12)
    os.kill(RunFolder(desk.run.folder).status().pid, signal.SIGKILL)
    desk.until_state("stopped")
    desk.until(lambda: "was killed" in desk.runs.line.text())
    assert desk.runs.next.text() == "Resume"
    assert desk.runs.next.isEnabled()
    desk.runs.next.click()
    desk.until_state("running", "preparing")
    desk.until_state("finished")
    lines = [json.loads(line) for line in (desk.run.folder / "events.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if line["kind"] == "step"] == list(range(1, 61))


def endless():
    """Settings of a run that no machine, however busy, finishes before it is stopped."""
    return {"objective": {"cost": 0.05}, "optimisation": {"steps": 5000}}


def test_it_outlives_the_window_and_is_followed_again(new_desk, own_home, dataset):
    asked, answer = [], [train_closing.STAY]

    def ask(_parent, runs, building):
        asked.append((tuple(run.state for run in runs), building))
        return answer[0]

    own_home.setattr(train_closing, "ask", ask)
    first = new_desk()
    first.choose_dataset(dataset)
    first.start(small(dataset, **endless()))
    first.until_state("running")
    folder = first.run.folder
    window = first.viewer.window._qt_window
    assert not window.close()
    assert window.isVisible()
    assert asked == [(("running",), False)]
    answer[0] = train_closing.KEEP
    first.viewer.close()
    reached = steps(folder)
    wait_for_step(folder, reached + 3)

    second = new_desk()
    second.until(lambda: second.tab.bar.currentIndex() == 1)
    assert second.run.folder == folder
    second.until(lambda: folder in second.tab.follower.views and second.tab.follower.views[folder].steps > reached)
    answer[0] = train_closing.STOP
    second.viewer.close()
    wait_for_end(folder)
    assert RunFolder(folder).status().state == "stopped"
    # A third window finds it stopped, and resumes it.
    third = new_desk()
    third.until(lambda: third.run is not None)
    assert third.run.resumable
    third.tab.show_page(1)
    answer[0] = train_closing.KEEP
    third.runs.next.click()
    third.until_state("running")


def test_runs_wait_for_each_other_are_compared_and_deleted(desk, dataset, monkeypatch):
    runs, follower = desk.runs, desk.tab.follower
    desk.choose_dataset(dataset)
    desk.start(small(dataset, **endless()))
    desk.until_state("running")
    first = desk.run.folder
    desk.tab.show_page(0)
    desk.until(lambda: desk.setup.bar.button.text() == "Add to the queue")
    desk.start(small(dataset, optimisation={"steps": 20}))
    desk.until(lambda: len(follower.runs) == 2 and desk.run.folder != first)
    second = desk.run.folder
    assert desk.run.state == "queued"
    assert runs.next.text() == "Take out of the queue"
    # A run that goes on is not deleted.
    answers = []
    monkeypatch.setattr(runs_actions, "ask_delete", lambda _parent, run: answers.append(run.folder) or False)
    runs.choose((first,))
    runs.actions_.delete(desk.run)
    assert runs.message.text() == f"{first.name[:1].upper()}{first.name[1:]} is going on; stop it before it is deleted."
    runs.stop.click()
    desk.until_state("stopped")
    runs.choose((second,))
    desk.until_state("finished")
    # Two in the list: their curves lie over each other, and the settings that differ are listed.
    runs.choose((second, first))
    desk.until(lambda: set(follower.views) == {first, second})
    runs.show_panel("Settings")
    listed = {runs.settings.item(row, 0).text() for row in range(runs.settings.rowCount())}
    assert listed == {"Steps", "Cost"}
    runs.show_panel("Curves")
    runs.choose((second,))
    runs.actions_.delete(desk.run)
    desk.qtbot.wait(50)
    assert answers == [second]
    assert second.exists()
    monkeypatch.setattr(runs_actions, "ask_delete", lambda *_: True)
    runs.actions_.delete(desk.run)
    desk.until(lambda: [run.folder for run in follower.runs] == [first])
    assert not second.exists()
    desk.until(lambda: desk.run is not None and desk.run.folder == first)


def test_what_cannot_work_is_told_before_it_is_started(desk, dataset, tmp_path):
    setup = desk.setup
    desk.choose_dataset(tmp_path / "none.zarr")
    assert not setup.bar.button.isEnabled()
    desk.until(lambda: "none.zarr" in setup.bar.line.text())
    desk.choose_dataset(dataset)
    setup.settings.show_settings(small(dataset, optimisation={"batch": 5000}))
    desk.until(lambda: setup.bar.line.text().startswith("A batch of 5000 is larger than the "))
    assert not setup.bar.button.isEnabled()
    setup.settings.show_settings(small(dataset))
    desk.until(setup.bar.button.isEnabled)
    rate = setup.settings.editors["optimisation.learning_rate"]
    rate.widget.setText("fast")
    rate.changed.emit()
    desk.until(rate.error.isVisible)
    assert rate.error.text() == "Learning rate must be a number."
    assert setup.bar.line.text() == "A setting above cannot be used."
    rate.set_value(0.01)
    rate.changed.emit()
    desk.until(setup.bar.button.isEnabled)
    assert not rate.error.isVisible()


def test_a_dataset_that_moves_and_a_damaged_folder(desk, dataset, tmp_path):
    own = tmp_path / "own.zarr"
    shutil.copytree(dataset, own)
    desk.choose_dataset(own)
    desk.start(small(own, objective={"cost": 0.1}))
    desk.until(lambda: desk.run.step >= 12)
    desk.runs.stop.click()
    desk.until_state("stopped")
    own.rename(tmp_path / "moved.zarr")
    desk.runs.next.click()
    desk.until(lambda: "is gone since the run began" in desk.runs.line.text())
    desk.runs.actions_.resume(desk.run, [str(tmp_path / "moved.zarr")])
    desk.until_state("finished")
    damaged = desk.run.folder.with_name("damaged")
    damaged.mkdir()
    (damaged / "config.json").write_text("{")
    desk.until(lambda: len(desk.tab.follower.runs) == 2)
    desk.runs.choose((damaged,))
    assert "damaged" in desk.runs.line.text()
    assert desk.runs.next.text() == "Delete…"


def test_cutting_is_cancelled_at_once_and_keeps_what_is_done(desk):
    desk.choose_stack(stack_of(moving(16, 320, (0, 1))), stride=4)
    setup = desk.setup
    setup.settings.show_settings(small())
    desk.until(setup.bar.button.isEnabled)
    setup.bar.button.click()
    assert setup.bar.button.text() == "Cancel"
    desk.until(lambda: setup.bar.progress.value() > 0)
    setup.bar.button.click()
    assert setup.bar.button.text() == "Cancelling…"
    desk.until(lambda: not setup.busy, 3)
    desk.until(lambda: "finished parts are kept" in setup.message.text(), 3)
    assert setup.bar.button.text() == "Start training"
    assert not setup.data.path.exists()
    assert not desk.tab.follower.runs


def test_frames_too_small_for_blocks_hold_out_later_dates(desk):
    desk.session.add_stack(stack_of(moving(16, 150, (0, 1))))
    data = desk.setup.data
    desk.until(lambda: data.planned is not None)
    assert data.form.editors["split_by"].value() == "time"
    assert list(data.planned.days) == sorted(data.planned.days, key=SPLITS.index)
    assert data.days.isVisible()
    assert not any(layer.name == NAME for layer in desk.viewer.layers)
    desk.session.time = 15
    assert "held out for test" in desk.viewer.canvas.overlays.text.text
    desk.tab.show_page(1)
    assert "held out" not in desk.viewer.canvas.overlays.text.text
    desk.tab.show_page(0)
    box = data.form.editors["split_by"].widget
    box.setCurrentIndex(box.findData("area"))
    desk.until(lambda: data.planned is not None and not data.planned.days)
    desk.until(lambda: any(layer.name == NAME for layer in desk.viewer.layers))


def test_two_windows_follow_one_run(new_desk, dataset):
    one = new_desk()
    one.choose_dataset(dataset)
    one.start(small(dataset, **endless()))
    one.until_state("running")
    other = new_desk()
    other.until(lambda: other.run is not None and other.run.folder == one.run.folder)
    other.runs.next.click()
    one.until_state("paused")
    one.runs.stop.click()
    other.until_state("stopped")
    other.runs.next.click()
    one.until_state("running", "preparing")
    # The second one asks for what has been done already.
    one.runs.actions_.resume(one.run)
    one.until(lambda: bool(one.runs.message.text()))
    assert "is going on already, perhaps by another window" in one.runs.message.text()
    wait_for(lambda: RunFolder(one.run.folder).status().state in ("running", "finished"))

"""What cannot work is told in the window before anything is started, with a way on."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_icenet.common.device import devices
from tests.datasets.ice import moving, stack_of
from tests.gui.ice import Hand
from tests.gui.train.ready import small
from tests.gui.train.windows import stopped_run


def on(desk):
    """Start is on, and says what it will do."""
    return desk.setup.bar.button.isEnabled() and "rains at once" in desk.setup.bar.line.text()


def off(desk):
    return not desk.setup.bar.button.isEnabled()


def test_a_batch_larger_than_the_ice_that_is_cut(desk):
    desk.choose_stack(stack_of(moving(6, 288, (0, 1))))
    training = desk.setup.data.planned.estimate.by_split["train"]
    desk.setup.settings.show_settings(small(optimisation={"batch": training}))
    desk.until(lambda: not off(desk))
    desk.setup.settings.editors["optimisation.batch"].widget.setValue(training + 1)
    desk.until(lambda: off(desk))
    said = desk.setup.bar.line.text()
    assert said.startswith(f"A batch of {training + 1} is larger than the {training} training sequences; choose")
    # Every second chip gives more sequences: the way on that the sentence names.
    desk.setup.data.form.editors["stride"].widget.setValue(8)
    desk.until(lambda: not off(desk))


def test_a_device_that_is_not_there(desk, dataset):
    if any(one.name.startswith("cuda") for one in devices()):
        pytest.skip("this machine has a graphics processor")
    desk.choose_dataset(dataset)
    # As the settings of a run of another machine.
    desk.setup.settings.show_settings(small(dataset, device="cuda"))
    device = desk.setup.settings.editors["device"]
    desk.until(device.error.isVisible)
    assert device.error.text() == "This machine has no cuda; choose another device."
    desk.until(lambda: off(desk))
    assert desk.setup.bar.line.text() == "A setting above cannot be used."
    device.widget.setCurrentIndex(device.widget.findData("cpu"))
    desk.until(lambda: on(desk))
    assert not device.error.isVisible()


def test_weights_of_another_network(desk, dataset, tmp_path):
    desk.choose_dataset(dataset)
    weights = desk.setup.settings.editors["weights"]
    desk.setup.settings.show_settings(small(dataset, weights="icenet"))
    desk.until(weights.error.isVisible)
    assert weights.error.text() == "The weights to start from are of icenet, not of tiny; choose others."
    desk.until(lambda: off(desk))
    # Those of a run are known by their card.
    run = stopped_run("other", small(dataset), 3)
    shutil.copytree(run, tmp_path / "kept")
    known = str(tmp_path / "kept" / "last.safetensors")
    desk.setup.settings.show_settings(small(dataset, weights=known))
    desk.until(lambda: on(desk))
    assert not weights.error.isVisible()
    desk.setup.settings.show_settings(small(dataset, model="icenet", weights=known))
    said = "The weights to start from are of tiny, not of icenet; choose others."
    desk.until(lambda: weights.error.text() == said)
    (tmp_path / "kept" / "last.json").unlink()
    (tmp_path / "kept" / "last.safetensors").unlink()
    desk.setup.settings.show_settings(small(dataset, weights=known))
    desk.until(lambda: "last.safetensors does not exist" in weights.error.text())
    weights.widget.setCurrentIndex(0)
    desk.until(lambda: on(desk))


def test_a_disk_too_small_for_the_dataset(desk, monkeypatch):
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=100_000))
    desk.choose_stack(stack_of(moving(6, 288, (0, 1))))
    desk.setup.settings.show_settings(small())
    desk.until(lambda: off(desk) and "100 kB are free on the disk of" in desk.setup.bar.line.text())
    assert desk.setup.bar.line.text().endswith("choose a larger stride or fewer bands, or free some space.")
    monkeypatch.undo()
    # Space was freed: the next look lets it start.
    desk.tab.show_page(1)
    desk.tab.show_page(0)
    desk.until(lambda: not off(desk))


def test_a_disk_too_small_for_checkpoints(desk, dataset, monkeypatch):
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=3_000_000))
    desk.choose_dataset(dataset)
    desk.setup.settings.show_settings(small(dataset))
    desk.until(lambda: on(desk))
    desk.setup.bar.button.click()
    desk.until(lambda: bool(desk.setup.message.text()))
    assert desk.setup.message.text().startswith("3 MB are free on the disk of ")
    assert desk.setup.message.text().endswith("free some space, or choose another folder.")
    assert desk.setup.message.isVisible()
    assert desk.setup.bar.button.text() == "Start training"
    assert not desk.tab.follower.runs


def draw(desk, hand, corners):
    """All corners of a polygon but the end; the mouse goes to each before it is pressed."""
    desk.setup.data.form.draw.click()
    for corner in corners:
        hand.move(*corner)
        hand.click(*corner)
        # Two clicks at once are a double click, which ends the polygon.
        desk.qtbot.wait(20)


def test_an_area_drawn_with_the_mouse_is_what_is_learned_from(desk):
    desk.choose_stack(stack_of(moving(6, 288, (0, 1))))
    desk.qtbot.wait(50)
    desk.viewer.reset_view()
    data, hand = desk.setup.data, Hand(desk.viewer, desk.session)
    whole = data.planned.estimate.sequences

    def area():
        used = data.planned.plan.stack.area if data.planned is not None else None
        return 0 if used is None else int(used.sum())

    draw(desk, hand, [(8, 8), (8, 279), (160, 279), (160, 8)])
    layer = desk.viewer.layers["training area"]
    assert data.form.area.currentText() == "training area"
    QTest.keyClick(hand.native, Qt.Key.Key_Escape)
    assert layer.shape_type == ["polygon"]
    desk.until(lambda: area() == pytest.approx(152 * 271, rel=0.02))
    part = data.planned.estimate.sequences
    assert 0 < part < whole
    assert f"{part} sequences" in data.sizes.text()
    # A second one is ground as well.
    draw(desk, hand, [(170, 8), (170, 279), (270, 279)])
    hand.move(270, 8)
    hand.double_click(270, 8)
    assert layer.nshapes == 2
    desk.until(lambda: area() == pytest.approx(252 * 271, rel=0.02))
    # Selected with napari's own tool, one of them counts alone; once that is put away, both do.
    layer.mode, layer.selected_data = "select", {0}
    desk.until(lambda: area() == pytest.approx(152 * 271, rel=0.02))
    layer.mode = "pan_zoom"
    desk.until(lambda: area() == pytest.approx(252 * 271, rel=0.02))
    assert data.planned.estimate.sequences > part
    # Ground without ice for a single chip cannot be learned from; without the area, all can.
    layer.data = [np.array([[5.0, 5], [5, 9], [9, 9], [9, 5]])]
    desk.setup.settings.show_settings(small())
    desk.until(lambda: off(desk))
    assert "choose" in desk.setup.bar.line.text()
    data.form.area.setCurrentIndex(0)
    desk.until(lambda: data.planned is not None and data.planned.estimate.sequences == whole)
    desk.until(lambda: not off(desk))

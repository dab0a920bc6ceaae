"""Choosing predictors, weights, device and samples."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from qtpy.QtCore import Qt

from napari_icenet.gui.compare.predictor_chooser import FIRST_CHOSEN, PredictorChooser
from napari_icenet.models.weights import bundled
from napari_icenet.predictors.predictor_set import PredictorSet


@pytest.fixture(autouse=True)
def runs_of_their_own(monkeypatch, tmp_path):
    monkeypatch.setenv("ICENET_HOME", str(tmp_path / "home"))


@pytest.fixture
def chooser(qtbot):
    made = PredictorChooser()
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: made.device.count() > 1, timeout=60_000)
    return made


@pytest.fixture
def own(tmp_path: Path) -> Path:
    run = tmp_path / "north-branch"
    run.mkdir()
    for suffix in (".safetensors", ".json"):
        shutil.copy(bundled()["icenet"].with_suffix(suffix), run / f"best{suffix}")
    return run / "best.safetensors"


def test_first_of_all_the_paper_s_and_the_best(chooser):
    assert chooser.predictor_set == PredictorSet.of_names(*FIRST_CHOSEN)


def test_a_click_adds_a_predictor(chooser, qtbot):
    with qtbot.waitSignal(chooser.changed):
        qtbot.mouseClick(chooser.buttons["blurred"], Qt.MouseButton.LeftButton)
    assert "blurred" in chooser.predictor_set.keys


def test_what_cannot_predict_such_chips_is_not_offered(chooser):
    chooser.suit(64)
    assert not chooser.buttons["svg-lp"].isEnabled()
    assert "no weights for chips of 64 px" in chooser.buttons["svg-lp"].toolTip()
    assert "svg-lp" not in chooser.predictor_set.keys
    chooser.suit(128)
    assert "svg-lp" in chooser.predictor_set.keys


def test_own_weights_stand_beside_those_of_the_package(chooser, own):
    assert chooser.add_weights(own)
    assert chooser.predictor_set.titles[-2:] == ("IceNet", "IceNet · north-branch")
    chooser._fill_menu()
    chooser.menu.actions()[-1].trigger()
    assert chooser.predictor_set.titles[-1] == "IceNet"
    assert "icenet@north-branch" not in chooser.buttons


def test_a_file_that_cannot_be_used_is_told(chooser, tmp_path, qtbot):
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"nothing")
    with qtbot.waitSignal(chooser.failed) as told:
        assert not chooser.add_weights(bad)
    assert "bad" in told.args[0]


def test_the_choice_is_remembered(chooser, own, qtbot):
    chooser.add_weights(own)
    chooser.buttons["persistence"].setChecked(False)
    chooser.samples.setValue(4)
    again = PredictorChooser()
    qtbot.addWidget(again)
    assert again.predictor_set == chooser.predictor_set
    assert again.predictor_set.samples == 4


def test_weights_deleted_since_are_left_out(chooser, own, qtbot):
    chooser.add_weights(own)
    shutil.rmtree(own.parent)
    again = PredictorChooser()
    qtbot.addWidget(again)
    assert again.predictor_set == PredictorSet.of_names(*FIRST_CHOSEN)


def test_devices_are_listed_with_their_memory(chooser):
    listed = [chooser.device.itemText(k) for k in range(chooser.device.count())]
    assert listed[0].startswith("auto: ")
    assert any("core" in text and "GiB" in text for text in listed[1:])


def test_another_device_lets_go_of_networks(chooser, qtbot):
    at = chooser.device.findData("cpu")
    with qtbot.waitSignals([chooser.device_changed, chooser.changed]):
        chooser.device.setCurrentIndex(at)
        chooser.device.activated.emit(at)
    assert chooser.predictor_set.device == "cpu"


def test_a_whole_line_up_is_shown(chooser, own):
    wanted = PredictorSet.of_names("median", "icenet", device="cpu", samples=3)
    chooser.show_line_up(wanted)
    assert chooser.predictor_set == wanted

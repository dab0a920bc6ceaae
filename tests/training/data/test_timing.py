"""How long a training will take, by those before it."""

from __future__ import annotations

import pytest

from napari_icenet.training.data.timing import remember_training, training_seconds
from napari_icenet.training.presets import merged, preset_values
from napari_icenet.training.settings import make_run_settings
from napari_icenet.training.train import train
from tests.training.runs import small
from tests.training.tiny import CHIP, FRAMES


@pytest.fixture(autouse=True)
def _home(monkeypatch, tmp_path):
    monkeypatch.setenv("ICENET_HOME", str(tmp_path / "home"))


def made(model="icenet", **values):
    sizes = {"data": {"simulation": {"chip": 128, "frames": 12}}}
    return make_run_settings(merged(merged(preset_values("fine-tune", model), sizes), values))


def test_it_grows_with_steps_batch_frames_and_area():
    settings = made(optimisation={"steps": 100, "batch": 4})
    assert training_seconds(settings, 12, 128) is None
    remember_training(settings, 8.0)
    assert training_seconds(settings, 12, 128) == pytest.approx(50)
    assert training_seconds(settings, 6, 64) == pytest.approx(50 / 8)
    assert training_seconds(made(optimisation={"steps": 200, "batch": 8}), 12, 128) == pytest.approx(200)


def test_another_network_or_device_has_a_pace_of_its_own():
    remember_training(made(), 8.0)
    assert training_seconds(made("svg-lp"), 12, 128) is None
    assert training_seconds(made(device="cuda"), 12, 128) is None
    assert training_seconds(made(threads=99), 12, 128) is None


def test_a_run_that_completes_its_settings_is_found_by_one_that_has_yet_to():
    completed = made(model_settings={"width": 24})
    remember_training(completed, 8.0)
    assert training_seconds(made(model_settings={"width": 24}), 12, 128) is not None


@pytest.mark.slow
def test_a_run_remembers_its_pace(dataset, tmp_path):
    few = small(dataset, optimisation={"steps": 12})
    train(few, tmp_path / "few")
    assert training_seconds(few, FRAMES, CHIP) is None
    settings = small(dataset, objective={"cost": 0.01}, optimisation={"steps": 40})
    train(settings, tmp_path / "run")
    assert training_seconds(settings, FRAMES, CHIP) > 0.01 * 40

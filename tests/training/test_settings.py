"""Settings, presets, and the command that makes the same."""

from __future__ import annotations

import shlex

import pytest
from pydantic import BaseModel

from napari_icenet.cli.train import _setting
from napari_icenet.common.settings_model import made
from napari_icenet.errors import UsageError
from napari_icenet.models.registry import MODELS, network_class
from napari_icenet.training.objectives.registry import OBJECTIVES, objective_class
from napari_icenet.training.presets import PRESETS, merged, preset_values, run_settings
from napari_icenet.training.settings import RunSettings, command_of, make_run_settings
from napari_icenet.training.train import train


def parts(model: type[BaseModel]):
    for name, field in model.model_fields.items():
        yield name, field
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel) and kind.__module__ == RunSettings.__module__:
            yield from parts(kind)


def test_every_field_says_what_it_is():
    for name, field in parts(RunSettings):
        nested = isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
        assert field.description or nested, name


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("model", ["svg-lp", "icenet"])
def test_presets_fit_their_models(name, model):
    if (name, model) == ("paper", "icenet"):
        with pytest.raises(UsageError, match="the preset paper is for svg-lp, not for icenet"):
            preset_values(name, model)
        return
    settings = make_run_settings(preset_values(name, model))
    assert settings.model == model
    made(network_class(model).settings_type, settings.model_settings)
    made(objective_class(model).settings_type, settings.objective)


def test_the_paper_s_preset_is_the_paper_s():
    settings = make_run_settings(preset_values("paper"))
    assert settings.model == "svg-lp"
    network = made(network_class("svg-lp").settings_type, settings.model_settings)
    assert (network.channels, network.features, network.latent, network.hidden, network.layers) == (
        64,
        128,
        128,
        128,
        2,
    )
    assert settings.optimisation.learning_rate == 2e-3


def test_models_and_objectives_have_the_same_names():
    assert set(MODELS) == set(OBJECTIVES)


def test_fine_tuning_starts_from_weights():
    assert make_run_settings(preset_values("fine-tune", "svg-lp")).weights == "svg-lp"
    assert make_run_settings(preset_values("fine-tune", weights="mine.safetensors")).weights == "mine.safetensors"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"optimisation": {"learning_rate": 0}}, "optimisation.learning_rate 0 cannot be used"),
        ({"optimisation": {"learning_rate": float("nan")}}, "optimisation.learning_rate nan cannot be used"),
        ({"optimisation": {"betas": (0.9, 1.0)}}, "betas must lie between 0 and 1"),
        ({"optimisation": {"lr": 1}}, "no setting optimisation.lr; choose steps"),
        ({"data": {"datasets": ("a",), "shares": (1, 2)}}, "2 shares for 1 datasets; give each dataset one"),
        ({"data": {"datasets": ("a",), "shares": (0,)}}, "shares must not be negative, nor all be 0"),
        ({"data": {"simulation": {"chip": 31}}}, "data.simulation.chip 31 cannot be used"),
        ({"steps": 3}, "no setting steps; choose model"),
    ],
)
def test_settings_that_make_no_sense(values, message):
    with pytest.raises(UsageError, match=message):
        make_run_settings(values)


def test_the_command_makes_the_same_settings():
    settings = make_run_settings(
        {
            "model": "svg-lp",
            "model_settings": {"channels": 16, "recurrent": "convolutional"},
            "objective": {"peak_weight": 0.25},
            "data": {"datasets": ["/some where/ice.zarr"], "simulated": 30, "bands": ["B1", "B2"]},
            "optimisation": {"betas": [0.5, 0.9], "clip": None},
            "seed": 5,
        }
    )
    words = shlex.split(command_of(settings))
    assert words[:7] == ["icenet", "train", "ice.zarr", "-o", "RUN", "--model", "svg-lp"]
    values = {"model": "svg-lp", "data": {"datasets": settings.data.datasets}}
    for word in words[8::2]:
        values = merged(values, _setting(word))
    assert make_run_settings(values) == settings


def test_settings_by_name_on_a_dataset(tmp_path):
    chosen = run_settings(tmp_path / "ice.zarr", preset="quick", steps=3, seed=7, data={"workers": 0})
    assert (chosen.model, chosen.optimisation.steps, chosen.seed) == ("icenet", 3, 7)
    assert chosen.data.datasets == (str(tmp_path / "ice.zarr"),)
    assert chosen.data.workers == 0
    # What was not chosen is the preset's.
    assert chosen.optimisation.batch == preset_values("quick", "icenet")["optimisation"]["batch"]


def test_choices_beside_whole_settings_are_refused(tmp_path):
    with pytest.raises(UsageError, match="steps"):
        train(make_run_settings({}), tmp_path / "run", steps=3)

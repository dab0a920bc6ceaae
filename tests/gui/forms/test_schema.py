"""The form of a run's settings."""

from __future__ import annotations

import subprocess
import sys

import pytest

from napari_icenet.datasets.settings import DatasetSettings
from napari_icenet.gui.forms.schema import PRIMARY, fields_of, form, from_form, own_form, values_of
from napari_icenet.training.presets import PRESETS, preset_values
from napari_icenet.training.settings import RunSettings, make_run_settings


@pytest.fixture(scope="module")
def fields():
    return {field.key: field for group in form() for field in group.fields}


def test_every_setting_is_in_it(fields):
    apart = {"data.datasets", "model_settings", "objective"}
    assert set(fields) == set(values_of(RunSettings())) - apart
    assert all(field.description and field.label for field in fields.values()), [
        key for key, field in fields.items() if not field.description
    ]
    assert {key for key, field in fields.items() if field.primary} == set(PRIMARY)


def test_units_limits_kinds_and_choices(fields):
    steps = fields["optimisation.steps"]
    assert (steps.kind, steps.default, steps.low, steps.unit, steps.label) == ("int", 20000, 1, "steps", "Steps")
    rate = fields["optimisation.learning_rate"]
    assert (rate.kind, rate.low, rate.low_open, rate.high, rate.high_open) == ("float", 0, True, 1, False)
    assert fields["optimisation.optimiser"].choices == ("adam", "adamw")
    assert fields["model"].choices[:2] == ("svg-lp", "icenet")
    assert fields["optimisation.clip"].optional
    assert fields["half"].kind == "bool"
    assert fields["data.bands"].kind == "list"
    assert fields["validation.options"].kind == "values"
    assert fields["data.simulation.per_glacier"].description == "Most sequences cut from one glacier."


@pytest.mark.parametrize("name", PRESETS)
def test_presets_go_through_the_form_unchanged(name):
    settings = make_run_settings(preset_values(name) | {"model_settings": {}})
    again, errors = from_form(values_of(settings))
    assert errors == {}
    assert again == settings


def test_what_is_typed():
    settings, errors = from_form(
        {"optimisation.steps": " 12 ", "data.bands": "B4, B5", "optimisation.clip": "", "weights": "",
         "optimisation.betas": "0.5, 0.9", "model_settings.width": 16}
    )  # fmt: skip
    assert errors == {}
    assert settings.optimisation.steps == 12
    assert settings.data.bands == ("B4", "B5")
    assert settings.optimisation.clip is None
    assert settings.weights is None
    assert settings.optimisation.betas == (0.5, 0.9)
    assert settings.model_settings == {"width": 16}


def test_errors_are_sentences_by_field():
    settings, errors = from_form(
        {"optimisation.steps": 0, "optimisation.batch": "many", "optimisation.learning_rate": 0,
         "optimisation.optimiser": "sgd", "data.simulated_share": 1, "optimisation.betas": "0.5, 2",
         "validation.samples": 65, "half": "perhaps", "data.bad": 3, "optimisation.average": "nan"}
    )  # fmt: skip
    assert settings is None
    assert errors == {
        "optimisation.steps": "Steps must be at least 1.",
        "optimisation.batch": "Batch must be a whole number.",
        "optimisation.learning_rate": "Learning rate must be greater than 0.",
        "optimisation.optimiser": "Optimiser must be adam or adamw.",
        "data.simulated_share": "Simulated share must be less than 1.",
        "validation.samples": "Chips in the picture must be at most 64.",
        "half": "Save in 16 bits must be yes or no.",
        "data.bad": "There is no setting Bad.",
        "optimisation.average": "Averaging of weights must be a finite number.",
    }


def test_values_that_do_not_fit_together():
    _, errors = from_form({"data.datasets": ["a"], "data.shares": "1, 2"})
    assert errors == {"data": "2 shares for 1 datasets; give each dataset one."}
    _, errors = from_form({"optimisation.betas": "0.5, 2"})
    assert errors == {"optimisation": "Betas must lie between 0 and 1."}


def test_settings_of_the_network_and_of_a_dataset():
    groups = {group.key: {field.key for field in group.fields} for group in own_form("icenet")}
    assert "model_settings.width" in groups["model_settings"]
    assert groups["objective"]
    dataset = fields_of(DatasetSettings)
    assert dataset["chip"].description == "Side C of the square chips, even pixels."
    assert dataset["tracking"].choices == ("chain", "robust")
    assert dataset["block"].optional


def test_the_form_does_not_load_torch():
    code = "import sys, napari_icenet.gui.forms.schema as f, napari_icenet.training.launch.preflight as p"
    code += "\nf.form(), p.preflight(f.RunSettings(), 'run')\nprint('torch' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert said.strip() == "False"

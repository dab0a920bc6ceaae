"""Settings as widgets: what goes in comes out, and what is wrong is said beside it."""

from __future__ import annotations

import pytest
from qtpy.QtWidgets import QCheckBox, QComboBox, QLineEdit, QSpinBox, QWidget

from napari_icenet.gui.forms.field_editor import FieldEditor, to_text
from napari_icenet.gui.forms.schema import form, from_form, values_of
from napari_icenet.gui.train.setup.settings_form import SettingsForm
from napari_icenet.training.presets import preset_values
from napari_icenet.training.settings import make_run_settings

FIELDS = {field.key: field for group in form() for field in group.fields}


@pytest.fixture
def parent(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    return widget


@pytest.mark.parametrize("key", FIELDS)
def test_a_default_comes_out_as_it_went_in(key, parent):
    editor = FieldEditor(FIELDS[key], parent)
    settings, errors = from_form({key: editor.value(), "data.datasets": []})
    assert not errors
    assert to_text(values_of(settings).get(key)) == to_text(FIELDS[key].default)
    assert FIELDS[key].description.rstrip(".") in editor.widget.toolTip()
    assert f"--set {key}=" in editor.widget.toolTip()


@pytest.mark.parametrize(
    ("key", "kind", "value"),
    [
        ("optimisation.steps", QSpinBox, 1234),
        ("optimisation.learning_rate", QLineEdit, 0.0003),
        ("half", QCheckBox, True),
        ("optimisation.optimiser", QComboBox, "adam"),
        ("data.bands", QLineEdit, ["B4", "B8"]),
        ("optimisation.clip", QLineEdit, None),
        ("device", QComboBox, "cuda:1"),
        ("validation.options", QLineEdit, {"samples": 3}),
        ("seed", QLineEdit, 4_000_000_000),
    ],
)
def test_values_of_each_kind(key, kind, value, parent):
    editor = FieldEditor(FIELDS[key], parent)
    assert isinstance(editor.widget, kind)
    said = []
    editor.changed.connect(lambda: said.append(True))
    editor.set_value(value)
    assert not said
    settings, errors = from_form({key: editor.value()})
    assert not errors
    assert values_of(settings)[key] == value


@pytest.mark.parametrize("preset", ["quick", "fine-tune", "paper"])
def test_the_form_gives_the_preset_it_shows(preset, qtbot):
    shown = SettingsForm()
    qtbot.addWidget(shown)
    shown.choose_preset(preset)
    assert shown.preset == preset
    assert shown.settings() == make_run_settings(preset_values(preset))


def test_the_networks_own_settings_are_fetched_and_kept(qtbot):
    shown = SettingsForm()
    qtbot.addWidget(shown)
    shown.choose_preset("quick")
    shown.show_all(True)
    qtbot.waitUntil(lambda: "model_settings.width" in shown.editors, timeout=60_000)
    assert shown.editors["model_settings.width"].value() == 16
    # What nobody has touched stays unsaid.
    assert shown.settings() == make_run_settings(preset_values("quick"))
    depth = shown.editors["model_settings.depth"]
    depth.set_value(2)
    assert shown.settings().model_settings == {"width": 16, "depth": 2}


def test_what_is_wrong_stands_beside_the_field(qtbot):
    shown = SettingsForm()
    qtbot.addWidget(shown)
    shown.show()
    rate = shown.editors["optimisation.learning_rate"]
    rate.widget.setText("2")
    assert shown.settings() is None
    assert rate.error.text() == "Learning rate must be at most 1."
    rate.widget.setText("1e-4")
    assert shown.settings().optimisation.learning_rate == 1e-4
    assert rate.error.text() == ""


def test_weights_for_other_chips_are_refused_beside_their_field(qtbot):
    shown = SettingsForm()
    qtbot.addWidget(shown)
    shown.show_settings(make_run_settings({"model": "svg-lp", "weights": "svg-lp"}))
    said = shown.editors["weights"].error
    assert shown.settings(chip=64) is None
    assert said.text().startswith("The weights to start from are for chips of 128 px, and these are of 64 px; choose")
    for chip in (128, None):
        assert shown.settings(chip=chip).weights == "svg-lp"
        assert said.text() == ""

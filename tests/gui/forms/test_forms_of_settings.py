"""Defaults and limits stand in the settings alone: forms show them."""

from __future__ import annotations

import pytest
from qtpy.QtWidgets import QComboBox, QDoubleSpinBox, QSpinBox, QWidget

from napari_icenet.evaluation.correlation_map.settings import MapSettings
from napari_icenet.gui.correlation_map import form as map_form
from napari_icenet.gui.forms.field_editor import FieldEditor
from napari_icenet.gui.forms.schema import fields_of
from napari_icenet.gui.track import form as track_form
from napari_icenet.gui.velocity import form as velocity_form
from napari_icenet.gui.velocity.search import UNITS, SearchControl
from napari_icenet.tracking.settings import TrackSettings
from napari_icenet.velocity.settings import VelocitySettings

SHOWN = [
    (model, name, look)
    for model, looks in (
        (TrackSettings, track_form.LOOKS),
        (VelocitySettings, velocity_form.LOOKS),
        (MapSettings, map_form.LOOKS),
    )
    for name, look in looks.items()
    if name != "max_chip"  # its list is made of the smallest chip's doublings
]


@pytest.mark.parametrize(("model", "name", "look"), SHOWN)
def test_an_editor_shows_default_limits_unit_and_description(model, name, look, qtbot):
    parent = QWidget()
    qtbot.addWidget(parent)
    field = fields_of(model)[name]
    editor = FieldEditor(field, parent, look=look)
    assert editor.value() == model.model_fields[name].default
    tip = editor.widget.toolTip()
    assert field.description in tip
    assert "Default: " in tip
    if field.unit:
        assert f"{field.default} {field.unit}." in tip
    if isinstance(editor.widget, QSpinBox | QDoubleSpinBox):
        assert (editor.widget.minimum(), editor.widget.maximum()) == (field.low, field.high)
    if isinstance(editor.widget, QComboBox):
        assert f"Default: {editor.widget.currentText()}." in tip


@pytest.mark.parametrize("model", [TrackSettings, VelocitySettings, MapSettings])
def test_every_setting_is_described(model):
    assert all(info.description for info in model.model_fields.values())


def test_the_slider_of_c_has_the_limits_of_the_settings(qtbot):
    form = track_form.TrackForm()
    qtbot.addWidget(form)
    field = fields_of(TrackSettings)["scale"]
    assert (form.scale.minimum(), form.scale.maximum()) == (field.low, field.high)
    assert form.scale.value() == field.default


@pytest.mark.parametrize("unit", UNITS)
def test_a_search_cannot_leave_the_limits_of_the_settings(unit, qtbot):
    search = SearchControl()
    qtbot.addWidget(search)
    search.unit.setCurrentIndex(search.unit.findData(unit))
    for value in (-1e9, 1e9):
        search.number.setValue(value)
        assert getattr(VelocitySettings(**search.values()), unit) == search.number.value()

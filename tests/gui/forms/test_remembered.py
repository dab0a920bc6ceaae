"""Settings of last time, name by name."""

from __future__ import annotations

import pytest

from napari_icenet.evaluation.correlation_map.settings import MapSettings
from napari_icenet.gui.forms.remembered import remember_settings, remembered_settings
from napari_icenet.gui.widgets.preferences import Remembered
from napari_icenet.tracking.settings import TrackSettings
from napari_icenet.velocity.settings import VelocitySettings


@pytest.fixture
def memory(tmp_path):
    return Remembered("test", tmp_path / "settings.json")


def test_what_was_kept_comes_back(memory):
    settings = VelocitySettings(chip=48, spacing=8, affine=True)
    remember_settings(memory, settings, ("chip", "affine"))
    assert remembered_settings(memory, VelocitySettings, ("chip", "affine")) == VelocitySettings(chip=48, affine=True)


@pytest.mark.parametrize("value", [7, 33, "large"])
def test_what_no_longer_makes_sense_is_as_at_first_and_the_rest_is_kept(memory, value):
    memory.set("chip", value)
    memory.set("scale", 3.0)
    assert remembered_settings(memory, TrackSettings, ("chip", "scale")) == TrackSettings(scale=3.0)


def test_a_form_may_begin_with_values_of_its_own(memory):
    assert remembered_settings(memory, MapSettings, ("stride",), t0=0) == MapSettings(t0=0)

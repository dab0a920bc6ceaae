"""Help texts name the defaults that stand in the settings."""

from __future__ import annotations

import pytest

from napari_icenet.datasets.settings import DatasetSettings
from napari_icenet.evaluation.settings import EvaluationSettings
from napari_icenet.simulation.settings import SimulationSettings
from napari_icenet.tracking.settings import TrackSettings
from napari_icenet.training.settings import RunSettings
from tests.cli.shell import Icenet


@pytest.mark.parametrize(
    ("command", "settings", "names"),
    [
        ("track", TrackSettings, ("band", "chip", "scale", "template", "prefilter", "tracking")),
        ("simulate", SimulationSettings, ("dates", "size", "bands", "seed")),
        ("dataset", DatasetSettings, ("chip", "frames", "scale", "stride", "tracking", "seed", "test", "split_by")),
        ("evaluate", EvaluationSettings, ("chip", "scale", "stride", "frames", "tracking", "seed")),
        ("train", RunSettings, ("model",)),
    ],
)
def test_help_names_the_defaults_of_the_settings(icenet: Icenet, command, settings, names):
    said = " ".join(icenet(command, "--help").out.split())
    for name in names:
        assert f"default: {settings.model_fields[name].default}." in said, name
    assert "{default}" not in said

"""Colours of bands, which differ from sensor to sensor."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from napari_icenet.scenes.band_colours import band_title, colour_of, natural_colours
from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.raster.array import ArrayBand
from napari_icenet.scenes.scene import Provenance, Scene
from napari_icenet.scenes.stack import SceneStack


def stack(sensors, bands):
    source, grid = ArrayBand(np.zeros((4, 4), np.uint16)), Grid(4, 4)
    scenes = [
        Scene(str(k), datetime(2020, 1, k + 1), grid, dict.fromkeys(bands, source), provenance=Provenance(sensor=one))
        for k, one in enumerate(sensors)
    ]
    return SceneStack(scenes, tuple(bands), grid)


ALL = tuple(f"B{k}" for k in range(1, 12))


@pytest.mark.parametrize(
    ("sensors", "band", "colour"),
    [
        (["LC08"], "B4", "red"),
        (["LC08", "LC09"], "B4", "red"),
        (["LO08"], "B2", "blue"),
        (["LE07"], "B4", "near infrared"),
        (["LT05", "LE07"], "B1", "blue"),
        (["LC08"], "B10", "thermal 1"),
        (["LE07"], "B8", "panchromatic"),
        (["LC08", "LE07"], "B8", "panchromatic"),
        (["LC08", "LE07"], "B4", ""),
        (["LO08"], "B10", ""),
        ([None], "B4", ""),
        (["LC08", None], "B4", ""),
        (["S2A"], "B4", ""),
    ],
)
def test_a_colour_is_told_where_all_sensors_agree(sensors, band, colour):
    made = stack(sensors, ALL)
    assert colour_of(made, band) == colour
    assert band_title(made, band) == (f"{band} {colour}" if colour else band)


@pytest.mark.parametrize(
    ("sensors", "bands", "chosen"),
    [
        (["LC08"], ALL, ("B4", "B3", "B2")),
        (["LE07"], ALL[:8], ("B3", "B2", "B1")),
        (["LC08", "LE07"], ALL, ("B4", "B3", "B2")),
        (["LC08"], ("B1", "B5", "B6"), ("B1", "B5", "B6")),
        ([None], ("B1", "B2", "B3", "B4"), ("B1", "B2", "B3")),
        ([None], ("B1", "B2"), None),
        (["LC08"], ("B4",), None),
    ],
)
def test_natural_colours(sensors, bands, chosen):
    assert natural_colours(stack(sensors, bands)) == chosen

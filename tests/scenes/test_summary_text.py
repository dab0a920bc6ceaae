"""The summary of a stack in a shell: every fact on its line, every date in its row."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS

from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.scenes.summary import describe
from napari_icenet.scenes.summary_text import grid_rows, place, summary_text

TIMES = tuple(datetime(2020, month, 15) for month in (1, 2, 3))
POLAR = Grid(40, 60, Affine(30, 0, 4e5, 0, -30, -1e6), CRS.from_epsg(3031))


def stack(grid=None, times=TIMES):
    values = np.ones((len(times), 2, 40, 60), np.uint16)
    values[0, :, :10] = 0
    return SceneStack.from_array(values, times, name="ice", grid=grid, fill=values[:, 0] == 0)


def lines(summary):
    """Labelled lines of the head."""
    head = summary_text(summary).split("\n\n")[0].splitlines()[1:]
    return {line.split("  ")[0].strip(): line.split("  ", 1)[1].strip() for line in head}


@pytest.fixture(scope="module")
def polar():
    return describe(stack(POLAR))


def test_the_head_tells_dates_bands_and_shape(polar):
    found = lines(polar)
    assert summary_text(polar).splitlines()[0] == "ice"
    assert found["dates"] == "3, 2020-01-15 to 2020-03-15"
    assert found["bands"] == "2: B1, B2 (uint16)"
    assert found["shape"].startswith("3 × 2 × 40 × 60")
    assert "area" not in found


def test_one_date_is_no_span():
    assert lines(describe(stack(times=TIMES[:1])))["dates"] == "2020-01-15"


def test_the_grid_is_told_where_there_is_one(polar):
    found = lines(polar)
    assert found["grid"].startswith("EPSG:3031, ")
    assert found["pixel"] == "30 m"
    assert found["extent"] == "x 400000 to 401800, y -1001200 to -1000000"
    assert found["centre"].split(",")[0].endswith("E")


def test_pictures_without_a_map_say_so():
    found = lines(describe(stack()))
    assert found["grid"].startswith("40 × 60 pixels, no map")
    assert not {"pixel", "extent", "centre"} & set(found)


def test_pixels_that_are_not_square_have_two_sides():
    tall = Grid(40, 60, Affine(30, 0, 4e5, 0, -15, -1e6), CRS.from_epsg(3031))
    found = dict(grid_rows(describe(stack(tall)).grid))
    assert found["pixel"] == "15 × 30 m (height × width)"


def test_degrees_have_digits_enough():
    degrees = Grid(40, 60, Affine(0.001, 0, 10, 0, -0.001, 60), CRS.from_epsg(4326))
    found = dict(grid_rows(describe(stack(degrees)).grid))
    assert "x 10.00000 to 10.06000" in found["extent"]


@pytest.mark.parametrize(
    ("latitude", "longitude", "text"),
    [
        (0, 0, "0.0000°N 0.0000°E"),
        (-80.12345, 160.5, "80.1235°S 160.5000°E"),
        (45.5, -73.25, "45.5000°N 73.2500°W"),
    ],
)
def test_a_place_has_its_hemispheres(latitude, longitude, text):
    assert place(latitude, longitude) == text


def rows(summary):
    table = summary_text(summary).split("\n\n")[-1].splitlines()
    return table[0].split(), table[1:]


def test_a_row_for_each_date_with_its_fill(polar):
    head, body = rows(polar)
    # Columns that say nothing on any date are left out.
    assert head == ["date", "fill", "cloud", "scene"]
    assert len(body) == 3
    assert [line.split()[0] for line in body] == ["2020-01-15", "2020-02-15", "2020-03-15"]
    assert "25.0 %" in body[0]
    assert "0.0 %" in body[1]


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0.0 %"),
        (0.0005, "<0.1 %"),
        (0.001, "0.1 %"),
        (0.5, "50.0 %"),
        (0.9994, "99.9 %"),
        (0.9999, ">99.9 %"),
        (1, "100.0 %"),
    ],
)
def test_shares_are_neither_nothing_nor_all_unless_they_are(polar, share, text):
    made = polar.scenes[0].model_copy(update={"cloud": share})
    whole = polar.model_copy(update={"scenes": (made, *polar.scenes[1:])})
    assert text in rows(whole)[1][0].replace("25.0 %", "", 1)


def test_columns_stand_below_their_headings(polar):
    table = summary_text(polar).split("\n\n")[-1].splitlines()
    at = table[0].index("scene")
    assert all(line[at - 2 : at] == "  " for line in table)


def test_files_called_by_their_date_alone_still_show_it():
    values = np.ones((3, 1, 4, 6), np.uint16)
    made = SceneStack.from_array(values, TIMES, name="ice", fill=values[:, 0] == 0)
    made.scenes = tuple(replace(scene, id=scene.time.date().isoformat()) for scene in made.scenes)
    rows = [line.split() for line in summary_text(describe(made)).splitlines() if line.startswith("2020")]
    assert [(row[0], row[-1]) for row in rows] == [(day, day) for day in ("2020-01-15", "2020-02-15", "2020-03-15")]

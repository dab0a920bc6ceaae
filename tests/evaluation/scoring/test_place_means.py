"""Correlation maps: what is in a cell, and where it lies."""

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS

from napari_icenet.evaluation.report.panel_cases import choose_cases
from napari_icenet.evaluation.scoring.place_means import place_means, write_map
from napari_icenet.scenes.grid import Grid
from tests.evaluation.scoring.factory import scores

GRID = Grid(512, 512, Affine(30, 0, 500_000, 0, -30, 4_000_000), CRS.from_epsg(32718))


@pytest.fixture
def made():
    # Two chips in one cell (the track of one begins a little off), one two cells to the right,
    # and one a cell down that does not count.
    found = scores(
        [[[0.2, 0.4]], [[0.6, 0.8]], [[0.1, -0.5]], [[0.9, 0.9]]],
        place=[[64, 128], [62, 131], [64, 256], [126, 126]],
    )
    found.counted[3, 1] = False
    return place_means(found, GRID, chip=128, stride=64)


def test_a_cell_is_the_mean_of_its_chips(made):
    assert made.values.shape == (1, 2, 2, 3)
    expected = [[0.6, np.nan, -0.5], [np.nan, np.nan, np.nan]]
    assert made.values[0, 1] == pytest.approx(np.array(expected), nan_ok=True)
    assert made.counts[1].tolist() == [[2, 0, 1], [0, 0, 0]]
    assert made.values[0, 0, 1, 0] == pytest.approx(0.9)


def test_a_cell_lies_around_the_centre_of_its_chip(made, tmp_path):
    path = tmp_path / "map.tif"
    write_map(made, 0, path, title="persistence", simulated=True)
    with rasterio.open(path) as file:
        assert file.crs == GRID.crs
        assert file.res == (64 * 30, 64 * 30)
        # The corner of pixel (64, 128) is the centre of the even chip at that position.
        assert file.xy(0, 0) == pytest.approx((500_000 + 128 * 30, 4_000_000 - 64 * 30))
        assert file.read(1) == pytest.approx(made.values[0, 1], nan_ok=True)
        assert file.descriptions == ("t2", "t1", "chips")
        assert file.tags()["simulated"] == "yes"


def test_cases_are_the_worst_the_median_and_the_best():
    found = scores([[[0, v]] for v in (0.5, 0.1, 0.9, 0.3, 0.7, 0.2, 0.8)])
    found.counted[1] = False  # does not enter the table
    assert choose_cases(found, 1) == [("worst", 5), ("median", 0), ("best", 2)]


def test_cases_of_a_kind_lie_apart():
    found = scores(
        [[[0, v]] for v in (0.1, 0.11, 0.3, 0.5, 0.7, 0.8)],
        place=[[0, 0], [8, 0], [100, 0], [200, 0], [300, 0], [400, 0]],
    )
    worst = [i for kind, i in choose_cases(found, 2) if kind == "worst"]
    assert worst == [0, 2]

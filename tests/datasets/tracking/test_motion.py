"""Motion between two dates: against the truth, whatever was asked before."""

from __future__ import annotations

import numpy as np
import pytest

from napari_icenet.datasets.settings import DatasetSettings
from napari_icenet.datasets.tracking.matcher import Matcher
from napari_icenet.datasets.tracking.motion import Motion
from napari_icenet.matching.engine.engine import Engine
from napari_icenet.matching.pictures import Pictures
from tests.datasets.ice import moving, stack_of

pytestmark = pytest.mark.slow

STEP = 2, -3
SETTINGS = {32: DatasetSettings(chip=32, scale=1.5), 64: DatasetSettings(chip=64, scale=1.5)}


@pytest.fixture(scope="module")
def pictures():
    return Pictures(stack_of(moving(dates=4, side=320, step=STEP, width=0.2)), 1)


def places(count=60, seed=0):
    """Rows and columns well inside, between the nodes."""
    return tuple(np.random.default_rng(seed).uniform(110, 210, (2, count)))


def none(count=60):
    return np.zeros(count), np.zeros(count)


@pytest.mark.parametrize("chip", [32, 64])
def test_moves_are_those_of_the_ice_at_full_and_at_half_resolution(pictures, chip):
    motion = Motion(pictures, SETTINGS[chip], Engine("cpu", threads=1))
    for second in (1, 2):
        moved = motion.between((0, second), places(), none())
        assert moved.drow == pytest.approx(np.full(60, second * STEP[0]), abs=0.2)
        assert moved.dcol == pytest.approx(np.full(60, second * STEP[1]), abs=0.2)
        assert (moved.peak_ratio > 1.5).all()


def test_searches_follow_what_is_expected(pictures):
    # Eight pixels are all that may be searched: three dates move the ice nine.
    motion = Motion(pictures, SETTINGS[32], Engine("cpu", threads=1))
    expected = np.full(60, 6.0), np.full(60, -9.0)
    moved = motion.between((0, 3), places(), expected)
    assert moved.dcol == pytest.approx(np.full(60, -9.0), abs=0.15)


def test_nothing_is_found_where_there_is_nothing(pictures):
    motion = Motion(pictures, SETTINGS[64], Engine("cpu", threads=1))
    outside = np.full(3, -200.0), np.full(3, 150.0)
    assert np.isnan(motion.between((0, 1), outside, none(3)).drow).all()


def test_results_are_the_same_to_the_bit_in_any_order_and_on_any_threads(pictures):
    every = places(80)
    one = Motion(pictures, SETTINGS[64], Engine("cpu", threads=1))
    whole = one.between((0, 1), every, none(80))
    other = Motion(pictures, SETTINGS[64], Engine("cpu", threads=3))
    other.between((1, 2), every, none(80))
    for i in np.random.default_rng(1).permutation(80):
        part = other.between((0, 1), (every[0][[i]], every[1][[i]]), none(1))
        assert (part.drow[0], part.dcol[0], part.peak_ratio[0]) == (whole.drow[i], whole.dcol[i], whole.peak_ratio[i])


def test_matches_with_kept_norms_are_those_of_whole_pictures(pictures):
    engine = Engine("cpu", threads=1)
    rows, cols = (np.rint(p).astype(np.int64) for p in places())
    matcher = Matcher(pictures, engine, chip=32, reach=8, min_overlap=0.9)
    for _ in range(2):
        found = matcher.match_all((0, 1), (rows, cols))
        first, second = (pictures.stack.read(t, "B1") for t in (0, 1))
        plain = engine.match(first, second, rows, cols, chip=32, radius=8, min_overlap=0.9)
        assert np.array_equal(np.rint(found.drow), np.rint(plain.drow))
        assert found.drow == pytest.approx(plain.drow, abs=1e-3)
        assert found.peak_ratio == pytest.approx(plain.peak_ratio, rel=1e-3)

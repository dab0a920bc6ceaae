"""Error bars of maps: never below the scatter of what is around."""

from __future__ import annotations

import numpy as np
import pytest

from napari_icenet.samples import byrd_folder
from napari_icenet.scenes import open_stack
from napari_icenet.simulation import load_truth
from napari_icenet.velocity.error_bars import with_scatter
from napari_icenet.velocity.map_pair import map_pair
from napari_icenet.velocity.settings import VelocitySettings

NEAR = (5.0, 5.0)


def noisy(sigma, *, shape=(150, 90), seed=0):
    """Vectors of a smooth flow that scatter by ``sigma`` (row, col), px."""
    rng = np.random.default_rng(seed)
    row, col = np.mgrid[: shape[0], : shape[1]]
    flow = 3 + 0.05 * row, 1 - 0.02 * col
    return tuple((f + s * rng.normal(size=shape)).astype(np.float32) for f, s in zip(flow, sigma, strict=True))


def formal(value, shape=(150, 90)):
    return tuple(np.full(shape, value, np.float32) for _ in range(2))


def test_scatter_that_matches_do_not_know_of_is_the_error():
    got = with_scatter(formal(0.01), noisy((0.2, 0.05)), NEAR)
    for error, sigma in zip(got, (0.2, 0.05), strict=True):
        assert np.median(error) == pytest.approx(sigma, rel=0.1)


def test_it_holds_two_thirds_and_nineteen_of_twenty_of_normal_errors():
    moved = noisy((0.2, 0.05))
    row, col = np.mgrid[:150, :90]
    got = with_scatter(formal(0.0), moved, NEAR)
    for error, vector, truth in zip(got, moved, (3 + 0.05 * row, 1 - 0.02 * col), strict=True):
        off = np.abs(vector - truth)
        assert np.mean(off < error) == pytest.approx(0.68, abs=0.05)
        assert np.mean(off < 2 * error) == pytest.approx(0.95, abs=0.05)


def test_an_error_that_is_larger_by_itself_stays():
    got = with_scatter(formal(0.7), noisy((0.1, 0.1)), NEAR)
    assert np.median(got[0]) == np.float32(0.7)


def test_smooth_motion_adds_nothing_however_it_shears():
    got = with_scatter(formal(0.02), noisy((0, 0)), NEAR)
    np.testing.assert_allclose(got, 0.02, atol=1e-4)


def test_other_ice_beside_is_no_scatter():
    row, col = noisy((0.05, 0.05))
    row[:, 45:] += 20
    got = with_scatter(formal(0.0), (row, col), NEAR)
    assert np.median(got[0][:, 43:47]) == pytest.approx(0.05, rel=0.4)


def test_a_vector_with_few_around_keeps_its_own_and_none_stays_none():
    row, col = (np.full((9, 9), np.nan, np.float32) for _ in range(2))
    row[4, 3:6] = col[4, 3:6] = [0, 3, 0]
    error = np.where(np.isnan(row), np.float32(np.nan), np.float32(0.1))
    got = with_scatter((error, error), (row, col), NEAR)
    np.testing.assert_array_equal(got, np.stack([error, error]))


@pytest.mark.slow
def test_error_bars_of_the_sample_hold_what_they_say():
    stack, truth = open_stack(byrd_folder()), load_truth(byrd_folder())
    held = []
    for first in (0, 2, 4):
        found = map_pair(stack, first, first + 1, VelocitySettings(band="B4"))
        rows, cols = np.meshgrid(found.rows, found.cols, indexing="ij")
        true = truth.displacement(rows, cols, first, first + 1)
        for moved, expected, error in zip(
            (found.drow, found.dcol), true, (found.error_row, found.error_col), strict=True
        ):
            off = np.abs(moved - expected)[found.valid] / error[found.valid]
            held.append([np.mean(off < 1), np.mean(off < 2)])
    one, two = np.mean(held, axis=0)
    assert one == pytest.approx(0.68, abs=0.06)
    assert two == pytest.approx(0.95, abs=0.05)

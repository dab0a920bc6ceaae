"""Positions on every date from pairs, against the truth, least squares by NumPy, and the law of errors."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from napari_icenet.velocity.time_series.network_adjustment import Pairs, positions, typical_scale

DATES = 6
ALL = np.array(list(combinations(range(DATES), 2)))
PAIRS = Pairs(ALL[:, 0], ALL[:, 1], DATES)
ONE = (1.0, 1.0)


def walk(cells: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Positions (date, n), rows and columns, px."""
    rng = np.random.default_rng(seed)
    return rng.normal(2, 1, (DATES, cells)).cumsum(axis=0), rng.normal(-1, 1, (DATES, cells)).cumsum(axis=0)


def between(place: np.ndarray, pairs: Pairs = PAIRS) -> np.ndarray:
    return place[pairs.second] - place[pairs.first]


def test_pairs_without_error_give_the_positions_up_to_a_constant():
    rows, cols = walk(5)
    found = positions(PAIRS, between(rows), between(cols), np.full((15, 5), 0.1), ONE)
    np.testing.assert_allclose(found.row - found.row[0], rows - rows[0], atol=1e-5)
    np.testing.assert_allclose(found.col - found.col[0], cols - cols[0], atol=1e-5)
    np.testing.assert_allclose(found.weight, 1, atol=1e-6)
    np.testing.assert_allclose(found.residual, 0, atol=1e-5)


def test_a_wrong_match_loses_its_weight_and_moves_nothing():
    rows, cols = walk(2)
    drow, dcol = between(rows), between(cols)
    drow[7, 1] += 4
    found = positions(PAIRS, drow, dcol, np.full(drow.shape, 0.1), ONE)
    assert found.weight[7, 1] == 0
    assert np.delete(found.weight[:, 1], 7).min() > 0.9
    assert found.weight[:, 0].min() > 0.9
    np.testing.assert_allclose(found.row - found.row[0], rows - rows[0], atol=1e-4)


def test_a_date_that_its_pairs_contradict_is_given_up():
    rows, cols = walk(1)
    drow, dcol = between(rows), between(cols)
    touched = (ALL == 3).any(axis=1)
    drow[touched] += np.array([5, -7, 9, -6, 8])[:, None]
    found = positions(PAIRS, drow, dcol, np.full(drow.shape, 0.1), ONE)
    assert (found.weight[touched] == 0).all()
    assert not found.tied[0, 3].any()
    good = [0, 1, 2, 4, 5]
    assert found.tied[0][np.ix_(good, good)].sum() == 20
    np.testing.assert_allclose((found.row - found.row[0])[good], (rows - rows[0])[good], atol=1e-4)


def test_dates_that_no_pair_ties_are_told():
    """Two pieces: dates 0 to 2 and 3 to 5."""
    rows, cols = walk(1)
    apart = np.where(((ALL < 3).all(axis=1) | (ALL > 2).all(axis=1))[:, None], between(rows), np.nan)
    found = positions(PAIRS, apart, between(cols), np.full(apart.shape, 0.1), ONE)
    piece = np.arange(DATES) // 3
    np.testing.assert_array_equal(found.tied[0], (piece[:, None] == piece) & ~np.eye(DATES, dtype=bool))
    assert np.isnan(found.weight[np.isnan(apart)]).all()


def test_without_redundancy_variances_add_up_along_the_chain():
    chain = Pairs(np.arange(5), np.arange(1, 6), DATES)
    rows, cols = walk(1)
    error = np.array([0.1, 0.2, 0.3, 0.1, 0.2])[:, None]
    found = positions(chain, between(rows, chain), between(cols, chain), error, ONE)
    variance = np.concatenate([[0], np.cumsum(error[:, 0] ** 2)])
    np.testing.assert_allclose(found.variance[0], np.abs(variance[:, None] - variance), atol=1e-6)
    assert np.isnan(found.residual).all()


@pytest.mark.slow
def test_typical_scale_is_how_much_matches_scatter_more_than_claimed():
    rows, cols = walk(3000)
    rng = np.random.default_rng(1)
    claimed = np.full((15, 3000), 0.1)
    drow, dcol = between(rows) + rng.normal(0, 0.2, claimed.shape), between(cols) + rng.normal(0, 0.3, claimed.shape)
    assert typical_scale(PAIRS, drow, dcol, claimed) == pytest.approx((2, 3), rel=0.05)


def test_typical_scale_is_one_without_redundancy():
    chain = Pairs(np.arange(5), np.arange(1, 6), DATES)
    rows, cols = walk(4)
    assert typical_scale(chain, between(rows, chain), between(cols, chain), np.full((5, 4), 0.1)) == (1, 1)


def test_errors_of_differences_are_the_scatter_about_the_truth():
    """In units of the error that variance and scale give, over 2000 cells of known noise."""
    rows, cols = walk(2000)
    rng = np.random.default_rng(2)
    error = np.full((15, 2000), 0.1)
    drow, dcol = (between(place) + rng.normal(0, 0.1, error.shape) for place in (rows, cols))
    found = positions(PAIRS, drow, dcol, error, typical_scale(PAIRS, drow, dcol, error))
    off = (found.row[5] - found.row[0]) - (rows[5] - rows[0])
    assert np.std(off / (np.sqrt(found.variance[:, 0, 5]) * found.scale_row)) == pytest.approx(1, abs=0.1)

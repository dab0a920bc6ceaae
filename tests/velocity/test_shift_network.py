"""Shifts of dates from offsets of pairs: contradictions, pieces, and dates that others stand in for."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from napari_icenet.velocity.shift_network import LIGHT_PX, PairOffset, solve_shifts, tied_dates
from napari_icenet.velocity.time_series import network_adjustment
from tests.valley import PATHS, SHIFTS, valley


@pytest.fixture(scope="module")
def stack():
    return valley(paths=PATHS, side=48)[0]


def offsets(pairs, *, noise=0.02, error=0.02, wrong=()):
    """Offsets as the shifts make them, with normal errors; some pairs are wrong by pixels."""
    rng = np.random.default_rng(4)
    out = []
    for i, j in pairs:
        drow, dcol = SHIFTS[j] - SHIFTS[i] + noise * rng.normal(size=2) + (3.0 if (i, j) in wrong else 0)
        out.append(PairOffset(i, j, float(drow), float(dcol), error, 0.1))
    return out


def near(*steps):
    return [(i, i + step) for step in steps for i in range(len(SHIFTS) - step)]


def test_pairs_agree_on_the_shifts_and_tell_their_errors(stack):
    found = solve_shifts(stack, offsets(near(1, 2, 3)), "mask")
    np.testing.assert_allclose(np.stack([found.drow, found.dcol], 1), SHIFTS, atol=0.06)
    # A difference along a chain is less sure the longer it is, and surer by its links side by side.
    assert found.error_between[0, 7] > found.error_between[0, 1]
    assert np.hypot(0.3 * 0.02, LIGHT_PX) < found.error_between[0, 1] < np.hypot(0.02, LIGHT_PX)
    np.testing.assert_array_equal(found.error_between, found.error_between.T)


def test_a_pair_that_contradicts_the_others_does_not_count(stack):
    found = solve_shifts(stack, offsets(near(1, 2, 3), wrong=[(2, 3)]), "mask")
    np.testing.assert_allclose(np.stack([found.drow, found.dcol], 1), SHIFTS, atol=0.06)


def test_many_dates_are_solved_alike(stack, monkeypatch):
    at_once = solve_shifts(stack, offsets(near(1, 2, 3)), "mask")
    monkeypatch.setattr(network_adjustment, "_MOST_PRODUCTS", 0)
    found = solve_shifts(stack, offsets(near(1, 2, 3)), "mask")
    np.testing.assert_allclose(found.drow, at_once.drow, atol=2e-4)
    np.testing.assert_allclose(found.error_between, at_once.error_between, atol=2e-4)


def test_a_smaller_piece_is_not_known(stack):
    apart = [*combinations(range(5), 2), (5, 6), (6, 7)]
    assert tied_dates(offsets(apart), 8).tolist() == [True] * 5 + [False] * 3
    # No others of their paths could be measured, were there no paths.
    plain, _ = valley(side=48)
    found = solve_shifts(plain, offsets(apart), "slow mode")
    assert found.known.tolist() == [True] * 5 + [False] * 3
    assert np.isnan(found.error_between[:, 5:]).all()


def test_two_dates_of_a_path_stand_in_for_its_others(stack):
    found = solve_shifts(stack, offsets(combinations(range(5), 2)), "mask")
    assert found.stands_in.tolist() == [False] * 5 + [True] * 3
    np.testing.assert_allclose((found.drow[6], found.dcol[6]), np.median(SHIFTS[[0, 2, 4]], axis=0), atol=0.05)
    np.testing.assert_allclose((found.drow[7], found.dcol[7]), np.median(SHIFTS[[1, 3]], axis=0), atol=0.05)
    own = np.sqrt(SHIFTS[[0, 2, 4]].var(axis=0, ddof=1).mean())
    assert found.error[6] == pytest.approx(own, rel=0.2)
    assert found.error_between[6, 7] > found.error_between[6, 0] > own * 0.8
    assert np.diagonal(found.error_between).tolist() == [0.0] * 8


def test_one_date_of_a_path_stands_in_for_none(stack):
    found = solve_shifts(stack, offsets(combinations(range(3), 2)), "mask")
    # Of path 12 there is date 1 alone.
    assert found.known.tolist() == [True, True, True, False, True, False, True, False]
    assert np.isnan(found.error_between[3]).all()

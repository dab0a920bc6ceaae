from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from napari_icenet.datasets.cut import correlation, cut, window_starts
from napari_icenet.errors import StackError, UsageError
from tests.datasets.ice import SETTINGS, moving, stack_of, texture


@pytest.fixture(scope="module")
def pictures():
    return moving()


@pytest.mark.slow
def test_a_chain_follows_ice_to_the_pixel(pictures):
    found = cut(stack_of(pictures), SETTINGS, band=1, start=1)
    # Chips that stay 16 px from the edge, beyond which the torus goes on and the picture does not.
    inner = (found.rows[:, 0] >= 24) & (found.rows[:, 0] <= 72) & (found.cols[:, 0] >= 24) & (found.cols[:, 0] <= 72)
    assert inner.sum() >= 9
    t = np.arange(4)
    assert_array_equal(found.rows[inner], found.rows[inner][:, :1] + t)
    assert_array_equal(found.cols[inner], found.cols[inner][:, :1] + 2 * t)
    assert_allclose(found.track_cols[inner], found.cols[inner], atol=0.05)
    assert found.valid[inner].all()
    assert_allclose(found.ncc[inner, 1:], 1, atol=1e-6)
    assert np.isnan(found.ncc[:, 0]).all()
    assert_array_equal(found.days[0], [0, 16, 32, 48])
    assert_array_equal(found.days_since_last[0], [0, 16, 16, 16])
    assert found.times[0, 0] == np.datetime64("2020-01-17")


def test_chips_are_the_stored_values_at_their_positions(pictures):
    found = cut(stack_of(pictures), SETTINGS, band=1, start=0)
    for n in (0, 11, len(found) - 1):
        for t in range(4):
            row, col = found.rows[n, t] - 8, found.cols[n, t] - 8
            expected = pictures[t, max(row, 0) : row + 16, max(col, 0) : col + 16]
            known = np.isfinite(found.chips[n, t])
            assert known.sum() == expected.size
            assert_array_equal(found.chips[n, t][known], expected.ravel())
            assert found.fill[n, t] == pytest.approx(1 - expected.size / 256)


def test_correlations_are_those_of_consecutive_chips():
    noisy = moving() + np.random.default_rng(1).normal(0, 1500, (6, 96, 96))
    found = cut(stack_of(noisy), SETTINGS, band=1, start=0)
    complete = np.isfinite(found.chips).all(axis=(1, 2, 3))
    assert complete.sum() > 10
    for n in np.flatnonzero(complete)[:5]:
        for t in (1, 2, 3):
            by_hand = np.corrcoef(found.chips[n, t - 1].ravel(), found.chips[n, t].ravel())[0, 1]
            assert found.ncc[n, t] == pytest.approx(by_hand, abs=1e-5)
            assert found.ncc[n, t] < 0.9


def test_the_chain_takes_the_highest_correlation_even_of_cloud():
    pictures = moving().astype(np.float32)
    pictures[2] = texture(96, seed=7)
    found = cut(stack_of(pictures), SETTINGS, band=1, start=0)
    n = int(np.flatnonzero((found.rows[:, 0] == 40) & (found.cols[:, 0] == 40))[0])
    chip, at = found.chips[n, 1], (found.rows[n, 1], found.cols[n, 1])
    best = max(
        (correlation(chip, pictures[2, r - 8 : r + 8, c - 8 : c + 8]), r, c)
        for r in range(at[0] - 4, at[0] + 5)
        for c in range(at[1] - 4, at[1] + 5)
    )
    assert (found.rows[n, 2], found.cols[n, 2]) == best[1:]
    assert found.ncc[n, 2] == pytest.approx(best[0], abs=1e-5)
    assert found.valid[n, 2]


def test_a_chip_without_a_match_stays_and_is_marked():
    pictures = moving(step=(0, 0)).astype(np.float32)
    pictures[2] = 5000  # flat
    pictures[3] = np.nan  # fill
    found = cut(stack_of(pictures), SETTINGS, band=1, start=1)
    assert_array_equal(found.rows, np.repeat(found.rows[:, :1], 4, axis=1))
    assert_array_equal(found.valid, np.tile([True, False, False, False], (len(found), 1)))
    assert_array_equal(found.fill[:, 2], 1)
    assert np.isnan(found.ncc[:, 1:]).all()


def test_chips_with_too_little_ground_on_the_first_date_are_left_out():
    fill = np.zeros((6, 96, 96), bool)
    fill[0, :33] = True
    every, fewer = (cut(stack_of(moving(), fill=f), SETTINGS, band=1, start=0) for f in (None, fill))
    assert len(every) == 36
    # The chip of rows 32–47 has one row of fill.
    assert len(fewer) == 18
    assert fewer.rows[:, 0].min() == 56


def test_settings_choose_evenly_from_the_grid():
    found = cut(stack_of(moving()), SETTINGS.model_copy(update={"chips": 4}), band=1, start=0)
    assert len(found) == 4
    assert (found.rows[0, 0], found.cols[0, 0]) == (8, 8)
    assert (found.rows[-1, 0], found.cols[-1, 0]) == (88, 88)


def test_short_small_and_unknown():
    stack = stack_of(moving(dates=3))
    with pytest.raises(StackError, match=r"ice has 3 dates and a sequence needs 4; add scenes"):
        window_starts(stack, SETTINGS)
    with pytest.raises(StackError, match=r"has 3 dates"):
        cut(stack, SETTINGS, band=1, start=0)
    with pytest.raises(StackError, match=r"96 × 96 pixels and a chip of 128 does not fit"):
        cut(stack_of(moving()), SETTINGS.model_copy(update={"chip": 128}), band=1, start=0)
    with pytest.raises(UsageError, match="no 4 dates from number 5"):
        cut(stack_of(moving()), SETTINGS, band=1, start=5)


@pytest.mark.parametrize("mode", ["chain", "robust"])
def test_a_way_of_tracking_has_its_own_criteria_whatever_the_settings_name(mode):
    # An evaluation cuts both ways by one setting.
    pictures = moving().astype(np.float32)
    pictures[2] = texture(96, seed=7)
    other = {"chain": "robust", "robust": "chain"}[mode]
    one, two = (
        cut(stack_of(pictures), SETTINGS.model_copy(update={"tracking": named}), band=1, start=0, mode=mode)
        for named in (mode, other)
    )
    for name in ("rows", "cols", "valid", "ncc"):
        assert_array_equal(getattr(one, name), getattr(two, name), name)

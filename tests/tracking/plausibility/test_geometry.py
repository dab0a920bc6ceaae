"""Shifts of path and row, found beside motion that is known."""

import numpy as np
import pytest

from napari_icenet.tracking.plausibility.geometry import (
    mixed_caution,
    numbered,
    shifts_by_geometry,
    widest_apart,
)
from tests.tracking.glacier import moving
from tests.tracking.plausibility.paths import seen_from

SHIFT = np.array([4.0, -3.0])
DAYS = 8.0 * np.arange(24)


def steps(geometries, *, shift=SHIFT, speed=0.1, noise=0.15, seed=0, wild=()):
    """Displacements between neighbouring dates of ice that moves steadily, seen from geometries 0 and 1."""
    rng = np.random.default_rng(seed)
    geometries = np.asarray(geometries)
    places = speed * DAYS[: len(geometries), None] * (1, 0.5) + geometries[:, None] * shift
    places += noise * rng.normal(size=places.shape)
    for date in wild:
        places[date] += rng.uniform(-20, 20, 2)
    days = np.diff(DAYS[: len(geometries)])
    return np.diff(places, axis=0), days, geometries[:-1], geometries[1:]


def test_a_shift_is_found_beside_the_motion_with_its_error():
    off = []
    for seed in range(40):
        shifts = shifts_by_geometry(*steps([0, 1, 1, 0] * 6, seed=seed))
        apart = widest_apart(shifts.px, shifts.error)
        assert apart.px == pytest.approx(5, abs=0.4)
        off.append((shifts.px[1] - SHIFT) / shifts.error[1])
    # The error that is told is about the true one.
    assert 0.6 < np.std(off) < 1.6


def test_wild_positions_do_not_count():
    shifts = shifts_by_geometry(*steps([0, 1, 1, 0] * 6, wild=(5, 17)))
    np.testing.assert_allclose(shifts.px[1], SHIFT, atol=0.3)


def test_positions_without_a_shift_are_not_said_to_have_one():
    for seed in range(40):
        shifts = shifts_by_geometry(*steps([0, 1, 1, 0] * 6, shift=0 * SHIFT, noise=0.5, seed=seed))
        assert widest_apart(shifts.px, shifts.error) is None


def test_a_change_of_speed_is_no_shift():
    """Geometries that do not interleave in time cannot be told from it."""
    moved, days, first, second = steps([0] * 12 + [1] * 12)
    assert np.isnan(shifts_by_geometry(moved, days, first, second).px[1]).all()


def test_rows_of_one_pass_taken_at_one_time_are_told_apart():
    moved, days, first, second = steps([0, 1] * 12)
    # Row 1 is taken with row 0, and the ice has not moved between them.
    moved[::2] -= 0.1 * days[::2, None] * (1, 0.5)
    days[::2] = 0
    shifts = shifts_by_geometry(moved, days, first, second)
    np.testing.assert_allclose(shifts.px[1], SHIFT, atol=0.3)


def test_series_with_gaps_stand_for_themselves():
    moved, days, first, second = steps([0, 1, 1, 0] * 6)
    gaps = np.concatenate([moved, np.full_like(moved, np.nan)], axis=1)
    gaps[3] = np.nan
    shifts = shifts_by_geometry(gaps, days, first, second)
    np.testing.assert_allclose(shifts.px[1, :2], SHIFT, atol=0.3)
    assert np.isnan(shifts.px[1, 2:]).all()


def test_pairs_that_cross_paths_are_told_with_their_names():
    stack = seen_from(moving([(0, 0)] * 4, side=64), [(233, 13), (233, 14), (233, 13), (None, None)])
    pairs = [(0, 1), (1, 2), (2, 3)]
    sentence = mixed_caution(stack, pairs).sentence
    assert "(233/013 and 233/014, in 2 of 3 pairs)" in sentence
    assert "--same-geometry" in sentence
    assert mixed_caution(stack, [(0, 2), (2, 3)]) is None


def test_equal_numbers_of_landsat_1_are_another_geometry():
    seen = [(233, 13, "LM01"), (233, 13, "LT05"), (233, 13, "LM02"), (233, 13, "LC08")]
    stack = seen_from(moving([(0, 0)] * 4, side=64), seen)
    assert "(233/013 (WRS-1) and 233/013, in 1 of 2 pairs)" in mixed_caution(stack, [(0, 1), (0, 2)]).sentence
    assert numbered(stack, range(4))[1] == {0: 0, 1: 1, 2: 0, 3: 1}

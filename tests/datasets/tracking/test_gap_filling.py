"""Lost frames placed from good ones, and motions that neighbours confirm."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_icenet.datasets.tracking.gap_filling import fill_gaps, supported, velocities
from napari_icenet.datasets.tracking.tracks import Tracks

DAYS = np.array([0.0, 5, 20, 21, 40, 72])


def tracks(speeds, valid, *, start=100, noise=0.0, seed=0):
    """Tracks of these velocities (n, 2), in px a day; what is not valid lies somewhere else."""
    speeds, valid = np.asarray(speeds, float), np.asarray(valid, bool)
    n = len(speeds)
    rng = np.random.default_rng(seed)
    at = np.arange(n, dtype=np.int64) * 10 + start
    made = Tracks.starting(at, at + 5, len(DAYS))
    for axis, exact, place in ((0, made.rows, made.places_row), (1, made.cols, made.places_col)):
        exact[:] = place[:, :1] + speeds[:, axis, None] * DAYS + noise * rng.normal(size=exact.shape)
        exact[~valid] = 1e6
        exact[:, 0] = place[:, 0]
        place[:] = np.rint(exact)
    made.valid[:] = valid
    return made


def true(speeds, start=100):
    at = np.arange(len(speeds))[:, None] * 10.0 + start
    speeds = np.asarray(speeds, float)
    return at + speeds[:, :1] * DAYS, at + 5 + speeds[:, 1:] * DAYS


def places(made):
    return made.places_row[:, 0].copy(), made.places_col[:, 0].copy()


@pytest.mark.parametrize("lost", [[1], [5], [1, 2], [4, 5], [1, 3, 5], [2, 3, 4]])
def test_steady_motion_is_found_again_whatever_was_lost(lost):
    valid = np.ones((2, 6), bool)
    valid[:, lost] = False
    speeds = [(0.5, -0.25), (0.1, 0.3)]
    made = tracks(speeds, valid)
    fill_gaps(made, DAYS)
    rows, cols = true(speeds)
    np.testing.assert_allclose(made.rows, rows, atol=1e-9)
    np.testing.assert_allclose(made.cols, cols, atol=1e-9)
    np.testing.assert_array_equal(made.places_row, np.rint(made.rows))
    np.testing.assert_array_equal(made.places_col, np.rint(made.cols))


def test_between_good_frames_it_is_linear_in_time():
    valid = np.array([[True, True, False, False, True, True]])
    made = tracks([(0, 0)], valid)
    made.rows[0] = [100, 110, 0, 0, 180, 150]
    fill_gaps(made, DAYS)
    expected = np.interp(DAYS, [0, 5, 40, 72], [100, 110, 180, 150])
    np.testing.assert_allclose(made.rows[0], expected)


def test_good_frames_stay_where_they_were_found():
    valid = np.random.default_rng(1).random((12, 6)) > 0.4
    made = tracks(np.full((12, 2), 0.2), valid, noise=0.3)
    before = made.rows.copy()
    fill_gaps(made, DAYS)
    np.testing.assert_array_equal(made.rows[valid], before[valid])
    assert (made.rows < 1e5).all()


def test_a_velocity_is_the_slope_of_the_good_frames():
    valid = np.array([[True, True, False, True, True, True]])
    made = tracks([(0.3, 0.7)], valid, noise=0.5)
    row, col = velocities(made, DAYS, places(made))
    good = valid[0]
    assert row[0] == pytest.approx(np.polyfit(DAYS[good], made.rows[0, good], 1)[0])
    assert col[0] == pytest.approx(np.polyfit(DAYS[good], made.cols[0, good], 1)[0])


@pytest.mark.parametrize("good", [0, 1, 2])
def test_a_track_with_too_few_good_frames_moves_as_its_neighbours(good):
    speeds = [(0.2, 0.1), (0.4, 0.1), (0.3, 0.1), (9, 9)]
    valid = np.ones((4, 6), bool)
    valid[3, good:] = False
    made = tracks(speeds, valid)
    row, col = velocities(made, DAYS, places(made))
    assert row[:3] == pytest.approx([0.2, 0.4, 0.3])
    assert (row[3], col[3]) == (pytest.approx(0.3), pytest.approx(0.1))
    fill_gaps(made, DAYS)
    if not good:
        np.testing.assert_allclose(made.rows[3], 130 + 0.3 * DAYS)


def test_where_nobody_knows_the_ice_is_taken_to_rest():
    made = tracks([(3, 3), (2, 2)], np.zeros((2, 6), bool))
    row, col = velocities(made, DAYS, places(made))
    assert not row.any()
    assert not col.any()
    fill_gaps(made, DAYS)
    np.testing.assert_array_equal(made.rows, np.repeat([[100.0], [110.0]], 6, axis=1))


def line(count, step=10):
    return np.stack([np.arange(count) * step, np.zeros(count)], axis=1).astype(np.int64)


@pytest.mark.parametrize("count", [1, 2, 3, 9, 30])
def test_alike_motions_confirm_each_other(count):
    found = np.ones(count, bool)
    assert supported(line(count), np.full((count, 2), 3.0), found, 30, 1).all()


def test_one_that_moves_alone_is_not_confirmed():
    moves = np.full((15, 2), 3.0)
    moves[7] = -4
    good = supported(line(15), moves, np.ones(15, bool), 30, 1)
    assert good.tolist() == [k != 7 for k in range(15)]


@pytest.mark.parametrize(("difference", "kept"), [(0.9, True), (1.95, True), (2.05, False), (4, False)])
def test_neighbours_may_differ_by_a_pixel_and_a_fifth_of_the_motion(difference, kept):
    # By as much as 1 px and a fifth of its own 3 px and the difference: 2 px.
    moves = np.zeros((15, 2))
    moves[:, 0] = 3.0
    moves[7, 0] += difference
    assert supported(line(15), moves, np.ones(15, bool), 30, 1)[7] == kept


def test_what_was_not_found_is_never_confirmed_and_confirms_nobody():
    found = np.zeros(15, bool)
    found[7] = True
    # It has neighbours, and none of them was found.
    assert not supported(line(15), np.zeros((15, 2)), found, 30, 1).any()


def test_one_without_neighbours_confirms_itself():
    far = line(4, step=1000)
    moves = np.arange(8.0).reshape(4, 2) * 50
    assert supported(far, moves, np.ones(4, bool), 30, 1).all()


@given(st.integers(0, 2**31), st.integers(2, 40))
def test_the_order_of_the_chips_does_not_matter(seed, count):
    rng = np.random.default_rng(seed)
    spots = rng.permutation(400)[:count]
    at = np.stack(np.divmod(spots, 20), axis=1) * 10 + rng.integers(0, 3, (count, 2))
    moves, found = rng.normal(0, 1.5, (count, 2)), rng.random(count) > 0.3
    order = rng.permutation(count)
    one = supported(at, moves, found, 25, 1)
    other = supported(at[order], moves[order], found[order], 25, 1)
    assert not (one & ~found).any()
    # Neighbours that are equally far may change places; with few of them all are asked.
    if count <= 9:
        np.testing.assert_array_equal(one[order], other)

import gc

import numpy as np
import pytest

from napari_icenet.predictors import registration
from napari_icenet.predictors.consensus import Consensus
from napari_icenet.predictors.median import Median
from napari_icenet.predictors.registration import aligned, moved, register
from tests.predictors.ice import ice, overcast, past

MOVES = np.array([(0.9, -1.3), (-0.6, 0.4), (1.45, 1.2), (0.25, -0.75), (-1.5, 0.5), (0, 0)])


def test_frames_are_found_to_a_twentieth_of_a_pixel():
    found = register(ice(MOVES, noise=1)).positions
    np.testing.assert_allclose(found, MOVES, atol=0.05)
    assert tuple(found[-1]) == (0, 0)


def test_place_is_relative_to_the_last_frame():
    moves = MOVES - MOVES[2]
    np.testing.assert_allclose(register(ice(moves[::-1], noise=1)).positions, (moves - moves[0])[::-1], atol=0.05)


def test_all_pairs_together_know_better_where_noisy_frames_lie():
    together, alone = [], []
    for seed in range(6):
        chips = ice(MOVES, noise=25, seed=seed)
        together.append(register(chips).positions[:-1] - MOVES[:-1])
        alone.append([register(chips[[i, -1]]).positions[0] - MOVES[i] for i in range(len(MOVES) - 1)])
    assert np.std(together) < 0.97 * np.std(alone)
    assert np.std(together) < 0.25


def test_a_cloud_stays_and_moves_nothing():
    chips = ice(MOVES, noise=1)
    chips[1] = overcast(3)
    got = register(chips)
    assert np.abs(got.positions[1]).max() < 0.5
    np.testing.assert_allclose(np.delete(got.positions, 1, 0), np.delete(MOVES, 1, 0), atol=0.08)
    assert got.ncc[1].max() < 0.3
    assert got.ncc[0, 5] > 0.8
    np.testing.assert_array_equal(got.ncc, got.ncc.T)


def test_nothing_to_register():
    chips = ice(MOVES)
    chips[0], chips[1] = np.nan, 5
    got = register(chips)
    np.testing.assert_allclose(got.positions[:2], np.broadcast_to(MOVES[2:].mean(0), (2, 2)), atol=0.3)
    np.testing.assert_allclose(got.positions[2:], MOVES[2:], atol=0.05)
    np.testing.assert_array_equal(register(chips[-1:]).positions, np.zeros((1, 2)))


@pytest.mark.parametrize("move", [(0.5, 0.5), (1.3, -2.2), (-0.25, 0), (2, -1)])
def test_moving_is_exact_inside_and_honest_at_the_edge(move):
    both = ice([move, (0, 0)], noise=0)
    got = moved(both[:1], np.array([move]))[0]
    inside = (slice(8, -8),) * 2
    np.testing.assert_allclose(got[inside], both[1][inside], atol=0.03 * both[1].std())
    lost = np.isnan(got)
    rows, cols = (int(np.ceil(abs(m))) for m in move)
    assert lost.sum() == lost.size - (64 - rows) * (64 - cols)
    edge = slice(64 - rows, 64) if move[0] > 0 else slice(0, rows)
    assert lost[edge].all()


def test_missing_pixels_move_along_and_spoil_only_their_neighbours():
    both = ice([(1.5, 0), (0, 0)], noise=0)
    both[0, 30:40, 30:40] = np.nan
    got = moved(both[:1], np.array([(1.5, 0.0)]))[0]
    lost = np.isnan(got[:60])
    assert lost[28:39, 30:40].all()
    assert lost.sum() == 11 * 10
    assert moved(both, np.zeros((2, 2)))[0] is not both
    np.testing.assert_array_equal(moved(both, np.zeros((2, 2))), both)


@pytest.mark.slow
def test_is_registered_once_for_all_predictors_and_forgotten_with_the_past(monkeypatch):
    calls = []
    monkeypatch.setattr(registration, "register", lambda chips: calls.append(1) or register(chips))
    shown = past(ice([(0, 0), (1, 0), (0.5, -0.5)]), valid=[True, False, True])
    one, other = Median()(shown), Consensus()(shown)
    assert len(calls) == 1
    # Another past with the same chips is another past, and gives the same.
    again = past(shown.chips, valid=[True, False, True])
    assert np.array_equal(Consensus()(again).template, other.template, equal_nan=True)
    assert np.array_equal(Median()(again).template, one.template, equal_nan=True)
    assert len(calls) == 2
    before = len(registration._known)
    del shown, again
    gc.collect()
    assert len(registration._known) == before - 2


def test_holds_the_usable_frames_in_their_places():
    shown = past(ice([(0, 0), (2, 1), (0, 0)]), valid=[True, True, False])
    made = aligned(shown)
    assert made.index.tolist() == [0, 1]
    positions = register(shown.chips).positions[:2]
    frame = moved(shown.chips[:2], positions)[1]
    expected = (frame - np.nanmean(frame)) / np.nanstd(frame)
    np.testing.assert_allclose(made.frames[1], expected, atol=1e-4)

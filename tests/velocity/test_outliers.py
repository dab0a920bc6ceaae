"""Outliers thrown into fields of known flow: which are found, and what else is lost with them."""

import numpy as np
import pytest

from napari_icenet.velocity.outliers import OutlierTest, neighbour_consistent

RADIUS = (25, 25)


def glacier(side=60, noise=0.1, seed=0):
    """Displacements (2, y, x) of a trunk between shear margins, in whole and with the noise of matches."""
    y, x = np.mgrid[:side, :side] / side
    along = 8 * np.exp(-(((x - 0.5) / 0.2) ** 4))
    flow = np.stack([along, 0.4 * np.sin(4 * y) * along])
    return (flow + noise * np.random.default_rng(seed).normal(size=flow.shape)).astype(np.float32)


def scattered(share, seed=1, side=60):
    """False matches: where they are, (y, x), and what they say, (2, y, x)."""
    rng = np.random.default_rng(seed)
    return rng.random((side, side)) < share, rng.uniform(-25, 25, (2, side, side)).astype(np.float32)


@pytest.mark.parametrize("share", [0.02, 0.2, 0.4])
def test_wild_vectors_go_and_good_ones_stay(share):
    flow = glacier()
    false, wild = scattered(share)
    kept = neighbour_consistent(*np.where(false, wild, flow), RADIUS)
    far = false & (np.hypot(*(wild - flow)) > 3)
    assert kept[~false].mean() >= 0.99
    assert (kept & far).sum() <= 0.005 * far.sum()


def test_a_steep_shear_margin_keeps_its_vectors():
    x = np.mgrid[:40, :40][1]
    # 1.5 px from one point to the next, over six of them.
    along = np.clip((x - 17) * 1.5, 0, 9) + 0.1 * np.random.default_rng(0).normal(size=x.shape)
    kept = neighbour_consistent(along.astype(np.float32), np.zeros(x.shape, np.float32), RADIUS)
    assert kept.mean() >= 0.97


def test_nothing_is_kept_of_pure_noise():
    _, wild = scattered(1.0)
    assert neighbour_consistent(*wild, RADIUS).mean() < 0.001


def test_gaps_do_not_count_against_their_neighbours():
    flow = glacier()
    flow[:, np.random.default_rng(2).random(flow.shape[1:]) < 0.5] = np.nan
    kept = neighbour_consistent(*flow, RADIUS)
    assert kept[np.isfinite(flow[0])].mean() >= 0.98
    assert not kept[np.isnan(flow[0])].any()


@pytest.mark.parametrize("count", [1, 3, 6])
def test_a_few_vectors_alone_are_not_borne_out(count):
    # False matches that agree by chance come in such handfuls under cloud.
    flow = np.full((2, 20, 20), np.nan, np.float32)
    flow[:, 10:12, 10:13] = np.where(np.arange(6).reshape(2, 3) < count, 1, np.nan)
    assert not neighbour_consistent(*flow, RADIUS).any()


def test_two_alone_in_a_tiny_map_cannot_be_judged_and_stay():
    assert neighbour_consistent(np.ones((1, 2), np.float32), np.ones((1, 2), np.float32), RADIUS).all()


def test_trusted_vectors_are_not_judged_again_but_judge_others():
    flow = np.zeros((2, 11, 11), np.float32)
    trusted = np.ones((11, 11), bool)
    trusted[5, 5] = trusted[2, 2] = False
    flow[0, 5, 5] = 6
    flow[0, 8, 8] = 6
    kept = neighbour_consistent(*flow, RADIUS, trusted=trusted)
    assert not kept[5, 5]
    assert kept[2, 2]
    assert kept[8, 8]


def test_a_clump_of_one_false_match_is_seen_through_by_neighbours_farther_apart():
    flow = glacier()
    flow[:, 10:15, 28:33] = -12
    near, far = (neighbour_consistent(*flow, RADIUS, step=step) for step in (1, 2))
    assert not far[10:15, 28:33].any()
    assert far.mean() > 0.97
    assert near[10:15, 28:33].any()


def test_false_matches_that_bore_each_other_out_go_in_the_second_round():
    flow, (false, wild) = glacier(), scattered(0.5)
    far = false & (np.hypot(*(wild - flow)) > 3)
    once, twice = (
        neighbour_consistent(*np.where(false, wild, flow), RADIUS, test=OutlierTest(rounds=n)) for n in (1, 2)
    )
    assert (twice & far).sum() < (once & far).sum() / 5
    assert twice[~false].mean() > 0.98


def test_each_test_alone_lets_something_pass_that_the_other_finds():
    # Every third vector false, in all directions: the median alone is misled here and there.
    flow, (false, wild) = glacier(), scattered(0.45)
    mixed, far = np.where(false, wild, flow), false & (np.hypot(*(wild - flow)) > 3)
    both = (neighbour_consistent(*mixed, RADIUS) & far).sum()
    median_alone = (neighbour_consistent(*mixed, RADIUS, test=OutlierTest(support=0, min_neighbours=0)) & far).sum()
    distance_alone = (neighbour_consistent(*mixed, RADIUS, test=OutlierTest(threshold=1e6)) & far).sum()
    assert both < median_alone
    assert both < distance_alone


def test_the_result_is_that_of_a_plain_loop():
    flow = glacier(side=14)
    false, wild = scattered(0.2, side=14)
    mixed = np.where(false, wild, flow).astype(np.float64)
    test, expected = OutlierTest(rounds=1), np.zeros((14, 14), bool)
    for i in range(14):
        for j in range(14):
            around = [
                mixed[:, a, b]
                for a in range(max(i - 2, 0), min(i + 3, 14))
                for b in range(max(j - 2, 0), min(j + 3, 14))
                if (a, b) != (i, j)
            ]
            others, own = np.array(around).T, mixed[:, i, j][:, None]
            near = (np.abs(others - own) <= test.distance * 25).all(axis=0).sum()
            middle = np.median(others, axis=1, keepdims=True)
            spread = np.median(np.abs(others - middle), axis=1, keepdims=True)
            fits = (np.abs(own - middle) <= test.threshold * (spread + test.noise_px)).all()
            expected[i, j] = near >= max(np.ceil(test.support * len(around)), 3) and fits
    np.testing.assert_array_equal(neighbour_consistent(*mixed.astype(np.float32), RADIUS, test=test), expected)


@pytest.mark.parametrize("radius", [(25, 25), (10, 10)])
@pytest.mark.parametrize("diagonal", [False, True])
def test_a_strip_in_still_rock_is_borne_out_along_itself(radius, diagonal):
    flow = np.zeros((2, 24, 24), np.float32)
    rows = np.arange(24)
    cols = rows if diagonal else np.full(24, 11)
    flow[0, rows, cols] = 6 + 0.05 * rows
    kept = neighbour_consistent(*flow, radius)
    assert kept[rows[3:-3], cols[3:-3]].all()
    assert kept[flow[0] == 0].all()


def test_one_wild_vector_in_still_rock_is_not_nor_are_three_in_a_row():
    flow = np.zeros((2, 24, 24), np.float32)
    flow[0, 5, 5] = 6
    flow[0, 12:15, 12] = 6
    kept = neighbour_consistent(*flow, RADIUS)
    assert not kept[flow[0] != 0].any()
    assert kept[flow[0] == 0].all()

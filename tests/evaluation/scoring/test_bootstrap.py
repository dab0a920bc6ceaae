"""Intervals of means over blocks."""

import numpy as np
import pytest

from napari_icenet.evaluation.scoring.bootstrap import BlockBootstrap


def test_independent_values_get_the_interval_of_the_central_limit():
    values = np.random.default_rng(3).normal(size=400)
    low, high = BlockBootstrap(np.arange(400), resamples=4000, seed=0).interval(values)
    half = 1.96 * values.std() / 20
    assert low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert high == pytest.approx(values.mean() + half, abs=0.1 * half)


def test_chips_of_one_block_count_as_one():
    # Ten blocks, in each the same value a hundred times: as uncertain as ten values.
    ten = np.random.default_rng(3).normal(size=10)
    many = BlockBootstrap(np.repeat(np.arange(10), 100), resamples=2000, seed=0).interval(np.repeat(ten, 100))
    few = BlockBootstrap(np.arange(10), resamples=2000, seed=0).interval(ten)
    assert many == pytest.approx(few, abs=1e-12)


def test_blocks_of_unequal_size_are_drawn_whole():
    # Two blocks: each draw is AA, AB, BA or BB, so that the ends are the means of the blocks alone.
    interval = BlockBootstrap(np.array([7, 7, 7, 2]), resamples=500, seed=0).interval(np.array([1.0, 2, 3, 10]))
    assert interval == [2, 10]


def test_differences_are_paired():
    a = np.random.default_rng(0).normal(size=50)
    bootstrap = BlockBootstrap(np.arange(50), resamples=300, seed=1)
    assert bootstrap.interval((a + 0.1) - a)[0] == pytest.approx(0.1)
    # The same draws serve every question.
    one, other = bootstrap.interval(a), bootstrap.interval(a + 1)
    assert other[0] - one[0] == pytest.approx(1)


def test_the_seed_decides():
    values = np.random.default_rng(0).normal(size=30)
    first, again, other = (BlockBootstrap(np.arange(30), resamples=200, seed=s).interval(values) for s in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize("blocks", [[], [4, 4, 4]])
def test_one_block_has_no_interval(blocks):
    assert BlockBootstrap(np.array(blocks, int), resamples=100, seed=0).interval(np.ones(len(blocks))) is None


def test_means_are_those_of_each_block():
    made = BlockBootstrap(np.array([7, 3, 7, 3, 3]), resamples=10, seed=0)
    np.testing.assert_allclose(made.means(np.array([1.0, 2, 3, 4, 6])), [4, 2])

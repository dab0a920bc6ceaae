"""Half-widths of a density against GLAFT's definition and against normal clouds."""

import numpy as np
import pytest

from napari_icenet.velocity.quality.density import LEVEL, blocks_of, density_of


def exact(x, y, where_x, where_y, bandwidth):
    """The Epanechnikov density at given places, point by point."""
    square = ((where_x[:, None] - x) ** 2 + (where_y[:, None] - y) ** 2) / bandwidth**2
    return 2 / (np.pi * bandwidth**2 * len(x)) * np.clip(1 - square, 0, None).sum(axis=1)


def test_the_density_is_that_of_the_kernel_point_by_point():
    x, y = np.random.default_rng(1).normal(size=(2, 400)) * [[0.3], [0.6]]
    found = density_of(x, y)
    spread = np.sqrt(x.std(ddof=1) * y.std(ddof=1))
    assert found.bandwidth == pytest.approx(2.1991 * spread * 400 ** (-1 / 6))
    rows, cols = np.random.default_rng(2).integers(0, [[len(found.y)], [len(found.x)]], (2, 200))
    expected = exact(x, y, found.x[cols], found.y[rows], found.bandwidth)
    np.testing.assert_allclose(found.values[rows, cols], expected, atol=0.02 * found.values.max())
    assert found.values.sum() * (found.x[1] - found.x[0]) ** 2 == pytest.approx(1, abs=0.02)


def test_a_normal_cloud_has_its_two_sigma_and_its_middle():
    x, y = np.random.default_rng(3).normal(size=(2, 50000)) * [[0.2], [0.4]] + [[0.5], [-1.0]]
    found = density_of(x, y)
    # The kernel itself widens the cloud: its variance along an axis is a sixth of its radius squared.
    widened = np.sqrt(np.array([0.2, 0.4]) ** 2 + found.bandwidth**2 / 6)
    assert found.half_width == pytest.approx(2 * widened, rel=0.05)
    assert found.peak == pytest.approx((0.5, -1.0), abs=0.1)
    assert pytest.approx(0.1353, abs=1e-4) == LEVEL
    for value, (low, high) in zip(found.half_width, found.half_width_range, strict=True):
        assert low <= value <= high
        assert high - low < 0.1 * value
    assert 0.03 < found.outside < 0.15


@pytest.mark.slow
def test_intervals_of_the_bias_hold_the_truth_as_often_as_they_say():
    inside = 0
    for seed in range(30):
        x, y = np.random.default_rng(seed).normal(size=(2, 300))
        (low, high), _ = density_of(x, y).peak_range
        inside += low <= 0 <= high
    assert inside >= 25


def test_blocks_of_equal_neighbours_widen_the_interval():
    rng = np.random.default_rng(4)
    x, y = np.repeat(rng.normal(size=(2, 100)), 9, axis=1)
    alone, together = density_of(x, y), density_of(x, y, np.repeat(np.arange(100), 9))
    width = lambda d: np.diff(d.half_width_range[0])[0]  # noqa: E731
    assert width(together) > 1.7 * width(alone)


def test_too_few_or_equal_points_have_no_density():
    assert density_of(np.arange(19.0), np.arange(19.0)) is None
    assert density_of(np.ones(50), np.ones(50)) is None
    np.testing.assert_array_equal(blocks_of(np.array([0, 1, 2]), np.array([0, 1, 2]), 2) == 0, [True, True, False])

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from napari_icenet.matching.local_mean import Slope, box, gaussian, smooth, weight_of

IMAGE = np.random.default_rng(0).normal(size=(40, 50)).astype(np.float32)
HOLES = np.random.default_rng(1).random((40, 50)) < 0.3


@pytest.mark.parametrize("kernel", [box(5), box(4), gaussian(1.5)])
def test_the_weight_of_a_complete_picture_is_that_of_no_holes(kernel):
    counted = weight_of(IMAGE.shape, np.zeros(IMAGE.shape, bool), kernel)
    np.testing.assert_allclose(weight_of(IMAGE.shape, None, kernel), counted, rtol=1e-5)


def test_means_are_those_of_the_valid_pixels():
    known = np.where(HOLES, 0, IMAGE).astype(np.float32)
    mean = smooth(known, box(5)) / weight_of(IMAGE.shape, HOLES, box(5))
    part = (slice(18, 23), slice(28, 33))
    assert mean[20, 30] == pytest.approx(IMAGE[part][~HOLES[part]].mean(), rel=1e-5)


def test_slopes_are_those_of_the_mean():
    known = np.where(HOLES, 0, IMAGE).astype(np.float32)
    mean, down, right = Slope(IMAGE.shape, HOLES, 2.0)(known)
    sums, weights = (gaussian_filter(a.astype(float), 2, mode="constant") for a in (known, ~HOLES))
    expected = sums / weights
    np.testing.assert_allclose(mean, expected, atol=1e-4)
    inner = (slice(1, -1), slice(1, -1))
    np.testing.assert_allclose(down[inner], np.gradient(expected, axis=0)[inner], atol=0.02)
    np.testing.assert_allclose(right[inner], np.gradient(expected, axis=1)[inner], atol=0.02)

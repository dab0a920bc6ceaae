"""Correlation at zero shift against sums written out."""

import numpy as np
import pytest

from napari_icenet.evaluation.scoring.ncc import Image, correlation
from tests.evaluation.chips import noise


def ncc(a, b):
    """Equation 1 of the paper, pixel by pixel."""
    known = [(float(x), float(y)) for x, y in zip(a.ravel(), b.ravel(), strict=True) if np.isfinite(x + y)]
    mean_a, mean_b = (sum(pair[k] for pair in known) / len(known) for k in (0, 1))
    cross = sum((x - mean_a) * (y - mean_b) for x, y in known)
    return cross / (sum((x - mean_a) ** 2 for x, _ in known) * sum((y - mean_b) ** 2 for _, y in known)) ** 0.5


def test_is_equation_one_whatever_the_level():
    a, b = noise(16, 16), noise(16, 16, seed=1)
    b += a
    assert correlation(Image.of(a), Image.of(b)) == pytest.approx(ncc(a, b), abs=1e-9)
    assert correlation(Image.of(1000 + 3 * a), Image.of(b)) == pytest.approx(ncc(a, b), abs=1e-4)
    assert correlation(Image.of(a), Image.of(-a)) == -1


def test_missing_pixels_take_no_part():
    a, b = noise(16, 16), noise(16, 16, seed=1)
    b += a
    a[:5], b[:, :4] = np.nan, np.nan
    assert correlation(Image.of(a), Image.of(b)) == pytest.approx(ncc(a, b), abs=1e-9)


def test_too_little_in_common_is_no_correlation():
    a, b = noise(16, 16), noise(16, 16, seed=1)
    a[4:] = np.nan
    assert np.isfinite(correlation(Image.of(a), Image.of(b)))  # a quarter, exactly
    a[3] = np.nan
    assert np.isnan(correlation(Image.of(a), Image.of(b)))


def test_flat_images_have_no_correlation():
    a, flat = noise(16, 16), np.full((16, 16), 7000.1, np.float32)
    assert np.isnan(correlation(Image.of(a), Image.of(flat)))
    # Flat where both are known.
    half = a.copy()
    half[8:] = 5
    other = a.copy()
    other[:8] = np.nan
    assert np.isnan(correlation(Image.of(half), Image.of(other)))


@pytest.mark.parametrize(("missing", "usable"), [(0, True), (8, True), (9, False), (16, False)])
def test_an_image_shows_enough_where_half_is_known(missing, usable):
    image = noise(16, 16)
    image[:missing] = np.nan
    assert Image.of(image).usable is usable

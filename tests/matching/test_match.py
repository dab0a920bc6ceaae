import numpy as np
import pytest
from scipy.ndimage import shift as spline_shift
from skimage.registration import phase_cross_correlation

from napari_icenet.matching.lost_reason import LostReason
from napari_icenet.matching.match import CorrelationSurface, find_peak
from napari_icenet.matching.zncc import zncc
from tests.tracking.glacier import shifted, texture


def bump(row, col, side=41, widths=(3.0, 1.8), angle=0.6):
    """An oblique Gaussian peak."""
    y, x = np.mgrid[:side, :side].astype(float)
    y, x = y - row, x - col
    u, v = np.cos(angle) * y + np.sin(angle) * x, -np.sin(angle) * y + np.cos(angle) * x
    return np.exp(-0.5 * ((u / widths[0]) ** 2 + (v / widths[1]) ** 2)).astype(np.float32)


@pytest.mark.parametrize("offset", [(0.0, 0.0), (0.3, -0.4), (-0.49, 0.2)])
def test_oblique_peaks_are_found_between_pixels(offset):
    row, col = 20 + offset[0], 20 + offset[1]
    peak = find_peak(CorrelationSurface(bump(row, col), 0, 0))
    assert np.hypot(peak.row - row, peak.col - col) < 0.02


def test_shifts_of_real_texture_agree_with_an_independent_method():
    base = texture(256)
    rng = np.random.default_rng(3)
    errors, others = [], []
    for drow, dcol in rng.uniform(-4, 4, (12, 2)):
        moved = shifted(base, drow, dcol) + rng.normal(size=base.shape)
        chip = base[96:160, 96:160].astype(np.float32)
        surface = CorrelationSurface(zncc(moved[80:176, 80:176].astype(np.float32), chip), 112, 112)
        match = find_peak(surface, pixels=64 * 64)
        errors.append((match.row - 128 - drow, match.col - 128 - dcol))
        other = phase_cross_correlation(moved, base, upsample_factor=50)[0]
        others.append((match.row - 128 - other[0], match.col - 128 - other[1]))
    assert np.sqrt(np.mean(np.square(errors))) < 0.03
    assert np.abs(others).max() < 0.15


def test_formal_error_is_the_scatter_found():
    base = texture(200)
    rng = np.random.default_rng(5)
    chip = base[60:124, 60:124] + 12 * rng.normal(size=(64, 64))
    found, formal = [], []
    for _ in range(40):
        moved = (base[44:140, 44:140] + 12 * rng.normal(size=(96, 96))).astype(np.float32)
        match = find_peak(CorrelationSurface(zncc(moved, chip.astype(np.float32)), 0, 0), pixels=64 * 64)
        found.append((match.row, match.col))
        formal.append(match.error_px)
    ratio = np.std(found, axis=0) / np.mean(formal, axis=0)
    assert ((ratio > 0.4) & (ratio < 2.0)).all()


def peak_ratio(values):
    return find_peak(CorrelationSurface(values, 0, 0)).peak_ratio


def test_peak_ratio_looks_outside_the_peak():
    surface = np.full((31, 31), 0.1, np.float32)
    surface[15, 15], surface[15, 18], surface[4, 4] = 0.9, 0.85, 0.3
    assert peak_ratio(surface) == pytest.approx(3)
    surface[15, 21] = 0.6
    assert peak_ratio(surface) == pytest.approx(1.5)


def test_peak_ratio_without_a_positive_rival_is_finite():
    surface = np.full((31, 31), -0.4, np.float32)
    surface[15, 15] = 0.5
    assert peak_ratio(surface) == pytest.approx(10)
    surface[15, 15] = -0.1
    assert peak_ratio(surface) == 0
    assert np.isnan(peak_ratio(surface[12:18, 12:18]))


def test_a_peak_at_the_border_says_so():
    slope = np.tile(np.linspace(0, 0.8, 30, dtype=np.float32), (30, 1))
    match = find_peak(CorrelationSurface(slope, 0, 0))
    assert match.reason is LostReason.BORDER


def test_missing_values_are_stepped_over():
    values = bump(20.2, 20.1)
    values[:, 24:] = np.nan
    match = find_peak(CorrelationSurface(values, 100, 200))
    assert (match.row, match.col) == pytest.approx((120.2, 220.1), abs=0.1)
    nothing = find_peak(CorrelationSurface(np.full((9, 9), np.nan, np.float32), 0, 0))
    assert not nothing.found
    assert nothing.reason is LostReason.FILL
    assert nothing.distance(0, 0) == np.inf


def test_every_reason_has_a_sentence():
    assert all(reason.sentence.endswith(".") for reason in LostReason)


def test_spline_and_fourier_shift_agree():
    # The truth of the other tests: two ways to shift give the same picture.
    base = texture(96)
    a, b = shifted(base, 0.37, -1.21), spline_shift(base, (0.37, -1.21), order=5, mode="grid-wrap")
    assert np.abs(a - b).max() < 1.5

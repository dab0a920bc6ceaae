import numpy as np
import pytest
from scipy.ndimage import fourier_shift, gaussian_filter

from napari_icenet.matching.engine.peaks import find_peaks
from napari_icenet.matching.lost_reason import REASONS, LostReason
from napari_icenet.matching.match import CorrelationSurface, find_peak
from napari_icenet.matching.zncc import zncc


def bumps(rows, cols, side=51, widths=(3.0, 1.8), angle=0.6):
    """Oblique Gaussian peaks (n, side, side)."""
    y, x = np.mgrid[:side, :side].astype(float)
    y, x = y - np.reshape(rows, (-1, 1, 1)), x - np.reshape(cols, (-1, 1, 1))
    u, v = np.cos(angle) * y + np.sin(angle) * x, -np.sin(angle) * y + np.cos(angle) * x
    return np.exp(-0.5 * ((u / widths[0]) ** 2 + (v / widths[1]) ** 2)).astype(np.float32)


def reasons(peaks):
    return [REASONS[code] for code in peaks.reason]


def plain(surface, exclusion=5):
    """Highest pixel, and best over best rival, by brute force."""
    row, col = np.unravel_index(np.nanargmax(surface), surface.shape)
    far = [
        surface[i, j]
        for i, j in np.ndindex(surface.shape)
        if max(abs(i - row), abs(j - col)) > exclusion and np.isfinite(surface[i, j])
    ]
    return row, col, surface[row, col] / max(*far, 0.05)


def test_a_batch_equals_its_surfaces_one_by_one():
    rng = np.random.default_rng(0)
    surfaces = gaussian_filter(rng.normal(size=(40, 37, 45)), (0, 2, 2)).astype(np.float32)
    surfaces /= 1.05 * np.abs(surfaces).max()
    surfaces[3:9, 10:20, 5:30] = np.nan
    surfaces[7] = np.nan
    peaks = find_peaks(surfaces, pixels=np.arange(100, 140))
    for i, surface in enumerate(surfaces):
        one = find_peak(CorrelationSurface(surface, 0, 0), pixels=100 + i)
        got = peaks.row[i], peaks.col[i], peaks.ncc[i], peaks.peak_ratio[i], peaks.error_row[i], peaks.error_col[i]
        np.testing.assert_allclose(got, (one.row, one.col, one.ncc, one.peak_ratio, *one.error_px), rtol=1e-6)
        assert reasons(peaks)[i] is one.reason
        if i != 7:
            row, col, ratio = plain(surface)
            assert max(abs(one.row - row), abs(one.col - col)) <= 1
            assert one.peak_ratio == pytest.approx(ratio, rel=1e-5)


def test_peaks_are_not_drawn_to_whole_pixels():
    rng = np.random.default_rng(1)
    rows, cols = rng.uniform(20, 30, (2, 500))
    peaks = find_peaks(bumps(rows, cols), pixels=1000)
    off = np.stack([peaks.row - rows, peaks.col - cols])
    assert np.abs(off).max() < 0.02
    assert np.abs(off.mean(axis=1)).max() < 1e-3
    np.testing.assert_allclose(peaks.ncc, 1, atol=5e-3)


def test_the_error_ellipse_lies_along_the_peak():
    peaks = find_peaks(0.999 * bumps([25.0], [25.0]), pixels=1000)
    covariance = np.array(
        [[peaks.error_row[0] ** 2, peaks.error_cov[0]], [peaks.error_cov[0], peaks.error_col[0] ** 2]]
    )
    values, vectors = np.linalg.eigh(covariance)
    long = vectors[:, 1] * np.sign(vectors[0, 1])
    assert np.sqrt(values[1] / values[0]) == pytest.approx(3 / 1.8, rel=0.05)
    np.testing.assert_allclose(long, [np.cos(0.6), np.sin(0.6)], atol=0.03)


@pytest.mark.parametrize("deviation", [0.1, 0.3, 0.6])
def test_formal_errors_are_the_scatter_found(deviation):
    rng = np.random.default_rng(2)
    still = gaussian_filter(rng.normal(size=(96, 96)), 2, mode="wrap")
    still /= still.std()
    found, formal, drow, dcol = [], [], 0.3, -0.4
    moved = np.fft.ifft2(fourier_shift(np.fft.fft2(still), (drow, dcol))).real
    surfaces = []
    for _ in range(150):
        one, two = deviation * rng.normal(size=(2, 96, 96))
        chip, window = (still + one)[32:64, 32:64], (moved + two)[22:74, 22:74]
        surfaces.append(zncc(window.astype(np.float32), chip.astype(np.float32)))
    peaks = find_peaks(np.array(surfaces), pixels=32 * 32)
    found, formal = np.stack([peaks.row, peaks.col]) - 10, np.stack([peaks.error_row, peaks.error_col])
    ratio = found.std(axis=1) / formal.mean(axis=1)
    assert ((ratio > 0.8) & (ratio < 1.3)).all(), ratio
    assert np.abs(found.mean(axis=1) - (drow, dcol)).max() < 4 * found.std() / np.sqrt(150) + 0.005


def test_flat_surfaces_and_plateaus_stay_on_a_pixel():
    surfaces = np.zeros((3, 21, 21), np.float32)
    surfaces[1] = 1
    surfaces[2, 8:13, 8:13] = 0.7
    peaks = find_peaks(surfaces, pixels=100)
    np.testing.assert_array_equal([peaks.row[:2], peaks.col[:2]], 0)
    np.testing.assert_array_equal(peaks.ncc[:2], np.float32([0, 1]))
    assert np.isnan(peaks.error_row[:2]).all()
    # A plateau's first corner, more or less.
    assert np.hypot(peaks.row[2] - 8, peaks.col[2] - 8) < 1
    assert 0.7 <= peaks.ncc[2] <= 1
    assert (peaks.peak_ratio[0], peaks.peak_ratio[1]) == (0, 1)
    assert reasons(peaks) == [LostReason.BORDER, LostReason.BORDER, None]


def test_surfaces_without_a_correlation():
    surfaces = np.full((2, 9, 9), np.nan, np.float32)
    surfaces[1, 4, 6] = 0.4
    peaks = find_peaks(surfaces, pixels=100)
    # The only placement there is may be the flank of a higher one.
    assert reasons(peaks) == [LostReason.FILL, LostReason.BORDER]
    assert np.isnan([peaks.row[0], peaks.ncc[0], peaks.peak_ratio[0], peaks.error_row[0], peaks.error_cov[0]]).all()
    assert (peaks.row[1], peaks.col[1], peaks.ncc[1]) == (4, 6, np.float32(0.4))
    assert np.isnan(peaks.error_row[1])


@pytest.mark.parametrize("gap", [(6, 7), (8, 7), (7, 6), (7, 8), (6, 6), (8, 8)])
def test_a_peak_beside_a_placement_that_is_not_allowed_is_none(gap):
    surfaces = bumps([7], [7], side=15)
    surfaces[0, gap[0], gap[1]] = np.nan
    assert reasons(find_peaks(surfaces, pixels=100)) == [LostReason.BORDER]
    surfaces = bumps([7], [7], side=15)
    surfaces[0, 9:, :] = np.nan
    found = find_peaks(surfaces, pixels=100)
    assert reasons(found) == [None]
    assert np.isfinite(found.error_row[0])


@pytest.mark.parametrize(
    ("place", "reason"),
    [((0, 0), LostReason.BORDER), ((0, 7), LostReason.BORDER), ((14, 14), LostReason.BORDER), ((1, 13), None)],
)
def test_peaks_near_the_edge(place, reason):
    peaks = find_peaks(bumps([place[0]], [place[1]], side=15), pixels=100)
    assert np.hypot(peaks.row[0] - place[0], peaks.col[0] - place[1]) < 0.05
    assert reasons(peaks) == [reason]


def test_how_near_is_asked():
    surfaces = bumps([3.0], [10.0], side=21)
    assert reasons(find_peaks(surfaces, pixels=1, border=3)) == [None]
    assert reasons(find_peaks(surfaces, pixels=1, border=4)) == [LostReason.BORDER]
    surfaces[0, 14, 10] = 0.5
    assert find_peaks(surfaces, pixels=1, exclusion=10).peak_ratio[0] == pytest.approx(2, rel=0.01)
    assert find_peaks(surfaces, pixels=1, exclusion=11).peak_ratio[0] > 2.1


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (2, 2), (3, 3), (4, 4), (3, 9)])
def test_small_surfaces(shape):
    surface = np.zeros((1, *shape), np.float32)
    surface[0, shape[0] // 2, shape[1] // 2] = 0.9
    peaks = find_peaks(surface, pixels=100)
    assert (round(peaks.row[0]), round(peaks.col[0])) == (shape[0] // 2, shape[1] // 2)
    assert peaks.ncc[0] == pytest.approx(0.9)


def test_no_surfaces_and_no_placements():
    assert len(find_peaks(np.empty((0, 9, 9), np.float32), pixels=1)) == 0
    assert reasons(find_peaks(np.empty((2, 0, 9), np.float32), pixels=1)) == [LostReason.FILL] * 2


def test_extreme_values():
    surfaces = bumps([20.3, 20.3, 20.3], [20.4, 20.4, 20.4])
    surfaces[1] *= np.float32(1e-30)
    surfaces[2, 40, 40] = np.inf
    surfaces[2, 3, 3] = -np.inf
    with np.errstate(all="raise"):
        peaks = find_peaks(surfaces, pixels=0)
    np.testing.assert_allclose(peaks.row, 20.3, atol=0.02)
    np.testing.assert_allclose(peaks.col, 20.4, atol=0.02)
    assert (peaks.ncc <= 1).all()


def test_surfaces_are_left_as_they_were():
    surfaces = bumps([20.3], [20.4])
    before = surfaces.copy()
    find_peaks(surfaces, pixels=1)
    np.testing.assert_array_equal(surfaces, before)

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, uniform_filter

from napari_icenet.errors import UsageError
from napari_icenet.tracking.prefilter import prefilter, prefilters
from tests.tracking.glacier import texture

PICTURE = texture(120).astype(np.float32)


@pytest.mark.parametrize("name", prefilters())
def test_missing_stays_missing_and_spreads_nowhere(name):
    holed = PICTURE.copy()
    holed[40:50, 60:80] = np.nan
    got = prefilter(name)(holed)
    assert got.dtype == np.float32
    np.testing.assert_array_equal(np.isnan(got), np.isnan(holed))


@pytest.mark.parametrize("name", prefilters())
def test_a_window_with_its_margin_is_the_whole_filtered(name):
    chosen = prefilter(name)
    m = chosen.margin
    whole = chosen(PICTURE)[50:70, 50:70]
    part = chosen(PICTURE[50 - m : 70 + m, 50 - m : 70 + m])[m : m + 20, m : m + 20]
    if name == "wallis":  # its floor for flat places looks at the picture given
        np.testing.assert_allclose(part, whole, rtol=2e-3, atol=2e-3)
    else:
        np.testing.assert_allclose(part, whole, rtol=1e-4, atol=2e-3)


def test_high_passes_take_the_local_mean_away():
    inner = (slice(40, 80), slice(40, 80))
    expected = PICTURE - gaussian_filter(PICTURE.astype(float), 8)
    np.testing.assert_allclose(prefilter("high-pass")(PICTURE)[inner], expected[inner], atol=1e-3)
    expected = PICTURE - uniform_filter(PICTURE.astype(float), 21)
    np.testing.assert_allclose(prefilter("box")(PICTURE)[inner], expected[inner], atol=1e-3)


def test_means_beside_a_hole_ignore_it():
    flat = np.full((60, 60), 5000.0, np.float32)
    flat[20:40, 20:40] = np.nan
    for name in ("high-pass", "box", "laplacian"):
        got = prefilter(name)(flat)
        assert np.nanmax(np.abs(got)) < 1e-2, name


def test_sign_is_nearly_binary_and_wallis_is_even():
    values, counts = np.unique(prefilter("sign")(PICTURE), return_counts=True)
    assert set(values) <= {-1, 0, 1}
    assert counts[np.abs(values) == 1].sum() > 0.99 * PICTURE.size
    even = prefilter("wallis")(np.where(np.arange(120) < 60, PICTURE, PICTURE * 5).astype(np.float32))
    assert even[30:90, 15:45].std() == pytest.approx(even[30:90, 75:105].std(), rel=0.1)


def test_size_in_the_name():
    chosen = prefilter("box:5")
    assert (chosen.name, chosen.size, chosen.margin) == ("box:5", 5, 3)
    assert prefilter(" High-Pass ").name == "high-pass"


@pytest.mark.parametrize("name", ["lowpass", "box:0", "box:x", "sobel:3", ""])
def test_unknown_filter_lists_the_known(name):
    with pytest.raises(UsageError, match="prefilter"):
        prefilter(name)

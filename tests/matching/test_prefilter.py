import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, laplace, sobel, uniform_filter

from napari_icenet.errors import UsageError
from napari_icenet.matching.local_mean import box
from napari_icenet.matching.prefilter import prefilter, prefilters
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


def plane_at(image, row, col, weights, ridge):
    """Weighted plane through the known pixels around one, in float64; its slopes are held back a little."""
    reach = len(weights) // 2
    rows, cols = np.mgrid[row - reach : row + reach + 1, col - reach : col + reach + 1]
    weight = np.outer(weights, weights)
    inside = (rows >= 0) & (rows < image.shape[0]) & (cols >= 0) & (cols < image.shape[1])
    values = np.where(inside, image[rows.clip(0, image.shape[0] - 1), cols.clip(0, image.shape[1] - 1)], np.nan)
    known = np.isfinite(values)
    w, v, r, c = (a[known].astype(float) for a in (weight, values, rows - row, cols - col))
    r0, c0, level = (np.average(a, weights=w) for a in (r, c, v))
    centred = np.column_stack([r - r0, c - c0])
    normal = (centred * w[:, None]).T @ centred / w.sum() + ridge * np.eye(2)
    slope = np.linalg.solve(normal, (centred * w[:, None]).T @ (v - level) / w.sum())
    return level - slope @ [r0, c0]


@pytest.mark.parametrize(("name", "weights"), [("box", box(21)), ("box:11", box(11))])
@pytest.mark.parametrize("holed", [False, True])
def test_the_plane_through_the_known_pixels_around_is_taken_away(name, weights, holed):
    picture = PICTURE + 8000
    if holed:
        picture[30:45, 50:80] = np.nan
        picture[:, ::13] = np.nan
    spread = float((weights * (np.arange(len(weights)) - len(weights) // 2) ** 2).sum())
    got = prefilter(name)(picture)
    places = [(2, 4), (0, 60), (119, 63), (29, 60), (45, 79), (46, 20), (60, 119), (60, 60), (90, 92)]
    for row, col in places:
        expected = picture[row, col] - plane_at(picture, row, col, weights, 0.05 * spread)
        assert got[row, col] == pytest.approx(expected, abs=5e-3), (row, col)


@pytest.mark.parametrize("holed", [False, True])
def test_the_high_pass_takes_the_gaussian_mean_of_the_known_pixels_away(holed):
    picture = PICTURE + 8000
    if holed:
        picture[30:45, 50:80] = np.nan
    known = np.isfinite(picture)
    values, weights = (
        gaussian_filter(a, 8, mode="constant") for a in (np.where(known, picture, 0).astype(float), known.astype(float))
    )
    expected = np.where(known, picture - values / weights, np.nan)
    np.testing.assert_allclose(prefilter("high-pass")(picture), expected, atol=2e-3 * PICTURE.std())


@pytest.mark.parametrize("name", ["box", "band"])
def test_a_slope_of_brightness_leaves_no_edge_beside_a_gap(name):
    rows, cols = np.mgrid[:120, :120].astype(np.float32)
    ramp, texture_ = 5000 + 30 * rows + 10 * cols, 20 * PICTURE
    whole = prefilter(name)(texture_ + ramp)
    holed = texture_ + ramp
    holed[40:54] = np.nan
    # What stands out of the texture beside the gap is the texture's own.
    beside = prefilter(name)(holed)[[39, 54]]
    assert np.corrcoef(beside.ravel(), whole[[39, 54]].ravel())[0, 1] > 0.6
    assert abs(np.mean(beside)) < 0.25 * np.std(whole)


@pytest.mark.parametrize("name", ["box", "high-pass", "band", "wallis"])
def test_a_pixel_alone_among_missing_ones_is_left_out(name):
    picture = PICTURE.copy()
    picture[20:70, 20:70] = np.nan
    picture[45, 45] = 130
    assert np.isnan(prefilter(name)(picture)[45, 45])
    assert np.isfinite(prefilter("none")(picture)[45, 45])


def test_derivatives_are_those_of_scipy():
    inner = (slice(2, -2), slice(2, -2))
    image = PICTURE.astype(float)
    np.testing.assert_allclose(prefilter("laplacian")(PICTURE)[inner], -laplace(image)[inner], rtol=1e-4, atol=1e-3)
    strength = np.hypot(sobel(image, 0), sobel(image, 1)) / 4 / np.sqrt(2)
    np.testing.assert_allclose(prefilter("sobel")(PICTURE)[inner], strength[inner], rtol=1e-4, atol=1e-3)


def directions(image, sigma):
    down, right = (gaussian_filter(image, sigma, order=order) for order in ((1, 0), (0, 1)))
    steep = np.hypot(down, right)
    return down / steep, right / steep


def test_orientation_is_the_divergence_of_the_directions():
    for name, sigma in (("orientation", 1.2), ("orientation:2", 2)):
        down, right = directions(PICTURE.astype(float), sigma)
        expected = gaussian_filter(down, sigma, order=(1, 0)) + gaussian_filter(right, sigma, order=(0, 1))
        margin = prefilter(name).margin
        inner = (slice(margin, -margin),) * 2
        np.testing.assert_allclose(prefilter(name)(PICTURE)[inner], expected[inner], atol=2e-3)


def test_orientation_knows_no_contrast():
    got = prefilter("orientation")(PICTURE)
    np.testing.assert_allclose(prefilter("orientation")(PICTURE * 7 + 5000), got, atol=2e-3)
    faint = np.where(np.arange(120) < 60, PICTURE, PICTURE / 50).astype(np.float32)
    np.testing.assert_allclose(prefilter("orientation")(faint)[:, 71:], got[:, 71:], atol=2e-3)
    # Every azimuth alike.
    np.testing.assert_allclose(prefilter("orientation")(np.rot90(PICTURE).copy()), np.rot90(got), atol=2e-3)
    assert not prefilter("orientation")(np.full((40, 40), 7.1, np.float32)).any()


def test_orientation_sees_no_edge_at_a_hole():
    ramp = np.add.outer(np.arange(60.0), 2 * np.arange(60.0)).astype(np.float32)
    ramp[20:40, 25:45] = np.nan
    got = prefilter("orientation")(ramp)
    # The directions bend a little where one side's means are missing; an edge would give about 1.
    assert np.nanmax(np.abs(got)) < 0.25


@pytest.mark.parametrize("name", ["high-pass", "box", "band", "orientation", "sign"])
def test_the_frame_ends_like_a_hole(name):
    """A picture filtered whole equals one read with missing pixels around it."""
    chosen = prefilter(name)
    wide = np.pad(PICTURE, chosen.margin, constant_values=np.nan)
    inner = (slice(chosen.margin, -chosen.margin),) * 2
    np.testing.assert_allclose(chosen(wide)[inner], chosen(PICTURE), rtol=1e-4, atol=2e-3)


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


@pytest.mark.parametrize("name", ["box", "high-pass", "wallis", "sign"])
def test_flat_ground_stays_exactly_flat(name):
    picture = np.random.default_rng(0).uniform(0, 60_000, (128, 128)).astype(np.float32)
    picture[:, 64:] = 54_321
    assert (prefilter(name)(picture)[:, 64 + 33 : 128 - 33] == 0).all()

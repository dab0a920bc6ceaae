import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from napari_icenet.matching.engine._torch import correlate as torch_fft
from napari_icenet.matching.engine._torch.correlate import TorchCorrelator, fast_length
from napari_icenet.matching.zncc import masked_zncc, norm_map, zncc
from tests.matching.test_zncc import brute_force

CORRELATOR = TorchCorrelator("cpu")


def texture(seed, *shape):
    rng = np.random.default_rng(seed)
    return (gaussian_filter(rng.normal(size=shape), 1) + 0.1 * rng.normal(size=shape)).astype(np.float32)


def holed(image, seed, share=0.15):
    """A picture with blobs and stripes missing."""
    blobs = gaussian_filter(np.random.default_rng(seed).normal(size=image.shape), 3)
    out = np.where(blobs > np.quantile(blobs, 1 - share), np.nan, image).astype(np.float32)
    out[:, ::17] = np.nan
    return out


LIVELY = {
    "random": lambda a: a,
    "large offset": lambda a: a + 1e4,
    "tiny values": lambda a: a * 1e-20,
    "huge values": lambda a: a * 1e15,
    "a far livelier half": lambda a: a * np.where(np.arange(a.shape[-1]) < a.shape[-1] // 2, 1, 5e3) + 100,
    "a step": lambda a: a + np.where(np.arange(a.shape[-1]) < a.shape[-1] // 3, 3e3, 0),
    "one bright pixel": lambda a: np.where(np.arange(a.size).reshape(a.shape) == 40, 1e5, a),
    "counts": lambda a: np.rint(8000 + 300 * a),
}


@pytest.mark.parametrize("name", LIVELY)
def test_agrees_with_float64_sums(name):
    windows = np.stack([LIVELY[name](texture(i, 44, 40)) for i in range(3)]).astype(np.float32)
    chips = windows[[1, 2, 2], 7:23, 5:21].copy()
    expected = np.stack([brute_force(w, c) for w, c in zip(windows, chips, strict=True)])
    got = CORRELATOR.surfaces(chips, windows)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, expected, atol=1e-4)
    np.testing.assert_allclose(CORRELATOR.masked_surfaces(chips, windows), expected, atol=1e-4)
    norms = np.stack([norm_map(w, 16) for w in windows])
    np.testing.assert_allclose(CORRELATOR.surfaces(chips, windows, norms), expected, atol=1e-4)


@pytest.mark.parametrize("name", LIVELY)
def test_missing_pixels_take_no_part(name):
    windows = np.stack([holed(LIVELY[name](texture(i, 44, 40)), i) for i in range(3)]).astype(np.float32)
    chips = np.stack([LIVELY[name](texture(i, 44, 40))[7:23, 5:21] for i in (0, 2, 2)]).astype(np.float32)
    chips[1] = holed(chips[1], 5)
    expected = np.stack([brute_force(w, c, 0.6) for w, c in zip(windows, chips, strict=True)])
    got = CORRELATOR.surfaces(chips, windows, min_overlap=0.6)
    assert 0 < np.isfinite(expected).mean() < 1
    np.testing.assert_array_equal(np.isnan(got), np.isnan(expected))
    np.testing.assert_allclose(got, expected, atol=1e-4)
    np.testing.assert_allclose(
        got, [masked_zncc(w, c, min_overlap=0.6) for w, c in zip(windows, chips, strict=True)], atol=1e-4
    )


def test_float32_alone_would_not_do(monkeypatch):
    """The pairs that are done again are those that need it."""
    window = LIVELY["a far livelier half"](texture(0, 44, 40)).astype(np.float32)
    chip = window[7:23, 1:17].copy()
    expected = brute_force(window, chip)
    monkeypatch.setattr(torch_fft, "TOLERANCE", np.inf)
    assert np.nanmax(np.abs(CORRELATOR.surfaces(chip[None], window[None])[0] - expected)) > 1e-4
    assert np.nanmax(np.abs(CORRELATOR.masked_surfaces(chip[None], window[None])[0] - expected)) > 1e-4


def test_textures_are_not_done_twice(monkeypatch):
    windows = np.stack([texture(i, 82, 82) + 1e4 for i in range(4)]).astype(np.float32)
    once = CORRELATOR.surfaces(windows[:, 20:52, 20:52], windows)
    masked = CORRELATOR.masked_surfaces(windows[:, 20:52, 20:52], windows)
    monkeypatch.setattr(torch_fft, "TOLERANCE", np.inf)
    np.testing.assert_array_equal(CORRELATOR.surfaces(windows[:, 20:52, 20:52], windows), once)
    np.testing.assert_array_equal(CORRELATOR.masked_surfaces(windows[:, 20:52, 20:52], windows), masked)


def test_flat_places_and_chips_have_no_correlation():
    window, flat = texture(0, 40, 40), np.full((40, 40), 7.0, np.float32)
    half = window.copy()
    half[:, :24] = 5
    chips = np.stack([flat[:16, :16], window[:16, :16], window[:16, :16]])
    got = CORRELATOR.surfaces(chips, np.stack([window, flat, half]))
    assert np.isnan(got[:2]).all()
    np.testing.assert_array_equal(np.isnan(got[2]), np.isnan(brute_force(half, chips[2])))
    masked = CORRELATOR.masked_surfaces(chips, np.stack([window, flat, half]))
    np.testing.assert_array_equal(np.isnan(masked), np.isnan(got))
    nothing = np.full((1, 40, 40), np.nan, np.float32)
    assert np.isnan(CORRELATOR.surfaces(chips[1:2], nothing)).all()


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("radius", [5, (3, 7)])
def test_pictures_are_matched_place_by_place(missing, radius):
    first, second = texture(1, 150, 130) * 20 + 8000, texture(2, 150, 130) * 20 + 8000
    second[3:, 5:] = first[:-3, :-5] + 0.1 * second[3:, 5:]
    if missing:
        first, second = holed(first, 3, 0.03), holed(second, 4, 0.03)
    rng = np.random.default_rng(0)
    rows, cols = rng.integers(0, 150, 60), rng.integers(0, 130, 60)
    shifts = rng.integers(-4, 5, (2, 60))
    reach = (radius, radius) if isinstance(radius, int) else radius
    seen = 0
    wide = [np.pad(p, 60, constant_values=np.nan) for p in (first, second)]
    found = CORRELATOR.correlate(
        first, second, rows, cols, chip=20, radius=radius, shift_rows=shifts[0], shift_cols=shifts[1]
    )
    for part, surfaces in found:
        assert part.start == seen
        seen = part.stop
        for i, got in zip(range(part.start, part.stop), surfaces, strict=True):
            r, c = rows[i] - 10 + 60, cols[i] - 10 + 60
            chip = wide[0][r : r + 20, c : c + 20]
            r, c = r + shifts[0][i] - reach[0], c + shifts[1][i] - reach[1]
            expected = zncc(wide[1][r : r + 20 + 2 * reach[0], c : c + 20 + 2 * reach[1]], chip)
            np.testing.assert_allclose(got, expected, atol=1e-4)
    assert seen == 60


def test_resident_pictures_and_small_batches_change_nothing(monkeypatch):
    first, second = texture(1, 120, 120), texture(2, 120, 120)
    places = {"rows": np.arange(20, 100, 7), "cols": 60, "chip": 32, "radius": 12}
    whole = [s for _, s in CORRELATOR.correlate(first, second, **places)]
    monkeypatch.setattr(torch_fft, "_CPU_BYTES", 1_000_000)
    a, b = CORRELATOR.resident(first), CORRELATOR.resident(second)
    parts = [s for _, s in CORRELATOR.correlate(a, b, **places)]
    assert len(parts) > 2
    np.testing.assert_allclose(np.concatenate(parts), np.concatenate(whole), atol=1e-6)
    assert b.norms(32) is b.norms(32)


def test_norm_maps_are_those_of_the_tracker(monkeypatch):
    picture = texture(3, 90, 70) * 100 + 5e4
    picture[60:, 40:] = 5e4
    norms = CORRELATOR.resident(picture).norms(16).numpy()
    np.testing.assert_allclose(norms, norm_map(picture, 16), rtol=1e-5)
    assert (norms == 0).any()
    monkeypatch.setattr("napari_icenet.matching.engine._torch.pictures._STRIP", 20)
    np.testing.assert_array_equal(CORRELATOR.resident(picture).norms(16).numpy(), norms)
    picture[10, 20] = np.nan
    touched = np.isnan(CORRELATOR.resident(picture).norms(16).numpy())
    assert touched[:11, 5:21].all()
    assert touched.sum() == 11 * 16


def test_nothing_in_nothing_out():
    chips, windows = np.empty((0, 16, 16), np.float32), np.empty((0, 40, 30), np.float32)
    assert CORRELATOR.surfaces(chips, windows).shape == (0, 25, 15)
    assert CORRELATOR.masked_surfaces(chips, windows).shape == (0, 25, 15)
    picture = texture(0, 50, 50)
    assert list(CORRELATOR.correlate(picture, picture, [], [], chip=16, radius=4)) == []


@pytest.mark.parametrize(("size", "fast"), [(82, 84), (114, 120), (256, 256), (31, 32), (1, 2)])
def test_lengths_transforms_like(size, fast):
    assert fast_length(size) == fast

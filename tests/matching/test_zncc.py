import numpy as np
import pytest

from napari_icenet.matching.zncc import largest_overlap, masked_zncc, norm_map, zncc


def brute_force(window, chip, min_overlap=0.5):
    """Equation 1, pixel by pixel, in float64."""
    h, w = chip.shape
    out = np.full((window.shape[0] - h + 1, window.shape[1] - w + 1), np.nan)
    for i, j in np.ndindex(out.shape):
        patch = window[i : i + h, j : j + w].astype(float)
        both = np.isfinite(patch) & np.isfinite(chip)
        if both.sum() < min_overlap * chip.size:
            continue
        r, s = chip[both].astype(float), patch[both]
        r, s = r - r.mean(), s - s.mean()
        norm = np.sqrt((r * r).sum() * (s * s).sum())
        if norm > 1e-12 * max(np.abs(chip[both]).max() * np.abs(patch[both]).max(), 1e-300) * both.sum():
            out[i, j] = (r * s).sum() / norm
    return out


def pair(seed=0, size=48, chip=20):
    rng = np.random.default_rng(seed)
    window = rng.normal(size=(size, size)).astype(np.float32)
    return window, window[9 : 9 + chip, 13 : 13 + chip].copy()


CASES = {
    "random": lambda w, c: (w, c),
    "unrelated": lambda w, c: (w, np.random.default_rng(9).normal(size=c.shape)),
    "large offset": lambda w, c: (w * 30 + 1e5, c * 30 + 1e5),
    "tiny values": lambda w, c: (w * 1e-20, c * 1e-20),
    "huge values": lambda w, c: (w * 1e15, c * 1e15),
    "one bright pixel": lambda w, c: (np.where(np.arange(w.size).reshape(w.shape) == 40, 1e5, w), c),
    "bright half": lambda w, c: (np.where(np.arange(48) < 24, w + 3e3, w), c),
}


@pytest.mark.parametrize("name", CASES)
def test_agrees_with_brute_force(name):
    window, chip = (np.asarray(a, np.float32) for a in CASES[name](*pair()))
    expected = brute_force(window, chip)
    got = zncc(window, chip)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, expected, atol=1e-4)
    np.testing.assert_allclose(masked_zncc(window, chip), expected, atol=1e-4)


@pytest.mark.parametrize("chip", [16, 20, 33])
def test_sizes_of_the_paper_and_others(chip):
    window, template = pair(size=70, chip=chip)
    got = zncc(window, template)
    np.testing.assert_allclose(got, brute_force(window, template), atol=1e-4)
    assert np.unravel_index(got.argmax(), got.shape) == (9, 13)
    assert got.max() == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("offset", [0, 5e4])
def test_missing_pixels_take_no_part(offset):
    window, chip = pair()
    window, chip = window + np.float32(offset), chip + np.float32(offset)
    window[:15, 20:] = np.nan
    window[30:, ::4] = np.nan
    chip[3:6] = np.nan
    expected = brute_force(window, chip, 0.6)
    got = zncc(window, chip, min_overlap=0.6)
    np.testing.assert_array_equal(np.isnan(got), np.isnan(expected))
    assert 0 < np.isnan(got).mean() < 1
    np.testing.assert_allclose(got, expected, atol=1e-3 if offset else 1e-4)


def test_too_little_overlap_is_missing_not_zero():
    window, chip = pair()
    chip[:, 5:] = np.nan
    assert np.isnan(zncc(window, chip, min_overlap=0.5)).all()


@pytest.mark.parametrize("level", [0, 7, 1e4])
def test_flat_chip_correlates_with_nothing(level):
    window, chip = pair()
    assert np.isnan(zncc(window, np.full_like(chip, level))).all()
    hole = np.full_like(chip, level)
    hole[0, 0] = np.nan
    assert np.isnan(zncc(window, hole)).all()


@pytest.mark.parametrize("level", [0, 7, 1e4])
def test_flat_patch_is_missing(level):
    window, chip = pair()
    window += np.float32(level)
    window[:30, :30] = level
    got = zncc(window, chip)
    assert np.isnan(got[:10, :10]).all()
    np.testing.assert_allclose(got[12:, 12:], brute_force(window, chip)[12:, 12:], atol=1e-4)
    assert np.isnan(zncc(np.full_like(window, level), chip)).all()


def test_norm_map_is_the_deviation_of_each_patch():
    window, _ = pair()
    got = norm_map(window + np.float32(1e4), 20)
    assert got.shape == (29, 29)
    patches = np.lib.stride_tricks.sliding_window_view(window.astype(float), (20, 20))
    np.testing.assert_allclose(got, patches.std(axis=(2, 3)) * 20, rtol=1e-3)


def test_inputs_are_left_alone():
    window, chip = pair()
    before = window.copy(), chip.copy()
    zncc(window, chip)
    masked_zncc(window, chip)
    np.testing.assert_array_equal(window, before[0])
    np.testing.assert_array_equal(chip, before[1])


def test_the_largest_overlap_is_that_of_the_best_placement():
    chip, window = np.ones((4, 4), np.float32), np.full((8, 8), np.nan, np.float32)
    chip[0] = np.nan
    window[5:, :3] = 1
    # In every placement the shared pixels are counted one by one.
    counted = max(np.isfinite(chip + window[i : i + 4, j : j + 4]).sum() for i in range(5) for j in range(5))
    assert largest_overlap(chip, window) == counted / 16 == 9 / 16

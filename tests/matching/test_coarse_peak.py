import numpy as np
import pytest

from napari_icenet.matching.coarse_peak import peak_patch
from napari_icenet.matching.zncc import norm_map, zncc
from tests.tracking.glacier import shifted, texture


@pytest.fixture(scope="module")
def ice():
    return texture(320)


def search(ice, drow, dcol, *, chip=96, reach=40, noise=5.0, seed=0):
    """A window of moved, noisy ice, and the chip that lies in its middle before it moves."""
    rng = np.random.default_rng(seed)
    moved = shifted(ice, drow, dcol) + noise * rng.normal(size=ice.shape)
    top = 160 - chip // 2 - reach
    window = moved[top : top + chip + 2 * reach, top : top + chip + 2 * reach].astype(np.float32)
    middle = slice(160 - chip // 2, 160 - chip // 2 + chip)
    return window, ice[middle, middle].astype(np.float32)


# Chips that are and are not multiples of four, and reaches likewise.
@pytest.mark.parametrize(("chip", "reach"), [(96, 40), (80, 33), (90, 31), (128, 30)])
def test_it_is_the_peak_of_the_whole_surface(ice, chip, reach):
    rng = np.random.default_rng(1)
    for seed, (drow, dcol) in enumerate(rng.uniform(2 - reach, reach - 2, (8, 2))):
        window, template = search(ice, drow, dcol, chip=chip, reach=reach, seed=seed)
        whole = zncc(window, template)
        found = peak_patch(window, template, norm_map(window, chip))
        assert found is not None
        values, row, col = found
        np.testing.assert_allclose(values, whole[row : row + 5, col : col + 5], atol=2e-5)
        i, j = divmod(int(values.argmax()), values.shape[1])
        assert (row + i, col + j) == np.unravel_index(whole.argmax(), whole.shape)
        assert np.hypot(row + i - reach - drow, col + j - reach - dcol) < 1


def test_a_peak_in_the_corner_has_what_there_is_around_it(ice):
    window, template = search(ice, -40, 40)
    values, row, col = peak_patch(window, template, norm_map(window, 96))
    assert (row, col) == (0, 78)
    assert values.shape == (3, 3)
    assert np.unravel_index(values.argmax(), values.shape) == (0, 2)


def test_a_hint_beside_the_ice_does_not_lead_astray(ice):
    window, template = search(ice, 21, -14)
    norms = norm_map(window, 96)
    expected = peak_patch(window, template, norms)
    for hint in [(61, 26), (62, 27), (40, 40), (0, 0), (200, -50)]:
        values, row, col = peak_patch(window, template, norms, hint)
        assert (row, col) == expected[1:]
        np.testing.assert_allclose(values, expected[0], atol=1e-6)


def test_of_two_places_the_better_is_found_and_many_are_left_to_the_whole_search(ice):
    chip = ice[100:196, 100:196].astype(np.float32)
    rng = np.random.default_rng(2)
    window = np.full((240, 240), chip.mean(), np.float32) + 5 * rng.normal(size=(240, 240)).astype(np.float32)
    window[10:106, 20:116] = chip + 12 * rng.normal(size=chip.shape)
    window[130:226, 125:221] = chip + 9 * rng.normal(size=chip.shape)
    _, row, col = peak_patch(window, chip, norm_map(window, 96))
    assert (row + 2, col + 2) == (130, 125)
    tiled = np.tile(ice[:48, :48], (5, 5)).astype(np.float32)
    assert peak_patch(tiled, tiled[:96, :96].copy(), norm_map(tiled, 96)) is None


@pytest.mark.filterwarnings("error")
def test_no_answer_for_what_cannot_be_searched_coarsely(ice):
    window, chip = search(ice, 3, 4)
    norms = norm_map(window, 96)
    assert peak_patch(window, np.full_like(chip, 7), norms) is None
    hole = chip.copy()
    hole[5, 5] = np.nan
    assert peak_patch(window, hole, norms) is None
    assert peak_patch(window, chip[:64, :64].copy(), norm_map(window, 64)) is None
    flat = window.copy()
    flat[:100, :100] = 50
    assert peak_patch(flat, chip, norm_map(flat, 96)) is None
    still = np.full_like(window, 50)
    assert peak_patch(still, chip, norm_map(still, 96)) is None
    narrow = window[:100, :100].copy()
    assert peak_patch(narrow, chip, norm_map(narrow, 96)) is None

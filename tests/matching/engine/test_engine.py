"""The engine against plain float64 sums, whatever computes it and however hard the pictures."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from napari_icenet.common.device import Device
from napari_icenet.errors import UsageError
from napari_icenet.matching.engine import cpu
from napari_icenet.matching.engine._numba.compile import compile_kernels
from napari_icenet.matching.engine._torch.correlate import TorchCorrelator
from napari_icenet.matching.engine.batch import Search
from napari_icenet.matching.engine.engine import Engine
from napari_icenet.matching.lost_reason import REASONS, LostReason, reason_code
from tests.matching.engine.pictures import CHIP, PAIRS, RADIUS, moved, reference, texture

ROWS, COLS = (g.ravel() for g in np.mgrid[12:84:18, 12:84:17])


def by_opencv(search: Search) -> np.ndarray:
    return cpu._by_opencv(search, slice(0, len(search)))


def compiled(search: Search) -> np.ndarray:
    pytest.importorskip("numba")
    assert compile_kernels()
    return cpu.correlated(search, slice(0, len(search)))


def by_torch(search: Search) -> np.ndarray:
    half, (dr, dc) = search.chip // 2, search.reach
    batches = TorchCorrelator("cpu").correlate(
        search.first, search.second, search.rows + half, search.cols + half,
        chip=search.chip, radius=search.reach, min_overlap=search.min_overlap,
        shift_rows=search.window_rows + dr - search.rows, shift_cols=search.window_cols + dc - search.cols,
    )  # fmt: skip
    return np.concatenate([surfaces for _, surfaces in batches])


METHODS = {"opencv": by_opencv, "compiled": compiled, "torch": by_torch}


def search_in(name: str) -> Search:
    first, second = PAIRS[name]()
    zero = np.zeros(len(ROWS), np.int64)
    return Search.around(
        first, second, ROWS.astype(np.int64), COLS.astype(np.int64),
        chip=CHIP, reach=(RADIUS, RADIUS), shift=(zero, zero + 2), min_overlap=0.5,
    )  # fmt: skip


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("method", METHODS)
def test_surfaces_are_those_of_plain_sums(method, name):
    search = search_in(name)
    surfaces = METHODS[method](search)
    assert surfaces.dtype == np.float32
    judged = 0
    for i in range(0, len(search), 3):
        expected = reference(search.window_at(i), search.chip_at(i))
        # A patch that is flat but for its last digits may be called flat or not.
        both = np.isfinite(expected) & np.isfinite(surfaces[i])
        np.testing.assert_allclose(surfaces[i][both], expected[both], atol=1e-4)
        assert not (np.isfinite(surfaces[i]) & np.isnan(expected)).any()
        assert (np.isfinite(expected) & np.isnan(surfaces[i])).mean() < 0.02
        judged += both.sum()
    assert judged > 500


@pytest.mark.parametrize("name", ["random", "masked", "bright cloud"])
def test_devices_agree(name):
    search = search_in(name)
    results = [method(search) for method in METHODS.values()]
    for other in results[1:]:
        np.testing.assert_allclose(other, results[0], atol=1e-4)


def test_matches_find_the_motion_and_their_places_in_the_picture():
    first = texture(160)
    second = moved(first)
    rows, cols = (g.ravel() for g in np.mgrid[40:120:16, 40:120:16])
    engine = Engine("cpu")
    engine.prepare()
    found = engine.match(first, second, rows, cols, chip=CHIP, radius=RADIUS, shift_rows=1, shift_cols=-2)
    assert found.valid.all()
    np.testing.assert_allclose(found.drow, 2, atol=0.15)
    np.testing.assert_allclose(found.dcol, -3, atol=0.15)
    assert (found.chip == CHIP).all()
    assert ((found.error_row > 0) & (found.error_row < 0.2)).all()


@pytest.mark.parametrize("threads", [1, 2])
def test_batches_and_threads_do_not_change_a_match(threads):
    first = texture(160)
    second = moved(first)
    rows, cols = (g.ravel() for g in np.mgrid[16:144:5, 16:144:5])
    together = Engine("cpu", threads).match(first, second, rows, cols, chip=CHIP, radius=RADIUS)
    for i in (0, 17, len(rows) - 1):
        alone = Engine("cpu").match(first, second, rows[i], cols[i], chip=CHIP, radius=RADIUS)
        assert abs(alone.ncc[0] - together.ncc[i]) < 2e-5
        assert abs(alone.drow[0] - together.drow[i]) < 1e-3


def test_a_chip_without_texture_or_pixels_gives_no_vector_but_a_reason():
    first, second = texture(160), moved(texture(160))
    first[:64, :64] = 5
    first[96:, 96:] = np.nan
    found = Engine("cpu").match(first, second, [32, 128, 3, 80], [32, 128, 80, 80], chip=CHIP, radius=RADIUS)
    assert [REASONS[r] for r in found.reason] == [LostReason.FLAT, LostReason.FILL, LostReason.OUTSIDE, None]
    assert np.isnan(found.drow[:3]).all()
    assert np.isnan(found.ncc[:3]).all()


def test_a_search_window_over_the_edge_counts_only_what_is_there():
    first = texture(96)
    second = np.roll(first, (0, 4), (0, 1))
    found = Engine("cpu").match(first, second, [48, 48], [12, 82], chip=CHIP, radius=RADIUS)
    assert found.reason[0] == 0
    assert abs(found.dcol[0] - 4) < 0.1
    # The other chip has moved out of the picture by less than half: what is left of it still matches.
    assert abs(found.dcol[1] - 4) < 0.3 or found.reason[1] != 0


def test_repeated_texture_is_ambiguous():
    tile = texture(12)
    first = np.tile(tile, (10, 10))
    found = Engine("cpu").match(first, first, [60], [60], chip=CHIP, radius=14, min_peak_ratio=1.1)
    assert found.reason[0] == reason_code(LostReason.AMBIGUOUS)


@pytest.mark.parametrize(("chip", "radius"), [(32, 16), (64, 25)])
def test_coarse_to_fine_finds_what_the_whole_search_finds(chip, radius):
    first = texture(300) + texture(300, 3)
    second = moved(first)
    rows, cols = (g.ravel() for g in np.mgrid[60:240:23, 60:240:29])
    engine = Engine("cpu")
    whole = engine.match(first, second, rows, cols, chip=chip, radius=radius)
    quick = engine.match(first, second, rows, cols, chip=chip, radius=radius, coarse_to_fine=True)
    np.testing.assert_allclose(quick.drow, whole.drow, atol=0.01)
    np.testing.assert_allclose(quick.dcol, whole.dcol, atol=0.01)
    np.testing.assert_array_equal(quick.reason, whole.reason)


def test_one_surface_is_that_of_a_batch():
    search = search_in("masked")
    one = Engine("cpu").surface(search.window_at(4), search.chip_at(4))
    np.testing.assert_allclose(one, reference(search.window_at(4), search.chip_at(4)), atol=1e-4)


def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(UsageError, match="device"):
        Engine("abacus")


def test_the_title_names_device_and_method():
    engine = Engine("cpu", 2)
    engine.prepare()
    assert engine.title in ("CPU, 2 threads, compiled FFT", "CPU, 2 threads, OpenCV")


def test_a_graphics_processor_is_given_the_same_search():
    """PyTorch's way through the engine, on the CPU for want of a graphics processor."""
    first, second = PAIRS["masked"]()
    engine = Engine("cpu")
    expected = engine.match(first, second, ROWS, COLS, chip=CHIP, radius=(RADIUS, 6), shift_rows=2, shift_cols=-3)
    engine.device = Device("mps")
    engine._torch = TorchCorrelator("cpu")
    found = engine.match(first, second, ROWS, COLS, chip=CHIP, radius=(RADIUS, 6), shift_rows=2, shift_cols=-3)
    np.testing.assert_array_equal(found.reason, expected.reason)
    np.testing.assert_allclose(found.ncc, expected.ncc, atol=1e-4)
    np.testing.assert_allclose(found.drow[found.valid], expected.drow[found.valid], atol=2e-3)
    assert engine.title == "Apple GPU, PyTorch FFT"


def test_affine_refinement_follows_a_shear():
    """A chip that is sheared about its centre: the refined match is nearer to the centre's motion."""
    side = 200
    rows, cols = np.mgrid[:side, :side].astype(float)
    shear = 0.05
    picture = texture(side)
    second = map_coordinates(picture, [rows - 1.3, cols - shear * (rows - 99.5) - 0.4], order=5, mode="nearest")
    places = np.full(5, 100), np.array([60, 80, 100, 120, 140])
    engine = Engine("cpu")
    plain = engine.match(picture, second.astype(np.float32), *places, chip=32, radius=6)
    refined = engine.match(picture, second.astype(np.float32), *places, chip=32, radius=6, affine=True)
    # Where the chip's centre at row 99.5 comes to lie, half a pixel above the chip's place.
    dcol = 0.4 + shear * 1.3
    assert np.hypot(refined.drow - 1.3, refined.dcol - dcol).max() < 0.01
    assert np.hypot(plain.drow - 1.3, plain.dcol - dcol).max() > 0.01


def test_kernels_are_compiled_aside_in_a_fresh_process():
    pytest.importorskip("numba")
    code = (
        "from napari_icenet.matching.engine._numba.compile import *; assert kernels() is None; "
        "compile_aside().join(); assert kernels() is not None"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=240)

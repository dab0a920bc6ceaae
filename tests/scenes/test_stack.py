from __future__ import annotations

import pickle
import warnings
from datetime import datetime, timedelta

import dask.array as da
import numpy as np
import pytest

from napari_icenet.errors import SceneError, SceneWarning, StackError, UsageError
from napari_icenet.scenes import Flag, Grid, Scene, SceneStack, Window
from napari_icenet.scenes.dask_array import lazy_array
from napari_icenet.scenes.raster.array import ArrayBand
from napari_icenet.scenes.scene import Provenance, Scaling
from napari_icenet.scenes.statistics import contrast


def days(count: int) -> list[datetime]:
    return [datetime(2016, 1, 1) + timedelta(days=16 * i) for i in range(count)]


@pytest.fixture
def pictures() -> np.ndarray:
    return np.random.default_rng(1).integers(1, 4000, (3, 2, 40, 50)).astype(np.uint16)


class Vanished:
    """A band whose file was there at opening and is gone now."""

    shape = (40, 50)
    dtype = np.dtype(np.uint16)

    def read(self, window: Window) -> np.ndarray:
        raise SceneError("gone.TIF cannot be read; copy it again.")

    def fill(self, window: Window, values: np.ndarray | None = None) -> np.ndarray:
        raise SceneError("gone.TIF cannot be read; copy it again.")


class ArrayMask:
    def __init__(self, flags: np.ndarray) -> None:
        self.flags = flags

    def read(self, window: Window) -> np.ndarray:
        return self.flags[window.slices]


def one_scene(bands: dict[str, object], **more: object) -> SceneStack:
    grid = Grid(40, 50)
    return SceneStack([Scene("a", datetime(2016, 1, 1), grid, bands, **more)], tuple(bands), grid)  # type: ignore[arg-type]


def test_a_window_reads_the_same_pixels_and_nan_outside(pictures: np.ndarray) -> None:
    stack = SceneStack.from_array(pictures, days(3))
    read = stack.read(1, "B2", Window(-2, 45, 6, 10))
    assert read.dtype == np.float32
    assert np.isnan(read[:2]).all()
    assert np.isnan(read[:, 5:]).all()
    np.testing.assert_array_equal(read[2:, :5], pictures[1, 1, :4, 45:])


def test_a_window_outside_the_frame_is_nan_and_fill(pictures: np.ndarray) -> None:
    stack = SceneStack.from_array(pictures, days(3))
    far = Window(500, -900, 3, 4)
    assert np.isnan(stack.read(0, 1, far)).all()
    assert (stack.flags(0, far) == Flag.FILL).all()


def test_scenes_are_oldest_first_whatever_the_order_given(pictures: np.ndarray) -> None:
    stack = SceneStack.from_array(pictures, days(3)[::-1])
    assert stack.labels == ("2016-01-01", "2016-01-17", "2016-02-02")
    np.testing.assert_array_equal(stack.read(0, 1), pictures[2, 0])
    np.testing.assert_array_equal(stack.days, [0, 16, 32])


def test_reflectance_follows_the_product_guide(pictures: np.ndarray) -> None:
    fill = pictures[0, 0] < 400
    band = ArrayBand(pictures[0, 0], fill)
    stack = one_scene({"B1": band, "B2": band}, scaling={"B1": Scaling(2e-5, -0.1, np.sin(np.radians(20)))})
    expected = (pictures[0, 0] * 2e-5 - 0.1) / np.sin(np.radians(20))
    expected[fill] = np.nan
    np.testing.assert_allclose(stack.read(0, "B1", reflectance=True), expected, rtol=2e-6, atol=1e-6)
    with pytest.raises(StackError, match="no reflectance scaling for B2"):
        stack.read(0, "B2", reflectance=True)


def test_a_band_is_found_by_name_number_or_index() -> None:
    grid = Grid(4, 4)
    band = ArrayBand(np.ones((4, 4)))
    stack = SceneStack([Scene("a", datetime(2016, 1, 1), grid, {"B4": band, "B5": band})], ("B4", "B5"), grid)
    assert [stack.band(name) for name in ("b4", "4", 4, 1, "B5", 2)] == ["B4", "B4", "B4", "B4", "B5", "B5"]
    with pytest.raises(UsageError, match="no band 9; it has B4, B5"):
        stack.band(9)


def test_dates_are_found_and_ambiguity_is_told(pictures: np.ndarray) -> None:
    times = [datetime(2016, 1, 1, 19, 0), datetime(2016, 1, 1, 19, 1), datetime(2016, 1, 17, 19)]
    stack = SceneStack.from_array(pictures, times)
    assert stack.labels == ("2016-01-01T19:00:00", "2016-01-01T19:01:00", "2016-01-17")
    assert stack.time_index("2016-01-01 19:01") == 1
    assert stack.time_index("2016-01-17") == stack.time_index(times[2]) == stack.time_index(-1) == 2
    with pytest.raises(UsageError, match="2 scenes of 2016-01-01; choose one of 2016-01-01T19:00:00"):
        stack.time_index("2016-01-01")
    with pytest.raises(UsageError, match=r"no scene of 2017.*its dates are"):
        stack.time_index("2017-01-01")
    with pytest.raises(UsageError, match="an empty date"):
        stack.time_index("")


def test_scenes_of_one_moment_are_told_apart_by_their_ids(pictures: np.ndarray) -> None:
    stack = SceneStack.from_array(pictures[:2], [datetime(2016, 1, 1)] * 2, name="layer")
    assert stack.labels == ("2016-01-01T00:00:00 layer 0", "2016-01-01T00:00:00 layer 1")
    assert [stack.time_index(label) for label in stack.labels] == [0, 1]


def test_the_lazy_array_is_the_files_own_values_a_chunk_per_band_and_date(pictures: np.ndarray) -> None:
    lazy = lazy_array(SceneStack.from_array(pictures, days(3)))
    assert lazy.dtype == np.uint16
    assert lazy.chunks == ((1, 1, 1), (1, 1), (40,), (50,))
    np.testing.assert_array_equal(lazy.compute(), pictures)
    np.testing.assert_array_equal(lazy[1, :, 3:9, 4:5].compute(), pictures[1, :, 3:9, 4:5])


def test_nothing_is_read_before_it_is_shown() -> None:
    reads: list[int] = []

    def block(block_info: dict[None, dict[str, tuple[int, ...]]]) -> np.ndarray:
        reads.append(block_info[None]["chunk-location"][0])
        return np.full((1, 8, 8), 7, np.uint8)

    source = da.map_blocks(block, chunks=((1,) * 4, (8,), (8,)), dtype=np.uint8, meta=np.empty((0, 0, 0), np.uint8))
    stack = SceneStack.from_array(source, days(4))
    lazy = lazy_array(stack)
    assert reads == []
    assert (lazy[2, 0].compute() == 7).all()
    assert set(reads) == {2}


def test_a_missing_band_is_fill_and_mixed_types_share_a_safe_one() -> None:
    grid = Grid(2, 2)
    first = Scene("a", datetime(2016, 1, 1), grid, {"B1": ArrayBand(np.full((2, 2), 65000, np.uint16))})
    second = Scene("b", datetime(2016, 1, 2), grid, {"B2": ArrayBand(np.full((2, 2), -5, np.int16))})
    stack = SceneStack([first, second], ("B1", "B2"), grid)
    assert stack.dtype == np.int32
    missing = np.iinfo(np.int32).min
    assert lazy_array(stack).compute()[:, :, 0, 0].tolist() == [[65000, missing], [missing, -5]]
    assert np.isnan(stack.read(0, "B2")).all()


def test_a_file_that_vanished_is_missing_and_told_once(pictures: np.ndarray) -> None:
    stack = one_scene({"B1": Vanished(), "B2": ArrayBand(pictures[0, 0])})
    with pytest.warns(SceneWarning, match="2016-01-01 B1 cannot be read and counts as missing"):
        assert np.isnan(stack.read(0, "B1", Window(0, 0, 5, 5))).all()
    assert (lazy_array(stack)[0, 0].compute() == 0).all()
    assert (stack.flags(0) == Flag.FILL).all()
    assert [notice.scene for notice in stack.notices] == ["a"]
    np.testing.assert_array_equal(stack.read(0, "B2"), pictures[0, 0])


def test_flags_join_the_mask_and_the_fill(pictures: np.ndarray) -> None:
    cloud, fill = np.zeros((40, 50), np.uint8), np.zeros((40, 50), bool)
    cloud[:20], fill[10:30] = Flag.CLOUD, True
    stack = one_scene({"B1": ArrayBand(pictures[0, 0], fill)}, mask=ArrayMask(cloud))
    flags = stack.flags(0)
    assert flags[[5, 15, 25, 35], 0].tolist() == [Flag.CLOUD, Flag.CLOUD | Flag.FILL, Flag.FILL, 0]
    assert cloud.max() == Flag.CLOUD  # the mask itself stays as it was


def test_contrast_sees_neither_cloud_nor_fill() -> None:
    ground = np.random.default_rng(2).uniform(1000, 2000, (2300, 60)).astype(np.float32)
    picture, flags = ground.copy(), np.zeros(ground.shape, np.uint8)
    picture[:800], flags[:800] = 60000, Flag.CLOUD
    picture[-900:] = np.nan
    grid = Grid(*ground.shape)
    bands = {"B1": ArrayBand(picture), "B2": ArrayBand(np.full(ground.shape, np.nan)), "B3": ArrayBand(ground * 0 + 5)}
    stack = SceneStack([Scene("a", datetime(2016, 1, 1), grid, bands, mask=ArrayMask(flags))], ("B1", "B2", "B3"), grid)
    low, high = contrast(stack, 0, "B1")
    assert low == pytest.approx(1010, abs=6)
    assert high == pytest.approx(1990, abs=6)
    assert contrast(stack, 0, "B2") == (0.0, 1.0)
    assert contrast(stack, 0, "B3") == (5.0, 6.0)


def test_a_mask_that_calls_all_cloud_does_not_hide_the_contrast(pictures: np.ndarray) -> None:
    stack = one_scene({"B1": ArrayBand(pictures[0, 0])}, mask=ArrayMask(np.full((40, 50), Flag.CLOUD, np.uint8)))
    np.testing.assert_allclose(contrast(stack, 0, 1), np.percentile(pictures[0, 0], [1, 99]))


def test_pairs_from_different_paths_or_rows_are_marked() -> None:
    grid = Grid(2, 2)
    origins = [(54, 118), (54, 118), (55, 118), (54, 117), (None, None)]
    stack = SceneStack(
        [
            Scene(str(i), when, grid, {}, provenance=Provenance(wrs_path=path, wrs_row=row))
            for i, (when, (path, row)) in enumerate(zip(days(5), origins, strict=True))
        ],
        (),
        grid,
    )
    assert [stack.different_geometry(0, i) for i in range(5)] == [False, False, True, True, False]


def test_an_array_that_fits_no_stack_says_why(pictures: np.ndarray) -> None:
    with pytest.raises(StackError, match="3 pictures and 2 dates"):
        SceneStack.from_array(pictures, days(2))
    with pytest.raises(StackError, match="2 axes"):
        SceneStack.from_array(pictures[0, 0], days(1))
    with pytest.raises(StackError, match="band names and a grid that fit"):
        SceneStack.from_array(pictures, days(3), bands=["B1"])
    with pytest.raises(StackError, match="holds no scene"):
        SceneStack([], (), Grid(1, 1))
    with pytest.raises(StackError, match="area of interest"):
        SceneStack([Scene("a", days(1)[0], Grid(2, 2), {})], (), Grid(2, 2), area=np.ones((3, 2), bool))


@pytest.mark.parametrize("lazy", [False, True])
def test_connected_zeros_of_integer_arrays_are_missing_and_that_is_told_once(pictures: np.ndarray, lazy: bool) -> None:
    pictures[:, :, 10:20, 15:25] = 0  # in the middle, in both bands
    pictures[:, :, 33, 40] = 0  # one dark pixel
    stack = SceneStack.from_array(da.from_array(pictures, (1, 1, 40, 50)) if lazy else pictures, days(3))
    expected = np.zeros((40, 50), bool)
    expected[10:20, 15:25] = True
    with pytest.warns(SceneWarning, match=r"connected zeros.* 5 % of 2016-01-01"):
        np.testing.assert_array_equal(np.isnan(stack.read(0, "B1")), expected)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal((stack.flags(1, Window(5, 5, 20, 20)) & Flag.FILL) > 0, expected[5:25, 5:25])
        np.testing.assert_array_equal(np.isnan(stack.read(2, "B2")), expected)
    assert len(stack.notices) == 1


@pytest.mark.parametrize("looked", [False, True])
def test_stacks_of_integers_can_be_sent_to_other_processes(pictures: np.ndarray, looked: bool) -> None:
    pictures[:, :, 10:20, 15:25] = 0
    stack = SceneStack.from_array(pictures, days(3))
    if looked:
        with pytest.warns(SceneWarning, match="connected zeros"):
            stack.read(0, "B1")
    sent = pickle.loads(pickle.dumps(stack))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert np.isnan(sent.read(0, "B1")).sum() == 100
    assert len(sent.notices) == 1


def test_arrays_with_a_mask_of_their_own_are_taken_at_their_word(pictures: np.ndarray) -> None:
    pictures[:, :, 10:20, 15:25] = 0
    stack = SceneStack.from_array(pictures, days(3), fill=np.zeros((3, 40, 50), bool))
    assert not np.isnan(stack.read(0, "B1")).any()
    assert stack.notices == []


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.finfo(np.float32).min, np.finfo(np.float64).max])
def test_what_can_be_no_measurement_is_missing(pictures: np.ndarray, value: float) -> None:
    decibels = pictures.astype(np.float64)
    decibels[0, 0, 7, 8] = value
    read = SceneStack.from_array(decibels, days(3)).read(0, "B1")
    assert np.argwhere(np.isnan(read)).tolist() == [[7, 8]]
    assert np.isfinite(np.delete(read.ravel(), 7 * 50 + 8)).all()

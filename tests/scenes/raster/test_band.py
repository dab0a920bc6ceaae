from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.enums import Resampling

from napari_icenet.errors import SceneError
from napari_icenet.scenes.grid import Window
from napari_icenet.scenes.raster.band import FillRule, RasterBand, decimated, thumbnail_shape
from napari_icenet.scenes.raster.file import HANDLES_PER_THREAD, dataset_of, inspect
from napari_icenet.scenes.raster.fill import assumed_missing
from tests.scenes.products import TRANSFORM_UTM, stored_values, write_picture, write_tiff

MASKED, UNDECLARED = FillRule(mask=True), FillRule(assumed=True)

SHAPE = (300, 400)
TILES = {"tiled": True, "blockxsize": 64, "blockysize": 64}


def open_files() -> list[str]:
    links = (f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd"))
    return [os.readlink(link) for link in links if os.path.lexists(link)]


def test_inspect_tells_grid_type_and_nodata(tmp_path: Path) -> None:
    info = inspect(write_tiff(tmp_path / "a.tif", stored_values(1, SHAPE), nodata=0))
    assert info.grid.shape == SHAPE
    assert info.grid.transform == TRANSFORM_UTM
    assert info.grid.crs is not None
    assert info.grid.crs.to_epsg() == 32624
    assert (info.driver, info.dtypes, info.nodata, info.masked) == ("GTiff", (np.dtype("uint16"),), 0, False)


def test_a_file_without_crs_has_the_identity(tmp_path: Path) -> None:
    info = inspect(write_tiff(tmp_path / "a.tif", stored_values(1, SHAPE), crs=None))
    assert info.grid.transform == Affine.identity()
    assert info.transform == TRANSFORM_UTM


@pytest.mark.parametrize("options", [{}, TILES, TILES | {"compress": "deflate"}])
def test_windows_are_cut_from_the_stored_values(tmp_path: Path, options: dict[str, object]) -> None:
    values = np.stack([stored_values(1, SHAPE), stored_values(2, SHAPE)])
    info = inspect(write_tiff(tmp_path / "a.tif", values, **options))
    for index in (1, 2):
        band = RasterBand(info, index, 0.0)
        for window in (Window(0, 0, *SHAPE), Window(3, 5, 10, 7), Window(250, 390, 50, 10)):
            cut = values[index - 1][window.slices]
            np.testing.assert_array_equal(band.read(window), cut)
            np.testing.assert_array_equal(band.fill(window), cut == 0)
            np.testing.assert_array_equal(band.fill(window, cut), cut == 0)
        assert band.read(Window(0, 0, 4, 4)).dtype == band.dtype == np.uint16


def test_nan_is_fill_whatever_the_rule(tmp_path: Path) -> None:
    values = stored_values(1, SHAPE).astype(np.float32)
    values[100, 200] = np.nan
    values[7, 8] = -5
    info = inspect(write_tiff(tmp_path / "a.tif", values))
    window = Window(0, 0, *SHAPE)
    np.testing.assert_array_equal(RasterBand(info).fill(window), np.isnan(values))
    np.testing.assert_array_equal(RasterBand(info, 1, -5.0).fill(window), np.isnan(values) | (values == -5))


def test_alpha_and_mask_band_are_the_mask(tmp_path: Path) -> None:
    inside = np.zeros(SHAPE, bool)
    inside[20:200, 30:300] = True
    picture = np.stack([np.full(SHAPE, 7, np.uint8)] * 3 + [inside.astype(np.uint8) * 255])
    info = inspect(write_tiff(tmp_path / "rgba.tif", picture, photometric="RGB", alpha="yes"))
    assert info.masked
    np.testing.assert_array_equal(RasterBand(info, 1, MASKED).fill(Window(10, 20, 30, 40)), ~inside[10:40, 20:60])

    path = tmp_path / "masked.tif"
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        write_tiff(path, picture[0])
        with rasterio.open(path, "r+") as dataset:
            dataset.write_mask(inside)
    info = inspect(path)
    assert info.masked
    np.testing.assert_array_equal(RasterBand(info, 1, MASKED).fill(Window(0, 0, *SHAPE)), ~inside)


def test_connected_zeros_of_all_bands_are_missing(tmp_path: Path) -> None:
    values = np.stack([stored_values(1, SHAPE), stored_values(2, SHAPE)]) + 1
    values[:, :50, :60] = 0  # a corner
    values[:, 100:110, 100:110] = 0  # never measured: the picture ends abruptly there
    values[:, 200, 200:203] = 0  # dark pixels
    values[0, -10:, :] = 0  # one band only
    values[:, 148:172, 148:172] = 5  # a shadow that gets darker towards its middle
    values[:, 150:170, 150:170] = 0
    info = inspect(write_tiff(tmp_path / "a.tif", values))
    expected = np.zeros(SHAPE, bool)
    expected[:50, :60] = expected[100:110, 100:110] = True
    np.testing.assert_array_equal(RasterBand(info, 1, UNDECLARED).fill(Window(0, 0, *SHAPE)), expected)
    np.testing.assert_array_equal(RasterBand(info, 2, UNDECLARED).fill(Window(40, 50, 20, 20)), expected[40:60, 50:70])


def test_thumbnail_takes_every_nth_pixel(tmp_path: Path) -> None:
    values = stored_values(1, SHAPE)
    info = inspect(write_tiff(tmp_path / "a.tif", values))
    picture = RasterBand(info, 1, 0.0).thumbnail(100)
    assert picture.shape == (75, 100)
    expected = decimated(values, (75, 100)).astype(np.float32)
    expected[expected == 0] = np.nan
    np.testing.assert_array_equal(picture, expected)
    assert np.isnan(picture).any()


def test_thumbnail_uses_overviews(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "a.tif", stored_values(1, SHAPE), nodata=0)
    with rasterio.open(path, "r+") as dataset:
        dataset.build_overviews([4], Resampling.average)
    picture = RasterBand(inspect(path), 1, 0.0).thumbnail(100)
    # Averages of 16 values between 7000 and 20000 scatter a quarter as much as the values.
    assert np.nanstd(picture) < 0.4 * np.std(stored_values(1, SHAPE))


def test_zeros_are_looked_for_once_a_file_and_kept_in_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from napari_icenet.scenes.raster import band as module

    looks: list[int] = []

    def counted(bands: Iterable[Any]) -> Any:
        looks.append(1)
        return assumed_missing(bands)

    monkeypatch.setattr(module, "assumed_missing", counted)
    values = stored_values(1, SHAPE) + 1
    values[:, :33] = 0
    path = write_tiff(tmp_path / "a.tif", values, **TILES)
    before = module._found.nbytes
    for window in Window(0, 0, *SHAPE).tiles(64):
        np.testing.assert_array_equal(
            RasterBand(inspect(path), 1, UNDECLARED).fill(window), (values == 0)[window.slices]
        )
    band = RasterBand(inspect(path), 1, UNDECLARED)
    assert np.isnan(band.thumbnail(100)).mean() == pytest.approx(33 / 400, abs=0.01)
    assert band.assumed_share() == pytest.approx(33 / 400)
    assert len(looks) == 1
    assert module._found.nbytes - before == 300 * 400 / 8


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("value", [np.inf, -np.inf, -3.4028234663852886e38, 3.4028234663852886e38, np.nan])
def test_what_can_be_no_measurement_is_fill_whatever_the_rule(tmp_path: Path, dtype: str, value: float) -> None:
    values = stored_values(1, SHAPE).astype(dtype)
    values[7, 8], values[3, 4] = value, -1e30
    band = RasterBand(inspect(write_tiff(tmp_path / "a.tif", values)))
    assert np.argwhere(band.fill(Window(0, 0, *SHAPE))).tolist() == [[7, 8]]
    assert np.argwhere(np.isnan(band.thumbnail(400))).tolist() == [[7, 8]]


@pytest.mark.parametrize(("shape", "side", "expected"), [((10, 20), 100, (10, 20)), ((1, 5000), 50, (1, 50))])
def test_thumbnails_are_no_larger_than_asked(shape: tuple[int, int], side: int, expected: tuple[int, int]) -> None:
    assert thumbnail_shape(shape, side) == expected


def test_many_files_use_few_handles(tmp_path: Path) -> None:
    paths = [write_tiff(tmp_path / f"{i}.tif", np.full((8, 8), i, np.uint16)) for i in range(3 * HANDLES_PER_THREAD)]
    bands = [RasterBand(inspect(path)) for path in paths]
    for _ in range(2):
        for i, band in enumerate(bands):
            assert band.read(Window(0, 0, 8, 8))[0, 0] == i
    assert sum(str(tmp_path) in name for name in open_files()) == HANDLES_PER_THREAD


def test_threads_do_not_share_handles(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "a.tif", stored_values(1, SHAPE))

    def handle() -> int:
        with dataset_of(path) as dataset:
            return id(dataset)

    with dataset_of(path) as mine, ThreadPoolExecutor(1) as pool:
        assert pool.submit(handle).result() != id(mine)
        with dataset_of(path) as again:
            assert again is mine


def test_threads_read_the_same_values(tmp_path: Path) -> None:
    values = [stored_values(i, SHAPE) for i in range(4)]
    bands = [
        RasterBand(inspect(write_tiff(tmp_path / f"{i}.tif", v, **TILES, compress="deflate")))
        for i, v in enumerate(values)
    ]
    windows = [(i % 4, Window(i * 7 % 200, i * 13 % 300, 90, 80)) for i in range(200)]
    with ThreadPoolExecutor(8) as pool:
        for (i, window), read in zip(windows, pool.map(lambda job: bands[job[0]].read(job[1]), windows), strict=True):
            np.testing.assert_array_equal(read, values[i][window.slices])


def test_a_file_written_anew_is_read_anew(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "a.tif", np.zeros(SHAPE, np.uint16))
    band = RasterBand(inspect(path), 1, UNDECLARED)
    assert band.fill(Window(0, 0, 5, 5)).all()
    write_tiff(path, np.full(SHAPE, 9, np.uint16), compress="deflate")
    assert (band.read(Window(0, 0, 5, 5)) == 9).all()
    assert not band.fill(Window(0, 0, 5, 5)).any()


# Bad input.


@pytest.mark.parametrize("options", [{}, TILES, {"compress": "lzw"}, TILES | {"compress": "deflate"}])
@pytest.mark.parametrize("interleave", ["band", "pixel"])
def test_truncated_tiffs_are_found_at_opening(tmp_path: Path, options: dict[str, object], interleave: str) -> None:
    values = np.stack([stored_values(1, SHAPE), stored_values(2, SHAPE)])
    path = write_tiff(tmp_path / "a.tif", values, interleave=interleave, **options)
    whole = path.read_bytes()
    inspect(path)
    for length in (len(whole) - 1, len(whole) // 2):
        path.write_bytes(whole[:length])
        with pytest.raises(SceneError, match=f"{path} is truncated"):
            inspect(path)


def test_a_sparse_tiff_is_whole(tmp_path: Path) -> None:
    info = inspect(write_tiff(tmp_path / "a.tif", np.zeros(SHAPE, np.uint16), sparse_ok=True, **TILES))
    assert (tmp_path / "a.tif").stat().st_size < 2000
    assert not RasterBand(info).read(Window(0, 0, *SHAPE)).any()


@pytest.mark.parametrize(
    ("content", "words"), [(None, "is missing"), (b"", "is empty"), (b"<html>", "cannot be read as a picture")]
)
def test_unreadable_files_are_named(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "a.tif"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SceneError, match=f"{path} {words}.*download it again"):
        inspect(path)


def test_a_file_that_vanishes_later_is_named(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "a.tif", stored_values(1, SHAPE))
    band = RasterBand(inspect(path), 1, UNDECLARED)
    band.read(Window(0, 0, 5, 5))
    path.unlink()
    for ask in (band.read, band.fill, lambda _: band.thumbnail(10)):
        with pytest.raises(SceneError, match=f"{path} is missing"):
            ask(Window(0, 0, 5, 5))


def test_a_file_damaged_in_the_middle_is_named_when_read_there(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "a.tif", stored_values(1, SHAPE), **TILES, compress="deflate")
    with rasterio.open(path) as dataset:
        offset = int(dataset.get_tag_item("BLOCK_OFFSET_2_2", "TIFF", bidx=1))
    content = bytearray(path.read_bytes())
    content[offset : offset + 200] = b"\xff" * 200
    path.write_bytes(content)
    band = RasterBand(inspect(path))
    np.testing.assert_array_equal(band.read(Window(0, 0, 64, 64)), stored_values(1, SHAPE)[:64, :64])
    with pytest.raises(SceneError, match=str(path)):
        band.read(Window(128, 128, 64, 64))


def test_pictures_are_inspected_too(tmp_path: Path) -> None:
    info = inspect(write_picture(tmp_path / "a.png", np.zeros((4, 30, 20), np.uint8)))
    assert (info.driver, info.masked, len(info.dtypes), info.grid.shape) == ("PNG", True, 4, (30, 20))

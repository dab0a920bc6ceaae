"""Rasters with a table of colours are read as the colours that they show."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray

from napari_icenet.scenes import open_stack
from napari_icenet.scenes.grid import Window
from tests.scenes.products import write_tiff

SHAPE = (20, 30)


def write_palette(path: Path, numbers: NDArray[np.uint8], table: NDArray[np.uint8]) -> None:
    write_tiff(path, numbers, photometric="palette")
    with rasterio.open(path, "r+") as dataset:
        dataset.write_colormap(1, {i: tuple(int(v) for v in row) for i, row in enumerate(table)})


def folder_of(tmp_path: Path, table: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    made = [np.random.default_rng(t).integers(0, 256, SHAPE, dtype=np.uint8) for t in range(2)]
    for day, numbers in zip(("20200101", "20200117"), made, strict=True):
        write_palette(tmp_path / f"{day}.tif", numbers, table)
    return made


def test_colours_are_resolved_and_not_their_numbers_matched(tmp_path: Path) -> None:
    table = np.random.default_rng(5).integers(1, 256, (256, 4), dtype=np.uint8)
    table[:, 3] = 255
    made = folder_of(tmp_path, table)
    stack = open_stack(tmp_path)
    assert stack.bands == ("B1", "B2", "B3")
    for t in range(2):
        for i, band in enumerate(stack.bands):
            np.testing.assert_array_equal(stack.read(t, band), table[:, i][made[t]])
    band = stack.scenes[0].bands["B2"]
    assert not band.fill(Window(0, 0, *SHAPE)).any()
    np.testing.assert_array_equal(band.thumbnail(100), table[:, 1][made[0]])


def test_a_grey_table_is_one_band(tmp_path: Path) -> None:
    levels = np.arange(255, -1, -1, np.uint8)
    made = folder_of(tmp_path, np.stack([levels, levels, levels, np.full(256, 255, np.uint8)], axis=1))
    stack = open_stack(tmp_path)
    assert stack.bands == ("B1",)
    np.testing.assert_array_equal(stack.read(1, "B1"), 255 - made[1])


def test_the_missing_number_stays_missing(tmp_path: Path) -> None:
    levels = np.arange(256).astype(np.uint8)
    numbers = np.full(SHAPE, 9, np.uint8)
    numbers[3:5, 4:7] = 77
    for day in ("20200101", "20200117"):
        write_tiff(tmp_path / f"{day}.tif", numbers, photometric="palette", nodata=77)
        with rasterio.open(tmp_path / f"{day}.tif", "r+") as dataset:
            dataset.write_colormap(1, {i: (int(v), 255 - int(v), 7, 255) for i, v in enumerate(levels)})
    band = open_stack(tmp_path).scenes[0].bands["B2"]
    window = Window(0, 0, *SHAPE)
    np.testing.assert_array_equal(band.fill(window), numbers == 77)
    np.testing.assert_array_equal(band.fill(window, band.read(window)), numbers == 77)
    np.testing.assert_array_equal(np.isnan(band.thumbnail(100)), numbers == 77)

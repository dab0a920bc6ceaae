from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from affine import Affine

from napari_icenet.scenes.area import read_area
from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.raster.file import inspect
from tests.scenes.products import SHAPE, TRANSFORM_UTM, write_picture, write_tiff

GRID = Grid(*SHAPE)
INSIDE = np.zeros(SHAPE, bool)
INSIDE[10:30, 15:40] = True


@pytest.mark.parametrize("name", ["mask.png", "Mask.jpg", "MASK.tif"])
def test_white_is_inside(tmp_path: Path, name: str) -> None:
    values = np.stack([np.where(INSIDE, 255, 0).astype(np.uint8)] * 3)
    path = tmp_path / name
    (write_tiff if name.endswith("tif") else write_picture)(path, values)
    area, problem = read_area(tmp_path, [GRID])
    assert problem is None
    assert area is not None
    np.testing.assert_array_equal(area, INSIDE)


@pytest.mark.parametrize("white", [1, 255, 65535])
def test_half_of_the_brightest_parts_inside_from_outside(tmp_path: Path, white: int) -> None:
    values = np.where(INSIDE, white, white // 3).astype(np.uint16)
    write_tiff(tmp_path / "mask.tif", values)
    area, _ = read_area(tmp_path, [GRID])
    assert area is not None
    np.testing.assert_array_equal(area, INSIDE)


def test_transparent_is_outside(tmp_path: Path) -> None:
    values = np.full((4, *SHAPE), 255, np.uint8)
    values[3] = np.where(INSIDE, 255, 0)
    write_picture(tmp_path / "mask.png", values)
    area, _ = read_area(tmp_path, [GRID])
    assert area is not None
    np.testing.assert_array_equal(area, INSIDE)


def test_no_mask_is_no_area(tmp_path: Path) -> None:
    (tmp_path / "mask.txt").touch()
    assert read_area(tmp_path, [GRID]) == (None, None)


def test_a_mask_on_a_map_is_laid_on_the_first_grid(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "mask.tif", np.where(INSIDE, 255, 0).astype(np.uint8))
    own = inspect(path).grid
    first = Grid(20, 20, TRANSFORM_UTM @ Affine.translation(10, 5), own.crs)
    area, problem = read_area(tmp_path, [first, own])
    assert problem is None
    assert area is not None
    np.testing.assert_array_equal(area, INSIDE[5:25, 10:30])


def test_a_mask_without_a_map_lies_on_the_image_of_its_size(tmp_path: Path) -> None:
    crs = inspect(write_tiff(tmp_path / "20200101.tif", INSIDE.astype(np.uint8))).grid.crs
    write_picture(tmp_path / "mask.png", np.where(INSIDE, 255, 0).astype(np.uint8))
    first, second = Grid(20, 20, TRANSFORM_UTM @ Affine.translation(10, 5), crs), Grid(*SHAPE, TRANSFORM_UTM, crs)
    area, _ = read_area(tmp_path, [first, second])
    assert area is not None
    np.testing.assert_array_equal(area, INSIDE[5:25, 10:30])


def test_a_mask_of_another_size_is_named(tmp_path: Path) -> None:
    path = write_picture(tmp_path / "mask.png", np.full((7, 8), 255, np.uint8))
    area, problem = read_area(tmp_path, [GRID])
    assert area is None
    assert problem == (f"{path.name} is not used: it has 7 × 8 pixels, the images have 40 × 50; make it the same size.")


def test_a_black_mask_is_named(tmp_path: Path) -> None:
    path = write_picture(tmp_path / "mask.png", np.zeros(SHAPE, np.uint8))
    area, problem = read_area(tmp_path, [GRID])
    assert area is None
    assert problem is not None
    assert problem.startswith(f"{path.name} is not used: it is all black")


def test_a_damaged_mask_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mask.png"
    path.write_bytes(b"no picture")
    area, problem = read_area(tmp_path, [GRID])
    assert area is None
    assert problem is not None
    assert path.name in problem

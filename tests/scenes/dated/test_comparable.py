"""Folders in which previews and copies lie beside what was measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_icenet.scenes.dated_folder import read_dated_folder
from napari_icenet.scenes.grid import Window
from tests.scenes.products import SHAPE, write_picture, write_tiff

DAYS = ("20200101", "20200117", "20200202")
SMALL = (SHAPE[0] // 2, SHAPE[1] // 2)


def grey(seed: int, shape: tuple[int, int] = SHAPE) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(60, 255, shape, dtype=np.uint8)


@pytest.mark.parametrize("preview", ["{day}.{kind}", "{day}_preview.{kind}"])
def test_previews_never_outvote_measurements(tmp_path: Path, preview: str) -> None:
    for i, day in enumerate(DAYS):
        write_tiff(tmp_path / f"{day}.tif", grey(i))
        for kind in ("png", "jpg"):
            write_picture(tmp_path / preview.format(day=day, kind=kind), grey(9, SMALL))
    scenes, _, notices = read_dated_folder(tmp_path)
    assert [scene.grid.georeferenced for scene in scenes] == [True] * 3
    for i, scene in enumerate(scenes):
        np.testing.assert_array_equal(scene.bands["B1"].read(Window(0, 0, *SHAPE)), grey(i))
    for notice in notices:
        assert "copies of others in formats that hold less" in notice.message
    assert len(notices) <= 2
    assert len(notices) == 1 or "preview" in preview


@pytest.mark.parametrize("kind", ["jpg", "jpeg"])
def test_a_png_comes_before_a_jpeg(tmp_path: Path, kind: str) -> None:
    for i, day in enumerate(DAYS):
        write_picture(tmp_path / f"{day}.png", grey(i))
        write_picture(tmp_path / f"{day}.{kind}", grey(i))
    scenes, _, notices = read_dated_folder(tmp_path)
    for i, scene in enumerate(scenes):
        np.testing.assert_array_equal(scene.bands["B1"].read(Window(0, 0, *SHAPE)), grey(i))
    (notice,) = notices
    assert notice.message == (
        f"20200101.{kind} and 2 more are left out: they are copies of others in formats that hold less."
    )


def test_a_lone_measurement_does_not_drive_out_pictures_of_other_dates(tmp_path: Path) -> None:
    for i, day in enumerate(DAYS):
        write_picture(tmp_path / f"{day}.png", grey(i))
    write_tiff(tmp_path / "20200218.tif", grey(4))
    scenes, _, notices = read_dated_folder(tmp_path)
    assert len(scenes) == 3
    assert [notice.scene for notice in notices] == ["20200218.tif"]


def test_copies_as_macos_numbers_them_are_left_out(tmp_path: Path) -> None:
    for i, day in enumerate(DAYS):
        write_tiff(tmp_path / f"{day}.tif", grey(i))
    for copy in ("20200117 2.tif", "Copy of 20200117.tif", "20200117 - Kopie.tif"):
        write_tiff(tmp_path / copy, grey(7))
    scenes, _, notices = read_dated_folder(tmp_path)
    assert len(scenes) == 3
    np.testing.assert_array_equal(scenes[1].bands["B1"].read(Window(0, 0, *SHAPE)), grey(1))
    (notice,) = notices
    assert notice.message == "20200117 - Kopie.tif and 2 more are left out: they are copies of others by their names."


def test_files_numbered_from_one_are_no_copies(tmp_path: Path) -> None:
    for i, day in enumerate(DAYS):
        for number in (1, 2):
            write_tiff(tmp_path / f"{day} {number}.tif", grey(2 * i + number))
    scenes, _, _ = read_dated_folder(tmp_path)
    assert [len(scene.bands) for scene in scenes] == [2, 2, 2]

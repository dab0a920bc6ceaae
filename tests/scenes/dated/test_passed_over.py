"""What strangers' folders hold beside dated GeoTIFFs is named, or read where it can be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_icenet.errors import StackError
from napari_icenet.scenes import open_stack
from napari_icenet.scenes.detect import looks_like_scenes
from tests.scenes.products import SHAPE, write_tiff

DAYS = ("20200101", "20200117", "20200202")
STRANGE = (".bmp", ".gif", ".webp", ".ntf", ".dng", ".heic", ".kmz", ".dat", ".img", ".vrt")


def made(seed: int) -> NDArray[np.uint16]:
    return np.random.default_rng(seed).integers(1, 4000, SHAPE, dtype=np.uint16)


def messages(folder: Path) -> list[str]:
    return [notice.message for notice in open_stack(folder).notices]


def write_envi(folder: Path, name: str, values: NDArray[np.uint16]) -> Path:
    path = write_tiff(folder / name, values, driver="ENVI")
    (folder / f"{name}.aux.xml").unlink(missing_ok=True)
    return path


@pytest.mark.parametrize("suffix", STRANGE)
def test_formats_that_are_not_read_are_named_with_the_way_out(tmp_path: Path, suffix: str) -> None:
    for i, day in enumerate(DAYS):
        write_tiff(tmp_path / f"{day}.tif", made(i))
    (tmp_path / f"20200218{suffix}").write_bytes(b"anything")
    (said,) = messages(tmp_path)
    assert said == (
        f"20200218{suffix} is left out: it is a picture in a format that is not read here ({suffix}); "
        "write it as GeoTIFF (gdal_translate)."
    )


@pytest.mark.parametrize("suffix", STRANGE)
def test_alone_they_are_an_error_that_names_them(tmp_path: Path, suffix: str) -> None:
    for day in DAYS:
        (tmp_path / f"{day}{suffix}").write_bytes(b"anything")
    with pytest.raises(StackError, match=rf"20200101\{suffix} and 2 more are left out: .*write them as GeoTIFF"):
        open_stack(tmp_path)


@pytest.mark.parametrize("suffix", [".part", ".crdownload"])
def test_unfinished_downloads_are_named(tmp_path: Path, suffix: str) -> None:
    for i, day in enumerate(DAYS):
        write_tiff(tmp_path / f"{day}.tif", made(i))
    (tmp_path / f"20200218.tif{suffix}").write_bytes(b"II")
    assert messages(tmp_path) == [f"20200218.tif{suffix} is left out: it is an unfinished download; download it again."]


def test_a_folder_called_like_an_image_is_named(tmp_path: Path) -> None:
    for i, day in enumerate(DAYS):
        write_tiff(tmp_path / f"{day}.tif", made(i))
    (tmp_path / "20200218.tif").mkdir()
    (said,) = messages(tmp_path)
    assert said.startswith("20200218.tif is left out: it is a folder that is called like an image; put the image")


@pytest.mark.parametrize("suffix", ["", ".dat", ".img", ".bsq"])
def test_envi_files_are_opened(tmp_path: Path, suffix: str) -> None:
    for i, day in enumerate(DAYS):
        write_envi(tmp_path, f"{day}{suffix}", made(i))
    assert looks_like_scenes(tmp_path)
    stack = open_stack(tmp_path)
    assert stack.notices == []
    assert stack.grid.georeferenced
    assert [scene.time.strftime("%Y%m%d") for scene in stack.scenes] == list(DAYS)
    for i in range(3):
        np.testing.assert_array_equal(stack.read(i, "B1"), made(i))


def test_an_envi_file_that_is_cut_short_is_left_out(tmp_path: Path) -> None:
    for i, day in enumerate(DAYS):
        write_envi(tmp_path, f"{day}.dat", made(i))
    short = tmp_path / "20200202.dat"
    short.write_bytes(short.read_bytes()[:-100])
    assert messages(tmp_path) == ["20200202.dat is truncated; download it again."]


def test_a_geotiff_counts_before_the_same_in_envi(tmp_path: Path) -> None:
    for i, day in enumerate(DAYS):
        write_envi(tmp_path, f"{day}.dat", made(9))
        write_tiff(tmp_path / f"{day}.tif", made(i))
    stack = open_stack(tmp_path)
    np.testing.assert_array_equal(stack.read(1, "B1"), made(1))
    (notice,) = stack.notices
    assert "copies of others" in notice.message

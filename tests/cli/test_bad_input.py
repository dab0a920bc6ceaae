"""Bad scenes, item by item, as a user meets them: one sentence that names the file, and nothing else lost."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from rasterio.warp import transform_bounds

from napari_icenet.scenes import open_stack
from tests.cli.shell import AT, Icenet, write_dated
from tests.scenes.products import (
    COLLECTION_1_L1,
    COLLECTION_2_L1,
    CRS_UTM,
    SHAPE,
    TRANSFORM_UTM,
    band_file,
    write_product,
    write_tiff,
)

pytestmark = pytest.mark.process

DAYS = ("20150710", "20150726", "20150811")
PRODUCTS = [f"LC08_L1TP_005009_{day}_20200908_02_T1" for day in DAYS]
SECOND = PRODUCTS[1]
BANDS = ("B1", "B2", "B4")


@pytest.fixture
def products(tmp_path: Path) -> Path:
    """Three products of one place."""
    for product in PRODUCTS:
        write_product(tmp_path / "ice", product, bands=BANDS)
    return tmp_path / "ice"


def cut(path: Path) -> None:
    """Lose the second half of a file."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def edit(path: Path, old: str, new: str) -> None:
    """Change a metadata file."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def metadata_of(products: Path) -> Path:
    """The metadata file of the second product."""
    return products / SECOND / f"{SECOND}_MTL.txt"


# One scene of several is bad: one warning, and the others open.


def test_a_missing_band_is_told_once(icenet: Icenet, products: Path) -> None:
    (products / SECOND / band_file(SECOND, "B2")).unlink()
    said = icenet("info", products, "--json")
    assert said.warning() == (f"warning: {SECOND} lacks B2, which its metadata file lists; download it if you need it.")
    assert json.loads(said.out)["bands"] == list(BANDS)
    assert len(said.dates) == 3


def test_a_truncated_band_is_told_once_by_its_name(icenet: Icenet, products: Path) -> None:
    cut(products / SECOND / band_file(SECOND, "B2"))
    said = icenet("info", products, "--json")
    assert f"{SECOND}_B2.TIF is truncated" in said.warning()
    assert len(said.dates) == 3


def test_a_scene_of_truncated_bands_is_left_out(icenet: Icenet, products: Path) -> None:
    for band in BANDS:
        cut(products / SECOND / band_file(SECOND, band))
    said = icenet("info", products, "--json")
    assert said.warning().startswith(f"warning: {SECOND} is left out: {SECOND}_B1.TIF is truncated")
    assert said.dates == ["2015-07-10", "2015-08-11"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("REFLECTIVE_LINES = 40", "REFLECTIVE_LINES = 44", ("disagrees", "44 × 50", "not 40 × 50", "files' grid")),
        ("UTM_ZONE = 24", "UTM_ZONE = 25", ("disagrees", "EPSG:32625", "not EPSG:32624", "files' grid")),
        ("= 2015-07-26", "= yesterday", ("DATE_ACQUIRED", "'yesterday'", "date in the product's name")),
        ("= 2015-07-26", "= 2015-07-27", ("2015-07-27", "unlike the product's name")),
        ("DATE_ACQUIRED", "DAY", ("no DATE_ACQUIRED", "date in the product's name")),
        ("SUN_ELEVATION", "SUN", ("no SUN_ELEVATION", "stored values only")),
        ("SCENE_CENTER_TIME", "NOON", ("no SCENE_CENTER_TIME", "only the date")),
    ],
)
def test_metadata_that_err_are_one_warning(
    icenet: Icenet, products: Path, old: str, new: str, words: tuple[str, ...]
) -> None:
    edit(metadata_of(products), old, new)
    said = icenet("info", products, "--json")
    assert said.warning().startswith(f"warning: {metadata_of(products).name} ")
    for word in words:
        assert word in said.warning()
    assert len(said.dates) == 3
    assert json.loads(said.out)["shape"] == [3, 3, *SHAPE]


@pytest.mark.parametrize("content", [b"", bytes(range(256)), None])
def test_metadata_that_are_not_there_cost_no_scene(icenet: Icenet, products: Path, content: bytes | None) -> None:
    if content is None:
        metadata_of(products).unlink()
    else:
        metadata_of(products).write_bytes(content)
    said = icenet("info", products, "--json")
    assert metadata_of(products).name in said.warning()
    assert "again" in said.warning()
    assert said.dates == ["2015-07-10", "2015-07-26", "2015-08-11"]


def test_the_newest_processing_of_an_acquisition_counts(icenet: Icenet, products: Path) -> None:
    newer = SECOND.replace("20200908", "20210101")
    write_product(products, newer, bands=BANDS)
    cut(products / SECOND / band_file(SECOND, "B2"))  # of no interest any more
    said = icenet("info", products, "--json")
    assert said.warning() == (f"warning: {SECOND} is left out: {newer} is a newer processing of the same acquisition.")
    assert newer in [scene["id"] for scene in json.loads(said.out)["scenes"]]


def test_two_rows_of_one_day_stay_apart_by_time(icenet: Icenet, products: Path) -> None:
    row = write_product(products, SECOND.replace("005009", "005010"), bands=BANDS)
    edit(next(row.glob("*_MTL.txt")), "14:34:35", "14:34:59")
    said = icenet("info", products, "--json")
    assert said.warnings() == []
    assert said.dates == ["2015-07-10", "2015-07-26T14:34:35", "2015-07-26T14:34:59", "2015-08-11"]
    small = ("--chip", 16, "--at", "20,20")
    message = icenet("track", products, *small, "--date", "2015-07-26").error(2)
    assert "2015-07-26T14:34:35, 2015-07-26T14:34:59" in message
    done = icenet("track", products, *small, "--date", "2015-07-26T14:34:59")
    assert done.table["date"].tolist() == said.dates


def test_a_date_of_fill_alone_is_lost_and_the_track_goes_on(icenet: Icenet, products: Path) -> None:
    for band in BANDS:
        write_tiff(products / SECOND / band_file(SECOND, band), np.zeros(SHAPE, np.uint16))
    done = icenet("track", products, "--chip", 16, "--at", "20,20")
    assert done.table["valid"].tolist() == [True, False, True]
    assert done.table["reason"][1] == "fill"
    message = icenet("track", products, "--chip", 16, "--at", "20,20", "--date", "2015-07-26").error()
    assert "no pixel with a measurement" in message


def test_dates_that_cannot_be_read_and_broken_images_cost_themselves(
    icenet: Icenet, plain: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(plain, tmp_path / "mixed"))
    for name in ("20201345.tif", "glacier.tif"):
        shutil.copy(plain / "20200101.tif", folder / name)
    cut(folder / "20200117.tif")
    said = icenet("info", folder, "--json")
    assert said.dates == ["2020-01-01", "2020-02-02"]
    assert sorted(line.split()[1] for line in said.warnings()) == ["20200117.tif", "20201345.tif", "glacier.tif"]


def test_gaps_of_landsat_7_are_fill(icenet: Icenet, tmp_path: Path) -> None:
    folder = write_product(tmp_path / "gaps", COLLECTION_1_L1, bands=("B1",))
    values = np.full(SHAPE, 80, np.uint16)
    values[::4] = 0
    write_tiff(folder / band_file(COLLECTION_1_L1, "B1"), values)
    said = icenet("info", tmp_path / "gaps", "--json")
    assert said.warnings() == []
    # A quarter of the rows, and what the quality band calls fill between them: 5 × 7 pixels, two rows less.
    assert json.loads(said.out)["scenes"][0]["fill"] == pytest.approx((500 + 21) / values.size)


# Folders and files that are no stack: one error.


def test_what_is_no_stack_is_one_error(icenet: Icenet, plain: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "note.txt").write_text("ice")
    (tmp_path / "undated").mkdir()
    shutil.copy(plain / "20200101.tif", tmp_path / "undated" / "glacier.tif")
    for path, words in (
        (tmp_path / "empty", "is empty"),
        (tmp_path / "nowhere", "does not exist"),
        (tmp_path / "note.txt", "is no stack"),
        (Path(os.devnull), "is no stack"),
        (tmp_path / ("x" * 300), "cannot be opened"),
        (tmp_path / "undated", "without a date in their names"),
        (plain / "20200101.tif", "single image"),
    ):
        for command in ("info", "track"):
            message = icenet(command, path, *(AT if command == "track" else ())).error()
            assert message.startswith(f"error: {path} ")
            assert words in message


def test_one_scene_can_be_looked_at_and_not_tracked(icenet: Icenet, tmp_path: Path) -> None:
    write_product(tmp_path / "one", COLLECTION_2_L1)
    assert icenet("info", tmp_path / "one").warnings() == []
    assert "one has only one scene" in icenet("track", tmp_path / "one", "--chip", 16, "--at", "20,20").error()


# Grids.


def test_scenes_that_share_no_ground_are_listed(icenet: Icenet, tmp_path: Path) -> None:
    folder = write_dated(tmp_path / "far", place=lambda i: TRANSFORM_UTM @ Affine.translation(1000 * i, 0))
    said = icenet("track", folder, *AT)
    assert "share no ground" in said.error()
    assert [line.split()[1] for line in said.lines[:-1]] == ["20200101:", "20200117:", "20200202:"]
    info = icenet("info", folder)
    assert info.warnings() == []
    assert "No stack: the scenes share no ground" in info.out


def test_mixed_coordinate_systems_need_a_target(icenet: Icenet, tmp_path: Path) -> None:
    side = 96 * 30
    x, y = TRANSFORM_UTM.c, TRANSFORM_UTM.f
    west, _, _, north = transform_bounds(CRS_UTM, "EPSG:32625", x, y - side, x + side, y)
    other = Affine(30, 0, west, 0, -30, north)
    folder = write_dated(
        tmp_path / "zones",
        place=lambda i: other if i == 1 else TRANSFORM_UTM,
        crs=lambda i: "EPSG:32625" if i == 1 else CRS_UTM,
    )
    said = icenet("track", folder, *AT)
    assert "2 coordinate systems" in said.error()
    assert "EPSG:32624" in said.error()
    for command in (("track", folder, *AT), ("info", folder)):
        done = icenet(*command, "--crs", "EPSG:32624")
        assert done.warning().startswith("warning: 20200117 is reprojected")
        for unknown in ("EPSG:99999", "ice"):
            assert f"{unknown} is no coordinate system" in icenet(*command, "--crs", unknown).error(2)


def test_whole_pixels_are_untouched_and_half_pixels_told(icenet: Icenet, tmp_path: Path) -> None:
    whole = write_dated(tmp_path / "whole", place=lambda i: TRANSFORM_UTM @ Affine.translation(2 * i, i))
    done = icenet("info", whole, "--json")
    assert done.warnings() == []
    assert json.loads(done.out)["shape"] == [3, 1, 94, 92]
    union = icenet("info", whole, "--json", "--extent", "union")
    assert json.loads(union.out)["shape"] == [3, 1, 98, 100]
    half = write_dated(tmp_path / "half", place=lambda i: TRANSFORM_UTM @ Affine.translation((i == 1) / 2, 0))
    assert "0.00 rows and 0.50 columns off the grid" in icenet("info", half).warning()


@pytest.mark.parametrize("loose", [False, True])
def test_band_8_is_a_stack_of_its_own_wherever_the_files_lie(icenet: Icenet, tmp_path: Path, loose: bool) -> None:
    folder = tmp_path / "ice"
    for product in PRODUCTS[:2]:
        made = write_product(folder, product, bands=BANDS, pan=True)
        if loose:
            for file in made.iterdir():
                file.rename(folder / file.name)
            made.rmdir()
    for name in ("8", "B8", "b8"):
        done = icenet("track", folder, "--at", "40,50", "--chip", 16, "--band", name)
        assert done.warnings() == []
        assert set(done.table["band"]) == {"B8"}
    assert open_stack(folder, bands=("B8",)).grid.pixel_size == (15, 15)
    assert open_stack(folder).bands == BANDS


def test_same_named_products_in_two_folders_are_both_seen(icenet: Icenet, tmp_path: Path) -> None:
    for parent in ("a", "b"):
        write_product(tmp_path / "ice" / parent, COLLECTION_2_L1)
    used = tmp_path / "ice" / "a" / COLLECTION_2_L1
    told = f"warning: {COLLECTION_2_L1} is there twice; that in {used} is used."
    assert icenet("info", tmp_path / "ice").warning() == told

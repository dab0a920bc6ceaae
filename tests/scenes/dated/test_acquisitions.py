"""Folders whose files belong together: bands, masks, tiles, processings and copies of one acquisition."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from numpy.typing import NDArray
from rasterio import open as open_raster

from napari_icenet.errors import StackError
from napari_icenet.scenes import Flag, SceneStack, open_stack
from tests.scenes.products import COLLECTION_2_L1, SHAPE, TRANSFORM_UTM, write_picture, write_product, write_tiff

DAYS = ("20200101", "20200117", "20200202")


def made(seed: int, shape: tuple[int, ...] = SHAPE) -> NDArray[np.uint16]:
    return np.random.default_rng(seed).integers(1, 4000, shape, dtype=np.uint16)


def messages(stack: SceneStack) -> list[str]:
    return [notice.message for notice in stack.notices]


@pytest.mark.parametrize(
    "pattern",
    [
        "{day}_{band}.tif",
        "T19GCP_{day}T142731_{band}.tif",
        "T19GCP_{day}T142731_{band}_10m.tif",
        "{dashed}-00_00_{dashed}-23_59_Sentinel-2_L2A_{band}_(Raw).tiff",
        "{day}/{band}.tif",
    ],
)
def test_a_file_a_band_and_date(tmp_path: Path, pattern: str) -> None:
    bands = ("B04", "B08")
    for t, day in enumerate(DAYS):
        for b, band in enumerate(bands):
            path = tmp_path / pattern.format(day=day, band=band, dashed=f"{day[:4]}-{day[4:6]}-{day[6:]}")
            path.parent.mkdir(exist_ok=True)
            write_tiff(path, made(10 * t + b))
    stack = open_stack(tmp_path)
    assert stack.shape == (3, 2, *SHAPE)
    assert stack.bands == bands
    assert stack.notices == []
    assert [scene.time.strftime("%Y%m%d") for scene in stack.scenes] == list(DAYS)
    assert not any(band in scene.id for band in bands for scene in stack.scenes)
    for t in range(3):
        for b, band in enumerate(bands):
            np.testing.assert_array_equal(stack.read(t, band), made(10 * t + b))
    assert open_stack(tmp_path, bands=["B4"]).bands == ("B04",)
    assert open_stack(tmp_path, bands=[8]).bands == ("B08",)


def test_another_band_on_each_date_is_never_paired(tmp_path: Path) -> None:
    write_tiff(tmp_path / "20200101_B04.tif", made(1))
    write_tiff(tmp_path / "20200117_B08.tif", made(2))
    stack = open_stack(tmp_path)
    assert stack.bands == ("B04", "B08")
    assert np.isnan(stack.read(0, "B08")).all()
    assert np.isnan(stack.read(1, "B04")).all()


def test_one_band_of_each_landsat_sensor_is_one_series(tmp_path: Path) -> None:
    # Green of the thematic mapper and the panchromatic band of its successors, chosen to be compared.
    write_picture(tmp_path / "LT05_L1TP_230012_19860920_20170216_01_T1_B2_Subset.png", made(1).astype(np.uint8))
    write_picture(tmp_path / "LE07_L1TP_230012_20000920_20170216_01_T1_B8_Subset.png", made(2).astype(np.uint8))
    assert open_stack(tmp_path).bands == ("B1",)
    write_picture(tmp_path / "LE07_L1TP_230012_20010920_20170216_01_T1_B2_Subset.png", made(3).astype(np.uint8))
    stack = open_stack(tmp_path)
    assert (stack.bands, len(stack.scenes)) == (("B2",), 2)


def test_planetscope_with_its_mask(tmp_path: Path) -> None:
    usable = np.zeros((8, *SHAPE), np.uint8)
    usable[0] = 1
    usable[5, 3:6, 4:8] = 1  # cloud
    usable[2, 10, 10] = 1  # shadow
    usable[7, 0] = 1  # outside the picture
    for t, day in enumerate(DAYS):
        write_tiff(tmp_path / f"{day}_142731_103c_3B_AnalyticMS_SR_clip.tif", made(t, (4, *SHAPE)))
        write_tiff(tmp_path / f"{day}_142731_103c_3B_udm2_clip.tif", usable)
    stack = open_stack(tmp_path)
    assert stack.shape == (3, 4, *SHAPE)
    assert stack.notices == []
    flags = stack.flags(1)
    assert (flags[3:6, 4:8] == Flag.CLOUD).all()
    assert flags[10, 10] == Flag.SHADOW
    assert (flags[0] == Flag.FILL).all()
    assert np.count_nonzero(flags) == 12 + 1 + SHAPE[1]


@pytest.mark.parametrize(
    ("kind", "value", "flag"),
    [
        ("SCL", 3, Flag.SHADOW),
        ("SCL", 9, Flag.CLOUD),
        ("SCL", 4, 0),
        ("Fmask", 4, Flag.CLOUD),
        ("QA_PIXEL", 8, Flag.CLOUD),
    ],
)
def test_masks_of_other_programs(tmp_path: Path, kind: str, value: int, flag: int) -> None:
    write_tiff(tmp_path / "20200101_B04.tif", made(1))
    write_tiff(tmp_path / f"20200101_{kind}.tif", np.full(SHAPE, value, np.uint16 if "QA" in kind else np.uint8))
    stack = open_stack(tmp_path)
    assert (stack.bands, stack.notices) == (("B04",), [])
    assert (stack.flags(0) == flag).all()


def test_a_mask_of_larger_pixels_holds_for_all_that_they_cover(tmp_path: Path) -> None:
    classes = np.full((SHAPE[0] // 2, SHAPE[1] // 2), 4, np.uint8)
    classes[3:5, 6:9] = 9
    coarse = TRANSFORM_UTM @ Affine.scale(2)
    for day in DAYS:
        write_tiff(tmp_path / f"T19GCP_{day}T142731_B04_10m.tif", made(1))
        write_tiff(tmp_path / f"T19GCP_{day}T142731_SCL_20m.tif", classes, transform=coarse)
    stack = open_stack(tmp_path)
    assert (stack.bands, stack.notices) == (("B04",), [])
    np.testing.assert_array_equal(stack.flags(1) == Flag.CLOUD, np.kron(classes == 9, np.ones((2, 2), bool)))


def test_a_mask_whose_pixels_lie_across_is_left_out(tmp_path: Path) -> None:
    write_tiff(tmp_path / "20200101_B04.tif", made(1))
    write_tiff(
        tmp_path / "20200101_SCL.tif", made(2)[:26, :33].astype(np.uint8), transform=TRANSFORM_UTM @ Affine.scale(1.5)
    )
    stack = open_stack(tmp_path)
    assert not stack.flags(0).any()
    assert [said.split(":")[0] for said in messages(stack)] == ["20200101_SCL.tif is left out"]


def test_masks_that_are_not_used_are_one_notice(tmp_path: Path) -> None:
    for day in DAYS:
        write_tiff(tmp_path / f"{day}_B04.tif", made(1))
        write_tiff(tmp_path / f"{day}_cloudmask.tif", np.ones(SHAPE, np.uint8))
    stack = open_stack(tmp_path)
    assert stack.shape[:2] == (3, 1)
    (said,) = messages(stack)
    assert said.startswith("20200101_cloudmask.tif and 2 more are left out")


def test_tiles_of_one_pass_are_one_picture(tmp_path: Path) -> None:
    height, width = SHAPE
    half = width // 2
    for t, day in enumerate(DAYS):
        ground = made(t)
        write_tiff(tmp_path / f"{day}_T19GCP.tif", ground[:, : half + 5])
        right = TRANSFORM_UTM @ Affine.translation(half - 5, 0)
        write_tiff(tmp_path / f"{day}_T19GDP.tif", ground[:, half - 5 :], transform=right)
    stack = open_stack(tmp_path)
    assert (stack.shape, stack.notices) == ((3, 1, height, width), [])
    for t in range(3):
        np.testing.assert_array_equal(stack.read(t, 1), made(t))


def test_tiles_off_each_other_s_pixels_are_named(tmp_path: Path) -> None:
    for day in DAYS:
        write_tiff(tmp_path / f"{day}_T19GCP.tif", made(1))
        write_tiff(tmp_path / f"{day}_T19GDP.tif", made(2), transform=TRANSFORM_UTM @ Affine.translation(20.4, 0))
    stack = open_stack(tmp_path)
    assert len(stack.scenes) == 3
    np.testing.assert_array_equal(stack.read(2, 1), made(1))
    (said,) = messages(stack)
    assert "20200101_T19GDP.tif and 2 more are left out" in said
    assert "gdalwarp" in said


def test_the_latest_processing_counts_and_copies_do_not(tmp_path: Path) -> None:
    product = "S2A_MSIL2A_20200101T142731_N0{baseline}_R053_T19GCP_{processed}T200000_B04.tif"
    write_tiff(tmp_path / product.format(baseline=213, processed="20200101"), made(1))
    write_tiff(tmp_path / product.format(baseline=500, processed="20230101"), made(2))
    write_tiff(tmp_path / "20200117_B04.tif", made(3))
    write_tiff(tmp_path / "20200117_B04 (1).tif", made(4))
    stack = open_stack(tmp_path)
    assert len(stack.scenes) == 2
    np.testing.assert_array_equal(stack.read(0, 1), made(2))
    np.testing.assert_array_equal(stack.read(1, 1), made(3))
    told = [text for text in messages(stack) if "left out" in text]
    assert len(told) == 2
    assert "20200101T200000_B04.tif is left out: it is an earlier processing" in told[0]
    assert told[1].startswith("20200117_B04 (1).tif is left out")


def test_measurements_count_before_a_picture_of_them(tmp_path: Path) -> None:
    write_picture(tmp_path / "20200101.jpg", np.full(SHAPE, 99, np.uint8))
    write_tiff(tmp_path / "20200101.tif", made(1), crs=None, transform=None)
    stack = open_stack(tmp_path)
    np.testing.assert_array_equal(stack.read(0, 1), made(1))
    (said,) = messages(stack)
    assert said.startswith("20200101.jpg is left out")


def test_bands_of_another_pixel_size_are_one_notice(tmp_path: Path) -> None:
    for day in DAYS:
        for band in ("B04", "B08"):
            write_tiff(tmp_path / f"{day}_{band}.tif", made(1))
        write_tiff(tmp_path / f"{day}_B11.tif", made(1, (20, 25)), transform=TRANSFORM_UTM @ Affine.scale(2))
    stack = open_stack(tmp_path)
    assert stack.bands == ("B04", "B08")
    (said,) = messages(stack)
    assert said.startswith("20200101_B11.tif and 2 more are left out")


def test_images_of_one_date_that_nothing_tells_apart_are_told(tmp_path: Path) -> None:
    write_tiff(tmp_path / "20200101_first.tif", made(1))
    write_tiff(tmp_path / "20200101_second.tif", made(2))
    stack = open_stack(tmp_path)
    assert len(stack.scenes) == 2
    (said,) = messages(stack)
    assert "20200101_first.tif and 20200101_second.tif bear the same date" in said


def test_words_that_recur_on_one_grid_are_bands(tmp_path: Path) -> None:
    for t, day in enumerate(DAYS):
        write_tiff(tmp_path / f"{day}_B08_L1C.tif", made(t))
        write_tiff(tmp_path / f"{day}_B08_L2A.tif", made(10 + t))
        if t < 2:
            write_tiff(tmp_path / f"{day}_hillshade.tif", made(20 + t))
    stack = open_stack(tmp_path)
    assert len(stack.scenes) == 3
    assert sorted(stack.bands) == ["B08 l1c", "B08 l2a", "hillshade"]
    np.testing.assert_array_equal(stack.read(2, "B08 l2a"), made(12))
    assert np.isnan(stack.read(2, "hillshade")).all()
    assert messages(stack)[0] == ("What differs in names of one date is taken for bands: B08 l1c, B08 l2a, hillshade.")


def test_times_beside_bare_dates_are_one_notice(tmp_path: Path) -> None:
    for name in ("20200101T060000", "20200102_1800", "20200103", "20200104"):
        write_tiff(tmp_path / f"{name}.tif", made(1))
    stack = open_stack(tmp_path)
    assert stack.days[1] == pytest.approx(1.5)
    (said,) = messages(stack)
    assert said.startswith("20200103.tif and 20200104.tif bear a date without a time")


def test_pages_of_a_tiff_are_bands(tmp_path: Path) -> None:
    for t, day in enumerate(DAYS):
        options = {"driver": "GTiff", "height": SHAPE[0], "width": SHAPE[1], "count": 1, "dtype": "uint16"}
        for page in range(3):
            with open_raster(tmp_path / f"{day}.tif", "w", **options, APPEND_SUBDATASET="YES" if page else "NO") as out:
                out.write(made(10 * t + page), 1)
    stack = open_stack(tmp_path)
    assert stack.shape == (3, 3, *SHAPE)
    for t in range(3):
        for page in range(3):
            np.testing.assert_array_equal(stack.read(t, f"B{page + 1}"), made(10 * t + page))


def test_pages_of_another_size_are_told(tmp_path: Path) -> None:
    for page, shape in enumerate((SHAPE, (20, 25))):
        options = {"driver": "GTiff", "height": shape[0], "width": shape[1], "count": 1, "dtype": "uint16"}
        with open_raster(tmp_path / "20200101.tif", "w", **options, APPEND_SUBDATASET="YES" if page else "NO") as out:
            out.write(made(1, shape), 1)
    stack = open_stack(tmp_path)
    assert stack.bands == ("B1",)
    np.testing.assert_array_equal(stack.read(0, 1), made(1))
    assert messages(stack) == ["20200101.tif holds pages of another size or type than its first; they are left out."]


def test_images_beside_products_are_told(tmp_path: Path) -> None:
    write_product(tmp_path, COLLECTION_2_L1)
    write_tiff(tmp_path / "20200101.tif", made(1))
    stack = open_stack(tmp_path)
    assert len(stack.scenes) == 1
    (said,) = messages(stack)
    assert said.startswith("20200101.tif is left out: it is an image beside products")


def test_dates_with_the_day_first_say_how_to_write_them(tmp_path: Path) -> None:
    for name in ("01-01-2020", "17-01-2020"):
        write_tiff(tmp_path / f"{name}.tif", made(1))
    with pytest.raises(StackError, match=r"call them by date, as in 20200131\.tif"):
        open_stack(tmp_path)


def test_what_is_passed_over_is_named_once_for_each_kind(tmp_path: Path) -> None:
    write_tiff(tmp_path / "20200101.tif", made(1))
    for day in DAYS:
        (tmp_path / f"{day}_metadata.json").write_text("{}")
    (tmp_path / "20200117.zip").write_bytes(b"")
    (tmp_path / "20200202.tif").symlink_to(tmp_path / "gone.tif")
    for name in ("20200101.tif.aux.xml", "notes.json", "outlines.zip", "20200101.txt"):
        (tmp_path / name).write_text("")
    stack = open_stack(tmp_path)
    assert len(stack.scenes) == 1
    assert messages(stack) == [
        "20200117.zip is left out: it is an archive; extract it first.",
        "20200202.tif is left out: it is a link that leads nowhere; mend it.",
        "20200101_metadata.json and 2 more are left out: they are files that are no pictures.",
    ]


def test_a_folder_of_archives_says_what_to_do(tmp_path: Path) -> None:
    for day in DAYS:
        (tmp_path / f"LC08_L1TP_008011_{day}_20200826_02_T1.tar.gz").write_bytes(b"")
    with pytest.raises(StackError, match=r"holds archives \(LC08_.* and 2 more\); extract them"):
        open_stack(tmp_path)


def test_a_product_of_sentinel_2_opens_in_its_folder(tmp_path: Path) -> None:
    for t, day in enumerate(DAYS):
        product = f"S2A_MSIL2A_{day}T142731_N0500_R053_T19GCP_{day}T200000.SAFE"
        inside = tmp_path / product / "GRANULE" / "L2A" / "IMG_DATA" / "R10m"
        inside.mkdir(parents=True)
        options = {"height": SHAPE[0], "width": SHAPE[1], "count": 1, "dtype": "uint16", "transform": TRANSFORM_UTM}
        lossless = {"driver": "JP2OpenJPEG", "QUALITY": 100, "REVERSIBLE": "YES", "crs": "EPSG:32619"}
        with open_raster(inside / f"T19GCP_{day}T142731_B04_10m.jp2", "w", **options, **lossless) as out:
            out.write(made(t), 1)
        classes = inside.with_name("R20m") / f"T19GCP_{day}T142731_SCL_20m.jp2"
        classes.parent.mkdir()
        options |= {"height": SHAPE[0] // 2, "width": SHAPE[1] // 2, "dtype": "uint8"}
        options |= {"transform": TRANSFORM_UTM @ Affine.scale(2)}
        with open_raster(classes, "w", **options, **lossless) as out:
            out.write(np.full((1, SHAPE[0] // 2, SHAPE[1] // 2), 8, np.uint8))
    stack = open_stack(tmp_path)
    assert (stack.bands, len(stack.scenes), stack.notices) == (("B04",), 3, [])
    assert (stack.flags(0) == Flag.CLOUD).all()
    assert stack.scenes[0].time_known
    np.testing.assert_array_equal(stack.read(2, "B04"), made(2))


def test_metadata_in_xml_alone_count(tmp_path: Path) -> None:
    folder = write_product(tmp_path, COLLECTION_2_L1)
    text = folder / f"{COLLECTION_2_L1}_MTL.txt"
    expected = open_stack(tmp_path).scenes[0]
    groups: list[str] = []
    for line in text.read_text().splitlines():
        key, _, value = (part.strip() for part in line.partition("="))
        if key == "GROUP":
            groups.append(f"<{value}>")
        elif key == "END_GROUP":
            groups.append(f"</{value}>")
        elif value:
            groups.append(f"<{key}>{value.strip(chr(34))}</{key}>")
    text.with_suffix(".xml").write_text("".join(groups))
    text.unlink()
    scene = open_stack(tmp_path).scenes[0]
    assert (scene.time, scene.scaling) == (expected.time, expected.scaling)
    assert scene.time_known


def test_a_tile_that_is_missing_on_one_date_is_named(tmp_path: Path) -> None:
    for t, day in enumerate(DAYS):
        for i, tile in enumerate(("T19GCP", "T19GDP")):
            if (day, tile) != ("20200117", "T19GDP"):
                right = TRANSFORM_UTM @ Affine.translation(i * SHAPE[1], 0)
                write_tiff(tmp_path / f"{tile}_{day}T142731_B04.tif", made(2 * t + i), transform=right)
    stack = open_stack(tmp_path)
    assert stack.grid.shape == SHAPE
    assert messages(stack)[0] == (
        "On 2020-01-17 tile T19GDP is missing; the ground that all dates hold ends there, and --extent union keeps "
        "the rest."
    )
    union = open_stack(tmp_path, extent="union")
    assert union.grid.shape == (SHAPE[0], 2 * SHAPE[1])


def test_dates_of_different_tiles_lack_none(tmp_path: Path) -> None:
    for day, tile in zip(DAYS, ("T19GCP", "T19GDP", "T19GCP"), strict=True):
        write_tiff(tmp_path / f"{tile}_{day}T142731_B04.tif", made(1))
    assert not [said for said in messages(open_stack(tmp_path)) if "T19GDP is missing" in said]


def test_tiffs_that_count_from_white_among_others_are_told(tmp_path: Path) -> None:
    for day in DAYS:
        write_tiff(tmp_path / f"{day}.tif", made(1).astype(np.uint8), photometric="MINISWHITE")
    assert open_stack(tmp_path).notices == []
    write_tiff(tmp_path / "20200218.tif", made(1).astype(np.uint8))
    (said,) = messages(open_stack(tmp_path))
    assert said.startswith("20200101.tif and 2 more are stored with white as 0 (MINISWHITE), unlike other images here")

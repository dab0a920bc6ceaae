from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.enums import ColorInterp

from napari_icenet.errors import Cancelled, SceneError
from napari_icenet.scenes.dated_folder import is_dated_folder, read_dated_folder
from napari_icenet.scenes.grid import Window
from napari_icenet.scenes.raster import picture
from napari_icenet.scenes.scene import Notice
from tests.scenes.products import (
    COLLECTION_1_L1,
    COLLECTION_2_L1,
    SHAPE,
    TRANSFORM_UTM,
    write_picture,
    write_product,
    write_tiff,
)

WHOLE = Window(0, 0, *SHAPE)


def grey(seed: int = 0, shape: tuple[int, int] = SHAPE) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(60, 255, shape, dtype=np.uint8)


def colour(seed: int = 0, shape: tuple[int, int] = SHAPE) -> NDArray[np.uint8]:
    return np.stack([grey(10 * seed + i, shape) for i in range(3)])


def one(notices: list[Notice], *words: str) -> None:
    """There is one notice, and it holds these words."""
    assert len(notices) == 1, notices
    for word in words:
        assert word in notices[0].message


@pytest.mark.parametrize(
    ("name", "when", "time_known"),
    [
        ("20200131.png", datetime(2020, 1, 31), False),
        ("20200131_ortho.png", datetime(2020, 1, 31), False),
        ("2020-01-31.png", datetime(2020, 1, 31), False),
        ("2020-01-31 after the storm.png", datetime(2020, 1, 31), False),
        ("2020-01-31T101112.png", datetime(2020, 1, 31, 10, 11, 12), True),
        ("2020-01-31T10-11-12Z.png", datetime(2020, 1, 31, 10, 11, 12), True),
        ("20200131T101112.png", datetime(2020, 1, 31, 10, 11, 12), True),
        ("20200131_101112_0e20.png", datetime(2020, 1, 31, 10, 11, 12), True),
        ("LC08_L1TP_229012_20160729_20170322_01_T1_B8_Subset.png", datetime(2016, 7, 29), False),
        ("LC80540182015326LGN00.PNG", datetime(2015, 11, 22), False),
    ],
)
def test_dates_in_names(tmp_path: Path, name: str, when: datetime, time_known: bool) -> None:
    write_picture(tmp_path / "picture.png", grey()).rename(tmp_path / name)
    assert is_dated_folder(tmp_path)
    (scene,), area, notices = read_dated_folder(tmp_path)
    assert (scene.time, scene.time_known) == (when, time_known)
    assert area is None
    assert notices == []


def test_a_landsat_id_in_the_name_is_the_provenance(tmp_path: Path) -> None:
    for row in (12, 13):
        write_picture(tmp_path / f"LC08_L1TP_2290{row}_20160729_20170322_01_T1_B8.png", grey())
    scenes, _, _ = read_dated_folder(tmp_path)
    assert [scene.provenance.wrs_row for scene in scenes] == [12, 13]
    origin = scenes[0].provenance
    assert (origin.sensor, origin.level, origin.tier, origin.wrs_path) == ("LC08", "L1TP", "T1", 229)
    assert origin.processed == date(2017, 3, 22)
    assert scenes[0].id == "LC08_L1TP_229012_20160729_20170322_01_T1"


def test_scenes_come_oldest_first(tmp_path: Path) -> None:
    for name in ("LC08_L1TP_229012_20160729_20170322_01_T1.png", "LT05_L1TP_230012_19851003_20170218_01_T1.png"):
        write_picture(tmp_path / name, grey())
    scenes, _, _ = read_dated_folder(tmp_path)
    assert [scene.time.year for scene in scenes] == [1985, 2016]


# What a picture holds.


def test_grey_is_one_band(tmp_path: Path) -> None:
    values = grey()
    write_picture(tmp_path / "20200101.png", values)
    (scene,), _, _ = read_dated_folder(tmp_path)
    assert list(scene.bands) == ["B1"]
    np.testing.assert_array_equal(scene.bands["B1"].read(Window(5, 6, 7, 8)), values[5:12, 6:14])
    assert not scene.bands["B1"].fill(WHOLE).any()
    assert not scene.grid.georeferenced


@pytest.mark.parametrize("with_colours", [False, True])
def test_alpha_is_the_mask(tmp_path: Path, with_colours: bool) -> None:
    alpha = np.full(SHAPE, 255, np.uint8)
    alpha[10:20, 30:40] = 0
    values = colour() if with_colours else np.stack([grey()] * 3)
    write_picture(tmp_path / "20200101.png", np.concatenate([values, alpha[None]]))
    (scene,), _, _ = read_dated_folder(tmp_path)
    assert list(scene.bands) == (["B1", "B2", "B3"] if with_colours else ["B1"])
    for i, band in enumerate(scene.bands.values()):
        np.testing.assert_array_equal(band.read(WHOLE), values[i])
        np.testing.assert_array_equal(band.fill(WHOLE), alpha == 0)


def test_grey_with_alpha_in_two_bands(tmp_path: Path) -> None:
    alpha = np.where(grey() > 90, 255, 0).astype(np.uint8)
    write_picture(tmp_path / "20200101.png", np.stack([grey(1), alpha]))
    (scene,), _, _ = read_dated_folder(tmp_path)
    assert list(scene.bands) == ["B1"]
    np.testing.assert_array_equal(scene.bands["B1"].fill(WHOLE), alpha == 0)


def test_one_coloured_picture_makes_three_bands_of_all(tmp_path: Path) -> None:
    write_picture(tmp_path / "20200101.png", np.stack([grey()] * 3))
    write_picture(tmp_path / "20200102.png", colour())
    scenes, _, _ = read_dated_folder(tmp_path)
    assert [list(scene.bands) for scene in scenes] == [["B1", "B2", "B3"]] * 2


def test_a_palette_is_looked_up(tmp_path: Path) -> None:
    index = np.zeros(SHAPE, np.uint8)
    index[:, 20:] = 1
    path = tmp_path / "20200101.png"
    options = {"height": SHAPE[0], "width": SHAPE[1], "count": 1, "dtype": "uint8"}
    with rasterio.open(path, "w", driver="PNG", **options) as dataset:
        dataset.write_colormap(1, {0: (10, 20, 30, 255), 1: (40, 50, 60, 255)})
        dataset.write(index, 1)
    (scene,), _, _ = read_dated_folder(tmp_path)
    assert [int(band.read(WHOLE)[0, 25]) for band in scene.bands.values()] == [40, 50, 60]


def test_bands_of_a_geotiff_keep_their_order_and_type(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(5, *SHAPE)).astype(np.float32)
    values[:, 3, 4] = np.nan
    write_tiff(tmp_path / "20200101.tif", values)
    (scene,), _, _ = read_dated_folder(tmp_path)
    assert list(scene.bands) == ["B1", "B2", "B3", "B4", "B5"]
    np.testing.assert_array_equal(scene.bands["B4"].read(WHOLE), values[3])
    assert scene.bands["B4"].fill(WHOLE).sum() == 1
    assert scene.grid.transform == TRANSFORM_UTM


def test_three_equal_bands_of_a_geotiff_stay_three(tmp_path: Path) -> None:
    write_tiff(tmp_path / "20200101.tif", np.stack([grey()] * 3))
    (scene,), _, _ = read_dated_folder(tmp_path)
    assert len(scene.bands) == 3


def near_infrared(dtype: str) -> np.ndarray:
    rng = np.random.default_rng(4)
    bands = rng.integers(1, 200, (4, 120, 150)).astype(dtype)
    bands[3][rng.random((120, 150)) < 0.02] = 0
    return bands


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_measurements_that_are_tagged_alpha_are_a_band(tmp_path: Path, dtype: str) -> None:
    bands = near_infrared(dtype)
    for day in ("20200101", "20200117", "20200202"):
        write_tiff(tmp_path / f"{day}.tif", bands, photometric="RGB", alpha="yes")
    with rasterio.open(tmp_path / "20200101.tif") as dataset:
        assert dataset.colorinterp[3] == ColorInterp.alpha
    scenes, _, notices = read_dated_folder(tmp_path)
    whole = Window(0, 0, 120, 150)
    for scene in scenes:
        assert list(scene.bands) == ["B1", "B2", "B3", "B4"]
        np.testing.assert_array_equal(scene.bands["B4"].read(whole), bands[3])
        assert not any(band.fill(whole).any() for band in scene.bands.values())
    assert [("alpha" in n.message, "20200101.tif and 2 more" in n.message) for n in notices] == [(True, True)]


@pytest.mark.parametrize(("dtype", "opaque"), [("uint8", 255), ("uint8", 1), ("uint16", 65535), ("uint16", 255)])
@pytest.mark.parametrize("everywhere", [False, True])
def test_alpha_of_a_geotiff_with_other_colours_is_a_mask(
    tmp_path: Path, dtype: str, opaque: int, everywhere: bool
) -> None:
    bands = near_infrared(dtype)
    y, x = np.mgrid[:120, :150]
    inside = (x + y < 200) | everywhere
    bands[3] = np.where(inside, opaque, 0)
    bands[3][(x + y == 199) & inside] = opaque // 2 or 1  # a soft edge
    write_tiff(tmp_path / "20200101.tif", bands, photometric="RGB", alpha="yes")
    (scene,), _, notices = read_dated_folder(tmp_path)
    assert list(scene.bands) == ["B1", "B2", "B3"]
    np.testing.assert_array_equal(scene.bands["B2"].fill(Window(0, 0, 120, 150)), ~inside)
    assert notices == []


def test_a_grey_geotiff_with_alpha_is_one_band(tmp_path: Path) -> None:
    alpha = np.where(grey() > 90, 255, 0).astype(np.uint8)
    write_tiff(tmp_path / "20200101.tif", np.stack([grey(1)] * 3 + [alpha]), photometric="RGB", alpha="yes")
    (scene,), _, _ = read_dated_folder(tmp_path)
    assert list(scene.bands) == ["B1"]
    np.testing.assert_array_equal(scene.bands["B1"].fill(WHOLE), alpha == 0)


# What counts as fill.


def test_nodata_of_a_geotiff_is_fill(tmp_path: Path) -> None:
    values = grey().astype(np.int16)
    values[5, 6] = -32768
    values[:, 0] = 0
    write_tiff(tmp_path / "20200101.tif", values, nodata=-32768)
    (scene,), _, _ = read_dated_folder(tmp_path)
    np.testing.assert_array_equal(scene.bands["B1"].fill(WHOLE), values == -32768)


def test_zeros_at_the_frame_of_a_geotiff_are_fill_and_a_few_inside_are_not(tmp_path: Path) -> None:
    values = grey().astype(np.uint16)
    values[:10, :10] = 0
    values[20:24, 20:24] = 0
    write_tiff(tmp_path / "20200101.tif", values)
    (scene,), _, _ = read_dated_folder(tmp_path)
    fill = scene.bands["B1"].fill(WHOLE)
    assert fill[:10, :10].all()
    assert fill.sum() == 100


def test_zero_anywhere_in_a_landsat_band_is_fill(tmp_path: Path) -> None:
    values = grey().astype(np.uint16)
    values[20:22, 10:40] = 0  # a gap of Landsat 7
    write_tiff(tmp_path / f"{COLLECTION_1_L1}_B2_Subset.tif", values)
    (scene,), _, _ = read_dated_folder(tmp_path)
    assert scene.bands["B2"].fill(WHOLE).sum() == 60


def test_black_around_a_jpeg_is_fill(tmp_path: Path) -> None:
    shape = (160, 200)
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    outside = rows + cols < 120
    shadow = (rows - 110) ** 2 + (cols - 140) ** 2 < 64
    values = np.where(outside | shadow, 0, grey(0, shape))
    path = write_picture(tmp_path / "20200101.jpg", np.stack([values] * 3).astype(np.uint8))
    with rasterio.open(path) as dataset:
        assert dataset.read()[:, outside].max() > 0  # JPEG's black is not 0: that is what is tested
    (scene,), _, _ = read_dated_folder(tmp_path)
    fill = scene.bands["B1"].fill(Window(0, 0, *shape))
    near = np.abs(rows + cols - 120) < 24
    np.testing.assert_array_equal(fill[~near], outside[~near])


# Georeference.


def test_images_on_maps_keep_their_grids(tmp_path: Path) -> None:
    write_tiff(tmp_path / "20200101.tif", grey())
    write_tiff(tmp_path / "20200102.tif", grey(1, (20, 30)), transform=TRANSFORM_UTM @ Affine.translation(3, 4))
    scenes, _, notices = read_dated_folder(tmp_path)
    assert notices == []
    assert scenes[0].grid.offset_of(scenes[1].grid) == (4, 3)


def test_a_georeferenced_png_is_on_its_map(tmp_path: Path) -> None:
    write_picture(tmp_path / "20200101.png", grey(), crs="EPSG:3031", transform=Affine(30, 0, 1000, 0, -30, 2000))
    (scene,), _, _ = read_dated_folder(tmp_path)
    assert scene.grid.crs is not None
    assert scene.grid.crs.to_epsg() == 3031
    assert [float(v) for v in scene.grid.xy(0, 0)] == [1015, 1985]


@pytest.mark.parametrize(("suffix", "world"), [("png", "pgw"), ("jpg", "jgw")])
def test_a_world_file_counts_with_the_coordinate_system_beside_it(tmp_path: Path, suffix: str, world: str) -> None:
    write_picture(tmp_path / f"20200101.{suffix}", grey())
    (tmp_path / f"20200101.{world}").write_text("30\n0\n0\n-30\n1015\n1985\n")
    (scene,), _, notices = read_dated_folder(tmp_path)
    assert not scene.grid.georeferenced
    assert scene.grid.transform == Affine.identity()
    one(notices, f"20200101.{suffix}", "positions are in pixels", ".prj")
    (tmp_path / "20200101.prj").write_text(CRS.from_epsg(32624).to_wkt())
    (scene,), _, notices = read_dated_folder(tmp_path)
    assert notices == []
    assert scene.grid.crs == CRS.from_epsg(32624)
    assert [float(v) for v in scene.grid.xy(0, 0)] == [1015, 1985]
    (tmp_path / "20200101.prj").write_text("somewhere in the north")
    with pytest.raises(SceneError, match=r"20200101\.prj holds no coordinate system"):
        read_dated_folder(tmp_path)


def test_images_of_another_size_are_left_out_one_by_one(tmp_path: Path) -> None:
    for day in (1, 2, 3):
        write_picture(tmp_path / f"2020010{day}.png", grey(day))
    write_picture(tmp_path / "20200104.png", grey(4, (20, 30)))
    write_picture(tmp_path / "20200105.png", grey(5, (21, 30)))
    scenes, _, notices = read_dated_folder(tmp_path)
    assert len(scenes) == 3
    assert [notice.scene for notice in notices] == ["20200104.png", "20200105.png"]
    assert "20 × 30 pixels" in notices[0].message
    assert "40 × 50" in notices[0].message


def test_an_image_without_a_map_among_maps_is_left_out(tmp_path: Path) -> None:
    write_tiff(tmp_path / "20200101.tif", grey())
    write_tiff(tmp_path / "20200102.tif", grey())
    write_tiff(tmp_path / "20200103.tif", grey(), crs=None, transform=None)
    scenes, _, notices = read_dated_folder(tmp_path)
    assert len(scenes) == 2
    one(notices, "20200103.tif", "no georeference")


# Landsat files side by side.


def test_products_side_by_side_are_read_as_products(tmp_path: Path) -> None:
    for product in (COLLECTION_2_L1, COLLECTION_1_L1):
        for path in write_product(tmp_path / "apart", product).iterdir():
            path.rename(tmp_path / path.name)
    scenes, _, notices = read_dated_folder(tmp_path)
    assert notices == []
    assert [scene.id for scene in scenes] == [COLLECTION_1_L1, COLLECTION_2_L1]
    assert all(scene.time_known and scene.mask is not None for scene in scenes)
    assert list(scenes[0].bands) == ["B1", "B2", "B6_VCID_1"]


# Laziness and progress.


def test_only_as_many_pictures_are_decoded_as_needed(tmp_path: Path) -> None:
    for day in range(1, 9):
        write_picture(tmp_path / f"2020010{day}.jpg", colour(day))
    picture._pictures.clear()
    scenes, _, _ = read_dated_folder(tmp_path)
    one_picture = 4 * SHAPE[0] * SHAPE[1]
    assert picture._pictures.nbytes == one_picture  # the first tells that they are in colour
    for band in scenes[3].bands.values():
        band.read(WHOLE)
        band.fill(WHOLE)
    assert picture._pictures.nbytes == 2 * one_picture


def test_progress_counts_up_and_may_cancel(tmp_path: Path) -> None:
    for day in (1, 2, 3, 4):
        write_picture(tmp_path / f"2020010{day}.png", grey())
    seen: list[tuple[float, str]] = []
    read_dated_folder(tmp_path, lambda fraction, text: seen.append((fraction, text)))
    assert [fraction for fraction, _ in seen] == [0, 0.25, 0.5, 0.75]
    assert "20200102.png" in seen[1][1]

    def cancel(fraction: float, text: str) -> None:
        raise Cancelled(text)

    with pytest.raises(Cancelled):
        read_dated_folder(tmp_path, cancel)


# Bad input.


@pytest.mark.parametrize(
    "name", ["20201399.jpg", "20200230.jpg", "2020-13-01.jpg", "glacier.jpg", "202001.jpg", "20200131123.jpg"]
)
def test_an_image_without_a_date_is_named(tmp_path: Path, name: str) -> None:
    write_picture(tmp_path / "20200101.jpg", colour())
    write_picture(tmp_path / name, colour())
    scenes, _, notices = read_dated_folder(tmp_path)
    assert len(scenes) == 1
    one(notices, name, "begin its name with the date")


def test_other_files_are_passed_over(tmp_path: Path) -> None:
    write_picture(tmp_path / "20200101.jpg", colour())
    for name in ("README.md", "ORIGINALS.sha256", "20200101.jpg.aux.xml", "Thumbs.db", ".20200102.jpg", "20200103.txt"):
        (tmp_path / name).write_text("")
    (tmp_path / "20200104.jpg").mkdir()
    scenes, _, notices = read_dated_folder(tmp_path)
    assert len(scenes) == 1
    assert notices == []


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif"])
def test_a_truncated_image_is_named(tmp_path: Path, suffix: str) -> None:
    for day in (1, 2):
        path = tmp_path / f"2020010{day}.{suffix}"
        (write_tiff if suffix == "tif" else write_picture)(path, colour())
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    scenes, _, notices = read_dated_folder(tmp_path)
    assert len(scenes) == 1
    one(notices, f"{path.name} is truncated", "download it again")


def test_a_picture_that_vanishes_later_is_named(tmp_path: Path) -> None:
    path = write_picture(tmp_path / "20200101.jpg", colour())
    (scene,), _, _ = read_dated_folder(tmp_path)
    path.unlink()
    for ask in (scene.bands["B1"].read, scene.bands["B1"].fill):
        with pytest.raises(SceneError, match=f"{path} is missing"):
            ask(WHOLE)


def test_complex_values_are_refused(tmp_path: Path) -> None:
    write_tiff(tmp_path / "20200101.tif", np.ones(SHAPE, np.complex64))
    write_tiff(tmp_path / "20200102.tif", grey())
    scenes, _, notices = read_dated_folder(tmp_path)
    assert len(scenes) == 1
    one(notices, "20200101.tif", "complex64")


def test_a_folder_without_a_dated_image(tmp_path: Path) -> None:
    assert not is_dated_folder(tmp_path)
    with pytest.raises(SceneError, match=f"{tmp_path} holds no dated image"):
        read_dated_folder(tmp_path)
    write_picture(tmp_path / "glacier.jpg", colour())
    assert not is_dated_folder(tmp_path)
    write_picture(tmp_path / "20201399.jpg", colour())
    assert is_dated_folder(tmp_path)
    with pytest.raises(SceneError, match=r"20201399\.jpg bears a date that does not exist"):
        read_dated_folder(tmp_path)


@pytest.mark.real
@pytest.mark.parametrize(
    ("folder", "count", "bands", "shape", "first", "last"),
    [
        ("perito_moreno", 23, 3, (1231, 992), date(2020, 1, 1), date(2020, 3, 28)),
        ("sverdrup", 70, 1, (300, 200), date(1985, 5, 29), date(2015, 8, 4)),
        ("kangerlussuaq", 23, 1, (300, 200), date(1985, 10, 3), date(2016, 8, 5)),
    ],
)
def test_real_folders(
    real_data: Path, folder: str, count: int, bands: int, shape: tuple[int, int], first: date, last: date
) -> None:
    scenes, area, notices = read_dated_folder(real_data / folder)
    assert notices == []
    assert len(scenes) == count
    assert {len(scene.bands) for scene in scenes} == {bands}
    assert {scene.grid.shape for scene in scenes} == {shape}
    assert (scenes[0].time.date(), scenes[-1].time.date()) == (first, last)
    assert (area is None) == (folder != "perito_moreno")
    if area is not None:
        # White covers all of the glacier and little of the black around it.
        assert area.mean() == pytest.approx(0.5675, abs=0.001)
        fill = scenes[0].bands["B1"].fill(Window(0, 0, *shape))
        assert (fill & area).sum() < 0.005 * area.sum()

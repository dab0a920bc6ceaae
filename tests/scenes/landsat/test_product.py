from __future__ import annotations

import math
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest
import rasterio

from napari_icenet.errors import SceneError
from napari_icenet.scenes.grid import Window
from napari_icenet.scenes.landsat.product import is_product, read_product
from napari_icenet.scenes.scene import Flag, Notice
from tests.scenes.products import (
    COLLECTION_1_L1,
    COLLECTION_2_L1,
    COLLECTION_2_L2,
    PRE_COLLECTION,
    PRODUCTS,
    SHAPE,
    band_file,
    mtl_groups,
    quality_file,
    stored_values,
    write_product,
    write_tiff,
)

WHOLE = Window(0, 0, *SHAPE)


def sentence(notices: list[Notice], *words: str) -> str:
    """The one notice that holds these words."""
    found = [notice.message for notice in notices if all(word in notice.message for word in words)]
    assert len(found) == 1, [notice.message for notice in notices]
    return found[0]


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_product_of_any_collection_opens_without_a_word(tmp_path: Path, product: str) -> None:
    folder = write_product(tmp_path, product)
    scene, notices = read_product(folder)
    assert is_product(folder)
    assert notices == []
    assert scene.id == product
    assert tuple(scene.bands) == PRODUCTS[product]
    assert scene.grid.shape == SHAPE
    assert scene.grid.crs is not None
    assert scene.grid.crs.to_epsg() == 32624
    assert scene.time_known
    for i, band in enumerate(scene.bands.values()):
        np.testing.assert_array_equal(band.read(WHOLE), stored_values(i))
        np.testing.assert_array_equal(band.fill(WHOLE), stored_values(i) == 0)
    assert scene.mask is not None
    np.testing.assert_array_equal(scene.mask.read(WHOLE), np.where(stored_values(0) == 0, Flag.FILL, 0))


@pytest.mark.parametrize("form", ["txt", "json"])
def test_time_and_provenance(tmp_path: Path, form: str) -> None:
    scene, _ = read_product(write_product(tmp_path, mtl=(form,)))
    assert scene.time == datetime(2015, 7, 10, 14, 34, 35, 978399)
    origin = scene.provenance
    assert (origin.sensor, origin.level, origin.collection, origin.tier) == ("LC08", "L1TP", "02", "T1")
    assert (origin.wrs_path, origin.wrs_row, origin.processed) == (5, 9, date(2020, 9, 8))
    assert origin.simulated is False
    assert origin.location == tmp_path / COLLECTION_2_L1


def test_pre_collection_provenance_comes_from_name_and_metadata(tmp_path: Path) -> None:
    scene, _ = read_product(write_product(tmp_path, PRE_COLLECTION))
    origin = scene.provenance
    assert (origin.sensor, origin.level, origin.collection) == ("LC08", "L1T", None)
    assert (origin.wrs_path, origin.wrs_row, origin.processed) == (54, 18, date(2017, 2, 11))


def test_top_of_atmosphere_reflectance_by_hand(tmp_path: Path) -> None:
    scene, _ = read_product(write_product(tmp_path, COLLECTION_1_L1))
    scaling = scene.scaling["B2"]
    dn = 12345
    # (2e-5 · 12345 − 0.1) / sin 30° = 0.1469 / 0.5
    assert (scaling.gain * dn + scaling.offset) / scaling.divisor == pytest.approx(0.2938, abs=1e-12)


def test_surface_reflectance_never_takes_the_values_of_level_1(tmp_path: Path) -> None:
    groups = mtl_groups(COLLECTION_2_L2, PRODUCTS[COLLECTION_2_L2])
    scene, notices = read_product(write_product(tmp_path, COLLECTION_2_L2))
    scaling = scene.scaling["B4"]
    assert (scaling.gain, scaling.offset, scaling.divisor) == (2.75e-5, -0.2, 1.0)
    assert notices == []
    del groups["LEVEL2_SURFACE_REFLECTANCE_PARAMETERS"]
    scene, notices = read_product(write_product(tmp_path / "without", COLLECTION_2_L2, groups=groups))
    assert scene.scaling == {}
    sentence(notices, "_MTL.txt", "REFLECTANCE_MULT_BAND_1", "LEVEL2_SURFACE_REFLECTANCE_PARAMETERS", "B1, B2, B4")


def test_thermal_bands_have_no_reflectance(tmp_path: Path) -> None:
    for product, thermal in ((COLLECTION_2_L1, "B10"), (COLLECTION_1_L1, "B6_VCID_1")):
        scene, _ = read_product(write_product(tmp_path, product))
        assert set(scene.scaling) == set(scene.bands) - {thermal}


def test_band_6_of_landsat_8_is_not_thermal(tmp_path: Path) -> None:
    groups = mtl_groups(COLLECTION_2_L1, ("B6",))
    groups["LEVEL1_RADIOMETRIC_RESCALING"] = {"REFLECTANCE_MULT_BAND_6": "2.0E-05", "REFLECTANCE_ADD_BAND_6": "-0.1"}
    scene, notices = read_product(write_product(tmp_path, bands=("B6",), groups=groups))
    assert set(scene.scaling) == {"B6"}
    assert notices == []


def test_surface_reflectance_ordered_in_collection_1(tmp_path: Path) -> None:
    product = "LC08_L1TP_005009_20150710_20170407_01_T1"
    folder = tmp_path / product
    folder.mkdir()
    values = stored_values(3).astype(np.int16)
    values[:5, :7] = -9999
    write_tiff(folder / f"{product}_sr_band3.tif", values, nodata=-9999)
    write_tiff(folder / f"{product}_pixel_qa.tif", np.full(SHAPE, 1 << 5 | 0b11 << 6, np.uint16))
    (folder / f"{product}_MTL.txt").write_text("GROUP = PRODUCT_METADATA\nDATE_ACQUIRED = 2015-07-10\n")
    scene, _ = read_product(folder)
    assert scene.scaling["B3"].gain * 5000 == pytest.approx(0.5)
    assert scene.scaling["B3"].offset == 0
    assert scene.bands["B3"].fill(WHOLE).sum() == 35
    assert scene.mask is not None
    assert (scene.mask.read(WHOLE) == Flag.CLOUD).all()


def test_band_8_is_a_scene_of_its_own(tmp_path: Path) -> None:
    folder = write_product(tmp_path, pan=True)
    scene, notices = read_product(folder)
    assert "B8" not in scene.bands
    fine, fine_notices = read_product(folder, pan=True)
    assert notices == fine_notices == []
    assert list(fine.bands) == ["B8"]
    assert fine.grid.shape == (2 * SHAPE[0], 2 * SHAPE[1])
    assert fine.grid.pixel_size == (15, 15)
    # Its origin lies half a pan pixel further; both grids must say where the same ground is.
    x, y = scene.grid.xy(10, 20)
    row, col = fine.grid.rowcol(x, y)
    assert (float(row), float(col)) == (20.0, 40.0)
    assert "B8" in fine.scaling


def test_mask_of_band_8_takes_the_flags_of_the_ground_below(tmp_path: Path) -> None:
    quality = np.full(SHAPE, 64, np.uint16)
    quality[10, 20] = 1 << 3
    folder = write_product(tmp_path, pan=True, quality=quality)
    fine, _ = read_product(folder, pan=True)
    assert fine.mask is not None
    flags = fine.mask.read(Window(0, 0, *fine.grid.shape))
    # Pixel (10, 20) of 30 m is centred on pan pixel (20, 40); centres of the pan pixels 15 m to
    # either side lie on its very edge, of which the left and upper belong to it.
    assert flags[20, 40] == Flag.CLOUD
    assert flags[18, 40] == flags[22, 40] == flags[20, 38] == flags[20, 42] == 0
    assert (flags == Flag.CLOUD).sum() == 4
    assert (flags[19:21, 39:41] == Flag.CLOUD).all()
    # A window reads as the same part of the whole.
    np.testing.assert_array_equal(fine.mask.read(Window(15, 33, 9, 11)), flags[15:24, 33:44])


def test_no_band_8_is_said(tmp_path: Path) -> None:
    folder = write_product(tmp_path)
    with pytest.raises(SceneError, match=rf"{folder.name} holds no band 8"):
        read_product(folder, pan=True)


def test_a_simulated_product_says_so(tmp_path: Path) -> None:
    groups = mtl_groups(COLLECTION_2_L1, ("B1",))
    groups["PRODUCT_CONTENTS"]["ORIGIN"] = '"simulated by napari-icenet 0.1"'
    scene, _ = read_product(write_product(tmp_path, bands=("B1",), groups=groups))
    assert scene.provenance.simulated is True


def test_lower_case_extensions_count(tmp_path: Path) -> None:
    folder = write_product(tmp_path)
    for path in folder.glob("*.TIF"):
        path.rename(path.with_suffix(".tif"))
    scene, _ = read_product(folder)
    assert tuple(scene.bands) == PRODUCTS[COLLECTION_2_L1]
    assert scene.mask is not None


def test_a_renamed_folder_keeps_its_id(tmp_path: Path) -> None:
    folder = write_product(tmp_path).rename(tmp_path / "my scene")
    assert is_product(folder)
    assert read_product(folder)[0].id == COLLECTION_2_L1


def test_what_is_no_product(tmp_path: Path) -> None:
    (tmp_path / "20200131.tif").touch()
    (tmp_path / "20200131_B1.TIF").touch()
    assert not is_product(tmp_path)
    assert not is_product(tmp_path / "20200131.tif")
    assert not is_product(tmp_path / "nowhere")


def test_files_of_two_products_are_no_single_product(tmp_path: Path) -> None:
    for product in (COLLECTION_2_L1, COLLECTION_1_L1):
        for path in write_product(tmp_path / "apart", product).iterdir():
            path.rename(tmp_path / path.name)
    assert not is_product(tmp_path)
    with pytest.raises(SceneError, match="2 Landsat products"):
        read_product(tmp_path)


# Bad input: one sentence each, which names the file.


def test_missing_bands_are_one_sentence(tmp_path: Path) -> None:
    folder = write_product(tmp_path)
    for band in ("B2", "B10"):
        (folder / band_file(COLLECTION_2_L1, band)).unlink()
    scene, notices = read_product(folder)
    assert list(scene.bands) == ["B1", "B4"]
    assert len(notices) == 1
    assert folder.name in sentence(notices, "lacks B2, B10", "metadata file lists")


def test_a_truncated_tiff_is_left_out(tmp_path: Path) -> None:
    folder = write_product(tmp_path)
    path = folder / band_file(COLLECTION_2_L1, "B2")
    path.write_bytes(path.read_bytes()[:-100])
    scene, notices = read_product(folder)
    assert list(scene.bands) == ["B1", "B4", "B10"]
    assert len(notices) == 1
    assert sentence(notices, "B2 is left out", path.name, "truncated", "download it again")


@pytest.mark.parametrize("content", [b"", b"<html>404 Not Found</html>"])
def test_a_file_that_is_no_tiff_is_left_out(tmp_path: Path, content: bytes) -> None:
    folder = write_product(tmp_path)
    path = folder / band_file(COLLECTION_2_L1, "B2")
    path.write_bytes(content)
    scene, notices = read_product(folder)
    assert "B2" not in scene.bands
    assert sentence(notices, "B2 is left out", path.name, "download it again")
    assert len(notices) == 1


def test_a_damaged_quality_band_costs_the_mask_only(tmp_path: Path) -> None:
    folder = write_product(tmp_path)
    path = folder / quality_file(COLLECTION_2_L1)
    path.write_bytes(path.read_bytes()[:-100])
    scene, notices = read_product(folder)
    assert scene.mask is None
    assert len(scene.bands) == 4
    assert sentence(notices, "cloud mask", path.name)


def test_a_band_on_another_grid_is_left_out(tmp_path: Path) -> None:
    folder = write_product(tmp_path)
    path = folder / band_file(COLLECTION_2_L1, "B4")
    write_tiff(path, stored_values(2, (20, 25)))
    scene, notices = read_product(folder)
    assert list(scene.bands) == ["B1", "B2", "B10"]
    assert sentence(notices, "B4 is left out", path.name, "another grid")
    assert len(notices) == 1


@pytest.mark.parametrize(
    ("group", "key", "value", "word"),
    [
        ("PROJECTION_ATTRIBUTES", "REFLECTIVE_LINES", "41", "41 × 50 pixels, not 40 × 50"),
        ("PROJECTION_ATTRIBUTES", "GRID_CELL_SIZE_REFLECTIVE", "60.00", "pixels of 60 m"),
        ("PROJECTION_ATTRIBUTES", "CORNER_UL_PROJECTION_X_PRODUCT", "365715.000", "corner"),
        ("PROJECTION_ATTRIBUTES", "UTM_ZONE", "23", "EPSG:32623, not EPSG:32624"),
    ],
)
def test_the_grid_of_the_files_counts(tmp_path: Path, group: str, key: str, value: str, word: str) -> None:
    groups = mtl_groups(COLLECTION_2_L1, PRODUCTS[COLLECTION_2_L1])
    groups[group][key] = value
    folder = write_product(tmp_path, groups=groups)
    scene, notices = read_product(folder)
    with rasterio.open(folder / band_file(COLLECTION_2_L1, "B1")) as dataset:
        assert scene.grid.transform == dataset.transform
        assert scene.grid.shape == dataset.shape
        assert scene.grid.crs == dataset.crs
    assert len(notices) == 1
    assert sentence(notices, "_MTL.txt disagrees with the TIFF files", word)


def test_a_tiff_without_crs_takes_that_of_the_metadata(tmp_path: Path) -> None:
    folder = write_product(tmp_path)
    for i, band in enumerate(PRODUCTS[COLLECTION_2_L1]):
        write_tiff(folder / band_file(COLLECTION_2_L1, band), stored_values(i), crs=None)
    scene, notices = read_product(folder)
    assert scene.grid.crs is not None
    assert scene.grid.crs.to_epsg() == 32624
    assert scene.mask is not None
    assert len(notices) == 1
    assert sentence(notices, folder.name, "no coordinate reference system", "EPSG:32624")


def test_a_tiff_without_any_georeference_is_in_pixels(tmp_path: Path) -> None:
    folder = write_product(tmp_path, bands=("B1",))
    (folder / quality_file(COLLECTION_2_L1)).unlink()
    write_tiff(folder / band_file(COLLECTION_2_L1, "B1"), stored_values(0), crs=None, transform=None)
    scene, notices = read_product(folder)
    assert not scene.grid.georeferenced
    assert sentence(notices, band_file(COLLECTION_2_L1, "B1"), "positions are in pixels")


def test_no_metadata_leaves_the_date_in_the_name(tmp_path: Path) -> None:
    scene, notices = read_product(write_product(tmp_path, mtl=()))
    assert scene.time == datetime(2015, 7, 10)
    assert not scene.time_known
    assert scene.scaling == {}
    assert len(notices) == 1
    assert sentence(notices, f"{COLLECTION_2_L1}_MTL.txt is missing")


def test_a_broken_text_file_gives_way_to_json(tmp_path: Path) -> None:
    folder = write_product(tmp_path, mtl=("txt", "json"))
    (folder / f"{COLLECTION_2_L1}_MTL.txt").write_text("")
    scene, notices = read_product(folder)
    assert scene.time_known
    assert notices == []


def test_metadata_without_a_date_falls_back_on_the_name(tmp_path: Path) -> None:
    groups = mtl_groups(COLLECTION_2_L1, PRODUCTS[COLLECTION_2_L1])
    del groups["IMAGE_ATTRIBUTES"]["DATE_ACQUIRED"]
    scene, notices = read_product(write_product(tmp_path, groups=groups))
    assert scene.time.date() == date(2015, 7, 10)
    assert sentence(notices, "_MTL.txt has no DATE_ACQUIRED in group IMAGE_ATTRIBUTES", "name is used")
    assert len(notices) == 1


def test_metadata_without_a_time_leaves_the_date(tmp_path: Path) -> None:
    groups = mtl_groups(COLLECTION_2_L1, PRODUCTS[COLLECTION_2_L1])
    del groups["IMAGE_ATTRIBUTES"]["SCENE_CENTER_TIME"]
    scene, notices = read_product(write_product(tmp_path, groups=groups))
    assert scene.time == datetime(2015, 7, 10)
    assert not scene.time_known
    assert sentence(notices, "has no SCENE_CENTER_TIME in group IMAGE_ATTRIBUTES")


def test_metadata_without_a_rescaling_costs_that_band_its_reflectance(tmp_path: Path) -> None:
    groups = mtl_groups(COLLECTION_2_L1, PRODUCTS[COLLECTION_2_L1])
    del groups["LEVEL1_RADIOMETRIC_RESCALING"]["REFLECTANCE_ADD_BAND_2"]
    scene, notices = read_product(write_product(tmp_path, groups=groups))
    assert set(scene.scaling) == {"B1", "B4"}
    assert len(notices) == 1
    assert sentence(notices, "_MTL.txt has no REFLECTANCE_ADD_BAND_2 in group LEVEL1_RADIOMETRIC_RESCALING", "B2")


def test_a_sun_below_the_horizon_gives_no_reflectance(tmp_path: Path) -> None:
    groups = mtl_groups(COLLECTION_2_L1, PRODUCTS[COLLECTION_2_L1])
    groups["IMAGE_ATTRIBUTES"]["SUN_ELEVATION"] = "-1.5"
    scene, notices = read_product(write_product(tmp_path, groups=groups))
    assert scene.scaling == {}
    assert sentence(notices, "sun elevation of -1.5°")


def test_the_sine_of_the_sun_divides(tmp_path: Path) -> None:
    groups = mtl_groups(COLLECTION_2_L1, PRODUCTS[COLLECTION_2_L1])
    groups["IMAGE_ATTRIBUTES"]["SUN_ELEVATION"] = "11.25"
    scene, _ = read_product(write_product(tmp_path, groups=groups))
    assert scene.scaling["B1"].divisor == pytest.approx(math.sin(11.25 * math.pi / 180))


def test_no_date_at_all_is_an_error(tmp_path: Path) -> None:
    folder = write_product(tmp_path, groups={"LANDSAT_METADATA_FILE": {}, "IMAGE_ATTRIBUTES": {"A": "1"}})
    for path in folder.iterdir():
        path.rename(folder / path.name.replace(COLLECTION_2_L1, "scene"))
    with pytest.raises(SceneError, match=rf"{folder} has no date of acquisition"):
        read_product(folder)


def test_a_product_without_bands_is_an_error(tmp_path: Path) -> None:
    folder = tmp_path / COLLECTION_2_L1
    folder.mkdir()
    assert is_product(folder)
    with pytest.raises(SceneError, match=rf"{folder} holds no band"):
        read_product(folder)


def test_a_product_whose_only_band_is_damaged_names_that_file(tmp_path: Path) -> None:
    folder = write_product(tmp_path, bands=("B1",))
    path = folder / band_file(COLLECTION_2_L1, "B1")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(SceneError, match=f"{path} is truncated"):
        read_product(folder)


@pytest.mark.real
def test_real_level_2_products(real_data: Path) -> None:
    greenland, antarctica = (read_product(f) for f in sorted((real_data / "landsat_products").iterdir()))
    for (scene, notices), epsg in ((greenland, 32624), (antarctica, 3031)):
        assert scene.grid.crs is not None
        assert scene.grid.crs.to_epsg() == epsg
        assert scene.grid.shape == (512, 512)
        assert list(scene.bands) == [f"B{i}" for i in range(1, 8)]
        assert scene.scaling["B4"].gain == 2.75e-5
        assert sentence(notices, "_MTL.txt disagrees with the TIFF files", "512")
        assert scene.mask is not None
        window = Window(100, 200, 64, 32)
        with rasterio.open(scene.provenance.location / f"{scene.id}_QA_PIXEL.TIF") as dataset:  # type: ignore[operator]
            stored = dataset.read(1)[100:164, 200:232]
        flags = scene.mask.read(window)
        np.testing.assert_array_equal(flags & Flag.FILL > 0, stored == 1)
        np.testing.assert_array_equal(flags & Flag.SNOW > 0, (stored >> 5 & 1 == 1) | (stored >> 12 & 3 == 3))
    assert greenland[0].time == datetime(2015, 7, 10, 14, 34, 35, 978399)
    assert greenland[0].provenance.level == "L2SP"
    assert sentence(greenland[1], "lacks B10")

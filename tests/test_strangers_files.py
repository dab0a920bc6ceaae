"""Files as strangers bring them: what ``icenet velocity`` and ``icenet track`` make of each kind, against the truth.

The texture moves 3 rows down and 2 columns to the left in 16 days, in pixels of 30 m. Kinds of georeference are in
``cli/test_georeference.py``, narrow ice in ``velocity/test_mixed_motion.py``.
"""

from __future__ import annotations

import struct
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
import rasterio
import xarray as xr
from affine import Affine
from numpy.typing import NDArray
from PIL import Image

from napari_icenet.matching.lost_reason import LostReason, reason_code
from napari_icenet.scenes.raster import band as band_module
from napari_icenet.scenes.raster.fill import assumed_missing
from tests.cli.shell import Icenet, Said
from tests.scenes.products import TRANSFORM_UTM, write_tiff

pytestmark = pytest.mark.slow

SIDE = 200
STEP = (3, -2)
DAYS = ("20200101", "20200117", "20200202")
PAIR = ("--first", "2020-01-01", "--second", "2020-01-17", "--chip", 32, "--spacing", 16, "--radius", 8)
#: Metres on the ground in a year, the projection's scale (.9998) divided out.
METRES = 30 * 365.25 / 16 / 0.9998
VX, VY = STEP[1] * METRES, -STEP[0] * METRES
#: A tenth of a pixel.
NEAR = 0.1 * METRES
FILL = reason_code(LostReason.FILL)


def texture(seed: int = 0, side: int = SIDE) -> NDArray[np.float64]:
    """Band-limited noise about 8000 ± 2000."""
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side)))
    noise = np.fft.fft2(np.random.default_rng(seed).normal(size=(side, side)))
    smooth = np.fft.ifft2(noise * np.exp(-((frequency / 0.1) ** 2))).real
    return np.asarray(8000 + 2000 * smooth / smooth.std())


def moved(t: int, seed: int = 0, step: tuple[int, int] = STEP) -> NDArray[np.uint16]:
    """The texture on date ``t``, free of zeros."""
    values = np.roll(texture(seed), (step[0] * t, step[1] * t), (0, 1))
    return np.clip(np.round(values), 1, 65535).astype(np.uint16)


def bytes_of(picture: NDArray[np.uint16]) -> NDArray[np.uint8]:
    return np.clip(picture / 64, 1, 255).astype(np.uint8)


def series(folder: Path, make: Callable[[int], NDArray[np.generic]], **profile: object) -> Path:
    """A file a date of what ``make`` gives."""
    folder.mkdir(parents=True, exist_ok=True)
    for t, day in enumerate(DAYS):
        write_tiff(folder / f"{day}.tif", make(t), **profile)
    return folder


class Mapped:
    """A map that was written, and what was said."""

    def __init__(self, said: Said, path: Path) -> None:
        self.said = said
        with xr.open_dataset(path) as dataset:
            self.data = dataset.load()
        self.valid = self.data["valid"].values == 1

    def off(self) -> NDArray[np.float64]:
        """How far the valid vectors are off, m/yr."""
        error = np.hypot(self.data["vx"].values - VX, self.data["vy"].values - VY)
        return np.asarray(error[self.valid], np.float64)

    def inner(self) -> NDArray[np.bool_]:
        """Cells whose chips and search windows lie in the frame."""
        places = np.arange(self.valid.shape[0]) * 16 + 8
        inside = (places >= 24) & (places <= SIDE - 24)
        return np.asarray(inside[:, None] & inside)


Velocity = Callable[..., Mapped]


@pytest.fixture
def velocity(icenet: Icenet, tmp_path: Path) -> Velocity:
    """``icenet velocity`` of a folder, with any further words."""

    def run(folder: Path, *words: object) -> Mapped:
        out = tmp_path / "v.nc"
        return Mapped(icenet("velocity", folder, *(words or PAIR), "-o", out), out)

    return run


def right(mapped: Mapped, share: float = 0.95, within: float = NEAR) -> None:
    """Nearly all inner cells are valid, and all that are valid are right."""
    assert mapped.valid[mapped.inner()].mean() >= share
    assert mapped.off().max() < within


def test_a_plain_series(velocity: Velocity, tmp_path: Path) -> None:
    mapped = velocity(series(tmp_path / "s", moved))
    assert mapped.said.warnings() == []
    right(mapped)


@pytest.mark.parametrize("band", ["B04", "B08", "8"])
def test_a_file_a_band_pairs_within_the_band(velocity: Velocity, tmp_path: Path, band: str) -> None:
    for t, day in enumerate(DAYS):
        write_tiff(tmp_path / f"{day}_B04.tif", moved(t))
        write_tiff(tmp_path / f"{day}_B08.tif", moved(t, 5, (-3, 2)))
    mapped = velocity(tmp_path, *PAIR, "--band", band)
    sign = 1 if band == "B04" else -1
    assert np.median(mapped.data["vx"].values[mapped.valid]) == pytest.approx(sign * VX, abs=NEAR)
    assert np.median(mapped.data["vy"].values[mapped.valid]) == pytest.approx(sign * VY, abs=NEAR)
    assert mapped.valid[mapped.inner()].mean() > 0.95


def test_a_mask_of_classes_is_no_scene(velocity: Velocity, icenet: Icenet, tmp_path: Path) -> None:
    for t, day in enumerate(DAYS):
        stem = f"{day}_142731_103c_3B"
        write_tiff(tmp_path / f"{stem}_AnalyticMS_SR_clip.tif", np.stack([moved(t, seed) for seed in range(4)]))
        usable = (np.random.default_rng(t).random((8, SIDE, SIDE)) < 0.5).astype(np.uint8)
        usable[7] = 0
        write_tiff(tmp_path / f"{stem}_udm2_clip.tif", usable)
    assert icenet("info", tmp_path, "--json").dates == ["2020-01-01", "2020-01-17", "2020-02-02"]
    right(velocity(tmp_path))


def test_a_fourth_band_tagged_as_alpha_is_a_band(velocity: Velocity, tmp_path: Path) -> None:
    def four(t: int) -> NDArray[np.uint8]:
        bands = np.stack([bytes_of(moved(t, seed)) for seed in (1, 2, 3, 0)])
        bands[3][np.random.default_rng(9).random((SIDE, SIDE)) < 0.02] = 0
        return bands

    folder = series(tmp_path / "s", four)
    mapped = velocity(folder, *PAIR, "--band", 4)
    assert "tagged as alpha" in mapped.said.warning()
    # The zeros are measured, and stand still.
    right(mapped, 0.9, 0.5 * METRES)


@pytest.mark.parametrize("declared", [True, False])
def test_a_hole_of_zeros_is_fill(velocity: Velocity, tmp_path: Path, declared: bool) -> None:
    def holed(t: int) -> NDArray[np.uint16]:
        picture = moved(t)
        picture[60:140, 60:140] = 0
        return picture

    mapped = velocity(series(tmp_path / "s", holed, **({"nodata": 0} if declared else {})))
    assert len(mapped.said.warnings()) == (0 if declared else 1)
    if not declared:
        assert "connected zeros and the like are taken for missing, 16" in mapped.said.warning()
    assert mapped.off().max() < 0.5 * METRES
    inside = (slice(4, 8), slice(4, 8))
    assert not mapped.valid[inside].any()
    assert (mapped.data["reason"].values[inside] == FILL).all()


def clipped(t: int, value: float, dtype: str) -> NDArray[np.generic]:
    """The picture inside a wavy outline that stays in place, ``value`` beyond it."""
    row, col = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    outside = np.hypot(row, col) > 75 + 8 * np.sin(7 * np.arctan2(row, col))
    picture = moved(t) if dtype == "uint16" else bytes_of(moved(t)) if dtype == "uint8" else moved(t) / 2
    return np.where(outside, value, picture).astype(dtype)


@pytest.mark.parametrize(
    ("value", "dtype"),
    [(0, "float32"), (-9999, "float32"), (-9999, "int16"), (255, "uint8"), (65535, "uint16"), (0, "uint16")],
)
def test_a_picture_cut_along_an_outline_has_no_still_ground_beyond(
    velocity: Velocity, tmp_path: Path, value: float, dtype: str
) -> None:
    mapped = velocity(series(tmp_path / "s", lambda t: clipped(t, value, dtype)))
    assert "and the like are taken for missing, 5" in mapped.said.warning()
    assert mapped.off().max() < 0.5 * METRES
    assert mapped.valid.sum() > 25


def test_nodata_and_mask_of_one_file_both_count(velocity: Velocity, tmp_path: Path) -> None:
    folder = series(tmp_path / "s", lambda t: clipped(t, 0, "uint16"), nodata=0)
    for day in DAYS:
        with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(folder / f"{day}.tif", "r+") as dataset:
            known = np.full((SIDE, SIDE), 255, np.uint8)
            known[:20, :20] = 0
            dataset.write_mask(known)
    mapped = velocity(folder)
    assert mapped.said.warnings() == []
    assert mapped.off().max() < 0.5 * METRES


def displaced(path: Path) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Valid cells of a map without metres, and how far their vectors are off, px."""
    with xr.open_dataset(path) as dataset:
        valid = dataset["valid"].values == 1
        off = np.hypot(dataset["drow"].values - STEP[0], dataset["dcol"].values - STEP[1])[valid]
    return valid, off


def test_a_value_that_a_png_calls_transparent_is_missing(icenet: Icenet, tmp_path: Path) -> None:
    for t, day in enumerate(DAYS):
        picture = clipped(t, 200, "uint8")
        Image.fromarray(picture).save(tmp_path / f"{day}.png", transparency=200)
    said = icenet("velocity", tmp_path, *PAIR, "-o", tmp_path / "v.nc")
    assert said.code == 0
    valid, off = displaced(tmp_path / "v.nc")
    assert valid.sum() > 25
    assert off.max() < 0.5


def test_a_hole_of_zeros_in_a_png_is_fill_and_told(icenet: Icenet, tmp_path: Path) -> None:
    for t, day in enumerate(DAYS):
        picture = bytes_of(moved(t))
        picture[80:92, 60:90] = picture[130:141, 100:130] = 0
        Image.fromarray(picture).save(tmp_path / f"{day}.png")
    said = icenet("velocity", tmp_path, *PAIR, "-o", tmp_path / "v.nc")
    assert "connected zeros and the like are taken for missing, 2 %" in said.warning()
    valid, off = displaced(tmp_path / "v.nc")
    assert valid.sum() > 60
    assert off.max() < 0.5


def test_descriptions_name_bands(velocity: Velocity, tmp_path: Path) -> None:
    for t, day in enumerate(DAYS):
        bands = {"B2": moved(t, 1), "B4": moved(t), "B8": moved(t, 5, (-3, 2))}
        # An export may order its bands differently each time.
        order = list(bands) if t != 1 else list(bands)[::-1]
        path = write_tiff(tmp_path / f"{day}.tif", np.stack([bands[name] for name in order]))
        with rasterio.open(path, "r+") as dataset:
            dataset.descriptions = order
    right(velocity(tmp_path, *PAIR, "--band", "B4"))


def gaps_of_landsat_7(t: int, side: int = SIDE) -> NDArray[np.bool_]:
    """A period of 33 rows, 2 px wide in the middle and 14 at the sides, shifted by 5 rows a date."""
    row, col = np.mgrid[:side, :side]
    return np.asarray(((row + 5 * t + col // 7) % 33) < 2 + 12 * np.abs(col - side / 2) / (side / 2))


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "plain"])
def test_gaps_of_landsat_7_move_nothing(velocity: Velocity, tmp_path: Path, declared: bool) -> None:
    def striped(t: int) -> NDArray[np.uint8]:
        picture = bytes_of(moved(t))
        picture[gaps_of_landsat_7(t)] = 0
        return picture

    mapped = velocity(series(tmp_path / "s", striped, **({"nodata": 0} if declared else {})))
    assert mapped.off().max() < 0.5 * METRES
    assert mapped.valid[mapped.inner()].mean() > 0.7
    assert np.isfinite(mapped.data["v_error"].values[mapped.valid]).all()
    bias = np.median((mapped.data["vy"].values - VY)[mapped.valid]) / METRES
    assert abs(bias) < 0.05


@pytest.mark.parametrize("value", [-np.inf, np.nan, np.finfo(np.float32).min])
def test_five_pixels_without_a_number_cost_no_more_than_themselves(
    velocity: Velocity, tmp_path: Path, value: float
) -> None:
    def decibel(t: int) -> NDArray[np.float32]:
        picture = (10 * np.log10(moved(t).astype(np.float32) / 1000)).astype(np.float32)
        at = np.random.default_rng(t).integers(40, SIDE - 40, (5, 2))
        picture[at[:, 0], at[:, 1]] = value
        return picture

    right(velocity(series(tmp_path / "s", decibel)), 0.9, 0.2 * METRES)


def test_neighbouring_tiles_are_one_picture(velocity: Velocity, tmp_path: Path) -> None:
    for t, day in enumerate(DAYS):
        write_tiff(tmp_path / f"{day}_T19GCP.tif", moved(t)[:, :110])
        write_tiff(
            tmp_path / f"{day}_T19GDP.tif", moved(t)[:, 90:], transform=TRANSFORM_UTM @ Affine.translation(90, 0)
        )
    mapped = velocity(tmp_path)
    assert mapped.said.warnings() == []
    right(mapped)


@pytest.mark.parametrize(
    "names",
    [
        ("20200101_0600", "20200102_1800"),
        ("20200101T0600", "20200102T1800"),
        ("2020-01-01_06-00", "2020-01-02_18-00"),
        ("20200101T060000.581Z", "20200102T180000.581Z"),
    ],
)
def test_hours_count(velocity: Velocity, tmp_path: Path, names: tuple[str, str]) -> None:
    for t, name in enumerate(names):
        write_tiff(tmp_path / f"{name}.tif", moved(t))
    mapped = velocity(tmp_path, "--chip", 32, "--radius", 8)
    # A day and a half instead of 16 days.
    assert np.median(mapped.data["v"].values[mapped.valid]) == pytest.approx(np.hypot(VX, VY) * 16 / 1.5, rel=0.01)


def test_a_date_without_a_time_among_others_is_told(velocity: Velocity, tmp_path: Path) -> None:
    write_tiff(tmp_path / "20200101T060000.tif", moved(0))
    write_tiff(tmp_path / "20200102.tif", moved(1))
    said = velocity(tmp_path, "--chip", 32, "--radius", 8).said.warnings()
    assert sum("20200102.tif bears a date without a time" in line for line in said) == 1


@pytest.mark.parametrize(
    "pattern",
    [
        "T19GCP_{0}T142731_B04.tif",
        "S2A_T46QHH_{0}T042103_L2A_B08.tif",
        "{1}_{2}_{3}.tif",
        "{1}.{2}.{3}.tif",
        "2020{4}.tif",
        "LC08_008011_{0}.tif",
        "{0}/B04.tif",
        "S1A_IW_GRDH_1SDV_{0}T095500_{0}T095525_030612_0381F0_1234.tif",
        "{1}-{2}-{3}-00_00_{1}-{2}-{3}-23_59_Sentinel-2_L2A_B04_(Raw).tiff",
    ],
)
def test_names_whose_date_is_beyond_doubt(icenet: Icenet, tmp_path: Path, pattern: str) -> None:
    for t, (day, of_year) in enumerate(zip(DAYS, ("001", "017", "033"), strict=True)):
        path = tmp_path / pattern.format(day, day[:4], day[4:6], day[6:], of_year)
        path.parent.mkdir(exist_ok=True)
        write_tiff(path, moved(t))
    said = icenet("track", tmp_path, "--at", "100,100", "--chip", 64, "--scale", 1.5)
    assert said.warnings() == []
    assert said.table["v"].iloc[1:].to_numpy() == pytest.approx(np.hypot(VX, VY), abs=NEAR)


@pytest.mark.parametrize("name", ["01-01-2020", "31012020"])
def test_a_day_before_the_year_is_refused_with_the_way_out(icenet: Icenet, tmp_path: Path, name: str) -> None:
    write_tiff(tmp_path / f"{name}.tif", moved(0))
    write_tiff(tmp_path / f"{name.replace('01', '02', 1)}.tif", moved(1))
    assert "20200131" in icenet("info", tmp_path).error()


def test_pages_of_a_tiff_are_bands(velocity: Velocity, tmp_path: Path) -> None:
    for t, day in enumerate(DAYS):
        write_pages(tmp_path / f"{day}.tif", [moved(t, seed) for seed in (1, 0)])
    mapped = velocity(tmp_path, *PAIR, "--band", 2)
    assert mapped.data["v"].attrs["units"] == "px/day"
    assert np.median(mapped.data["drow"].values[mapped.valid]) == pytest.approx(3, abs=0.05)
    assert np.median(mapped.data["dcol"].values[mapped.valid]) == pytest.approx(-2, abs=0.05)


def write_pages(path: Path, pages: list[NDArray[np.uint16]]) -> None:
    """A TIFF of several pages, a strip each, by hand: GDAL writes none such."""
    out, link = bytearray(b"II*\0\0\0\0\0"), 4
    for page in pages:
        data, at = page.astype("<u2").tobytes(), len(out)
        out += data
        height, width = page.shape
        tags = [
            (256, 3, width), (257, 3, height), (258, 3, 16), (259, 3, 1), (262, 3, 1), (273, 4, at), (277, 3, 1),
            (278, 3, height), (279, 4, len(data)), (339, 3, 1),
        ]  # fmt: skip
        out[link : link + 4] = struct.pack("<I", len(out))
        out += struct.pack("<H", len(tags))
        for tag, kind, value in tags:
            out += (
                struct.pack("<HHII", tag, kind, 1, value)
                if kind == 4
                else struct.pack("<HHIHH", tag, kind, 1, value, 0)
            )
        link = len(out)
        out += struct.pack("<I", 0)
    path.write_bytes(bytes(out))


@pytest.mark.parametrize("turned", [(0, 1, 2), (1,)])
def test_south_up_is_turned_exactly(velocity: Velocity, tmp_path: Path, turned: tuple[int, ...]) -> None:
    south = Affine(30, 0, TRANSFORM_UTM.c, 0, 30, TRANSFORM_UTM.f - SIDE * 30)
    for t, day in enumerate(DAYS):
        if t in turned:
            write_tiff(tmp_path / f"{day}.tif", moved(t)[::-1], transform=south)
        else:
            write_tiff(tmp_path / f"{day}.tif", moved(t))
    mapped = velocity(tmp_path)
    assert not any("reproject" in said for said in mapped.said.warnings())
    right(mapped)
    assert float(mapped.data["y"][0]) > float(mapped.data["y"][-1])


@pytest.mark.parametrize(
    ("orientation", "stored"), [(3, lambda p: p[::-1, ::-1]), (6, lambda p: np.rot90(p, 1))], ids=["turned", "side"]
)
def test_a_picture_stored_otherwise_than_it_is_looked_at_is_turned(
    icenet: Icenet, tmp_path: Path, orientation: int, stored: Callable[[NDArray[np.uint8]], NDArray[np.uint8]]
) -> None:
    for t, day in enumerate(DAYS):
        picture, exif = bytes_of(moved(t))[:150], Image.Exif()
        if t == 1:
            picture, exif[0x0112] = np.ascontiguousarray(stored(picture)), orientation
        Image.fromarray(picture).save(tmp_path / f"{day}.jpg", quality=95, exif=exif)
    said = icenet("track", tmp_path, "--at", "75,100", "--chip", 48, "--scale", 1.5)
    assert said.warnings() == []
    assert said.table[["drow", "dcol"]].iloc[1:].to_numpy() == pytest.approx(np.array([STEP] * 2), abs=0.1)


def product(folder: Path, name: str, bands: tuple[str, ...], picture: NDArray[np.generic], **profile: object) -> Path:
    (folder / name).mkdir(parents=True)
    for band in bands:
        write_tiff(folder / name / f"{name}_{band}.TIF", picture, **profile)
    return folder / name


def test_landsat_1_without_metadata(velocity: Velocity, tmp_path: Path) -> None:
    for t, day in enumerate(("19730805", "19730823")):
        name = f"LM01_L1TP_008011_{day}_20200909_02_T2"
        product(tmp_path, name, ("B4", "B5", "B6", "B7"), bytes_of(moved(t)))
    mapped = velocity(tmp_path, "--chip", 32, "--radius", 8, "--band", "B5")
    # 18 days apart.
    assert np.median(mapped.data["vy"].values[mapped.valid]) == pytest.approx(VY * 16 / 18, abs=NEAR)


def test_an_archive_and_a_dangling_link_are_named(velocity: Velocity, tmp_path: Path) -> None:
    folder = tmp_path / "s"
    for t, day in enumerate(DAYS[:2]):
        product(folder, f"LC08_L1TP_008011_{day}_20200826_02_T1", ("B2", "B3"), moved(t))
    name = f"LC08_L1TP_008011_{DAYS[2]}_20200826_02_T1"
    with tarfile.open(folder / f"{name}.tar", "w") as tar:
        for band in sorted(product(tmp_path / "extracted", name, ("B2", "B3"), moved(2)).iterdir()):
            tar.add(band, band.name)
    (folder / "LC08_L1TP_008011_20200218_20200826_02_T1").symlink_to(tmp_path / "gone")
    mapped = velocity(folder, *PAIR, "--band", "B2")
    said = [line for line in mapped.said.warnings() if "MTL.txt is missing" not in line]
    assert len(said) == 2
    assert any(f"{name}.tar is left out" in line and "extract it" in line for line in said)
    assert any("20200218" in line and "leads nowhere" in line for line in said)
    right(mapped)


@pytest.mark.parametrize(("header", "row"), [("row,col", "150,25,180,75"), ("row;col", "150,25;180,75")])
def test_decimal_commas_never_land_elsewhere(icenet: Icenet, tmp_path: Path, header: str, row: str) -> None:
    folder = series(tmp_path / "s", moved)
    (tmp_path / "points.csv").write_text(f"{header}\n{row}\n")
    said = icenet("track", folder, "--points", tmp_path / "points.csv", "--chip", 32, "--scale", 1.5)
    assert "points.csv" in said.error()


def test_zarr_of_another_program_says_the_way_out(icenet: Icenet, tmp_path: Path) -> None:
    store = tmp_path / "cube.zarr"
    xr.Dataset({"pictures": (("time", "y", "x"), np.stack([moved(t) for t in range(3)]))}).to_zarr(store)
    assert "SceneStack.from_xarray" in icenet("info", store).error()


def test_metadata_in_xml_alone(icenet: Icenet, tmp_path: Path) -> None:
    for t, day in enumerate(DAYS[:2]):
        name = f"LC09_L2SP_005009_{day}_20220908_02_T1"
        folder = product(tmp_path, name, ("SR_B2", "SR_B3"), moved(t))
        (folder / f"{name}_MTL.xml").write_text(
            f"<LANDSAT_METADATA_FILE><PRODUCT_CONTENTS><LANDSAT_PRODUCT_ID>{name}</LANDSAT_PRODUCT_ID>"
            "</PRODUCT_CONTENTS><IMAGE_ATTRIBUTES>"
            f"<DATE_ACQUIRED>{day[:4]}-{day[4:6]}-{day[6:]}</DATE_ACQUIRED>"
            "<SCENE_CENTER_TIME>14:27:31.1234567Z</SCENE_CENTER_TIME></IMAGE_ATTRIBUTES></LANDSAT_METADATA_FILE>"
        )
    said = icenet("info", tmp_path, "--json")
    assert said.dates == ["2020-01-01", "2020-01-17"]
    assert all("MTL.xml" in line and "SUN_ELEVATION" in line for line in said.warnings())


def test_a_file_without_a_value_for_missing_pixels_is_read_once(
    velocity: Velocity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a file takes for missing is asked of the whole file once, not with every window."""
    looked: list[int] = []

    def counted(bands: Iterable[NDArray[np.integer]]) -> NDArray[np.bool_]:
        looked.append(1)
        return assumed_missing(bands)

    monkeypatch.setattr(band_module, "assumed_missing", counted)
    right(velocity(series(tmp_path / "s", moved, tiled=True, blockxsize=64, blockysize=64)))
    assert len(looked) == 2

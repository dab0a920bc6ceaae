"""Bad input, item by item, as a user meets it: one sentence that names the file, and nothing else lost."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from rasterio.warp import transform_bounds

from napari_icenet.cli import main
from napari_icenet.errors import IceNetError
from napari_icenet.scenes import open_stack
from napari_icenet.scenes.landsat import read_product
from napari_icenet.tracking.export import csv_text
from tests.scenes.products import (
    COLLECTION_1_L1,
    COLLECTION_2_L1,
    CRS_UTM,
    SHAPE,
    TRANSFORM_UTM,
    band_file,
    mtl_groups,
    mtl_text,
    write_product,
    write_tiff,
)

ICENET = Path(sys.executable).with_name("icenet")
DAYS = ("20150710", "20150726", "20150811")
PRODUCTS = [f"LC08_L1TP_005009_{day}_20200908_02_T1" for day in DAYS]
SECOND = PRODUCTS[1]
BANDS = ("B1", "B2", "B4")
#: Fits in the small pictures of these tests.
CHIP = ("--chip", 32, "--scale", 1.5)
AT = (*CHIP, "--at", "48,48")


@dataclass(frozen=True)
class Said:
    """What a command gave back."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """Standard error without the lines of progress."""
        return [line for line in self.err.splitlines() if " % " not in line[:6]]

    def error(self, code: int = 1) -> str:
        """The one error line, where nothing else was said but warnings."""
        assert self.code == code, (self.code, self.err)
        assert self.out == ""
        errors = [line for line in self.lines if line.startswith("error: ")]
        assert len(errors) == 1, self.err
        assert all(line.startswith(("error: ", "warning: ")) for line in self.lines), self.err
        assert errors[0].endswith(".")
        return errors[0]

    def warnings(self) -> list[str]:
        """The warnings of a command that did its work."""
        assert self.code == 0, self.err
        assert all(line.startswith("warning: ") for line in self.lines), self.err
        return self.lines

    def warning(self) -> str:
        """The one warning of a command that did its work."""
        assert len(self.warnings()) == 1, self.err
        return self.warnings()[0]

    @property
    def table(self) -> pd.DataFrame:
        """The tracks printed."""
        return pd.read_csv(io.StringIO(self.out))

    @property
    def dates(self) -> list[str]:
        """The dates of ``info --json``."""
        return [scene["date"] for scene in json.loads(self.out)["scenes"]]


Icenet = Callable[..., Said]


@pytest.fixture
def icenet(capsys: pytest.CaptureFixture[str]) -> Icenet:
    """The command, run in this process."""

    def run(*words: object) -> Said:
        code = 0
        try:
            main([str(word) for word in words])
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1 if end.code else 0
        return Said(code, *capsys.readouterr())

    return run


@pytest.fixture
def products(tmp_path: Path) -> Path:
    """Three products of one place."""
    for product in PRODUCTS:
        write_product(tmp_path / "ice", product, bands=BANDS)
    return tmp_path / "ice"


def texture(side: int = 96) -> NDArray[np.float64]:
    """Band-limited noise, which a chip can be found in."""
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side)))
    noise = np.fft.fft2(np.random.default_rng(0).normal(size=(side, side)))
    smooth = np.fft.ifft2(noise * np.exp(-((frequency / 0.1) ** 2))).real
    return np.asarray(8000 + 2000 * smooth / smooth.std(), np.float64)


def write_dated(
    folder: Path,
    place: Callable[[int], Affine | None] = lambda i: TRANSFORM_UTM,
    crs: Callable[[int], str | None] = lambda i: CRS_UTM,
    change: Callable[[NDArray[np.float64]], NDArray[np.float64]] = lambda values: values,
    dtype: str = "uint16",
) -> Path:
    """Three dated images whose texture moves one column a date."""
    folder.mkdir()
    for i, day in enumerate(("20200101", "20200117", "20200202")):
        values = change(np.roll(texture(), i, axis=1)).astype(dtype)
        write_tiff(folder / f"{day}.tif", values, transform=place(i), crs=crs(i))
    return folder


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three good images."""
    return write_dated(tmp_path_factory.mktemp("good") / "plain")


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
    assert said.warning() == f"warning: B2 is left out: {SECOND}_B2.TIF is truncated; download it again."
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
    folder = write_dated(tmp_path / "far", place=lambda i: TRANSFORM_UTM * Affine.translation(1000 * i, 0))
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
    whole = write_dated(tmp_path / "whole", place=lambda i: TRANSFORM_UTM * Affine.translation(2 * i, i))
    done = icenet("info", whole, "--json")
    assert done.warnings() == []
    assert json.loads(done.out)["shape"] == [3, 1, 94, 92]
    union = icenet("info", whole, "--json", "--extent", "union")
    assert json.loads(union.out)["shape"] == [3, 1, 98, 100]
    half = write_dated(tmp_path / "half", place=lambda i: TRANSFORM_UTM * Affine.translation((i == 1) / 2, 0))
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


# Chips.


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--at", "3,3"), 1, "crosses the edge"),
        (("--at", "500,3"), 1, "outside the frame"),
        (("--at", "nan,3"), 2, "--at nan,3 is not a position"),
        (("--at", "48"), 2, "--at 48 is not a position"),
        (("--at", "48,48", "--chip", 64, "--scale", 3), 2, "does not fit in a frame of 96 × 96 px"),
        (("--at", "48,48", "--chip", -3), 2, "chip -3 cannot be used"),
        (("--at", "48,48", "--band", "B9"), 2, "no band B9; it has B1"),
        (("--at", "48,48", "--date", "yesterday"), 2, "no scene of yesterday"),
    ],
)
def test_a_chip_that_cannot_be_placed(
    icenet: Icenet, plain: Path, words: tuple[object, ...], code: int, told: str
) -> None:
    assert told in icenet("track", plain, *CHIP, *words).error(code)


@pytest.mark.parametrize(("value", "dtype", "told"), [(5000, "uint16", "flat"), (np.nan, "float32", "measurement")])
def test_flat_and_missing_chips(icenet: Icenet, tmp_path: Path, value: float, dtype: str, told: str) -> None:
    def emptied(values: NDArray[np.float64]) -> NDArray[np.float64]:
        values[20:80, 20:80] = value
        return values

    folder = write_dated(tmp_path / "odd", change=emptied, dtype=dtype)
    assert told in icenet("track", folder, *AT).error()


def test_one_chip_of_several_that_cannot_be_placed_costs_no_other(icenet: Icenet, plain: Path, tmp_path: Path) -> None:
    points = tmp_path / "points.csv"
    points.write_text("row,col\n48,48\n900,900\n")
    done = icenet("track", plain, *AT, "--points", points)
    assert done.warning().startswith("warning: track 3 is left out: points.csv, point 2: row 900, column 900")
    assert sorted(done.table["track"].unique()) == [1, 2]
    message = icenet("track", plain, *CHIP, "--at", "2,2", "--at", "3,3")
    assert message.error() == "error: No chip can be followed; choose other positions."
    assert len(message.lines) == 3


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.csv", "r,c\n1,2\n", "has no columns row, col or x, y or lon, lat"),
        ("b.csv", "row,col\n", "has no columns"),
        ("c.csv", "", "is empty"),
        ("d.csv", "row,col\n48,\n", "empty value"),
        ("e.csv", "row,col\n48,ice\n", "no number"),
        ("f.csv", "row,col\n480,480\n", "f.csv, point 1: row 480"),
        ("g.csv", "lon,lat\n-43,95\n", "does not reach"),
        ("h.geojson", '{"type": "FeatureCollection", "features": []}', "has no points"),
        ("i.geojson", "{", "cannot be read"),
        ("j.geojson", "[1, 2]", "no GeoJSON collection"),
        ("k.txt", "row,col\n48,48\n", "neither .csv nor .geojson"),
    ],
)
def test_points_that_cannot_be_used(
    icenet: Icenet, plain: Path, tmp_path: Path, name: str, text: str, told: str
) -> None:
    (tmp_path / name).write_text(text)
    message = icenet("track", plain, *CHIP, "--points", tmp_path / name).error()
    assert name in message
    assert told in message


@pytest.mark.parametrize("pair", ["row,col", "x,y", "lon,lat", "geojson"])
def test_points_in_pixels_map_units_and_degrees_are_the_same_place(
    icenet: Icenet, plain: Path, tmp_path: Path, pair: str
) -> None:
    grid = open_stack(plain).grid
    x, y = (float(v) for v in grid.xy(48, 48))
    lon, lat = (float(v) for v in grid.lonlat(48, 48))
    points = tmp_path / ("points.geojson" if pair == "geojson" else "points.csv")
    if pair == "geojson":
        feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [lon, lat]}}
        points.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    else:
        place = {"row,col": (48, 48), "x,y": (x, y), "lon,lat": (lon, lat)}[pair]
        points.write_text(f"{pair}\n{place[0]!r},{place[1]!r}\n")
    table = icenet("track", plain, *CHIP, "--points", points).table
    assert (table["row"][0], table["col"][0]) == (48, 48)
    np.testing.assert_allclose(table["dcol"][1:], 1, atol=0.02)


# What is written.


@pytest.mark.parametrize(
    ("name", "code", "told"),
    [
        ("nowhere/t.csv", 1, "there is no folder"),
        ("t.xlsx", 2, "end the name in .csv, .geojson, .parquet"),
        ("t", 2, "end the name in"),
        ("folder.csv", 1, "it is a folder"),
        ("t.geojson", 1, "no coordinate reference system"),
    ],
)
def test_an_output_that_cannot_be_written_is_told_before_the_work(
    icenet: Icenet, tmp_path: Path, name: str, code: int, told: str
) -> None:
    folder = write_dated(tmp_path / "ice", place=lambda i: None, crs=lambda i: None)
    (tmp_path / "folder.csv").mkdir()
    said = icenet("track", folder, *AT, "-o", tmp_path / name)
    assert told in said.error(code)
    assert "track 1 of 1" not in said.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.csv", "ice"]


def test_numbers_are_written_with_the_digits_that_mean_something(icenet: Icenet, plain: Path, tmp_path: Path) -> None:
    out = tmp_path / "t.csv"
    done = icenet("track", plain, *AT, "-o", out)
    assert done.out.strip() == str(out)
    assert icenet("track", plain, *AT).out == out.read_text()
    table = pd.read_csv(out, dtype=str, keep_default_na=False)
    for name, digits in (("row", 3), ("dcol", 3), ("ncc", 4), ("peak_ratio", 4), ("vx", 2), ("v", 2)):
        for text in table[name]:
            assert len(text.partition(".")[2]) <= digits, (name, text)
    one = pd.DataFrame({"drow": [-1e-5, 0.12345], "vx": [-0.001, 345.678], "valid": [True, False]})
    assert csv_text(one) == "drow,vx,valid\n0,0,true\n0.123,345.68,false\n"


def test_a_saved_stack_opens_in_the_shell_and_its_damage_is_told(icenet: Icenet, plain: Path, tmp_path: Path) -> None:
    saved = open_stack(plain).save(tmp_path / "ice.zarr")
    assert icenet("info", saved, "--json").dates == ["2020-01-01", "2020-01-17", "2020-02-02"]
    assert icenet("track", saved, *AT).out == icenet("track", plain, *AT).out
    assert "is no coordinate system" in icenet("track", saved, *AT, "--crs", "ice").error(2)
    chunks = sorted(path for path in (saved / "values" / "c").rglob("*") if path.is_file())
    chunks[1].write_bytes(b"ice")
    done = icenet("track", saved, *AT)
    assert "2020-01-17 B1 cannot be read" in done.warning()
    assert done.table["valid"].tolist() == [True, False, True]
    assert "2020-01-17 B1 cannot be read" in icenet("info", saved).warning()
    chunks[1].unlink()
    assert "incomplete" in icenet("info", saved).error()
    (saved / "zarr.json").unlink()
    assert "incomplete" in icenet("info", saved).error()


# Whatever stands in a metadata file, there is a scene or a sentence.

_ODD = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=20),
    st.sampled_from(["nan", "-inf", "1e999", "99", "-1", "²", "0000-00-00", "24:61:61Z", '"', "=", "END", "9" * 5000]),
)


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A product whose metadata may be written over."""
    return write_product(tmp_path_factory.mktemp("product"), COLLECTION_2_L1, bands=("B1", "B2"))


@pytest.mark.parametrize("odd", ["", "nan", "99", "\u00b2", "9" * 5000])
def test_any_key_of_the_metadata_may_be_odd(product: Path, odd: str) -> None:
    for group, members in mtl_groups(COLLECTION_2_L1, ("B1", "B2")).items():
        for key in members:
            groups = mtl_groups(COLLECTION_2_L1, ("B1", "B2"))
            groups[group][key] = odd
            _read(product, mtl_text(groups).encode())


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_odd_metadata_never_raise_anything_but_a_sentence(product: Path, data: st.DataObject) -> None:
    groups = mtl_groups(COLLECTION_2_L1, ("B1", "B2"))
    keys = [(group, key) for group, members in groups.items() for key in members]
    for group, key in data.draw(st.lists(st.sampled_from(keys), min_size=1, max_size=8, unique=True)):
        groups[group][key] = data.draw(_ODD)
    _read(product, mtl_text(groups).encode())


@settings(max_examples=60)
@given(content=st.binary(max_size=300) | st.recursive(
    st.none() | st.floats() | st.text(max_size=5), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_a_metadata_file_of_anything_never_raises_anything_but_a_sentence(product: Path, content: bytes) -> None:
    _read(product, content)
    _read(product, content, suffix=".json")


def _read(product: Path, content: bytes, suffix: str = ".txt") -> None:
    for old in product.glob("*_MTL.*"):
        old.unlink()
    (product / f"{COLLECTION_2_L1}_MTL{suffix}").write_bytes(content)
    with contextlib.suppress(IceNetError):  # one of ours is what is asked for
        scene, notices = read_product(product)
        assert set(scene.bands) == {"B1", "B2"}
        assert all(notice.message.endswith(".") for notice in notices)


@pytest.mark.parametrize("content", [b'{"a": ' + b"9" * 5000 + b"}", b"[" * 100_000])
def test_monstrous_json_is_a_sentence(product: Path, content: bytes) -> None:
    _read(product, content, suffix=".json")


# Real processes.


def run(*words: object, closed: bool = False) -> subprocess.CompletedProcess[str]:
    """The command as a shell starts it; ``closed``: without root's right to read everything."""
    command = [str(ICENET), *map(str, words)]
    if closed and os.geteuid() == 0:
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            pytest.skip("root reads everything, and setpriv is not here to take that from it")
        rights = "-dac_override,-dac_read_search"
        command = [setpriv, f"--bounding-set={rights}", f"--inh-caps={rights}", *command]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_what_may_not_be_read_or_written_is_told(products: Path, tmp_path: Path) -> None:
    (products / SECOND).chmod(0)
    (tmp_path / "closed").mkdir(mode=0)
    done = run("info", products, "--json", closed=True)
    said = Said(done.returncode, done.stdout, done.stderr)
    (products / SECOND).chmod(0o755)
    assert said.warning() == f"warning: {SECOND} is left out: it cannot be read; check its permissions."
    assert said.dates == ["2015-07-10", "2015-08-11"]
    done = run("info", tmp_path / "closed", closed=True)
    assert "closed cannot be read; check its permissions" in Said(done.returncode, done.stdout, done.stderr).error()


def test_a_reader_that_stops_reading_ends_the_command_quietly(plain: Path) -> None:
    process = subprocess.Popen(
        [str(ICENET), "track", str(plain), *map(str, AT)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    said = process.stderr.read()
    process.wait()
    process.stderr.close()
    assert "Traceback" not in said
    assert "Broken" not in said


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_the_keyboard_stops_a_command_and_leaves_nothing_half_done(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [str(ICENET), "simulate", str(tmp_path / "ice")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    process.stderr.readline()  # it is at work
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out, said = process.communicate()
    assert process.returncode == 130
    assert out == ""
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_coordinate_system_draws_no_line_of_another_library(plain: Path) -> None:
    done = run("track", plain, *AT, "--crs", "EPSG:99999")
    assert Said(done.returncode, done.stdout, done.stderr).error(2).startswith("error: EPSG:99999 is no")

"""``icenet velocity``: what it writes against the truth, what it refuses, and how it goes on where it was stopped."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
import pyproj
import pytest
import rasterio
import xarray as xr
from affine import Affine
from numpy.typing import NDArray
from PIL import Image

from napari_icenet.samples import byrd_folder
from napari_icenet.simulation import load_truth
from napari_icenet.velocity.io.netcdf import read_netcdf
from napari_icenet.velocity.settings import VelocitySettings
from tests.cli.shell import Icenet, write_dated
from tests.scenes.products import COLLECTION_2_L1, TRANSFORM_UTM, write_picture, write_product

pytestmark = pytest.mark.process

ICENET = Path(sys.executable).with_name("icenet")
#: Fits in the small pictures of these tests, which move one column a date.
SMALL = ("--chip", 32, "--max-chip", 32, "--radius", 6, "--spacing", 8)
FIRST, SECOND = "2020-01-01", "2020-01-17"
ONE_PAIR = ("--first", FIRST, "--second", SECOND)
#: Pixels of 30 m over 16 days.
PER_YEAR = 30 * 365.25 / 16


# What is written.


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A map of two dates of the bundled simulated stack, 16 days apart, and what was said of it."""
    path, sample = tmp_path_factory.mktemp("simulated") / "v.nc", byrd_folder()
    words = ("velocity", sample, "--first", "2015-11-22", "--second", "2015-12-08", "--spacing", 32, "--chip", 64)
    stable = ("--stable", sample / "truth" / "stable.tif", "-o", path)
    done = subprocess.run([str(ICENET), *map(str, words + stable)], capture_output=True, text=True, check=True)
    return path, done.stdout


def test_a_simulated_stack_moves_as_it_is_known_to(simulated: tuple[Path, str]) -> None:
    truth = load_truth(byrd_folder())
    with xr.open_dataset(simulated[0]) as ds:
        assert {ds[name].attrs["units"] for name in ("vx", "vy", "v", "v_error")} == {"m/yr"}
        assert pyproj.CRS.from_cf(ds["mapping"].attrs) == pyproj.CRS.from_user_input(truth.grid.crs)
        assert ds.attrs["simulated"] == "yes"
        # The places are the pictures': found again from the map coordinates.
        x, y = np.meshgrid(ds["x"], ds["y"])
        row, col = truth.grid.rowcol(x, y)
        known = truth.velocity(row, col)
        valid = ds["valid"].values == 1
        # Points at the edge have no room for a chip.
        assert valid[2:-2, 2:-2].mean() > 0.97
        for name, there in (("vx", known[0]), ("vy", known[1]), ("v", np.hypot(*known))):
            error = np.abs(ds[name].values - there)[valid]
            # 0.1 px over 16 days are 70 m/yr; measured: 0.1 px at the median, and the margins shear.
            assert np.median(error) < 120, name
            assert np.percentile(error, 90) < 450, name
        # 0.05 px.
        assert abs(np.median((ds["vx"].values - known[0])[valid])) < 35
        # As measured: with the shift of the scenes in it, which the truth knows.
        drow, dcol = truth.displacement(row, col, 0, 1)
        assert np.median(np.hypot(ds["drow"].values - drow, ds["dcol"].values - dcol)[valid]) < 0.18
        shift = truth.jitter[1] - truth.jitter[0]
        np.testing.assert_allclose((ds["stable_drow"], ds["stable_dcol"]), shift, atol=0.03)
        assert ds["stable_shift_flag"] == 1


def test_the_map_is_summed_up_in_two_lines(simulated: tuple[Path, str]) -> None:
    path, said = simulated
    written, found, ground = said.splitlines()
    assert written == str(path)
    assert found.startswith("2015-11-22 → 2015-12-08: ")
    assert "m/yr" in found
    assert ground.startswith("stable ground (mask, ")
    assert ground.endswith("; removed")


def test_consecutive_pairs_are_mapped_unless_others_are_named(icenet: Icenet, plain: Path, tmp_path: Path) -> None:
    out = tmp_path / "v.nc"
    done = icenet("velocity", plain, *SMALL, "-o", out)
    assert done.warnings() == []
    assert done.out.startswith(f"{out}\n2 pairs: ")
    maps = read_netcdf(out)
    assert [velocity.labels for velocity in maps] == [(FIRST, SECOND), (SECOND, "2020-02-02")]
    for velocity in maps:
        np.testing.assert_allclose(velocity.dcol[velocity.valid], 1, atol=0.05)
        np.testing.assert_allclose(velocity.drow[velocity.valid], 0, atol=0.05)
    with h5py.File(out) as file:
        assert "series" not in file


def test_from_all_pairs_a_series_is_inverted(icenet: Icenet, plain: Path, tmp_path: Path) -> None:
    out = tmp_path / "v.nc"
    assert icenet("velocity", plain, *SMALL, "--pairs", "all", "-o", out).warnings() == []
    assert [velocity.days for velocity in read_netcdf(out)] == [16, 32, 16]
    with xr.open_dataset(out, group="series") as series:
        assert series["vx"].dims == ("interval", "y", "x")
        assert series["vx"].attrs["units"] == "m/yr"
        assert series["start"].values.tolist() == [*np.array([FIRST, SECOND], "datetime64[ns]").tolist()]
        vx = series["vx"].values
        np.testing.assert_allclose(vx[np.isfinite(vx)], PER_YEAR, rtol=0.05)
    with rasterio.open(f"netcdf:{out}:/series/vx") as dataset:
        assert dataset.crs.to_epsg() == 32624
    assert list(tmp_path.iterdir()) == [out]


def test_a_search_that_ends_before_fast_ice_is_one_warning(icenet: Icenet, plain: Path, tmp_path: Path) -> None:
    folder = tmp_path / "years"
    folder.mkdir()
    for name, day in (("20200101", "20200101"), ("20200117", "20201202"), ("20200202", "20211103")):
        shutil.copy(plain / f"{name}.tif", folder / f"{day}.tif")
    warning = icenet("velocity", folder, *SMALL, "-o", tmp_path / "v.nc").warning()
    assert "2020-01-01 → 2020-12-02, and 1 more of 2 pairs: the search of ±6 px in 336 days reaches 196 m/yr" in warning
    assert (
        icenet("velocity", folder, *SMALL[:4], *SMALL[6:], "--max-speed", 200, "-o", tmp_path / "v.nc").warnings() == []
    )
    with xr.open_dataset(tmp_path / "v.nc") as maps:
        assert "reaches" not in maps.attrs.get("comment", "")


def test_a_geotiff_holds_one_pair(icenet: Icenet, plain: Path, tmp_path: Path) -> None:
    out = tmp_path / "v.tif"
    assert icenet("velocity", plain, *SMALL, *ONE_PAIR, "-o", out).warnings() == []
    with rasterio.open(out) as dataset:
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert dataset.crs.to_epsg() == 32624
        assert dataset.transform == TRANSFORM_UTM @ Affine.scale(8)
        vx = dataset.read(1)
    np.testing.assert_allclose(vx[np.isfinite(vx)], PER_YEAR, rtol=0.05)


def test_band_8_is_mapped_on_its_own_grid(icenet: Icenet, tmp_path: Path) -> None:
    for product in (COLLECTION_2_L1, COLLECTION_2_L1.replace("20150710", "20150726")):
        write_product(tmp_path / "ice", product, bands=("B1",), pan=True)
    out = tmp_path / "v.nc"
    # The two pictures are alike: nothing moves (0.04 px are 14 m a year).
    done = icenet("velocity", tmp_path / "ice", "--band", "8", "--chip", 16, "--radius", 4, "-o", out)
    assert done.warnings() == []
    (velocity,) = read_netcdf(out)
    assert velocity.frame.pixel_size == (15, 15)
    assert velocity.valid.any()
    np.testing.assert_allclose(velocity.v[velocity.valid], 0, atol=14)


def test_dates_may_lead_back(icenet: Icenet, plain: Path, tmp_path: Path) -> None:
    out = tmp_path / "v.nc"
    icenet("velocity", plain, *SMALL, "--first", SECOND, "--second", FIRST, "-o", out)
    (velocity,) = read_netcdf(out)
    assert velocity.days == -16
    np.testing.assert_allclose(velocity.dcol[velocity.valid], -1, atol=0.05)
    np.testing.assert_allclose(velocity.vx[velocity.valid], PER_YEAR, rtol=0.05)


@pytest.mark.parametrize("kind", ["mask", "outline"])
def test_the_offset_of_named_ground_is_removed(icenet: Icenet, plain: Path, tmp_path: Path, kind: str) -> None:
    """All of the pictures moves, so that nothing is left of it."""
    mask = tmp_path / ("mask.png" if kind == "mask" else "mask.geojson")
    if kind == "mask":
        write_picture(mask, np.full((96, 96), 255, np.uint8))
    else:
        corners = ((-5, -5), (-5, 101), (101, 101), (101, -5), (-5, -5))
        to_degrees = pyproj.Transformer.from_crs(32624, 4326, always_xy=True)
        ring = [list(to_degrees.transform(*(TRANSFORM_UTM @ (col, row)))) for row, col in corners]
        mask.write_text(f'{{"type": "Polygon", "coordinates": [{ring}]}}')
    out = tmp_path / "v.nc"
    done = icenet("velocity", plain, *SMALL, *ONE_PAIR, "--stable", mask, "-o", out)
    assert done.out.endswith("removed\n")
    (velocity,) = read_netcdf(out)
    assert velocity.offset is not None
    np.testing.assert_allclose((velocity.offset.drow, velocity.offset.dcol), (0, 1), atol=0.03)
    np.testing.assert_allclose(velocity.v[velocity.valid], 0, atol=0.1 * PER_YEAR)
    np.testing.assert_allclose(velocity.dcol[velocity.valid], 1, atol=0.05)


def test_a_map_made_before_guides_the_search(icenet: Icenet, plain: Path, tmp_path: Path) -> None:
    before, out = tmp_path / "before.nc", tmp_path / "v.nc"
    icenet("velocity", plain, *SMALL, *ONE_PAIR, "-o", before)
    done = icenet("velocity", plain, *SMALL, *ONE_PAIR, "--prior", before, "-o", out)
    assert done.warnings() == []
    (velocity,) = read_netcdf(out)
    assert any("before.nc" in note for note in velocity.notes)
    np.testing.assert_allclose(velocity.dcol[velocity.valid], 1, atol=0.05)


def test_a_report_is_written_with_its_figure(icenet: Icenet, plain: Path, tmp_path: Path) -> None:
    out, report = tmp_path / "v.nc", tmp_path / "quality.json"
    done = icenet("velocity", plain, *SMALL, "--pairs", "all", "-o", out, "--report", report)
    assert done.warnings() == []
    assert done.out.splitlines()[:3] == [str(out), str(report), str(tmp_path / "quality.png")]
    judged = json.loads(report.read_text())
    assert len(judged["maps"]) == 3
    assert judged["valid_share"] > 0.97
    assert judged["closure"][0]["p90_px"] < 0.1
    with Image.open(tmp_path / "quality.png") as figure:
        assert min(figure.size) > 400
    assert sorted(path.name for path in tmp_path.iterdir()) == ["quality.json", "quality.png", "v.nc"]


@pytest.mark.real
def test_perito_moreno_flows_smoothly(icenet: Icenet, real_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "v.nc"
    dates = ("--first", "2020-01-31", "--second", "2020-02-20")
    done = icenet("velocity", real_data / "perito_moreno", *dates, "--band", 1, "--spacing", 32, "-o", out)
    assert done.code == 0, done.err
    with xr.open_dataset(out) as ds:
        assert ds["v"].attrs["units"] == "px/day"
        words = ds["reason"].attrs["flag_meanings"].split()
        fill, outside = (ds["reason"].values == words.index(word) for word in ("fill", "outside"))
        v = ds["v"].values
        assert np.isfinite(v)[~fill & ~outside].mean() > 0.97
        # The trunk does half a pixel and more a day nowhere, the middle of it a quarter.
        assert 0.1 < np.nanmedian(v) < 0.3
        assert np.nanmax(v) < 0.6
        # Smooth: a vector lies near the mean of the two beside it.
        for name in ("vx", "vy"):
            across = ds[name].values
            bent = across[:, 1:-1] - (across[:, :-2] + across[:, 2:]) / 2
            assert np.nanmedian(np.abs(bent)) < 0.01
            assert np.nanpercentile(np.abs(bent), 95) < 0.05


def test_words_become_settings(icenet: Icenet, plain: Path, tmp_path: Path) -> None:
    out = tmp_path / "v.nc"
    words = ("--prefilter", "wallis", "--coarse-to-fine", "--affine", "--device", "cpu", "--memory", 0.5)
    limits = ("--min-overlap", 0.7, "--min-peak-ratio", 1.2, "--band", "B1")
    icenet("velocity", plain, *ONE_PAIR, *words, *limits, "--chip", 32, "--max-chip", 64, "--scale", 1.5, "-o", out)
    settings = read_netcdf(out)[0].settings
    assert settings == VelocitySettings(
        band="B1", chip=32, max_chip=64, scale=1.5, prefilter=settings.prefilter, coarse_to_fine=True, affine=True,
        device="cpu", memory_gb=0.5, min_overlap=0.7, min_peak_ratio=1.2,
    )  # fmt: skip
    assert settings.prefilter == "wallis"


def test_the_help_names_the_defaults_of_the_settings(icenet: Icenet) -> None:
    said = " ".join(icenet("velocity", "--help").out.split())
    for name in ("chip", "max_chip", "spacing", "prefilter", "min_overlap", "min_peak_ratio", "device", "memory_gb"):
        assert f"default: {VelocitySettings.model_fields[name].default}." in said, name
    assert "{default}" not in said


# What is refused.


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--first", FIRST), 2, "--first names one date and a pair has two; add --second"),
        (("--second", FIRST), 2, "add --first"),
        ((*ONE_PAIR, "--pairs", "all"), 2, "leave one of them out"),
        (("--first", FIRST, "--second", FIRST), 2, "First and second date are the same"),
        (("--first", FIRST, "--second", "2021-01-01"), 2, "no scene of 2021-01-01"),
        (("--scale", 2), 2, "only one of radius, scale and maximum speed"),
        (("--radius", 400), 2, "more than the frame of 96 × 96 px has"),
        (("--chip", 128, "--max-chip", 128), 2, "larger than the frame"),
        (("--chip", 17), 2, "chip 17 cannot be used"),
        (("--max-speed", "inf"), 2, "max_speed inf cannot be used"),
        (("--memory", "inf"), 2, "memory_gb inf cannot be used"),
        (("--chip", 64, "--max-chip", 32), 2, "The largest chip of 32 px is smaller than the smallest of 64 px"),
        (("--band", "B9"), 2, "no band B9"),
        (("--device", "abacus"), 2, "no device abacus"),
        (("--prefilter", "magic"), 2, "no prefilter magic"),
        (("--coregister",), 1, "give a mask of stable ground"),
        (("--stable", "nowhere.tif"), 1, "nowhere.tif"),
        (("--prior", "nowhere.nc"), 2, "nowhere.nc"),
        (("--report", "report.txt"), 2, "end the name in .json"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else None,
)
def test_a_request_that_cannot_be_met(
    icenet: Icenet, plain: Path, tmp_path: Path, words: Sequence[object], code: int, told: str
) -> None:
    assert told in icenet("velocity", plain, *SMALL, *words, "-o", tmp_path / "v.nc").error(code)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "code", "told"),
    [
        (None, 2, "add -o OUT.nc"),
        ("v.png", 2, "end the name in .nc, .tif"),
        ("v", 2, "end the name in"),
        ("nowhere/v.nc", 1, "there is no folder"),
        ("v.tif", 2, "can hold one pair, not 2"),
    ],
)
def test_an_output_that_cannot_be_written_is_told_before_the_work(
    icenet: Icenet, plain: Path, tmp_path: Path, name: str | None, code: int, told: str
) -> None:
    said = icenet("velocity", plain, *SMALL, *(() if name is None else ("-o", tmp_path / name)))
    assert told in said.error(code)
    assert "→" not in said.err
    assert not list(tmp_path.iterdir())


def nothing(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values * 0


def apart(i: int) -> Affine:
    return TRANSFORM_UTM @ Affine.translation(3000 * i, 0)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("one date", "has no two dates, and motion needs two"),
        ("no overlap", "The scenes share no ground"),
        ("masked", f"{FIRST} holds no valid pixel in B1"),
        ("no map", "A maximum speed in m/yr needs scenes that lie on a map"),
    ],
)
def test_scenes_that_cannot_be_mapped(icenet: Icenet, tmp_path: Path, kind: str, told: str) -> None:
    match kind:
        case "one date":
            folder = write_dated(tmp_path / "ice")
            for day in ("20200117", "20200202"):
                (folder / f"{day}.tif").unlink()
        case "no overlap":
            folder = write_dated(tmp_path / "ice", place=apart)
        case "masked":
            folder = write_dated(tmp_path / "ice", change=nothing)
        case _:
            folder = write_dated(tmp_path / "ice", place=lambda i: None, crs=lambda i: None)
    size = ("--max-speed", 900, *SMALL[:4], *SMALL[6:]) if kind == "no map" else SMALL
    message = icenet("velocity", folder, *size, "-o", tmp_path / "v.nc")
    assert told in message.error(2 if kind in {"one date", "no map"} else 1)
    assert [path.name for path in tmp_path.iterdir()] == ["ice"]


def test_pixels_of_another_size_are_told_and_brought_to_one_grid(icenet: Icenet, tmp_path: Path) -> None:
    folder = write_dated(tmp_path / "ice", place=lambda i: TRANSFORM_UTM @ Affine.scale(0.9 if i == 1 else 1))
    done = icenet("velocity", folder, *SMALL, "--pairs", "all", "-o", tmp_path / "v.nc")
    assert "20200117 is reprojected" in done.warnings()[0]
    assert "not 30 × 30" in done.warnings()[0]


def test_a_pair_without_a_single_vector_says_why(icenet: Icenet, tmp_path: Path) -> None:
    folder = write_dated(tmp_path / "ice", change=lambda values: nothing(values) + 5000)
    small = ("--chip", 16, "--max-chip", 16, *SMALL[4:])
    done = icenet("velocity", folder, *small, *ONE_PAIR, "-o", tmp_path / "v.nc")
    assert done.warning().startswith(f"warning: {FIRST} → {SECOND}: ")
    assert "No vector is valid; most are lost for this: The picture has no texture here." in done.warning()
    assert "0 of 100 points with pixels are valid (0.0 %)" in done.out


# A run that is stopped.


def started(out: Path) -> subprocess.Popen[str]:
    """A run over many pairs, of which at least one tile is finished."""
    words = ("velocity", byrd_folder(), "--spacing", 64, "--max-chip", 32, "-o", out)
    process = subprocess.Popen(
        [str(ICENET), *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    parts = out.with_name(f".{out.name}.parts")
    while process.poll() is None and not any(parts.rglob("*.npz")):
        time.sleep(0.005)
    return process


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_killed_run_continues_from_its_finished_tiles(icenet: Icenet, tmp_path: Path) -> None:
    out = tmp_path / "v.nc"
    process = started(out)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not out.exists()
    # A finished tile is given a mark that no other computation would make.
    tile = min((tmp_path / ".v.nc.parts").rglob("*.npz"))
    with np.load(tile) as file:
        arrays = dict(file)
    arrays["ncc"] = np.where(np.isfinite(arrays["ncc"]), np.float32(0.123), arrays["ncc"])
    np.savez(tile, **arrays)
    pair = ("--first", "2015-11-22", "--second", "2015-12-08")
    words = ("velocity", byrd_folder(), "--spacing", 64, "--max-chip", 32, "-o", out)
    # The pair alone has the tiles of the whole run, as it lies in the same place of its workplace.
    done = icenet(*words, *pair)
    assert done.code == 0, done.err
    assert (read_netcdf(out)[0].ncc == np.float32(0.123)).any()
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_the_keyboard_stops_a_run_and_leaves_no_half_map(tmp_path: Path) -> None:
    out = tmp_path / "v.nc"
    out.write_bytes(b"before, by napari-icenet")
    process = started(out)
    process.send_signal(signal.SIGINT)
    said, errors = process.communicate()
    assert process.returncode == 130, errors
    assert said == ""
    assert "Traceback" not in errors
    assert f"error: stopped by the keyboard; {out} is as it was; finished tiles are kept beside it" in errors
    assert out.read_bytes() == b"before, by napari-icenet"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".v.nc.parts", "v.nc"]
    shutil.rmtree(tmp_path / ".v.nc.parts")

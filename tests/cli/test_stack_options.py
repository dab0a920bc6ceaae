"""Options of every command that takes a STACK: dates and paths that are chosen, and the size of a pixel."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
import xarray as xr
from affine import Affine

from napari_icenet.datasets.dataset import open_dataset
from napari_icenet.scenes import open_stack
from napari_icenet.scenes.store.zarr_store import save_stack
from tests.cli.shell import AT, Icenet, texture, write_dated
from tests.scenes.products import write_product, write_tiff

DAYS = ("20150710", "20150726", "20150811")
#: Two of one path and row, one of another.
PRODUCTS = tuple(f"LC08_L1TP_00500{9 - k // 2}_{day}_20200908_02_T1" for k, day in enumerate(DAYS))
EVERY_DATE = ("--exclude", "2015-07-10", "--exclude", "2015-07-26", "--exclude", "2015-08-11")
#: Pictures move one column in 16 days.
PER_YEAR = 365.25 / 16
SIZE = ("--pixel-size", "12.5")
NOTE = "pixel size of 12.5 m as given"
SMALL_MAP = ("--chip", 32, "--max-chip", 32, "--radius", 6, "--spacing", 8)
PAIR = ("--first", "2020-01-01", "--second", "2020-01-17")
SEQUENCES = ("--chip", 32, "--frames", 3, "--stride", 16)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("options") / "archive"
    for product in PRODUCTS:
        write_product(folder, product, bands=("B1", "B4"))
    return folder


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three pictures that lie on no map."""
    return write_dated(tmp_path_factory.mktemp("options") / "camera", lambda i: None, lambda i: None)


@pytest.fixture(scope="module")
def saved(camera: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_stack(open_stack(camera), tmp_path_factory.mktemp("options") / "camera.zarr")


def commands(stack: Path, out: Path) -> dict[str, tuple[object, ...]]:
    """Every command that takes a STACK, with what it needs."""
    return {
        "info": ("info", stack),
        "track": ("track", stack, *AT),
        "velocity": ("velocity", stack, *SMALL_MAP, "-o", out / "v.nc"),
        "dataset": ("dataset", stack, *SEQUENCES, "-o", out / "d.zarr"),
        "evaluate": ("evaluate", stack, *SEQUENCES, "-o", out / "report"),
    }


COMMANDS = tuple(commands(Path(), Path()))


# What is chosen.


def test_info_tells_of_what_is_chosen(icenet: Icenet, archive: Path) -> None:
    assert icenet("info", archive, "--json", "--exclude", "2015-07-26").dates == ["2015-07-10", "2015-08-11"]
    assert icenet("info", archive, "--json", "--only", "005/008").dates == ["2015-08-11"]
    several = ("--only", "005/008", "--only", "5/9", "--exclude", "2015-07-10", "--exclude", "2015-07-26")
    said = icenet("info", archive, "--json", *several)
    assert said.dates == ["2015-08-11"]
    assert said.warnings() == []
    assert icenet("info", archive, "--json", "--only", "5/9", "--extent", "union").dates == ["2015-07-10", "2015-07-26"]


def test_track_and_velocity_leave_dates_out(icenet: Icenet, plain: Path, tmp_path: Path) -> None:
    out = ("--exclude", "2020-01-17")
    said = icenet("track", plain, *AT, *out)
    assert said.warnings() == []
    assert list(said.table.date) == ["2020-01-01", "2020-02-02"]
    assert said.table.dcol.iloc[-1] == pytest.approx(2, abs=0.02)
    said = icenet("velocity", plain, *SMALL_MAP, *out, "-o", tmp_path / "v.nc")
    assert said.warnings() == []
    with xr.open_dataset(tmp_path / "v.nc") as dataset:
        assert float(dataset.date_dt) == 32
        assert float(dataset.dcol.median()) == pytest.approx(2, abs=0.02)


def test_dataset_and_evaluate_leave_dates_out(icenet: Icenet, tmp_path: Path) -> None:
    folder = tmp_path / "ice"
    folder.mkdir()
    for i, day in enumerate(("20200101", "20200117", "20200202", "20200218", "20200305")):
        write_tiff(folder / f"{day}.tif", np.roll(texture(), i, axis=1).astype("uint16"))
    words = commands(folder, tmp_path)
    assert icenet(*words["dataset"], "--exclude", "2020-02-02").code == 0
    days = [str(scene.time.date()) for scene in open_dataset(tmp_path / "d.zarr").record.stacks[0].scenes]
    assert days == ["2020-01-01", "2020-01-17", "2020-02-18", "2020-03-05"]
    few = ("--frames", 4, "--predictors", "persistence")
    assert icenet(*words["evaluate"], *few, "--exclude", "2020-02-02").code == 0
    assert json.loads((tmp_path / "report" / "table.json").read_text())["provenance"]["windows"] == 1
    said = icenet("evaluate", tmp_path / "d.zarr", "-o", tmp_path / "other", "--exclude", "2020-01-01")
    assert "d.zarr is a dataset and keeps its dates" in said.error(2)


def test_pairs_of_one_path_and_row(icenet: Icenet, archive: Path, tmp_path: Path) -> None:
    words = ("--chip", 16, "--max-chip", 16, "--radius", 4, "--spacing", 8, "-o", tmp_path / "v.nc")
    said = icenet("velocity", archive, *words, "--same-geometry")
    assert said.code == 0, said.err
    with xr.open_dataset(tmp_path / "v.nc") as dataset:
        assert float(dataset.date_dt) == 16
        assert json.loads(dataset.attrs["settings"])["same_geometry"]
    said = icenet("velocity", archive, *words, "--same-geometry", "--exclude", "2015-07-10")
    assert "no two dates of one path and row; its paths and rows are 005/008 (1 date), 005/009 (1" in said.error(2)
    named = ("--first", "2015-07-26", "--second", "2015-08-11")
    told = icenet("velocity", archive, *words, *named, "--same-geometry").error(2)
    assert "2015-07-26 and 2015-08-11 are not of one path and row (005/009 and 005/008)" in told


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("choice", "told"),
    [
        (("--exclude", "2015-07-11"), "archive has no scene of 2015-07-11; its dates are 2015-07-10, 2015-07-26, 2015"),
        (("--exclude", "2015-07-10", "--exclude", "2015-07-10"), "2015-07-10 is named twice; name it once."),
        (("--only", "233/013"), "no scene of 233/013; its paths and rows are 005/008 (1 date), 005/009 (2 dates)."),
        (("--only", "here"), "here is no path and row; write 233/013, or 233 for all rows of a path."),
        (("--only", "5", *EVERY_DATE), "leaves no scene of archive; its dates are 2015-07-10"),
        (("--pixel-size", "15"), "archive lies on a map (EPSG:32624) with pixels of 30 m; leave the pixel size of 15"),
        *((("--pixel-size", size), f"{size} is no pixel size; give the metres") for size in ("0", "-3", "nan", "wide")),
    ],
)
def test_what_cannot_be_chosen_is_one_sentence(
    icenet: Icenet, archive: Path, tmp_path: Path, command: str, choice: tuple[str, ...], told: str
) -> None:
    assert told in icenet(*commands(archive, tmp_path)[command], *choice).error(2)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["velocity", "dataset", "evaluate"])
def test_motion_needs_two_dates(icenet: Icenet, archive: Path, tmp_path: Path, command: str) -> None:
    told = icenet(*commands(archive, tmp_path)[command], "--only", "5/8").error(2)
    assert "leaves 1 date of archive (2015-08-11), too few for motion; its dates are 2015-07-10, 2015-07-26" in told


# The size of a pixel.


@pytest.mark.parametrize("source", ["camera", "saved"])
def test_info_and_track_are_in_metres(
    icenet: Icenet, source: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    stack = request.getfixturevalue(source)
    said = icenet("info", stack, *SIZE)
    assert said.warnings() == []
    assert f"grid    {NOTE}" in said.out
    assert "centre" not in said.out
    grid = json.loads(icenet("info", stack, *SIZE, "--json").out)["grid"]
    assert (grid["name"], grid["unit"], grid["pixel_size"], grid["latitude"]) == (NOTE, "m", [12.5, 12.5], None)
    said = icenet("track", stack, *AT, *SIZE)
    assert said.warnings() == []
    last = said.table.iloc[-1]
    assert float(last.v) == pytest.approx(12.5 * PER_YEAR, rel=0.01)
    assert (float(last.x), last.georeference) == (pytest.approx(12.5 * (last.col + 0.5), abs=0.02), NOTE)
    assert "georeference" not in icenet("track", stack, *AT).table
    told = icenet("track", stack, *AT, *SIZE, "-o", tmp_path / "t.geojson").error()
    assert f"lies on no map ({NOTE}), so its tracks have no longitude and latitude; write a .csv" in told


def test_points_may_be_given_in_metres(icenet: Icenet, camera: Path, tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text(f"x,y\n{12.5 * 48.5},{-12.5 * 48.5}\n")
    said = icenet("track", camera, "--points", tmp_path / "points.csv", "--chip", 32, "--scale", 1.5, *SIZE)
    assert said.warnings() == []
    assert (said.table.row.iloc[0], said.table.col.iloc[0]) == (48, 48)
    (tmp_path / "lonlat.csv").write_text("lon,lat\n-42,73\n")
    said = icenet("track", camera, "--points", tmp_path / "lonlat.csv", "--chip", 32, "--scale", 1.5, *SIZE)
    assert "have no common map" in said.error()


def test_velocity_is_in_metres_and_files_tell_by_what(icenet: Icenet, camera: Path, tmp_path: Path) -> None:
    for name in ("v.nc", "v.tif"):
        said = icenet("velocity", camera, *SMALL_MAP, *PAIR, *SIZE, "-o", tmp_path / name)
        assert said.warnings() == []
    with xr.open_dataset(tmp_path / "v.nc") as dataset:
        assert dataset.attrs["georeference"] == NOTE
        assert dataset.attrs["motion_coordinates"] == "picture"
        assert dataset.v.units == "m/yr"
        assert NOTE in dataset.vx.long_name
        assert float(dataset.vx.median()) == pytest.approx(12.5 * PER_YEAR, rel=0.02)
        assert float(dataset.vy.median()) == pytest.approx(0, abs=1)
        assert float(dataset.chip_size_width.max()) == 32 * 12.5
        told = str(dataset.attrs) + str([variable.attrs for variable in dataset.variables.values()])
    assert not any(word in told for word in ("WGS", "4326", "latitude"))
    with rasterio.open(tmp_path / "v.tif") as dataset:
        assert dataset.tags()["georeference"] == NOTE
        assert dataset.transform.almost_equals(Affine(100, 0, 0, 0, -100, 0))
        assert np.nanmedian(dataset.read(1)) == pytest.approx(12.5 * PER_YEAR, rel=0.02)
    # A speed limit in m/yr needs metres, which there are now; and the map guides another search.
    fast = ("--max-speed", 900, "--prior", tmp_path / "v.tif")
    said = icenet("velocity", camera, "--chip", 32, "--max-chip", 32, "--spacing", 8, *PAIR, *SIZE, *fast, "-o",
                  tmp_path / "w.nc")  # fmt: skip
    assert said.code == 0, said.err


def test_a_dataset_and_its_evaluation_tell_it(icenet: Icenet, camera: Path, tmp_path: Path) -> None:
    words = commands(camera, tmp_path)
    said = icenet(*words["dataset"], *SIZE)
    assert said.code == 0, said.err
    assert f"grid       camera: {NOTE}" in said.out
    made = open_dataset(tmp_path / "d.zarr")
    assert made.record.stacks[0].grid.grid().pixel_size_note == NOTE
    assert NOTE in repr(made)
    said = icenet(*words["evaluate"], "--predictors", "persistence", *SIZE)
    assert said.code == 0, said.err
    assert f"camera: {NOTE}" in said.out
    assert f"camera lies on no map: {NOTE}." in (tmp_path / "report" / "table.md").read_text()
    table = json.loads((tmp_path / "report" / "table.json").read_text())
    assert table["provenance"]["georeference"] == {"camera": NOTE}
    with rasterio.open(next((tmp_path / "report" / "maps").glob("*.tif"))) as dataset:
        assert dataset.tags()["georeference"] == NOTE


def test_a_map_of_the_same_size_takes_it(icenet: Icenet, archive: Path) -> None:
    same, plain = (icenet("info", archive, *words) for words in (("--pixel-size", "30"), ()))
    assert (same.code, same.out) == (0, plain.out)


def test_a_lost_map_is_one_warning_that_is_true(icenet: Icenet, tmp_path: Path) -> None:
    folder = write_dated(tmp_path / "s", crs=lambda i: None)
    assert "velocities in px/day" in icenet("track", folder, *AT).warning()
    warning = icenet("track", folder, *AT, *SIZE).warning()
    assert "px/day" not in warning
    assert "metres are by the pixel size of 12.5 m" in warning

"""Chips, points and outputs that cannot be, and a command that is stopped: one sentence each, nothing half-done."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from napari_icenet.scenes import open_stack
from napari_icenet.scenes.store.zarr_store import save_stack
from napari_icenet.tracking.export import csv_text
from tests.cli.shell import AT, CHIP, Icenet, Said, write_dated
from tests.scenes.products import COLLECTION_2_L1, write_product

pytestmark = pytest.mark.process

ICENET = Path(sys.executable).with_name("icenet")


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
    assert "No chip can be followed" in message.error()
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
        ("h.geojson", '{"type": "FeatureCollection", "features": []}', "holds no outline, line or point"),
        ("i.geojson", "{", "is no GeoJSON"),
        ("j.geojson", "[1, 2]", "cannot be read as a vector file"),
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
    saved = save_stack(open_stack(plain), tmp_path / "ice.zarr")
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


# Words.


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("foo",), "no such command 'foo'; icenet --help"),
        (("info", "--foo"), "no such option: --foo; icenet info --help"),
        (("track",), "missing argument 'STACK'; icenet track --help"),
        (("track", "ice", "--chip", "wide"), "invalid value for '--chip'"),
        (("velocity", "ice", "--pairs", "some"), "invalid value for '--pairs'"),
        (("velocity", "ice", "-o"), "option '-o' requires an argument"),
    ],
)
def test_words_that_no_command_has_are_one_line(icenet: Icenet, words: tuple[str, ...], told: str) -> None:
    said = icenet(*words)
    assert told in said.error(2)
    assert len(said.lines) == 1


def test_the_version_is_said(icenet: Icenet) -> None:
    from napari_icenet.common.software import software

    said = icenet("--version")
    assert (said.code, said.out, said.err) == (0, f"{software()}\n", "")


def test_without_a_word_the_help_is_shown(icenet: Icenet) -> None:
    said = icenet()
    assert said.code == 2
    assert "Commands:" in said.err


@pytest.mark.parametrize(
    "words",
    [("info",), ("track", "--at", "3,3"), ("velocity", "-o", "v.nc"), ("dataset", "-o", "d.zarr"),
     ("evaluate", "-o", "report"), ("train", "-o", "run")],
)  # fmt: skip
def test_an_address_is_to_be_downloaded_first(
    icenet: Icenet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    command, *rest = words
    message = icenet(command, "https://example.org/ice.zarr", *rest).error()
    assert message.startswith("error: https://example.org/ice.zarr is an address and no folder of this machine; down")
    assert list(tmp_path.iterdir()) == []


def test_paths_are_named_as_they_were_given(icenet: Icenet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for command in (("info", "ice"), ("dataset", "ice", "-o", "d.zarr"), ("train", "ice", "-o", "run")):
        assert icenet(*command).error().startswith("error: ice does not exist")


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
def test_what_may_not_be_read_or_written_is_told(tmp_path: Path) -> None:
    products, closed = tmp_path / "ice", COLLECTION_2_L1.replace("20150710", "20150726")
    for product in (COLLECTION_2_L1, closed):
        write_product(products, product, bands=("B1",))
    (products / closed).chmod(0)
    (tmp_path / "closed").mkdir(mode=0)
    done = run("info", products, "--json", closed=True)
    said = Said(done.returncode, done.stdout, done.stderr)
    (products / closed).chmod(0o755)
    assert str(closed) in said.warning()
    assert "permissions" in said.warning()
    assert said.dates == ["2015-07-10"]
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


# Files of others.


@pytest.mark.parametrize("words", [("velocity", "-o", "notes.nc"), ("track", *AT, "-o", "notes.csv")])
def test_a_file_of_others_is_not_replaced(
    icenet: Icenet, plain: Path, tmp_path: Path, words: tuple[object, ...]
) -> None:
    command, *options, name = words
    path = tmp_path / str(name)
    path.write_text("a month of work")
    message = icenet(command, plain, *options, path).error(2)
    assert "was not written by icenet, so it is not replaced; choose another name" in message
    assert path.read_text() == "a month of work"


def test_a_report_of_others_is_not_replaced(icenet: Icenet, plain: Path, tmp_path: Path) -> None:
    (tmp_path / "q.json").write_text('{"theirs": 1}')
    words = ("velocity", plain, "-o", tmp_path / "v.nc", "--report", tmp_path / "q.json")
    assert "is no quality report of icenet" in icenet(*words).error(2)

"""Whatever the georeference: metres where they are known, else pixels and one warning that says the way out."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
import xarray as xr
from affine import Affine
from rasterio.control import GroundControlPoint

from tests.cli.shell import AT, Icenet, write_dated
from tests.scenes.products import CRS_UTM, write_tiff

#: Pictures move one column in 16 days.
PER_YEAR = 365.25 / 16
PAIR = ("--first", "2020-01-01", "--second", "2020-01-17")
SMALL = ("--chip", 32, "--max-chip", 32, "--radius", 6, "--spacing", 8, *PAIR)
LOCAL = 'LOCAL_CS["Camp",UNIT["metre",1]]'
LOCAL_CM = 'LOCAL_CS["Camp",UNIT["unknown",0.01]]'
LOCAL_PLACE = Affine(0.1, 0, 100, 0, -0.1, 200)
MARS_RADIUS, MOON_RADIUS = 3396190, 1737400
MARS, MOON = (f"+proj=eqc +R={radius} +units=m +no_defs" for radius in (MARS_RADIUS, MOON_RADIUS))
#: Far from the equator, so that the body's own radius tells.
FAR_NORTH = Affine(30, 0, 100000, 0, -30, 1_500_000)


def placed(folder: Path, crs: str | None, place: Affine | None) -> Path:
    return write_dated(folder, lambda i: place, lambda i: crs)


def speed(icenet: Icenet, folder: Path, reach: str = "") -> float:
    """Speed of a track; a search that ends before fast ice says so, and nothing else is said."""
    said = icenet("track", folder, *AT)
    assert [reach in warning for warning in said.warnings()] == [True] * bool(reach)
    return float(said.table.v.iloc[-1])


@pytest.mark.parametrize(("crs", "place"), [(CRS_UTM, None), ("EPSG:4326", None), ("EPSG:4326", FAR_NORTH)])
def test_a_system_that_places_nothing_is_in_pixels(icenet: Icenet, tmp_path: Path, crs: str, place: Affine) -> None:
    folder = placed(tmp_path / "s", crs, place)
    said = icenet("track", folder, *AT)
    warning = said.warning()
    assert all(part in warning for part in ("20200101.tif and 2 more", crs, "px/day", "gdal_edit.py"))
    assert "x" not in said.table
    assert "vx" not in said.table
    assert said.table.dcol.iloc[-1] == pytest.approx(1, abs=0.02)
    said = icenet("velocity", folder, *SMALL, "-o", tmp_path / "v.nc")
    assert said.warning() == warning
    with xr.open_dataset(tmp_path / "v.nc") as dataset:
        assert dataset.v.units == "px/day"
        assert float(dataset.vx.median()) == pytest.approx(1 / 16, abs=0.002)


def test_a_local_system_without_a_unit_of_length_is_in_pixels(icenet: Icenet, tmp_path: Path) -> None:
    folder = placed(tmp_path / "s", 'LOCAL_CS["Camp",UNIT["degree",0.0174532925199433]]', LOCAL_PLACE)
    warning = icenet("track", folder, *AT).warning()
    assert "Camp" in warning
    assert "without metres" in warning


@pytest.mark.parametrize(("crs", "metres", "reach"), [(LOCAL, 0.1, "14 m/yr"), (LOCAL_CM, 0.001, "0.14 m/yr")])
def test_a_local_system_has_metres_alone(icenet: Icenet, tmp_path: Path, crs: str, metres: float, reach: str) -> None:
    folder = placed(tmp_path / "s", crs, LOCAL_PLACE)
    # The table rounds to centimetres a year.
    assert speed(icenet, folder, "18 m/yr" if metres == 0.1 else "0.18 m/yr") == pytest.approx(
        metres * PER_YEAR, abs=0.03
    )
    said = icenet("track", folder, *AT, "-o", tmp_path / "t.geojson")
    assert "no longitude and latitude" in said.error()
    said = icenet("velocity", folder, *SMALL, "-o", tmp_path / "v.nc")
    assert f"reaches {reach}" in said.warning()
    with xr.open_dataset(tmp_path / "v.nc") as dataset:
        assert dataset.v.units == "m/yr"
        assert float(dataset.vx.median()) == pytest.approx(metres * PER_YEAR, rel=0.02)
    said = icenet("info", folder)
    assert said.code == 0
    assert ("pixel   0.1 cm" if crs == LOCAL_CM else "pixel   0.1 m") in said.out
    assert "centre" not in said.out


@pytest.mark.parametrize(("crs", "radius"), [(MARS, MARS_RADIUS), (MOON, MOON_RADIUS)], ids=["Mars", "Moon"])
def test_another_body_has_metres_on_its_own_ellipsoid(icenet: Icenet, tmp_path: Path, crs: str, radius: int) -> None:
    folder = placed(tmp_path / "s", crs, FAR_NORTH)
    # An equidistant cylindrical map draws columns 1 / cos(latitude) too wide.
    y = FAR_NORTH.f - 48.5 * 30
    assert speed(icenet, folder) == pytest.approx(30 * PER_YEAR * math.cos(y / radius), rel=2e-3)
    said = icenet("velocity", folder, *SMALL, "-o", tmp_path / "v.nc")
    assert said.warnings() == []
    with xr.open_dataset(tmp_path / "v.nc") as dataset:
        assert dataset.v.units == "m/yr"
        assert float(dataset.vx.median()) == pytest.approx(30 * PER_YEAR * math.cos(y / radius), rel=2e-3)
        told = str(dataset.attrs) + str([v.attrs for v in dataset.variables.values()])
    assert not any(name in told for name in ("WGS", "4326"))
    said = icenet("track", folder, *AT, "-o", tmp_path / "t.geojson")
    assert "no map of the Earth" in said.error()
    assert "Looking at" not in said.err


def test_a_place_on_the_earth_is_none_on_mars(icenet: Icenet, tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text("lon,lat\n3,1\n")
    folder = placed(tmp_path / "s", MARS, FAR_NORTH)
    said = icenet("track", folder, "--points", tmp_path / "points.csv", "--chip", 32, "--scale", 1.5)
    assert "points.csv" in said.error()
    assert "no common map" in said.error()


@pytest.mark.parametrize("crs", [lambda i: MARS if i < 2 else CRS_UTM, lambda i: CRS_UTM if i < 2 else LOCAL])
def test_a_date_of_another_body_is_left_out(icenet: Icenet, tmp_path: Path, crs: Callable[[int], str]) -> None:
    said = icenet("track", write_dated(tmp_path / "s", lambda i: FAR_NORTH, crs), *AT)
    assert "20200202" in said.warning()
    assert "shares no ground" in said.warning()


@pytest.mark.parametrize("crs", [LOCAL, MARS])
def test_no_other_system_can_be_chosen_for_them(icenet: Icenet, tmp_path: Path, crs: str) -> None:
    said = icenet("track", placed(tmp_path / "s", crs, FAR_NORTH), *AT, "--crs", CRS_UTM)
    assert "cannot be brought to EPSG:32624" in said.error()


def control_points(folder: Path, days: tuple[str, ...]) -> None:
    points = [GroundControlPoint(row=r, col=c, x=-42 + c / 250, y=73 - r / 900) for r in (0, 96) for c in (0, 96)]
    for day in days:
        with rasterio.open(folder / f"{day}.tif") as dataset:
            values = dataset.read()
        write_tiff(folder / f"{day}.tif", values, crs="EPSG:4326", transform=None, gcps=points)


def test_control_points_alone_are_told(icenet: Icenet, tmp_path: Path) -> None:
    folder = write_dated(tmp_path / "s")
    control_points(folder, ("20200101", "20200117", "20200202"))
    said = icenet("track", folder, *AT)
    assert all(part in said.warning() for part in ("control points", "px/day", "gdalwarp"))
    assert np.isclose(said.table.dcol.iloc[-1], 1, atol=0.02)


def test_one_date_with_control_points_is_left_out(icenet: Icenet, tmp_path: Path) -> None:
    folder = write_dated(tmp_path / "s")
    control_points(folder, ("20200202",))
    said = icenet("track", folder, *AT)
    assert all(part in said.warning() for part in ("20200202.tif is left out", "control points", "gdalwarp"))
    assert float(said.table.v.iloc[-1]) == pytest.approx(30 * PER_YEAR, rel=0.01)

"""GPS velocities turned to the map's axes and compared, against analytic directions and pyproj's factors."""

from __future__ import annotations

import json

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from affine import Affine
from pyproj import CRS, Proj, Transformer
from rasterio.crs import CRS as RasterCRS

from napari_icenet.errors import TrackingError, UsageError
from napari_icenet.scenes.grid import Grid
from napari_icenet.velocity.along.gps import NO_VELOCITY, OTHER_TIME, OUTSIDE, compare
from napari_icenet.velocity.along.gps_files import axes_on_ground, read_gps
from tests.velocity.fields import PLAIN, POLAR, make_map

ROWS, COLS = np.array([50.0, 120, 200, 280]), np.array([60.0, 200, 330, 440])
X, Y = POLAR.transform @ (COLS + 0.5, ROWS + 0.5)
LON, LAT = Transformer.from_crs(3031, 4326, always_xy=True).transform(X, Y)
VX, VY = np.array([300.0, 350, 400, 450]), np.array([-500.0, -450, -400, -350])


def east_north(vx, vy, lon):
    """South polar stereographic: north is away from the pole, (sin λ, cos λ) along the map's x and y."""
    sine, cosine = np.sin(np.radians(lon)), np.cos(np.radians(lon))
    return vx * cosine - vy * sine, vx * sine + vy * cosine


def field(x, y):
    """Passes through VX, VY at the points, nearly."""
    return np.interp(x, X, VX), np.interp(x, X, VY)


def write_csv(path, **columns):
    pd.DataFrame(columns).to_csv(path, index=False)
    return path


@pytest.fixture
def stations(tmp_path):
    ve, vn = east_north(VX, VY, LON)
    return write_csv(tmp_path / "gps.csv", Station=list("ABCD"), Lon=LON, Lat=LAT, vx=ve, vy=vn)


def test_degrees_mean_east_and_north(stations):
    found = read_gps(stations, POLAR)
    assert found.names == ("A", "B", "C", "D")
    np.testing.assert_allclose(found.rows, ROWS, atol=1e-6)
    np.testing.assert_allclose(found.cols, COLS, atol=1e-6)
    np.testing.assert_allclose(found.vx, VX, atol=1e-3)
    np.testing.assert_allclose(found.vy, VY, atol=1e-3)
    # Byrd lies at 158° E: unturned they would be far off.
    assert np.abs(pd.read_csv(stations)["vx"] - VX).min() > 200


@pytest.mark.parametrize("code", [3031, 3413, 32757, 2193])
def test_axes_are_those_of_projs_factors(code):
    """Grid north is the meridian convergence away from true north, and east a right angle on."""
    crs = CRS.from_epsg(code)
    lon, lat = {3413: (-40.0, 70.0), 2193: (170.2, -43.5)}.get(code, (158.5, -80.0))
    proj = Proj(crs)
    x, y = proj(lon, lat)
    gamma = np.radians(proj.get_factors(lon, lat).meridian_convergence)
    wanted = [[np.cos(gamma), np.sin(gamma)], [-np.sin(gamma), np.cos(gamma)]]
    np.testing.assert_allclose(axes_on_ground(crs, np.array([x]), np.array([y]))[0], wanted, atol=2e-6)


def test_every_way_of_saying_a_velocity_is_the_same(tmp_path):
    ve, vn = east_north(VX, VY, LON)
    azimuth = np.degrees(np.arctan2(ve, vn)) % 360
    ways = {
        "map.csv": {"x": X, "y": Y, "vx": VX, "vy": VY},
        "true.csv": {"x": X, "y": Y, "ve": ve, "vn": vn},
        "azimuth.csv": {"longitude": LON, "latitude": LAT, "v": np.hypot(VX, VY), "azimuth": azimuth},
    }
    for name, columns in ways.items():
        found = read_gps(write_csv(tmp_path / name, **columns), POLAR)
        np.testing.assert_allclose([found.vx, found.vy], [VX, VY], atol=1e-3, err_msg=name)


@pytest.mark.parametrize("suffix", ["gpkg", "geojson"])
@pytest.mark.parametrize("code", [4326, 3031, 32757])
def test_files_of_shapes_give_velocities_along_their_own_axes(tmp_path, suffix, code):
    ve, vn = east_north(VX, VY, LON)
    change = Transformer.from_crs(4326, code, always_xy=True)
    x, y = change.transform(LON, LAT)
    own = {4326: (ve, vn), 3031: (VX, VY)}.get(code)
    if own is None:
        proj = Proj(code)
        gamma = np.radians([proj.get_factors(a, b).meridian_convergence for a, b in zip(LON, LAT, strict=True)])
        own = ve * np.cos(gamma) - vn * np.sin(gamma), ve * np.sin(gamma) + vn * np.cos(gamma)
    columns = {"name": list("abcd"), "VX": own[0], "VY": own[1]}
    table = geopandas.GeoDataFrame(columns, geometry=geopandas.points_from_xy(x, y), crs=code)
    table.to_file(tmp_path / f"gps.{suffix}")
    found = read_gps(tmp_path / f"gps.{suffix}", POLAR)
    np.testing.assert_allclose([found.vx, found.vy], [VX, VY], atol=0.01)
    np.testing.assert_allclose(found.rows, ROWS, atol=1e-3)


def test_errors_turn_with_the_axes(tmp_path):
    """East and north errors of 3 and 4 m/yr; along and across of 5 m/yr and of 1° at 100 m/yr."""
    columns = {"lon": LON[:1], "lat": LAT[:1]}
    found = read_gps(write_csv(tmp_path / "a.csv", **columns, ve=[1], vn=[2], ve_error=[3], vn_error=[4]), POLAR)
    sine, cosine = np.sin(np.radians(LON[0])), np.cos(np.radians(LON[0]))
    np.testing.assert_allclose(found.vx_error, np.hypot(3 * cosine, 4 * sine), rtol=1e-5)
    np.testing.assert_allclose(found.vy_error, np.hypot(3 * sine, 4 * cosine), rtol=1e-5)
    columns |= {"v": [100.0], "azimuth": [30.0]}
    found = read_gps(write_csv(tmp_path / "b.csv", **columns, v_error=[5.0], azimuth_error=[1.0]), POLAR)
    assert found.v_error[0] == pytest.approx(5, abs=0.3)
    assert found.vx_error[0] ** 2 + found.vy_error[0] ** 2 == pytest.approx(25 + np.radians(100.0) ** 2, rel=1e-4)
    found = read_gps(write_csv(tmp_path / "c.csv", **columns, v_error=[5.0]), POLAR)
    np.testing.assert_allclose((found.vx_error, found.vy_error), 5, rtol=1e-4)


def test_differences_and_their_summary(stations):
    """A map that is 20 m/yr too fast along x everywhere, and one that is right."""
    found = compare([make_map(lambda x, y: (field(x, y)[0] + 20, field(x, y)[1])), make_map(field)], stations)
    assert found.compared.all()
    np.testing.assert_allclose(found.dvx, [[20] * 4, [0] * 4], atol=2.5)
    np.testing.assert_allclose(found.dvy, 0, atol=2.5)
    dv = found.v - np.hypot(VX, VY)
    np.testing.assert_allclose(found.dv, dv, atol=1e-3)
    summary = found.summary
    assert (summary.count, summary.points, summary.maps) == (8, 4, 2)
    assert summary.bias == pytest.approx(dv.mean(), abs=1e-3)
    assert summary.bias_vx == pytest.approx(10, abs=1.5)
    assert summary.rmse == pytest.approx(np.sqrt((dv**2).mean()), abs=1e-3)
    assert summary.rmse_vector == pytest.approx(20 / np.sqrt(2), abs=1.5)
    assert summary.median_absolute_difference == pytest.approx(np.median(np.abs(dv)), abs=1e-3)
    assert summary.interval_95 == pytest.approx(tuple(np.percentile(dv, (2.5, 97.5))), abs=1e-3)
    # 0.05 px in 20 days are 28 m/yr.
    np.testing.assert_allclose(found.dv_error, 0.05 * 30 / 0.98 * 365.25 / 20, rtol=0.01)
    assert summary.within_2_sigma == 1
    assert "bias" in summary.as_text()


def test_two_sigma_holds_for_errors_that_are_right(tmp_path):
    """500 points with GPS errors of 10 m/yr in each component: about 95 % lie within two sigma."""
    rng = np.random.default_rng(3)
    rows, cols = rng.uniform(20, 300, 500), rng.uniform(20, 460, 500)
    x, y = POLAR.transform @ (cols + 0.5, rows + 0.5)
    path = write_csv(
        tmp_path / "many.csv",
        **{"x": x, "y": y, "vx": 300 + rng.normal(0, 10, 500), "vy": -500 + rng.normal(0, 10, 500)},
        **{"vx_error": 10, "vy_error": 10},
    )
    made = make_map(lambda x, y: (np.full_like(x, 300), np.full_like(x, -500)), error_px=1e-3)
    summary = compare(made, path).summary
    assert 0.93 < summary.within_2_sigma < 0.975
    assert summary.rmse == pytest.approx(10, rel=0.1)
    assert abs(summary.bias) < 1.5


def test_only_maps_of_the_same_time_are_compared(tmp_path):
    maps = [make_map(field), make_map(field, dates=("2021-01-01", "2021-02-01"))]
    columns = {"x": X, "y": Y, "vx": VX, "vy": VY}
    start = ["2020-01-01", "2020-02-21", "", "2020-12-01"]
    end = ["2020-01-30T00:00:00Z", "2020-12-01", "", ""]
    found = compare(maps, write_csv(tmp_path / "dated.csv", **columns, start=start, end=end))
    wanted = [[OTHER_TIME, OTHER_TIME, "", OTHER_TIME], [OTHER_TIME, OTHER_TIME, "", ""]]
    np.testing.assert_array_equal(found.reason, wanted)
    assert np.isnan(found.dv[~found.compared]).all()


def test_points_without_a_map_velocity_say_why(tmp_path):
    missing = np.zeros((20, 30), bool)
    missing[3, 3] = True
    columns = {"x": [*X, 0.0], "y": [*Y, 0.0], "vx": [*VX, 1], "vy": [*VY, 1]}
    found = compare(make_map(field, missing=missing), write_csv(tmp_path / "gaps.csv", **columns))
    np.testing.assert_array_equal(found.reason[0], [NO_VELOCITY, "", "", "", OUTSIDE])
    assert found.summary.count == 3
    everywhere = compare(make_map(field, missing=np.ones((20, 30), bool)), tmp_path / "gaps.csv")
    assert everywhere.summary.count == 0
    assert "No GPS point" in everywhere.summary.as_text()


def test_files_hold_the_comparison(stations, tmp_path):
    found = compare(make_map(field), stations)
    for suffix in ("csv", "parquet", "json"):
        found.write(tmp_path / f"out.{suffix}")
    table = found.table()
    back = pd.read_csv(tmp_path / "out.csv")
    assert list(back) == list(table)
    np.testing.assert_allclose(back["dv"], table["dv"], atol=5.1e-4)
    assert list(back["point"]) == list("ABCD")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "out.parquet"), table, check_dtype=False)
    assert json.loads((tmp_path / "out.json").read_text())["count"] == 4
    with pytest.raises(UsageError, match="end the name in"):
        found.write(tmp_path / "out.txt")


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (
            {"lon": [158.0], "lat": [-80.0], "speed": [3]},
            "velocity \\(it has lon, lat, speed\\); name its columns vx, vy",
        ),
        ({"east": [158.0], "vx": [3], "vy": [1]}, "place \\(it has east, vx, vy\\); name its columns lon, lat"),
        ({"x": [1.0], "y": [2.0], "vx": ["fast"], "vy": [1]}, "in vx that cannot be used: fast is no number"),
        ({"x": [1.0], "y": [2.0], "vx": [1], "vy": [1], "start": ["soon"]}, "in start that is no date"),
        ({"x": [1.0], "y": [2.0], "vx": [""], "vy": [1]}, "holds no point with a velocity"),
        ({"x": [1.0], "y": [2.0], "vx": [1], "vy": [1]}, "no GPS point of .* lies on the velocity maps"),
    ],
)
def test_bad_files_are_said_in_one_sentence(tmp_path, columns, said):
    with pytest.raises(TrackingError, match=said):
        compare(make_map(field), write_csv(tmp_path / "bad.csv", **columns))


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_decimal_commas_are_read_where_they_are_beyond_doubt(stations, tmp_path, delimiter):
    columns = pd.read_csv(stations)
    columns.to_csv(tmp_path / "commas.csv", index=False, sep=delimiter, decimal=",")
    found, plain = read_gps(tmp_path / "commas.csv", POLAR), read_gps(stations, POLAR)
    for name in ("rows", "cols", "vx", "vy"):
        np.testing.assert_array_equal(getattr(found, name), getattr(plain, name))
    mixed = tmp_path / "mixed.csv"
    mixed.write_text("lon;lat;vx;vy\n158,5;-80.25;1;2\n")
    with pytest.raises(TrackingError, match="158,5 is no number; write decimals with a point"):
        read_gps(mixed, POLAR)


def test_points_of_a_multi_point_are_stations_each(tmp_path):
    shapes = [shapely.MultiPoint(np.stack([X, Y], axis=1)[:3]), shapely.Point(X[3], Y[3])]
    table = geopandas.GeoDataFrame({"ve": [1.0, 2.0], "vn": [0.0, 0.0]}, geometry=shapes, crs="EPSG:3031")
    table.to_file(tmp_path / "multi.gpkg")
    found = read_gps(tmp_path / "multi.gpkg", POLAR)
    np.testing.assert_allclose(found.rows, ROWS, atol=1e-6)
    np.testing.assert_allclose(found.v, [1, 1, 1, 2], rtol=1e-6)


def test_requests_that_make_no_sense(stations):
    with pytest.raises(UsageError, match="make one first"):
        compare([], stations)
    with pytest.raises(TrackingError, match="no coordinate reference system"):
        compare(make_map(lambda x, y: (x, y), frame=PLAIN), stations)
    other = Grid(320, 480, Affine(30, 0, 0, 0, -30, 0), RasterCRS.from_epsg(3031))
    with pytest.raises(UsageError, match="different pictures"):
        compare([make_map(field), make_map(field, frame=other)], stations)

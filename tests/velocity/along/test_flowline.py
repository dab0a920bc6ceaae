"""Profiles against velocities that are known everywhere."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from pyproj import Geod, Transformer

from napari_icenet.errors import TrackingError, UsageError
from napari_icenet.velocity.along.flowline import along, resampled
from napari_icenet.velocity.along.profile_files import write_profile
from napari_icenet.velocity.time_series.inversion import invert
from tests.velocity.fields import PLAIN, POLAR, make_map, scale_of

LINE = np.array([(40.0, 30.0), (150.0, 250.0), (280.0, 440.0)])


def shear(x, y):
    """Bilinear, so that interpolation between cells is exact but for the curvature of the projection's scale."""
    return 400 + (x - 400_000) / 50, -300 + (y + 1_000_000) / 80


@pytest.fixture(scope="module")
def profile():
    later = make_map(lambda x, y: (np.full(x.shape, 600.0), np.zeros(x.shape)), dates=("2020-02-20", "2020-03-31"))
    return along([later, make_map(shear)], LINE, name="Byrd centre line")


def test_velocity_along_a_line_is_the_fields(profile):
    x, y = POLAR.transform @ (profile.cols + 0.5, profile.rows + 0.5)
    vx, vy = shear(x, y)
    assert profile.unit == "m/yr"
    # Both within a thousandth of a pixel.
    np.testing.assert_allclose(profile.vx[0], vx, atol=0.5)
    np.testing.assert_allclose(profile.vy[0], vy, atol=0.5)
    np.testing.assert_allclose(profile.v[0], np.hypot(vx, vy), atol=0.5)
    np.testing.assert_allclose(profile.v[1], 600, atol=0.5)
    error = 0.05 * 30 / float(scale_of(POLAR, x[0], y[0])) * 365.25 / 20
    np.testing.assert_allclose(profile.v_error[0], error, rtol=1e-3)
    np.testing.assert_allclose(profile.ncc, 0.8, rtol=1e-6)


def test_pairs_stand_in_the_order_of_their_mid_dates(profile):
    assert profile.labels == (("2020-01-31", "2020-02-20"), ("2020-02-20", "2020-03-31"))
    assert list(np.datetime_as_string(profile.mid_times, unit="h")) == ["2020-02-10T12", "2020-03-11T12"]
    np.testing.assert_allclose(profile.days, (20, 40))


def test_distance_is_on_the_ground(profile):
    """Geodesics between the line's corners, and map lengths divided by the projection's scale."""
    x, y = POLAR.transform @ (LINE[:, 1] + 0.5, LINE[:, 0] + 0.5)
    lon, lat = Transformer.from_crs(3031, 4326, always_xy=True).transform(x, y)
    true = Geod(ellps="WGS84").line_length(lon, lat)
    assert profile.distance_unit == "m"
    # A straight line of the map is longer than the geodesic, by less than a centimetre over 7 km.
    assert profile.distance[-1] == pytest.approx(true, abs=0.01)
    on_map = np.hypot(np.diff(x), np.diff(y)).sum()
    assert profile.distance[-1] == pytest.approx(on_map / scale_of(POLAR, x[1], y[1]), rel=1e-3)
    assert on_map / profile.distance[-1] < 0.99
    steps = np.hypot(np.diff(profile.rows), np.diff(profile.cols))
    assert np.ptp(steps[:-1]) < 0.2
    assert steps[0] == pytest.approx(8, abs=0.2)


def test_component_along_the_line(profile):
    """On the first leg and on the second, with the line's own direction."""
    for leg, places in ((0, slice(1, 20)), (1, slice(-20, -1))):
        drow, dcol = np.diff(LINE, axis=0)[leg]
        ux, uy = np.array([dcol, -drow]) / np.hypot(drow, dcol)
        np.testing.assert_allclose(profile.v_along[1, places], 600 * ux, atol=0.5)
        wanted = profile.vx[0, places] * ux + profile.vy[0, places] * uy
        np.testing.assert_allclose(profile.v_along[0, places], wanted, atol=0.5)
    back = along(make_map(shear), LINE[::-1])
    np.testing.assert_allclose(back.v_along[0], -profile.v_along[0, ::-1], atol=1e-6)


def test_missing_cells_leave_gaps():
    missing = np.zeros((20, 30), bool)
    missing[5, 10] = True
    row, col = 5 * 16 + 7.5, 10 * 16 + 7.5
    found = along(make_map(shear, missing=missing), [(row, col - 40), (row, col + 40)], step_px=4)
    # A place counts where every cell with a part in its value is valid: one cell away on the row, it is.
    np.testing.assert_array_equal(~found.valid[0], np.abs(found.cols - col) < 16 - 1e-9)
    assert np.isnan(found.v[0, ~found.valid[0]]).all()
    table = found.to_dataframe()
    assert table.loc[~table["valid"], ["v", "v_error", "v_along", "ncc"]].isna().all(axis=None)


def test_a_line_that_leaves_the_map_is_empty_there():
    found = along(make_map(shear), [(100, 400), (100, 600)], step_px=2)
    np.testing.assert_array_equal(found.valid[0], found.cols <= 29 * 16 + 7.5)


def test_without_a_map_distance_is_in_pixels():
    made = make_map(lambda x, y: (0.01 * x, 0.02 * y), frame=PLAIN)
    found = along(made, [(20, 20), (50, 60)], step_px=5)
    assert (found.unit, found.distance_unit) == ("px/day", "px")
    np.testing.assert_allclose(found.distance, np.arange(0, 51, 5))
    np.testing.assert_allclose(found.vx[0], 0.01 * found.cols, rtol=1e-5)
    np.testing.assert_allclose(found.v_along[0], 0.8 * found.vx[0] + 0.6 * found.vy[0], rtol=1e-6)
    assert list(found.to_dataframe())[:4] == ["line", "distance", "row", "col"]


def test_a_series_is_profiled_by_interval():
    """Three pairs over two intervals; where only the long pair is left, neither is measured by itself."""
    lost = np.zeros((20, 30), bool)
    lost[:, 20:] = True
    one = make_map(shear, missing=lost)
    two = make_map(shear, dates=("2020-02-20", "2020-03-31"), missing=lost)
    series = invert([one, two, make_map(shear, dates=("2020-01-31", "2020-03-31"))])
    found = along(series, LINE)
    assert found.labels == (("2020-01-31", "2020-02-20"), ("2020-02-20", "2020-03-31"))
    np.testing.assert_array_equal(found.valid, np.tile(found.cols <= 19 * 16 + 7.5, (2, 1)))
    np.testing.assert_allclose(found.v[:, :20], np.tile(along(one, LINE).v[0, :20], (2, 1)), rtol=1e-3)
    assert np.isnan(found.ncc).all()


def test_the_table(profile):
    table = profile.to_dataframe()
    columns = "line distance x y first_date second_date mid_date days v v_error v_along ncc valid"
    assert list(table)[:13] == columns.split()
    assert len(table) == 2 * len(profile.rows)
    last = table.iloc[-1]
    assert (last["line"], last["first_date"], last["mid_date"]) == ("Byrd centre line", "2020-02-20", "2020-03-11")
    assert (last["days"], last["unit"], last["distance_unit"]) == (40, "m/yr", "m")
    np.testing.assert_allclose((last["x"], last["y"]), POLAR.transform @ (440.5, 280.5))
    assert last["v"] == pytest.approx(600, abs=0.5)


def test_files_hold_the_table(profile, tmp_path):
    for suffix in ("csv", "parquet", "geojson"):
        write_profile(profile, tmp_path / f"profile.{suffix}")
    table = profile.to_dataframe()
    for found, tolerance in (
        (pd.read_csv(tmp_path / "profile.csv"), 0.0051),
        (pd.read_parquet(tmp_path / "profile.parquet"), 0),
    ):
        assert list(found) == list(table)
        for name in ("distance", "v", "v_error", "v_along"):
            np.testing.assert_allclose(found[name], table[name], atol=tolerance)
        assert found["valid"].all()
    line, *points = json.loads((tmp_path / "profile.geojson").read_text())["features"]
    assert len(points) == len(table)
    lon, lat = Transformer.from_crs(3031, 4326, always_xy=True).transform(table["x"], table["y"])
    np.testing.assert_allclose([p["geometry"]["coordinates"] for p in points], np.stack([lon, lat], 1), atol=1e-7)
    assert points[-1]["properties"]["v"] == pytest.approx(600, abs=0.5)
    assert line["properties"]["length_m"] == pytest.approx(profile.distance[-1], abs=0.01)
    assert len(list(tmp_path.iterdir())) == 3


def test_a_file_that_cannot_be_written_is_absent(profile, tmp_path):
    with pytest.raises(UsageError, match="end the name in"):
        write_profile(profile, tmp_path / "profile.xlsx")
    with pytest.raises(TrackingError, match="there is no folder"):
        write_profile(profile, tmp_path / "none" / "profile.csv")
    plain = along(make_map(lambda x, y: (x, y), frame=PLAIN), [(20, 20), (50, 60)])
    with pytest.raises(TrackingError, match="no longitude and latitude"):
        write_profile(plain, tmp_path / "profile.geojson")
    assert not list(tmp_path.iterdir())


def test_requests_that_make_no_sense():
    made = make_map(shear)
    with pytest.raises(UsageError, match="make one first"):
        along([], LINE)
    with pytest.raises(UsageError, match="different pictures"):
        along([made, make_map(shear, frame=PLAIN)], LINE)
    with pytest.raises(TrackingError, match="has no length"):
        along(made, [(10, 10), (10, 10)])
    with pytest.raises(TrackingError, match="has no length"):
        along(made, np.zeros((0, 2)))
    with pytest.raises(TrackingError, match="lies outside the velocity maps"):
        along(made, [(-500, 10), (-400, 10)])
    with pytest.raises(UsageError, match="make it positive"):
        along(made, LINE, step_px=0)


def test_places_are_equally_far_apart_and_keep_the_ends():
    rows, cols, at = resampled(np.array([(0.0, 0.0), (0.0, 10.0), (7.0, 10.0)]), 2.0)
    np.testing.assert_allclose((rows[0], cols[0], rows[-1], cols[-1]), (0, 0, 7, 10))
    assert at[-1] == 17
    assert len(rows) == round(17 / 2) + 1

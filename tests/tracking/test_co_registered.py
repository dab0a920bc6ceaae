"""Tracks on a stack whose dates are shifted by a known amount: sought there, and less the shift."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from affine import Affine
from rasterio.crs import CRS

from napari_icenet.errors import TrackingError, UsageError
from napari_icenet.scenes.grid import Grid
from napari_icenet.tracking.export import write_tracks
from napari_icenet.tracking.follow import follow
from napari_icenet.tracking.settings import TrackSettings
from napari_icenet.tracking.stable_ground import from_tracks, relative_motion
from tests.valley import FLOW, PATHS, SHIFTS, known_shifts, valley

#: Reaches 8 px: not as far as from one path's picture to the other's, once ice and shift go the same way.
SETTINGS = TrackSettings(chip=64, scale=1.25)
BYRD = Grid(320, 320, Affine(30, 0, 350_000, 0, -30, -960_000), CRS.from_epsg(3031))
ICE, ROCK = (160, 130), (50, 130)
NEVER = {"unknown": ()}


def stack_with(shifts=NEVER, **options):
    stack, _ = valley(paths=PATHS, grid=BYRD, **options)
    stack.shifts = None if shifts is None else known_shifts(stack, **shifts)
    return stack


def followed(stack, at=ICE, time=0, settings=SETTINGS, **options):
    return follow(stack, *at, time, settings, **options)


def true_speed():
    dx, dy = BYRD.metres(*ICE, *FLOW)
    return float(np.hypot(dx, dy)) / 16 * 365.25


@pytest.mark.parametrize("time", [0, 3, 7])
def test_velocities_are_true_with_shifts_and_wrong_without(time):
    wide = TrackSettings(chip=64, scale=1.5)
    found, plain = (followed(stack_with(shifts), time=time, settings=wide) for shifts in (NEVER, None))
    np.testing.assert_allclose(found.drow[1:], FLOW[0], atol=0.1)
    np.testing.assert_allclose(found.dcol[1:], FLOW[1], atol=0.1)
    np.testing.assert_allclose(found.speed[1:], true_speed(), rtol=0.05)
    assert np.abs(plain.speed[1:] / true_speed() - 1).min() > 0.1
    speed, error = found.mean_speed
    assert abs(speed - true_speed()) < 3 * error
    # Both saw the same pictures.
    np.testing.assert_allclose(found.rows, plain.rows, atol=1e-6)


def test_row_and_col_stay_where_the_chip_is_in_its_picture():
    track = followed(stack_with())
    moved = np.arange(8)[:, None] * FLOW + SHIFTS
    np.testing.assert_allclose(np.stack([track.rows, track.cols], 1), ICE + moved, atol=0.2)
    rows, cols = track.ground
    np.testing.assert_allclose(rows, ICE[0] + np.arange(8) * FLOW[0], atol=0.2)
    np.testing.assert_allclose(track.displacement, np.hypot(rows - ICE[0], cols - ICE[1]))
    table = track.to_dataframe()
    x, y = BYRD.xy(rows, cols)
    np.testing.assert_array_equal(table["x"], x)
    np.testing.assert_array_equal(table["y"], y)
    np.testing.assert_array_equal(table["row"], track.rows)


@pytest.mark.parametrize("centring", ["last", "velocity"])
@pytest.mark.parametrize("tracking", ["robust", "chain"])
def test_a_jump_to_the_other_path_does_not_leave_the_search_window(tracking, centring):
    narrow = TrackSettings(chip=64, scale=1.15, tracking=tracking, centring=centring)
    found = followed(stack_with(), settings=narrow)
    assert found.valid.all()
    np.testing.assert_allclose(found.dcol[1:], FLOW[1], atol=0.5 if tracking == "chain" else 0.1)
    plain = followed(stack_with(None), settings=narrow)
    assert not plain.valid.all() or np.abs(plain.dcol[1:] - FLOW[1]).max() > 1


def test_a_date_of_unknown_shift_has_a_place_in_its_picture_and_no_motion():
    track = followed(stack_with({"unknown": (3,)}))
    assert track.valid.all()
    assert np.isfinite(track.rows[3])
    for values in (track.drow, track.dcol, track.speed, track.speed_error, track.displacement, track.ground[0]):
        assert np.isnan(values[3])
    # The next step reaches over it.
    assert track.previous.tolist() == [-1, 0, 1, -1, 2, 4, 5, 6]
    assert track.interval_days[4] == 32
    assert track.drow[4] == pytest.approx(2 * FLOW[0], abs=0.1)
    assert track.speed[4] == pytest.approx(true_speed(), rel=0.05)
    points = track.to_geodataframe()
    assert points.geometry.isna().tolist() == [t == 3 for t in range(8)]


def test_nothing_is_followed_from_a_date_of_unknown_shift():
    stack = stack_with({"unknown": (3,)})
    with pytest.raises(TrackingError, match=r"shift of 2020-02-18 .* place the chip on another date"):
        followed(stack, time=3)


def test_shifts_of_other_dates_are_refused():
    stack, other = stack_with(), valley(SHIFTS[:5], side=64)[0]
    stack.shifts = known_shifts(other, SHIFTS[:5])
    with pytest.raises(UsageError, match="measure them again"):
        followed(stack)


def test_errors_hold_the_shifts_own():
    sure, unsure = (followed(stack_with({"error": error})) for error in (0.0, 0.5))
    np.testing.assert_allclose(unsure.displacement_error[1:], np.hypot(sure.match_error[1:], 0.5))
    metres = float(np.hypot(*BYRD.metres(*ICE, 1, 0)))
    assert np.all(unsure.speed_error[1:] > 0.5 * metres / 16 * 365.25)
    assert np.all(sure.speed_error[1:] < unsure.speed_error[1:])
    assert unsure.mean_speed[1] > sure.mean_speed[1]


def test_rock_stands_still_and_motion_less_that_of_rock_is_the_same():
    stack, plain = stack_with(), stack_with(None)
    wide = TrackSettings(chip=64, scale=1.5)
    rock = followed(stack, at=ROCK, settings=wide)
    assert rock.displacement.max() < 0.15
    found = relative_motion(followed(stack, settings=wide), from_tracks((rock,)))
    other = relative_motion(followed(plain, settings=wide), from_tracks((followed(plain, at=ROCK, settings=wide),)))
    np.testing.assert_allclose(found.drow, other.drow, atol=1e-6)
    np.testing.assert_allclose(found.speed, other.speed, rtol=1e-3)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_tables_tell_the_shift_of_each_row(tmp_path, suffix):
    stack = stack_with({"unknown": (3,)})
    track = followed(stack, time=1)
    path = tmp_path / f"t.{suffix}"
    write_tracks([track], stack, path)
    table = pd.read_csv(path) if suffix == "csv" else pd.read_parquet(path)
    np.testing.assert_allclose(table["shift_row"], np.where(np.arange(8) == 3, np.nan, SHIFTS[:, 0] - 6), atol=1e-3)
    np.testing.assert_allclose(table["col"] - table["shift_col"], track.ground[1], atol=2e-3)
    assert table["shift_error"][2] == pytest.approx(0.05)
    assert table["shift_source"].fillna("").tolist() == ["" if t == 3 else "mask" for t in range(8)]
    plain = stack_with(None)
    write_tracks([followed(plain, time=1)], plain, path)
    table = pd.read_csv(path) if suffix == "csv" else pd.read_parquet(path)
    assert not any(name.startswith("shift") for name in table)


def test_geojson_lies_on_the_ground(tmp_path):
    stack = stack_with({"unknown": (3,)})
    track = followed(stack)
    write_tracks([track], stack, tmp_path / "t.geojson")
    line, *points = json.loads((tmp_path / "t.geojson").read_text())["features"]
    assert line["properties"]["co_registered"] == "mask"
    lon, lat = BYRD.lonlat(*track.ground)
    known = [t for t in range(8) if t != 3]
    np.testing.assert_allclose(line["geometry"]["coordinates"], np.stack([lon, lat], 1)[known], atol=1e-6)
    assert points[3]["geometry"] is None
    assert points[3]["properties"]["row"] is not None
    assert points[5]["properties"]["shift_col"] == pytest.approx(SHIFTS[5, 1], abs=1e-3)


def test_it_says_so():
    assert "less the dates' shifts" in repr(followed(stack_with()))
    assert "shifts" not in repr(followed(stack_with(None)))

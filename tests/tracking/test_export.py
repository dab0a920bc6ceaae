import json

import numpy as np
import pandas as pd
import pytest
from affine import Affine
from rasterio.crs import CRS

from napari_icenet.errors import TrackingError, UsageError
from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.tracking.export import csv_text, read_points, read_tracks, track_table, write_tracks
from napari_icenet.tracking.follow import follow
from napari_icenet.tracking.settings import TrackSettings
from tests.tracking.glacier import cloud, moving

STEPS = np.array([(0, 0), (1.0, 2.0), (1.5, 3.0), (3.0, 6.0)])
SETTINGS = TrackSettings(chip=64, scale=1.5, prefilter="box:5")
BYRD = Grid(320, 320, Affine(30, 0, 350_000, 0, -30, -960_000), CRS.from_epsg(3031))


def build(grid):
    ice = moving(STEPS)
    frames = np.stack([ice.read(t, 1) for t in range(4)])
    frames[2] = cloud((320, 320), 1)
    return SceneStack.from_array(frames, [s.time for s in ice.scenes], name="ice", grid=grid)


@pytest.fixture(scope="module")
def mapped():
    stack = build(BYRD)
    return stack, [follow(stack, 160, 150, 0, SETTINGS), follow(stack, 180, 140, 1, SETTINGS, number=2)]


@pytest.fixture(scope="module")
def unmapped():
    stack = build(None)
    return stack, [follow(stack, 160, 150, 0, SETTINGS)]


def test_columns_of_the_contract_come_first(mapped, unmapped):
    first = ["track", "date", "row", "col", "drow", "dcol", "ncc", "peak_ratio", "valid"]
    assert list(track_table(unmapped[1], unmapped[0]))[:10] == [*first, "scene"]
    assert list(track_table(mapped[1], mapped[0]))[:15] == [*first, "x", "y", "vx", "vy", "v", "scene"]
    assert list(track_table([], mapped[0]))[:14] == [*first, "x", "y", "vx", "vy", "v"]


def test_csv_has_a_row_per_track_and_date_and_lost_rows_are_empty(mapped, tmp_path):
    stack, tracks = mapped
    write_tracks(tracks, stack, tmp_path / "t.csv")
    text = (tmp_path / "t.csv").read_text()
    assert text == csv_text(track_table(tracks, stack))
    table = pd.read_csv(tmp_path / "t.csv")
    assert len(table) == 8
    assert list(table["date"][:4]) == list(stack.labels)
    lost = table[~table["valid"]]
    assert list(lost["date"].unique()) == [stack.labels[2]]
    assert ",false," in text
    numbers = ["row", "col", "drow", "dcol", "ncc", "peak_ratio", "x", "y", "vx", "vy", "v", "azimuth", "drow_error"]
    assert lost[numbers].isna().all(axis=None)
    assert set(lost["reason"]) <= {"ambiguous", "border", "disagreement"}
    # Over the lost date: since the last valid one.
    assert table["dcol"][3] == pytest.approx(4, abs=0.1)
    assert table["interval_days"][3] == 32
    metres = table["v"][3] * 32 / 365.25
    assert metres == pytest.approx(30 * np.hypot(2, 4), rel=0.05)
    assert set(table["scene"]) == {scene.id for scene in stack.scenes}
    assert set(table["prefilter"]) == {"box:5"}
    assert table["software"][0].startswith("napari-icenet ")


def test_geojson_is_wgs84_with_a_line_a_track_and_points(mapped, tmp_path):
    stack, tracks = mapped
    write_tracks(tracks, stack, tmp_path / "t.geojson")
    data = json.loads((tmp_path / "t.geojson").read_text())
    lines = [f for f in data["features"] if "scenes" in f["properties"]]
    points = [f for f in data["features"] if "date" in f["properties"]]
    assert len(lines) == 2
    assert len(points) == 8
    assert len(lines[0]["geometry"]["coordinates"]) == 3
    assert lines[0]["properties"]["scenes"] == [scene.id for scene in stack.scenes]
    assert lines[0]["properties"]["chip"] == 64
    assert points[2]["geometry"] is None
    lon, lat = BYRD.lonlat(160, 150)
    assert points[0]["geometry"]["coordinates"] == pytest.approx([float(lon), float(lat)])
    assert -90 < lat < -70


def test_geojson_without_a_map_is_refused_and_leaves_nothing(unmapped, tmp_path):
    with pytest.raises(TrackingError, match=r"no coordinate reference system.*\.csv"):
        write_tracks(unmapped[1], unmapped[0], tmp_path / "t.geojson")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_keeps_the_old_file(unmapped, tmp_path):
    (tmp_path / "t.parquet").write_text("old")
    with pytest.raises(UsageError, match=r"\.csv, \.geojson, \.parquet"):
        write_tracks(unmapped[1], unmapped[0], tmp_path / "t.xlsx")
    with pytest.raises(TrackingError, match="no folder"):
        write_tracks(unmapped[1], unmapped[0], tmp_path / "nowhere" / "t.csv")
    assert [p.name for p in tmp_path.iterdir()] == ["t.parquet"]


@pytest.mark.parametrize("suffix", ["csv", "geojson", "parquet"])
def test_an_export_says_how_to_make_the_tracks_again(mapped, tmp_path, suffix):
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
    stack, tracks = mapped
    path = tmp_path / f"t.{suffix}"
    write_tracks(tracks, stack, path)
    saved = read_tracks(path)
    assert [s.number for s in saved] == [1, 2]
    again = follow(stack, saved[1].row, saved[1].col, stack.time_index(saved[1].date), saved[1].settings, number=2)
    np.testing.assert_array_equal(again.rows, tracks[1].rows)


def test_points_in_pixels_map_units_and_degrees_agree(mapped, tmp_path):
    stack, _ = mapped
    (x, y), (lon, lat) = stack.grid.xy(100, 120), stack.grid.lonlat(100, 120)
    (tmp_path / "a.csv").write_text("name;row;col\nice;100;120\n")
    (tmp_path / "b.csv").write_text(f"X,Y\n{x},{y}\n")
    (tmp_path / "c.csv").write_text(f"longitude,latitude\n{lon},{lat}\n")
    feature = {
        "type": "Feature",
        "properties": None,
        "geometry": {"type": "Point", "coordinates": [float(lon), float(lat)]},
    }
    (tmp_path / "d.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    for name in ("a.csv", "b.csv", "c.csv", "d.geojson"):
        assert read_points(tmp_path / name, stack)[0] == pytest.approx((100, 120), abs=1e-3), name


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "p,q\n1,2\n", "columns row, col or x, y or lon, lat"),
        ("b.csv", "row,col\n1,x\n", "no number"),
        ("c.csv", "row,col\n1,\n", "empty value"),
        ("i.csv", "row,col\n150,25,180,75\n", r"more cells than its header .* with a point, as in 150\.25"),
        ("j.csv", "row;col\n150,25;180,75\n", r"no number; write decimals with a point, as in 150\.25"),
        ("d.csv", "lon,lat\n1,2\n", "no coordinate reference system"),
        ("e.geojson", "{}", "cannot be read as a vector file"),
        ("f.geojson", '{"features": []}', "cannot be read as a vector file"),
        ("g.txt", "1 2", "neither"),
        ("h.csv", "", "is empty"),
    ],
)
def test_unusable_points_are_refused_in_a_sentence(unmapped, tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(TrackingError, match=message) as caught:
        read_points(tmp_path / name, unmapped[0])
    assert name in str(caught.value)


def test_files_that_are_no_export_are_refused(unmapped, tmp_path):
    with pytest.raises(TrackingError, match="is not there"):
        read_tracks(tmp_path / "missing.csv")
    (tmp_path / "a.csv").write_text("row,col\n1,2\n")
    with pytest.raises(TrackingError, match="not an export"):
        read_tracks(tmp_path / "a.csv")

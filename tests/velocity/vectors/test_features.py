"""Real files in several map systems, against pyproj and shapely."""

from __future__ import annotations

import json

import geopandas
import numpy as np
import pyogrio
import pytest
import shapely
from affine import Affine
from pyproj import Transformer
from rasterio.crs import CRS
from shapely.geometry import GeometryCollection, LineString, MultiLineString, MultiPolygon, Point, Polygon

from napari_icenet.errors import SceneWarning, TrackingError
from napari_icenet.scenes.grid import Grid
from napari_icenet.velocity.stable_ground.mask import read_stable_mask
from napari_icenet.velocity.vectors.features import corners, in_pixels, read_features

#: Byrd Glacier, polar stereographic, 100 m pixels.
POLAR = Grid(200, 300, Affine(100, 0, 390_000, 0, -100, -990_000), CRS.from_epsg(3031))
PLAIN = Grid(50, 60)


def place(grid: Grid, row: float, col: float) -> tuple[float, float]:
    """Map (x, y) of a pixel's place, without the grid's own methods."""
    return tuple(grid.transform @ (col + 0.5, row + 0.5))


def box(grid: Grid, top: float, left: float, bottom: float, right: float) -> Polygon:
    return Polygon([place(grid, r, c) for r, c in ((top, left), (top, right), (bottom, right), (bottom, left))])


def frame_of(geometries, crs, **columns) -> geopandas.GeoDataFrame:
    return geopandas.GeoDataFrame(columns, geometry=geometries, crs=crs)


def placed(path, grid, kind: str) -> list:
    """Shapes of one kind, in pixels."""
    features = read_features(path, grid)
    return list(in_pixels(features[features["kind"] == kind], grid).geometry)


def test_every_layer_and_kind_of_a_geopackage_is_read(tmp_path):
    path = tmp_path / "all.gpkg"
    ice = MultiPolygon([box(POLAR, 10, 10, 40, 40), box(POLAR, 60, 60, 80, 90)])
    holed = Polygon(box(POLAR, 100, 100, 150, 160).exterior, [box(POLAR, 110, 110, 120, 130).exterior])
    frame_of([ice, holed], 3031, name=["Byrd", "Rock"], area=[1.5, np.nan]).to_file(path, layer="outlines")
    way = MultiLineString([[place(POLAR, 5, 5), place(POLAR, 50, 80)], [place(POLAR, 6, 6), place(POLAR, 7, 9)]])
    frame_of([way], 3031).to_file(path, layer="flow")
    frame_of([Point(*place(POLAR, 20.25, 30.5), 812.0)], 3031, station=["B1"]).to_file(path, layer="gps")

    found = read_features(path, POLAR)

    assert found[["kind", "name", "layer"]].values.tolist() == [
        ["outline", "Byrd", "outlines"],
        ["outline", "Byrd", "outlines"],
        ["outline", "Rock", "outlines"],
        ["line", "flow 1", "flow"],
        ["line", "flow 1", "flow"],
        ["point", "B1", "gps"],
    ]
    assert found["area"].tolist()[:2] == [1.5, 1.5]
    assert found["area"].isna().tolist()[2:] == [True] * 4
    assert found.crs.to_epsg() == 3031
    assert found.attrs == {"path": path, "notices": ()}
    shapes = in_pixels(found, POLAR).geometry
    assert [len(shape.interiors) for shape in shapes[:3]] == [0, 0, 1]
    np.testing.assert_allclose(corners(shapes[2].interiors[0]).min(axis=0), (110, 110), atol=1e-6)
    np.testing.assert_allclose(corners(shapes[3]), [(5, 5), (50, 80)], atol=1e-6)
    np.testing.assert_allclose(corners(shapes[5]), [(20.25, 30.5)], atol=1e-6)
    # On the map they are where they were written.
    np.testing.assert_allclose(found.geometry[5].coords[0], place(POLAR, 20.25, 30.5), atol=1e-6)


def test_a_files_own_columns_of_our_names_are_kept(tmp_path):
    path = tmp_path / "rock.gpkg"
    columns = {"kind": ["nunatak"], "layer": [3], "Name": [" Mount Tuatara "]}
    frame_of([box(POLAR, 10, 10, 40, 40)], 3031, **columns).to_file(path, layer="rocks")
    (row,) = read_features(path, POLAR).drop(columns="geometry").to_dict("records")
    assert row == {
        "kind": "outline", "name": "Mount Tuatara", "layer": "rocks", "kind_": "nunatak", "layer_": 3,
        "Name": " Mount Tuatara ",
    }  # fmt: skip


@pytest.mark.parametrize("crs", [4326, 32757, 3031])
@pytest.mark.parametrize("suffix", ["gpkg", "geojson"])
def test_edges_bend_as_the_map_does(tmp_path, crs, suffix):
    """A long edge, straight in the file, is followed on the frame as pyproj does at 1000 places of it."""
    way = Transformer.from_crs(3031, crs, always_xy=True)
    ends = np.array([way.transform(*place(POLAR, 10, 5)), way.transform(*place(POLAR, 180, 290))])
    path = tmp_path / f"line.{suffix}"
    frame_of([LineString(ends)], crs).to_file(path)

    (line,) = placed(path, POLAR, "line")

    share = np.linspace(0, 1, 1000)[:, None]
    x, y = Transformer.from_crs(crs, 3031, always_xy=True).transform(*((1 - share) * ends[0] + share * ends[1]).T)
    true = shapely.points((390_000 - np.asarray(x)) / -100 - 0.5, (-990_000 - np.asarray(y)) / 100 - 0.5)
    away = shapely.distance(true, line)
    assert away.max() < 0.06
    straight = shapely.distance(true, shapely.linestrings([line.coords[0], line.coords[-1]]))
    assert (straight.max() > 1) == (crs == 4326)


def test_an_outline_around_the_pole_is_closed_over_it(tmp_path):
    """As coast lines in degrees are drawn: along 84° S from 180° W to 180° E, and down to the pole."""
    pole = Grid(100, 100, Affine(20_000, 0, -1_000_000, 0, -20_000, 1_000_000), CRS.from_epsg(3031))
    lon = np.linspace(-180, 180, 73)
    ring = [*zip(lon, np.full(73, -84.0), strict=True), (180, -90), (-180, -90)]
    path = tmp_path / "cap.geojson"
    frame_of([Polygon(ring)], 4326).to_file(path)

    inside = read_stable_mask(path, pole)

    x, y = np.meshgrid(np.arange(100) * 20_000 - 990_000, 990_000 - np.arange(100) * 20_000)
    lat = Transformer.from_crs(3031, 4326, always_xy=True).transform(x, y)[1]
    # The outline follows the parallel to 0.05 px, a kilometre: only pixels whose centre is that close may differ.
    assert np.abs(lat[inside != (lat < -84)] + 84).max(initial=0) < 0.01


def test_pixels_inside_are_those_whose_centre_is(tmp_path):
    holed = Polygon(box(POLAR, 9.6, 20.4, 30.4, 50.4).exterior, [box(POLAR, 14.6, 24.6, 20.4, 30.4).exterior])
    path = tmp_path / "rock.gpkg"
    frame_of([holed, box(POLAR, 180.6, 290.6, 500, 900)], 3031).to_file(path)
    wanted = np.zeros(POLAR.shape, bool)
    wanted[10:31, 21:51] = True
    wanted[15:21, 25:31] = False
    wanted[181:, 291:] = True
    np.testing.assert_array_equal(read_stable_mask(path, POLAR), wanted)


def test_a_line_is_no_ground(tmp_path):
    path = tmp_path / "line.gpkg"
    frame_of([LineString([place(POLAR, 5, 5), place(POLAR, 50, 80)])], 3031).to_file(path)
    with pytest.raises(TrackingError, match="holds no outline of stable ground"):
        read_stable_mask(path, POLAR)


def test_collections_and_empty_shapes(tmp_path):
    mixed = GeometryCollection([Point(place(POLAR, 3, 4)), LineString([place(POLAR, 1, 1), place(POLAR, 2, 9)])])
    path = tmp_path / "mixed.gpkg"
    frame_of([mixed, Point()], 3031, id=[7, 8]).to_file(path)
    with pytest.warns(SceneWarning, match="without a usable shape are left out \\(1\\)"):
        found = read_features(path, POLAR)
    assert found[["kind", "name"]].values.tolist() == [["point", "7"], ["line", "7"]]
    assert "left out" in found.attrs["notices"][0]


def test_without_a_map_places_are_pixels(tmp_path):
    path = tmp_path / "pixels.geojson"
    shape = {"type": "LineString", "coordinates": [[3, 4], [30.5, 40, 9]]}
    collection = {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry": shape}]}
    path.write_text(json.dumps(collection | {"crs": None}))
    (line,) = placed(path, PLAIN, "line")
    np.testing.assert_array_equal(corners(line), [(4, 3), (40, 30.5)])
    with pytest.raises(TrackingError, match="has no coordinate reference system; set it"):
        read_features(path, POLAR)
    path.write_text(json.dumps(collection))
    with pytest.raises(TrackingError, match="is on a map, but these pictures have no"):
        read_features(path, PLAIN)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("gone.gpkg", None, "is not there"),
        ("none.gpkg", "", "is empty"),
        ("text.gpkg", "not a database", "cannot be read as a vector file"),
        ("text.geojson", "{", "is no GeoJSON"),
        ("list.geojson", "[1, 2]", "cannot be read as a vector file"),
        ("void.geojson", '{"type": "FeatureCollection", "features": []}', "holds no outline, line or point"),
        ("map.geojson", '{"type": "FeatureCollection", "crs": {"type": "name", "properties": '
         '{"name": "EPSG:99999"}}, "features": []}', "not known; use EPSG"),
    ],
)  # fmt: skip
def test_bad_files_are_said_in_one_sentence(tmp_path, name, content, said):
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
    with pytest.raises(TrackingError, match=said) as error:
        read_features(path, POLAR)
    assert name in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("crs", "turn"), [(3031, 0), (4326, 0), (4326, 360), (32757, 0)])
def test_of_many_features_those_around_the_frame_are_read(tmp_path, monkeypatch, crs, turn):
    """Some thousand rocks along and around the frame, in degrees also counted from 0 to 360."""
    ross = Grid(100, 100, Affine(500, 0, -25_000, 0, -500, -1_200_000), CRS.from_epsg(3031))
    rng = np.random.default_rng(1)
    way = Transformer.from_crs(3031, crs, always_xy=True)
    x, y = way.transform(rng.uniform(-120_000, 120_000, 1500), rng.uniform(-1_400_000, -1_000_000, 1500))
    x = np.asarray(x) + np.where(np.asarray(x) < 0, turn, 0)
    path = tmp_path / "rocks.gpkg"
    frame_of(geopandas.points_from_xy(x, y), crs, number=range(1500)).to_file(path)
    found = read_features(path, ross)
    back_x, back_y = Transformer.from_crs(crs, 3031, always_xy=True).transform(x, y)
    inside = (np.abs(back_x) < 25_000) & (np.abs(np.asarray(back_y) + 1_225_000) < 25_000)
    assert found["number"].tolist() == list(np.flatnonzero(inside))
    assert 20 < inside.sum() < 100
    read = []
    real = pyogrio.read_dataframe
    monkeypatch.setattr(pyogrio, "read_dataframe", lambda *a, **k: read.append(real(*a, **k)) or read[-1])
    read_features(path, ross)
    assert len(read[0]) < 500


def test_other_ground_is_warned_of(tmp_path):
    path = tmp_path / "alps.geojson"
    frame_of([Point(8.0, 46.5), LineString([(8, 46), (9, 47)])], 4326).to_file(path)
    with pytest.warns(SceneWarning, match="has nothing on this frame"):
        found = read_features(path, POLAR)
    assert found.empty
    assert list(found.columns[:3]) == ["kind", "name", "layer"]


@pytest.mark.parametrize("jump", [False, True], ids=["on beyond 180°", "from -180° to 180°"])
def test_a_line_over_the_dateline_goes_the_short_way(tmp_path, jump):
    ross = Grid(400, 400, Affine(500, 0, -100_000, 0, -500, -1_200_000), CRS.from_epsg(3031))
    x, y = np.transpose([place(ross, 100, 20), place(ross, 150, 380)])
    lon, lat = Transformer.from_crs(3031, 4326, always_xy=True).transform(x, y)
    path = tmp_path / "ross.gpkg"
    frame_of([LineString(np.stack([lon if jump else lon % 360, lat], axis=1))], 4326).to_file(path)
    (line,) = placed(path, ross, "line")
    np.testing.assert_allclose(corners(line)[[0, -1]], [(100, 20), (150, 380)], atol=1e-6)
    assert line.length == pytest.approx(np.hypot(50, 360), rel=0.01)

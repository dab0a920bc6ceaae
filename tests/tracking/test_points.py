"""Positions from tables and vector files of others: the place that is meant, or a sentence."""

import json
import warnings
from datetime import timedelta

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from affine import Affine
from pyproj import Transformer
from rasterio.crs import CRS

from napari_icenet.errors import SceneWarning, TrackingError
from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.tracking.points import read_points
from tests.tracking.glacier import START

#: Near the west coast of Greenland.
GRID = Grid(300, 400, Affine(30, 0, 500_000, 0, -30, 7_700_000), CRS.from_epsg(32622))
PLACES = [(100.0, 120.0), (20.5, 200.25)]


@pytest.fixture(scope="module")
def stack():
    frames = np.random.default_rng(0).normal(size=(2, *GRID.shape)).astype(np.float32)
    return SceneStack.from_array(frames, [START, START + timedelta(days=16)], grid=GRID, name="ice")


def in_crs(name, places=PLACES):
    x, y = GRID.xy(*np.transpose(places))
    return np.transpose(Transformer.from_crs(GRID.crs.to_wkt(), name, always_xy=True).transform(x, y))


LONLAT = in_crs("EPSG:4326")


def point(xy):
    return {"type": "Point", "coordinates": [float(v) for v in xy]}


def feature(geometry):
    return {"type": "Feature", "properties": {"row": 1, "col": 1}, "geometry": geometry}


def collection(*geometries, **members):
    return {"type": "FeatureCollection", "features": [feature(g) for g in geometries], **members}


def named(crs):
    return {"crs": {"type": "name", "properties": {"name": crs}}}


def write(path, content, encoding="utf-8"):
    path.write_bytes((content if isinstance(content, str) else json.dumps(content)).encode(encoding))
    return path


def check(found, places=PLACES):
    np.testing.assert_allclose(found, places, atol=0.02)


@pytest.mark.parametrize("crs", ["EPSG:4322", "EPSG:32624", "urn:ogc:def:crs:EPSG::3413", "EPSG:4326"])
def test_the_system_that_a_geojson_names_counts(stack, tmp_path, crs):
    content = collection(*map(point, in_crs(crs)), **named(crs))
    check(read_points(write(tmp_path / "a.geojson", content), stack))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("form", ["collection", "feature", "geometry", "multi"])
def test_forms_of_geojson(stack, tmp_path, form, encoding):
    multi = {"type": "MultiPoint", "coordinates": LONLAT.tolist()}
    content = {
        "collection": collection(*map(point, LONLAT)),
        "feature": feature(multi),
        "geometry": multi,
        "multi": collection(multi),
    }[form]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check(read_points(write(tmp_path / "a.geojson", content, encoding), stack))


def test_what_is_no_point_is_told_once_with_its_number(stack, tmp_path):
    line = {"type": "LineString", "coordinates": LONLAT.tolist()}
    ring = {"type": "Polygon", "coordinates": [[*LONLAT.tolist(), [-50, 69], LONLAT[0].tolist()]]}
    content = collection(line, point(LONLAT[0]), None, ring, point(LONLAT[1]))
    with pytest.warns(SceneWarning, match=r"a\.geojson: lines, outlines and features without a place .* \(3\)") as said:
        check(read_points(write(tmp_path / "a.geojson", content), stack))
    assert len(said) == 1
    with pytest.raises(TrackingError, match="has no points"):
        read_points(write(tmp_path / "b.geojson", collection(line)), stack)


@pytest.mark.parametrize("name", ["a.gpkg", "a.parquet", "a.shp"])
def test_other_vector_files(stack, tmp_path, name):
    table = geopandas.GeoDataFrame({"row": [1, 1]}, geometry=shapely.points(in_crs("EPSG:3413")), crs="EPSG:3413")
    (table.to_parquet if name.endswith("parquet") else table.to_file)(tmp_path / name)
    check(read_points(tmp_path / name, stack))


def test_a_plain_parquet_is_a_table(stack, tmp_path):
    pd.DataFrame(PLACES, columns=["Row", "Col"]).to_parquet(tmp_path / "a.parquet")
    check(read_points(tmp_path / "a.parquet", stack))


@pytest.mark.parametrize(
    ("name", "header", "delimiter", "encoding"),
    [
        ("a.csv", "LAT;LON", ";", "utf-8"), ("a.csv", '"Lat","Lon"', ",", "utf-8-sig"),
        ("a.tsv", "latitude\tlongitude", "\t", "utf-8"), ("a.csv", "\n\n\nlat,lon", ",", "utf-16"),
        ("a.csv", "# GPS\nlat,lon", ",", "utf-8"), ("a.csv", "lat lon", " ", "utf-8"),
    ],
)  # fmt: skip
def test_tables_of_spreadsheets(stack, tmp_path, name, header, delimiter, encoding):
    rows = "\n".join(f'"{lat!r}"{delimiter}{lon!r}' for lon, lat in LONLAT.tolist())
    check(read_points(write(tmp_path / name, f"{header}\n{rows}\n", encoding), stack))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('x,y\n"369,540",7\n', "369,540 is no number; write decimals with a point, .* and thousands without a mark"),
        ("x;y\n369,5;7,5\n", "369,5 is no number; write decimals with a point"),
        ("row,col\ninf,3\n", "inf is no number"), ("row,col\nTrue,3\n", "True is no number"),
        ("row,col\n1,2\n3\n", "holds an empty value in row, col"), ("row,col\nnan,2\n", "holds an empty value"),
        ("lat,LAT,lon\n1,2,3\n", "has two columns lat"), ("row,col\n1,2,3\n", "line 2, has more cells"),
        ("lon,lat\n-50,95\n", "does not reach"),
    ],
)  # fmt: skip
def test_what_could_be_another_place_is_refused(stack, tmp_path, text, words):
    with pytest.raises(TrackingError, match=words) as error:
        read_points(write(tmp_path / "a.csv", text), stack)
    assert "\n" not in str(error.value)


def test_a_text_in_another_encoding_says_the_way_out(stack, tmp_path):
    path = write(tmp_path / "a.csv", "name,row,col\nSerm\u00e9,100,120\n", "latin-1")
    with pytest.raises(TrackingError, match="is no text in UTF-8; save it as CSV UTF-8"):
        read_points(path, stack)


def test_true_in_a_parquet_is_no_row(stack, tmp_path):
    pd.DataFrame({"row": [True], "col": [3]}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(TrackingError, match="True is no number"):
        read_points(tmp_path / "a.parquet", stack)


def test_pictures_on_no_map_take_pixels_alone(tmp_path):
    frames = np.random.default_rng(0).normal(size=(2, 300, 400)).astype(np.float32)
    plain = SceneStack.from_array(frames, [START, START + timedelta(days=16)], name="ice")
    with pytest.raises(TrackingError, match=r"is on a map, but ice has no coordinate reference system; give row, col"):
        read_points(write(tmp_path / "a.geojson", collection(point(LONLAT[0]))), plain)
    pixels = collection(point((120, 100)), point((200.25, 20.5)), crs=None)
    check(read_points(write(tmp_path / "b.geojson", pixels), plain))

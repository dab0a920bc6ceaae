"""Arrays of xarray as others make them: where they lie, what is missing in them, and what is refused."""

from __future__ import annotations

import warnings

import numpy as np
import pyproj
import pytest
import xarray as xr
from affine import Affine
from rasterio.crs import CRS

from napari_icenet.errors import SceneWarning, StackError
from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.stack import SceneStack

X, Y = 500_000.0 + 30 * np.arange(12), 7_000_000.0 - 30 * np.arange(10)
ON_MAP = Grid(10, 12, Affine(30, 0, 499_985, 0, -30, 7_000_015), CRS.from_epsg(32618))
TIMES = np.array(["2020-01-01", "2020-01-17"], "datetime64[ns]")


def array(values=None, *, dims=("time", "y", "x"), x=X, y=Y, **attrs):
    values = np.random.default_rng(0).uniform(1, 2, (2, 10, 12)) if values is None else values
    coords = {"time": TIMES, dims[-2]: y, dims[-1]: x}
    return xr.DataArray(values, coords, dims, "ice", attrs)


def opened(given):
    """The stack, where nothing is told."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return SceneStack.from_xarray(given)


@pytest.mark.parametrize(
    "given",
    [
        array(crs="EPSG:32618"),
        array(crs=32618),
        array(crs="epsg:32618"),
        array(crs=pyproj.CRS.from_epsg(32618)),
        array(crs_wkt=CRS.from_epsg(32618).to_wkt()),
        array().assign_coords(spatial_ref=((), 32618)),
        array().assign_coords(epsg=((), 32618)),
        array().assign_coords(spatial_ref=((), 0, {"spatial_ref": CRS.from_epsg(32618).to_wkt()})),
        array(grid_mapping="utm").assign_coords(utm=((), 0, pyproj.CRS.from_epsg(32618).to_cf())),
        array().assign_coords(crs=((), 0, {"crs_wkt": CRS.from_epsg(32618).to_wkt()})),
    ],
    ids=["text", "code", "small", "pyproj", "wkt", "odc", "stackstac", "rioxarray", "cf", "another name"],
)
def test_the_coordinate_system_is_read_wherever_it_stands(given):
    stack = opened(given)
    assert stack.grid.transform == ON_MAP.transform
    assert stack.grid.crs is not None
    assert stack.grid.crs.to_epsg() == 32618


def test_coordinates_without_a_system_are_told_once():
    with pytest.warns(SceneWarning, match=r"^ice has coordinates without a coordinate system, so positions") as told:
        stack = SceneStack.from_xarray(array())
    assert len(told) == 1
    assert [notice.message for notice in stack.notices] == [str(told[0].message)]
    assert 'array.attrs["crs"] = "EPSG:3031"' in str(told[0].message)
    assert not stack.grid.georeferenced


def test_numbers_of_pixels_are_no_coordinates():
    assert opened(array(x=np.arange(12), y=np.arange(10))).grid == Grid(10, 12)
    assert opened(array().drop_vars(["x", "y"])).grid == Grid(10, 12)


def test_latitude_and_longitude_by_name_are_a_map():
    lon, lat = -70 + 0.001 * np.arange(12), -50 - 0.001 * np.arange(10)
    stack = opened(array(dims=("time", "latitude", "longitude"), x=lon, y=lat))
    assert stack.grid.crs == CRS.from_epsg(4326)
    np.testing.assert_allclose(stack.grid.xy(3, 4), (lon[4], lat[3]))


@pytest.mark.parametrize("name", ["_FillValue", "nodata", "missing_value"])
def test_the_value_of_missing_pixels_is_read_per_band(name):
    values = np.full((2, 2, 10, 12), 7, np.int16)
    values[0, 1, 2, 3] = -9999
    given = xr.DataArray(
        values, {"time": TIMES, "band": ["red", "nir"]}, ("time", "band", "y", "x"), "ice", {name: -9999}
    )
    stack = opened(given)
    missing = np.isnan(stack.read(0, "nir"))
    assert (missing.sum(), missing[2, 3]) == (1, True)
    assert not np.isnan(stack.read(0, "red")).any()
    assert not np.isnan(stack.read(1, "nir")).any()


def test_a_declared_value_leaves_zeros_what_they_are():
    values = np.full((2, 10, 12), 7, np.uint16)
    values[:, :5] = 0
    assert (opened(array(values, crs="EPSG:32618", nodata=65535)).read(0, 1)[:5] == 0).all()
    assert (opened(array(values.astype(np.float32), crs="EPSG:32618", nodata=np.nan)).read(0, 1)[:5] == 0).all()


STEP = X.copy()
STEP[7:] += 11
LOST = Y.copy()
LOST[2] = np.nan


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (array(x=STEP, crs="EPSG:32618"), "The coordinates x of ice are not evenly spaced"),
        (array(y=np.append(Y[:-1], Y[-1] + 9), crs="EPSG:32618"), "The coordinates y of ice are not evenly spaced"),
        (array(y=LOST, crs="EPSG:32618"), "The coordinates y of ice are no numbers, or some are missing"),
        (array(crs="nowhere"), "ice names a coordinate system that is not known"),
        (array().transpose("time", "x", "y"), r"ice has the axes \(…, x, y\); transpose it to \(…, y, x\)"),
        (array(nodata="none"), "nodata of ice is 'none' and no number"),
        (array(np.zeros((2, 10, 12), complex), crs=32618), "ice holds complex128, which is no number of a picture"),
        (array(np.full((2, 10, 12), "a"), crs=32618), "ice holds <U1, which is no number"),
        (array(crs=32618).assign_coords(time=[TIMES[0], np.datetime64("NaT", "ns")]),
         "ice has a date that is missing"),
        (array(crs=32618).expand_dims(band=["a", "a"], axis=1), "ice has the band a twice"),
        (array(crs=32618).expand_dims(band=["a", "b"], axis=3), r"ice has the axes \(time, y, x, band\); transpose"),
        (array(crs=32618)[:, :0], r"ice has the shape \(2, 1, 0, 12\) and no pixels|single row"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_sentence(given, words):
    with pytest.raises(StackError, match=words) as told:
        SceneStack.from_xarray(given)
    assert str(told.value).count("\n") == 0

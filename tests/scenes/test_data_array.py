"""A stack as an xarray array, and back."""

from __future__ import annotations

from datetime import datetime

import dask.array as da
import numpy as np
import pyproj
import pytest
import xarray as xr
from affine import Affine
from rasterio.crs import CRS

from napari_icenet.errors import StackError, UsageError
from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.stack import SceneStack

TIMES = [datetime(2020, 1, 1, 10, 30), datetime(2020, 1, 17), datetime(2020, 2, 2, 10, 31, 5)]
STRAIGHT = Affine(30, 0, 500_015, 0, -30, 7_000_015)
TURNED = STRAIGHT @ Affine.rotation(20)
POLAR = CRS.from_epsg(3031)


def stack_on(grid: Grid | None) -> SceneStack:
    values = np.random.default_rng(0).normal(100, 10, (3, 2, 20, 30)).astype(np.float32)
    values[1, 0, :4] = np.nan
    return SceneStack.from_array(values, TIMES, bands=("B4", "B8"), grid=grid, name="ice")


@pytest.mark.parametrize(
    "grid",
    [None, Grid(20, 30, STRAIGHT, POLAR), Grid(20, 30, TURNED, CRS.from_epsg(32618))],
    ids=["pixels", "map", "turned"],
)
def test_there_and_back_is_the_same(grid: Grid | None) -> None:
    stack = stack_on(grid)
    back = SceneStack.from_xarray(stack.to_xarray())
    assert (back.grid, back.bands, back.name, back.labels) == (stack.grid, stack.bands, stack.name, stack.labels)
    assert np.array_equal(back.times, stack.times)
    for time in range(3):
        for band in stack.bands:
            assert np.array_equal(back.read(time, band), stack.read(time, band), equal_nan=True)


def test_the_array_is_lazy_and_says_where_and_when() -> None:
    stack = stack_on(Grid(20, 30, STRAIGHT, POLAR))
    array = stack.to_xarray()
    assert isinstance(array.data, da.Array)
    assert array.dims == ("time", "band", "y", "x")
    assert array["time"].values[0] == np.datetime64("2020-01-01T10:30")
    # Centres of pixels: half a pixel inside the corner.
    assert (float(array["x"][0]), float(array["y"][0])) == (500_030, 7_000_000)
    assert array["x"].attrs["standard_name"] == "projection_x_coordinate"
    assert array.attrs["grid_mapping"] == "spatial_ref"
    assert pyproj.CRS.from_cf(array["spatial_ref"].attrs).to_epsg() == 3031
    assert np.isnan(array.sel(band="B4").isel(time=1).values[:4]).all()


def test_fill_of_whole_numbers_is_nan(tmp_path) -> None:
    from napari_icenet import samples

    stack = samples.byrd()
    picture = stack.to_xarray()[0, 0]
    assert picture.dtype == np.float32
    assert np.array_equal(picture.values, stack.read(0, 1), equal_nan=True)


def test_a_part_of_an_array_lies_where_it_lay() -> None:
    grid = Grid(20, 30, STRAIGHT, POLAR)
    part = SceneStack.from_xarray(stack_on(grid).to_xarray().isel(y=slice(5, 15), x=slice(8, 20)))
    assert part.grid.shape == (10, 12)
    assert part.grid.offset_of(grid) == (-5, -8)


def test_an_array_of_another_package_without_bands_and_transform() -> None:
    x, y = 100.0 + 10 * np.arange(6), 50.0 - 10 * np.arange(4)
    array = xr.DataArray(
        np.zeros((3, 4, 6)), {"time": np.array(TIMES, "datetime64[ns]"), "y": y, "x": x}, ("time", "y", "x"), "snow"
    ).assign_coords(spatial_ref=((), 0, {"crs_wkt": POLAR.to_wkt()}))
    stack = SceneStack.from_xarray(array)
    assert stack.grid == Grid(4, 6, Affine(10, 0, 95, 0, -10, 55), POLAR)
    assert stack.bands == ("B1",)


def test_what_is_no_stack_is_refused() -> None:
    array = stack_on(Grid(20, 30, STRAIGHT, POLAR)).to_xarray()
    for wrong, words in (
        (array.to_dataset(), "choose one variable"),
        (array.transpose("band", "time", "y", "x"), "transpose"),
        (array.drop_vars("time"), "no dates"),
        (array.assign_coords(x=np.arange(30.0) ** 2), "coordinates x of ice are not evenly spaced"),
    ):
        with pytest.raises(StackError, match=words):
            SceneStack.from_xarray(wrong)


def test_a_geobox_is_the_same_grid() -> None:
    pytest.importorskip("odc.geo")
    box = Grid(20, 30, STRAIGHT, POLAR).to_geobox()
    assert (tuple(box.shape), box.affine, box.crs.epsg) == ((20, 30), STRAIGHT, 3031)


def test_without_odc_geo_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "odc.geo.geobox", None)
    with pytest.raises(UsageError, match="pip install odc-geo"):
        Grid(2, 2).to_geobox()

"""Grids in the words of CF, on maps whose axes have other names and directions."""

import numpy as np
import pyproj
import pytest
from affine import Affine
from pyproj import Transformer
from rasterio.crs import CRS

from napari_icenet.scenes.cf_grid import axis_attributes, coordinates
from napari_icenet.scenes.grid import Grid
from tests.velocity.fields import make_map

#: To the west and south (Hartebeesthoek, S-JTSK), north before east, towards the poles, feet, degrees.
EPSG = (2053, 2065, 5514, 5513, 2180, 2193, 29371, 3031, 5041, 3413, 32624, 2263, 4326, 9895)


def grid_on(epsg: int) -> Grid:
    crs = CRS.from_epsg(epsg)
    west, south, east, north = pyproj.CRS.from_epsg(epsg).area_of_use.bounds
    place = Transformer.from_crs("EPSG:4326", f"EPSG:{epsg}", always_xy=True).transform(
        (west + east) / 2 if west < east else west + 1, (south + north) / 2
    )
    size = 0.001 if crs.is_geographic else 30
    return Grid(8, 12, Affine(size, 0, place[0], 0, -size, place[1]), crs)


@pytest.mark.parametrize("epsg", EPSG)
def test_x_and_y_are_named_whatever_the_axes_are_called(epsg: int) -> None:
    axes = axis_attributes(grid_on(epsg))
    for name in "xy":
        word = {"x": "longitude", "y": "latitude"}[name] if epsg == 4326 else f"projection_{name}_coordinate"
        assert (axes[name]["axis"], axes[name]["standard_name"]) == (name.upper(), word)
        assert axes[name]["long_name"]
        assert axes[name]["units"]
    assert {"x", "y"} <= set(coordinates(grid_on(epsg)))


def test_axes_to_the_west_and_south_say_so() -> None:
    axes = axis_attributes(grid_on(2053))
    assert [axes[name]["long_name"] for name in "xy"] == ["Westing (toward west)", "Southing (toward south)"]
    assert {axes[name]["units"] for name in "xy"} == {"m"}


@pytest.mark.parametrize("epsg", [2053, 2065])
def test_a_velocity_map_with_such_axes_is_written(epsg: int) -> None:
    made = make_map(lambda x, y: (600 + 0 * x, -450 + 0 * x), frame=grid_on(epsg), spacing=2)
    dataset = made.to_xarray()
    np.testing.assert_allclose(dataset["x"], made.cells.xy(0, np.arange(made.cells.width))[0])
    np.testing.assert_allclose(dataset["y"], made.cells.xy(np.arange(made.cells.height), 0)[1])
    assert pyproj.CRS.from_wkt(dataset["mapping"].attrs["crs_wkt"]) == pyproj.CRS.from_epsg(epsg)

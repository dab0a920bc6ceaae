import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS

from napari_icenet.gui.session.placement import Placement
from napari_icenet.scenes.grid import Grid

POLAR = CRS.from_epsg(3031)
GRID = Grid(60, 80, Affine(30, 0, 400_000, 0, -30, -1_000_000), POLAR)


def placement(grid, reference=None):
    return Placement.of_grid(grid, reference).layer_choices()


def test_a_map_in_metres_gives_metres_and_rows_go_down():
    assert placement(GRID) == {
        "scale": (1.0, 30.0, 30.0),
        "translate": (0.0, 0.0, 0.0),
        "units": ("pixel", "metre", "metre"),
        "axis_labels": ("time", "y", "x"),
    }


def test_without_a_map_a_pixel_is_a_pixel():
    found = placement(Grid(60, 80))
    assert found["scale"] == (1, 1, 1)
    assert found["units"] == ("pixel", "pixel", "pixel")


def test_feet_become_metres():
    # EPSG:2263 counts in US survey feet of 0.3048006 m.
    grid = Grid(10, 10, Affine(100, 0, 0, 0, -100, 0), CRS.from_epsg(2263))
    assert placement(grid)["scale"][1] == pytest.approx(30.48006, abs=1e-4)


def test_degrees_stay_degrees():
    grid = Grid(10, 10, Affine(0.1, 0, -70, 0, -0.1, -50), CRS.from_epsg(4326))
    assert placement(grid)["scale"][1:] == pytest.approx((0.1, 0.1))
    assert placement(grid)["units"][1] == "degree"


def test_a_second_grid_on_the_same_map_lies_where_its_ground_is():
    # Its first pixel's centre is 45 m below and 75 m left of the reference's; its pixels are 15 m.
    other = Grid(9, 9, Affine(15, 0, 400_015 - 75 - 7.5, 0, -15, -1_000_015 - 45 + 7.5), POLAR)
    assert placement(other, GRID)["translate"] == pytest.approx((0, 45, -75))
    x, y = other.xy(3, 4)
    row, col = GRID.rowcol(x, y)
    np.testing.assert_allclose(
        Placement.of_grid(other, GRID).to_world(3, 4), Placement.of_grid(GRID).to_world(row, col), atol=1e-6
    )


def test_other_maps_start_at_the_origin():
    other = Grid(9, 9, Affine(30, 0, 500_000, 0, -30, 0), CRS.from_epsg(32624))
    assert placement(other, GRID)["translate"] == (0, 0, 0)


def test_world_and_pixels_are_inverse():
    rows, cols = np.array([0, 10.25, 59]), np.array([0, 3.5, 79])
    place = Placement.of_grid(GRID)
    world = place.to_world(rows, cols)
    np.testing.assert_allclose(world, np.stack([rows * 30, cols * 30], axis=-1))
    np.testing.assert_allclose(place.to_pixel(*world.T), np.stack([rows, cols], axis=-1))

from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from pyproj import Geod, Proj, Transformer
from rasterio.crs import CRS

from napari_icenet.scenes.grid import Grid, Window

GEOD = Geod(ellps="WGS84")
BYRD = (-80.0236, 153.1861)


def grid_at(epsg: int, lat: float, lon: float, size: float, pixels: int = 200) -> Grid:
    """A grid whose centre pixel lies at a place."""
    x, y = Transformer.from_crs("EPSG:4326", f"EPSG:{epsg}", always_xy=True).transform(lon, lat)
    corner = (pixels // 2 + 0.5) * size
    return Grid(pixels, pixels, Affine(size, 0, x - corner, 0, -size, y + corner), CRS.from_epsg(epsg))


def test_a_pixel_is_placed_by_its_centre() -> None:
    grid = Grid(10, 20, Affine(30, 0, 600, 0, -30, 900), CRS.from_epsg(3031))
    x, y = grid.xy([0, 9], [0, 19])
    np.testing.assert_array_equal(x, [615, 1185])
    np.testing.assert_array_equal(y, [885, 615])
    np.testing.assert_allclose(grid.rowcol(x, y), [[0, 9], [0, 19]], atol=1e-12)


def test_a_rotated_grid_finds_its_way_back() -> None:
    grid = Grid(
        50, 40, Affine.translation(5000, 7000) @ Affine.rotation(33) @ Affine.scale(30, -15), CRS.from_epsg(3031)
    )
    assert grid.pixel_size == pytest.approx((15, 30))
    row, col = np.array([0.0, 12.25, 49]), np.array([39.0, 3.5, 0])
    np.testing.assert_allclose(grid.rowcol(*grid.xy(row, col)), [row, col], atol=1e-9)


@pytest.mark.parametrize(
    ("epsg", "lat", "lon"),
    [(3031, *BYRD), (3031, -71.0, 20.0), (3413, 69.2, -49.8), (32733, -60.0, 17.5), (32719, -50.5, -73.2)],
)
def test_metres_are_those_of_the_ellipsoid(epsg: int, lat: float, lon: float) -> None:
    grid = grid_at(epsg, lat, lon, 30.0)
    row, col = 100.0, 100.0
    for drow, dcol in [(0.0, 20.0), (-20.0, 0.0), (11.3, -7.7)]:
        ends = grid.lonlat([row - drow / 2, row + drow / 2], [col - dcol / 2, col + dcol / 2])
        _, _, truth = GEOD.inv(ends[0][0], ends[1][0], ends[0][1], ends[1][1])
        dx, dy = grid.metres(row, col, drow, dcol)
        assert np.hypot(dx, dy) == pytest.approx(truth, rel=1e-4)
    assert grid.metres(row, col, 1.0, 0.0)[1] < 0  # a row further down is southward on the map
    assert grid.metres(row, col, 0.0, 1.0)[0] > 0


def test_the_map_at_byrd_glacier_draws_ground_two_per_cent_short() -> None:
    kx, ky = grid_at(3031, *BYRD, 30.0).map_scale(100, 100)
    factors = Proj("EPSG:3031").get_factors(BYRD[1], BYRD[0])
    assert kx == pytest.approx(factors.meridional_scale, rel=1e-6)
    assert ky == pytest.approx(kx, rel=1e-6)
    assert kx == pytest.approx(0.980, abs=5e-4)


def test_map_scale_is_true_where_the_map_touches_the_ground() -> None:
    assert grid_at(3031, -71.0, 0.0, 30.0).map_scale(100, 100)[0] == pytest.approx(1, abs=1e-5)
    assert grid_at(32633, 70.0, 15.0, 30.0).map_scale(100, 100)[0] == pytest.approx(0.9996, abs=1e-6)


def test_degrees_and_feet_become_metres_too() -> None:
    grid = Grid(100, 100, Affine(0.001, 0, 10, 0, -0.001, 60.05), CRS.from_epsg(4326))
    lon, lat = grid.lonlat(50, 50)
    dx, dy = grid.metres(50, 50, 10, 10)
    _, _, east = GEOD.inv(lon - 0.005, lat, lon + 0.005, lat)
    _, _, north = GEOD.inv(lon, lat - 0.005, lon, lat + 0.005)
    assert float(dx) == pytest.approx(east, rel=1e-4)
    assert float(dy) == pytest.approx(-north, rel=1e-4)
    feet = grid_at(2263, 40.7, -74.0, 100.0)
    dx, _ = feet.metres(100, 100, 0, 10)
    assert float(dx) == pytest.approx(1000 * 0.3048006096, rel=1e-3)


def test_a_grid_without_a_map_has_no_metres() -> None:
    with pytest.raises(ValueError, match="no coordinate reference system"):
        Grid(3, 3).metres(0, 0, 1, 1)
    assert not Grid(3, 3).georeferenced


def test_whole_pixel_offsets_are_found_and_nothing_else() -> None:
    utm = CRS.from_epsg(32633)
    grid = Grid(100, 100, Affine(30, 0, 300_015, 0, -30, 8_000_015), utm)

    def other(dx: float = 0, dy: float = 0, size: float = 30, crs: CRS = utm) -> Grid:
        return Grid(80, 90, Affine(size, 0, 300_015 + dx, 0, -size, 8_000_015 + dy), crs)

    assert grid.offset_of(other()) == (0, 0)
    assert grid.offset_of(other(dx=-300, dy=-90)) == (3, -10)
    assert grid.offset_of(other(dx=15)) is None
    assert grid.offset_of(other(size=15)) is None
    assert grid.offset_of(other(size=30.001)) is None
    assert grid.offset_of(other(crs=CRS.from_epsg(32634))) is None
    assert grid.offset_of(other(dx=0.01)) == (0, 0)


def test_windows_clip_to_the_frame_and_may_vanish() -> None:
    assert Window(-3, 5, 10, 10).clipped((6, 8)) == Window(0, 5, 6, 3)
    assert Window(20, 20, 5, 5).clipped((6, 8)) == Window(6, 8, 0, 0)
    assert Window(1, 2, 3, 4).shifted(-1, 5) == Window(0, 7, 3, 4)


def test_the_grid_of_a_window_keeps_its_places() -> None:
    grid = grid_at(3031, *BYRD, 30.0)
    part = grid.window(Window(-7, 12, 20, 30))
    np.testing.assert_allclose(part.xy(0, 0), grid.xy(-7, 12))
    assert grid.offset_of(part) == (-7, 12)

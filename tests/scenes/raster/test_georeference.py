"""Which grids give metres, also those that come with arrays and saved stacks."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS

from napari_icenet.common.ground import share_body
from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.raster.georeference import no_map
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.scenes.store import zarr_store
from tests.scenes.products import TRANSFORM_UTM

UTM = CRS.from_epsg(32624)
LOCAL = CRS.from_wkt('LOCAL_CS["Camp",UNIT["metre",1]]')
MARS = CRS.from_string("+proj=eqc +R=3396190 +units=m +no_defs")
MARS_DEGREES = CRS.from_string("+proj=longlat +R=3396190 +no_defs")
MARS_PLACE = Affine(30, 0, 100000, 0, -30, 1_500_000)
DEGREES = Affine(0.001, 0, -42, 0, -0.001, 73)


@pytest.mark.parametrize(
    ("crs", "place"),
    [(UTM, TRANSFORM_UTM), (LOCAL, DEGREES), (MARS, MARS_PLACE), (CRS.from_epsg(4326), DEGREES)],
)
def test_these_give_metres(crs: CRS, place: Affine) -> None:
    assert no_map(96, 96, place, crs) is None


@pytest.mark.parametrize(
    ("crs", "place"),
    [
        (UTM, Affine.identity()),
        (UTM, Affine(0, 0, 5, 0, 0, 5)),
        (CRS.from_epsg(4326), TRANSFORM_UTM),
        (CRS.from_epsg(4978), TRANSFORM_UTM),
        (CRS.from_wkt('LOCAL_CS["Camp",UNIT["unknown",1]]'), DEGREES),
        (UTM, Affine(30, 0, 1e30, 0, -30, 1e30)),
        (MARS, TRANSFORM_UTM),  # 8144 km from the equator is beyond the pole of Mars
    ],
)
def test_these_do_not(crs: CRS, place: Affine) -> None:
    assert no_map(96, 96, place, crs) is not None


@pytest.mark.parametrize(
    ("epsg", "place", "fault"),
    [
        (32624, Affine(0.0003, 0, -42, 0, -0.0003, 73), "with pixels of 0.3 mm (is the transform in degrees?)"),
        (3413, Affine(0.0025, 0, -42, 0, -0.0025, 73), "with pixels of 2.6 mm (is the transform in degrees?)"),
        (4326, Affine(1e-9, 0, -42, 0, -1e-9, 73), "with pixels of 0.033 mm (is the transform in degrees?)"),
        (3857, Affine(2e6, 0, 0, 0, -2e6, 0), "with pixels of 1664 km"),
    ],
)
def test_pixels_that_no_picture_of_the_earth_has(epsg: int, place: Affine, fault: str) -> None:
    why = no_map(4, 4, place, CRS.from_epsg(epsg))
    assert why is not None
    assert why.fault == f"a coordinate system (EPSG:{epsg}) {fault}"


def test_small_pixels_of_a_drone_and_of_a_laboratory_give_metres() -> None:
    assert no_map(96, 96, Affine(0.0025, 0, 450_000, 0, -0.0025, 7_600_000), UTM) is None
    assert no_map(96, 96, Affine(0.03, 0, 10, 0, -0.03, 20), UTM) is None
    assert no_map(96, 96, Affine(1e-5, 0, 0, 0, -1e-5, 0), LOCAL) is None


def test_a_step_on_a_local_system_is_measured_from_its_y() -> None:
    grid = Grid(96, 96, Affine(0.1, 0, 100, 0, -0.1, 200), LOCAL)
    assert grid.azimuth(50, 50, -1, 1) == pytest.approx(45)
    assert [float(v) for v in grid.metres(50, 50, 3, -2)] == pytest.approx([-0.2, -0.3])
    assert not grid.on_earth
    with pytest.raises(ValueError, match="no longitude"):
        grid.lonlat(0, 0)


def test_degrees_of_another_body_are_metres_of_its_own() -> None:
    grid = Grid(96, 96, Affine(0.001, 0, 10, 0, -0.001, 30), MARS_DEGREES)
    dx, dy = (float(v) for v in grid.metres(0, 0, -1, 1))
    degree = np.radians(0.001) * 3396190
    assert (dx, dy) == pytest.approx((degree * np.cos(np.radians(30)), degree), rel=1e-4)
    assert grid.has_lonlat
    assert not grid.on_earth


def test_only_systems_of_one_body_meet() -> None:
    assert share_body(UTM, CRS.from_epsg(3031))
    assert share_body(MARS, MARS_DEGREES)
    assert not share_body(MARS, UTM)
    assert not share_body(LOCAL, UTM)
    assert not share_body(UTM, CRS.from_epsg(4978))
    assert not share_body(None, UTM)


def test_an_array_with_a_system_and_no_transform_is_in_pixels(tmp_path: Path) -> None:
    values = np.ones((2, 8, 8), np.float32)
    times = [datetime(2020, 1, 1), datetime(2020, 1, 17)]
    stack = SceneStack.from_array(values, times, grid=Grid(8, 8, crs=UTM), name="ice")
    assert not stack.grid.georeferenced
    assert [notice.message[:26] for notice in stack.notices] == ["ice carries a coordinate s"]
    kept = SceneStack.from_array(values, times, grid=Grid(8, 8, TRANSFORM_UTM, UTM))
    assert kept.grid == Grid(8, 8, TRANSFORM_UTM, UTM)
    assert kept.notices == []
    zarr_store.save_stack(kept, tmp_path / "s.zarr")
    assert zarr_store.read_stack(tmp_path / "s.zarr").grid == kept.grid

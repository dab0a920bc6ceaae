"""Facts of a pair and places of its cells as a file says them, against hand-worked numbers and pyproj."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest
from affine import Affine
from rasterio.crs import CRS

from napari_icenet.scenes.cf_grid import grid_mapping
from napari_icenet.scenes.grid import Grid
from napari_icenet.velocity.cf.attributes import (
    dtype_of,
    map_values,
    middle,
    pair_facts,
    stable_shift,
    variable_attributes,
)
from napari_icenet.velocity.map_arrays import Offset
from tests.velocity.maps import made

OFFSET = Offset(0.5, -0.25, 0.1, 0.2, 40, "mask")
FLAT = np.ones((3, 4))


def test_the_middle_is_half_way_to_the_second():
    assert middle(made(FLAT, FLAT, days=(0.0, 16.0))) - made(FLAT, FLAT).times[0] == np.timedelta64(8, "D")
    assert middle(made(FLAT, FLAT, days=(16.0, 1.0))) == middle(made(FLAT, FLAT, days=(1.0, 16.0)))


def test_stable_shift_of_pictures_is_the_offset_over_the_days():
    velocity = made(FLAT, FLAT, georeferenced=False, offset=OFFSET, days=(0.0, 10.0))
    assert stable_shift(velocity) == pytest.approx((-0.025, 0.05))


def test_stable_shift_on_a_map_is_metres_a_year_with_y_to_the_north():
    """15 m pixels over 16 days; UTM's scale is within 0.04 % of 1."""
    x, y = stable_shift(made(FLAT, FLAT, offset=OFFSET))
    per_pixel = 15 * 365.25 / 16
    assert (x, y) == pytest.approx((-0.25 * per_pixel, -0.5 * per_pixel), rel=1e-3)


@pytest.mark.parametrize(("removed", "flag"), [(True, 1), (False, 0)])
def test_a_shift_is_told_whether_it_was_removed_or_not(removed, flag):
    velocity = made(FLAT, FLAT, offset=OFFSET, offset_removed=removed)
    facts = {name: value for name, (value, _) in pair_facts(velocity).items()}
    assert facts["stable_shift_flag"] == flag
    assert facts["vx_stable_shift_measured"] == stable_shift(velocity)[0]
    assert np.isfinite(facts["vx_stable_shift"]) == removed
    assert (facts["stable_drow"], facts["stable_dcol"], facts["stable_count"]) == (0.5, -0.25, 40)


def test_without_an_offset_its_numbers_are_missing():
    facts = {name: value for name, (value, _) in pair_facts(made(FLAT, FLAT)).items()}
    assert (facts["stable_shift_flag"], facts["stable_count"]) == (0, 0)
    assert np.isnan([facts["vx_stable_shift_measured"], facts["stable_drow"], facts["stable_spread_col"]]).all()


def test_chip_sides_are_metres_on_the_ground():
    width, height = (map_values(made(FLAT, FLAT), f"chip_size_{side}") for side in ("width", "height"))
    np.testing.assert_allclose([width, height], 32 * 15, rtol=1e-3)


def test_every_variable_is_written_in_its_type():
    velocity = made(FLAT, FLAT)
    for name in variable_attributes(velocity):
        values = map_values(velocity, name)
        assert (values.shape, values.dtype) == ((3, 4), dtype_of(name)), name


@pytest.mark.parametrize(("code", "pole"), [(3031, -90), (3413, 90), (32633, None)])
def test_the_grid_mapping_is_the_coordinate_system(code, pole):
    found = grid_mapping(Grid(4, 5, Affine(240, 0, 1000, 0, -240, 2000), CRS.from_epsg(code)))
    assert pyproj.CRS.from_cf(found).to_epsg() == pyproj.CRS.from_wkt(found["spatial_ref"]).to_epsg() == code
    assert [float(part) for part in found["GeoTransform"].split()] == [1000, 240, 0, 2000, 0, -240]
    if pole is not None:
        assert found["latitude_of_projection_origin"] == pole

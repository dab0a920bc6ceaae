"""Speeds that a search reaches, against the pixel, the days and the projection's scale."""

import pytest
from affine import Affine
from rasterio.crs import CRS

from napari_icenet.scenes.grid import Grid
from napari_icenet.tracking.plausibility.reach import days_text, reach_caution, short_caution, speed_of

#: A local plane in metres: its scale is 1.
PLANE = CRS.from_wkt('LOCAL_CS["plane",UNIT["metre",1],AXIS["x",EAST],AXIS["y",NORTH]]')
FLAT = Grid(300, 400, Affine(30, 0, 0, 0, -30, 0), PLANE)
BYRD = Grid(300, 400, Affine(30, 0, 400_000, 0, -30, -1_000_000), CRS.from_epsg(3031))


def test_a_search_that_ends_before_fast_ice_says_how_far_it_reaches():
    caution = reach_caution(FLAT, (25, 25), 336, "give --max-speed")
    assert caution.kind == "reach"
    assert caution.sentence == (
        "the search of ±25 px in 336 days reaches 815 m/yr; faster ice cannot be found and may be mapped wrong: "
        "give --max-speed."
    )


def test_the_speed_is_that_on_the_ground():
    kx, ky = BYRD.map_scale(149.5, 199.5)
    assert speed_of(BYRD, (25, 25), -336) == pytest.approx(25 * 30 / max(kx, ky) / 336 * 365.25, rel=1e-6)
    oblong = Grid(300, 400, Affine(15, 0, 0, 0, -30, 0), PLANE)
    assert speed_of(oblong, (25, 25), 336) == pytest.approx(25 * 15 / 336 * 365.25)


@pytest.mark.parametrize(("grid", "days"), [(FLAT, 32), (FLAT, 270), (Grid(300, 400), 336)])
def test_a_search_that_reaches_fast_ice_or_knows_no_metres_says_nothing(grid, days):
    assert reach_caution(grid, (25, 25), days, "") is None


def test_days_too_few_for_ice_to_move_are_told():
    assert "in 1 day the usual error of a match, 0.1 px, means 1096 m/yr" in short_caution(FLAT, 1).sentence
    assert short_caution(FLAT, 8) is None
    assert short_caution(Grid(300, 400), 1) is None


def test_days_are_written_as_long_as_they_matter():
    assert [days_text(d) for d in (336.02, -16, 1, 0.5, 2.46)] == [
        "336 days",
        "16 days",
        "1 day",
        "0.5 days",
        "2.5 days",
    ]

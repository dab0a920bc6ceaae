"""Radius and chips: from a radius, a scale factor or a speed; and what does not fit."""

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS

from napari_icenet.errors import UsageError
from napari_icenet.scenes.grid import Grid
from napari_icenet.velocity.search_plan import plan_search, search_radius
from napari_icenet.velocity.settings import VelocitySettings, make_velocity_settings

PLAIN = Grid(400, 300)
#: Byrd Glacier, where the map draws ground 2 % too short.
POLAR = Grid(600, 600, Affine(30, 0, 400_000, 0, -30, -1_000_000), CRS.from_epsg(3031))


def settings(**values):
    return VelocitySettings(**values)


@pytest.mark.parametrize(
    ("values", "radius"),
    [({}, 25), ({"radius": 7}, 7), ({"chip": 128, "scale": 2}, 64), ({"chip": 32, "scale": 1.5}, 8)],
)
def test_a_radius_in_pixels_or_from_c(values, radius):
    assert search_radius(PLAIN, 16, settings(**values)) == (radius, radius)


def test_a_maximum_speed_gives_the_pixels_moved_on_the_map_and_one_more():
    scale = max(POLAR.map_scale(300, 300))
    assert 0.97 < scale < 0.99
    # 3000 m/yr for 36.525 days are 300 m, 10 pixels of 30 m on the ground, 9.8 on the map.
    assert search_radius(POLAR, 36.525, settings(max_speed=3000)) == (11, 11)
    assert search_radius(POLAR, -36.525, settings(max_speed=3000)) == (11, 11)


def test_pixels_that_are_not_square_have_a_radius_for_each_axis():
    grid = Grid(600, 600, Affine(15, 0, 400_000, 0, -30, -1_000_000), CRS.from_epsg(3031))
    assert search_radius(grid, 36.525, settings(max_speed=3000)) == (11, 21)


def test_a_slow_glacier_is_still_searched_three_pixels_around():
    assert search_radius(POLAR, 16, settings(max_speed=1)) == (3, 3)


@pytest.mark.parametrize("speed", [np.inf, np.nan, 1e308, 2e6, 0, -1, "fast"])
def test_a_speed_that_nothing_has_is_refused_in_one_sentence(speed):
    with pytest.raises(UsageError, match=r"max_speed .* cannot be used: ") as error:
        make_velocity_settings(max_speed=speed)
    assert len(str(error.value)) < 120


@pytest.mark.parametrize("value", [np.inf, np.nan, 1e300])
@pytest.mark.parametrize("name", ["scale", "min_overlap", "min_peak_ratio", "memory_gb"])
def test_numbers_beyond_all_measure_are_refused(name, value):
    with pytest.raises(UsageError, match=f"{name} .* cannot be used: ") as error:
        make_velocity_settings(**{name: value})
    assert len(str(error.value)) < 120


def test_a_largest_chip_below_the_smallest_is_refused_not_dropped():
    with pytest.raises(UsageError, match="The largest chip of 32 px is smaller than the smallest of 64 px; give a max"):
        make_velocity_settings(chip=64, max_chip=32)
    assert make_velocity_settings(chip=64, max_chip=64).chips == (64,)
    assert make_velocity_settings(chip=256).chips == (256,)  # nobody has said how large


def test_chips_larger_than_the_frame_are_left_out():
    assert plan_search(Grid(100, 200), 16, settings(radius=10)).chips == (32, 64)


@pytest.mark.parametrize(
    ("grid", "values", "words"),
    [
        (PLAIN, {"max_speed": 500}, "needs scenes that lie on a map"),
        (PLAIN, {"chip": 512, "max_chip": 512}, "chip of 512 px is larger than the frame of 400 × 300"),
        (PLAIN, {"spacing": 512}, "do not fit into the frame"),
        (PLAIN, {"radius": 140}, "needs 312 px, more than the frame of 400 × 300 px has; choose a smaller radius"),
        (PLAIN, {"chip": 64, "scale": 6}, "choose a smaller scale factor"),
        (POLAR, {"max_speed": 1e6}, "choose a smaller maximum speed, or dates closer together"),
    ],
)
def test_what_does_not_fit_is_told_in_one_sentence(grid, values, words):
    with pytest.raises(UsageError, match=words) as error:
        plan_search(grid, 16, settings(**values))
    assert "\n" not in str(error.value)

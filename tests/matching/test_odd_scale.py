"""Pictures of odd scale are matched as their texture allows; all others stay the same bytes."""

from datetime import timedelta

import numpy as np
import pytest

from napari_icenet.matching.odd_scale import odd_scale, scale_of
from napari_icenet.matching.pictures import Pictures
from napari_icenet.scenes.grid import Window
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.tracking.follow import follow
from napari_icenet.tracking.settings import TrackSettings
from napari_icenet.velocity.map_pair import map_pair
from napari_icenet.velocity.settings import VelocitySettings
from tests.cli.shell import texture
from tests.tracking.glacier import START

WHOLE = Window(0, 0, 128, 128)


def stack_of(change):
    frames = np.stack([change(np.roll(texture(128), i, axis=1)) for i in range(2)])
    return SceneStack.from_array(frames, [START, START + timedelta(days=16)], name="ice")


ODD = {
    "huge float32": lambda p: (p * 1e30).astype(np.float32),
    "tiny float32": lambda p: (p * 1e-38).astype(np.float32),
    "tiny float64": lambda p: p * 1e-60,
    "offset float64": lambda p: p / 200 + 1e9,
    "offset uint32": lambda p: (p / 20 + 3e9).astype(np.uint32),
    "offset int64": lambda p: (p / 20).astype(np.int64) + 10**12,
}
PLAIN = {
    "uint16": lambda p: p.astype(np.uint16),
    "float32": lambda p: p.astype(np.float32),
    "float64": lambda p: p / 20_000,
    "int32": lambda p: p.astype(np.int32),
    "negative": lambda p: -p.astype(np.float32) / 3,
    "flat": lambda p: np.full_like(p, 1e9),
}


@pytest.mark.parametrize("change", ODD.values(), ids=ODD)
def test_click_tracker_and_velocity_map_find_what_moves(change):
    stack = stack_of(change)
    fix = follow(stack, 64, 64, settings=TrackSettings(chip=32, scale=1.5)).observations[1]
    assert fix.valid
    assert (fix.row, fix.col) == pytest.approx((64, 65), abs=0.03)
    found = map_pair(stack, 0, 1, VelocitySettings(chip=32, max_chip=32, radius=6, spacing=16))
    assert found.valid[2:-2, 2:-2].all()
    assert np.median(found.dcol[found.valid]) == pytest.approx(1, abs=0.02)
    assert np.median(found.drow[found.valid]) == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize("change", PLAIN.values(), ids=PLAIN)
def test_other_pictures_are_read_as_they_are(change):
    stack = stack_of(change)
    assert odd_scale(stack, 0, stack.bands[0]) is None
    found = Pictures(stack, 1).read(0, WHOLE)
    assert found.tobytes() == stack.read(0, 1).tobytes()


def test_missing_pixels_stay_missing_and_filters_see_the_same_pixels():
    def holed(p):
        p = p / 200 + 1e9
        p[:40, :30], p[60, 60] = np.nan, np.inf
        return p

    pictures = Pictures(stack_of(holed), 1)
    plain = pictures.read(0, WHOLE)
    assert np.isnan(plain[:40, :30]).all()
    assert np.isnan(plain).sum() == 40 * 30 + 1
    assert np.nanmax(np.abs(plain)) < 100
    assert np.isfinite(pictures.filtered("high-pass").read(0, Window(70, 70, 32, 32))).all()


def test_a_picture_whose_middle_is_missing_is_judged_by_the_rest():
    def holed(p):
        p = p * 1e-60
        p[20:110, 20:110] = np.nan
        return p

    assert odd_scale(stack_of(holed), 0, "B1") is not None
    assert odd_scale(stack_of(lambda p: np.full_like(p, np.nan)), 0, "B1") is None


def test_an_even_part_of_an_ordinary_picture_is_no_odd_scale():
    def bright(p):
        p = p.astype(np.float32)
        p[32:96, 32:96] = 60_000 + np.float32(1 / 128) * np.random.default_rng(0).integers(0, 2, (64, 64))
        return p

    assert odd_scale(stack_of(bright), 0, "B1") is None


def test_scales_are_powers_of_two_in_steps():
    scale = scale_of(np.random.default_rng(0).normal(size=1000) * 1e-60)
    assert scale is not None
    assert (scale.offset, scale.exponent % 32) == (0, 0)
    assert 1e-6 < np.ldexp(1e-60, scale.exponent) < 1e6

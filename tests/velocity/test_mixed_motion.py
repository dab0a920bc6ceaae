"""Ice narrower than a chip, margins and fronts: what is valid is the motion of the cell's own middle."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from napari_icenet.matching.engine.engine import Engine
from napari_icenet.matching.engine.matches import Matches
from napari_icenet.matching.lost_reason import LostReason, reason_code
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.velocity.map_pair import map_pair
from napari_icenet.velocity.mixed_motion import Chips, holds_two, middles
from napari_icenet.velocity.settings import VelocitySettings
from tests.tracking.glacier import START, shifted, texture

SIDE, STEP = 320, 6.3
NARROW = VelocitySettings(spacing=8, radius=12)


def along(azimuth):
    return np.array([np.cos(np.radians(azimuth)), np.sin(np.radians(azimuth))])


def mapped(ice, after, step, *, noise=2.0, seed=0, settings=NARROW):
    """Map of two dates: where ``ice`` (then ``after``) is, one texture moves by ``step`` over another that stands."""
    rng = np.random.default_rng(seed)
    rock, flowing = texture(SIDE, 10 + seed), texture(SIDE, 20 + seed)
    frames = [np.where(ice, flowing, rock), np.where(after, shifted(flowing, *step), rock)]
    frames = np.array([f + noise * rng.normal(size=f.shape) for f in frames], np.float32)
    stack = SceneStack.from_array(frames, [START, START + timedelta(days=16)], name="ice")
    return map_pair(stack, 0, 1, settings)


def judged(found, ice, step):
    """Cells on the ice and away from the frame's edge, valid ones, and how far each is off, px."""
    rows, cols = np.meshgrid(found.rows, found.cols, indexing="ij")
    on = ice[np.rint(rows).astype(int), np.rint(cols).astype(int)]
    off = np.hypot(found.drow - np.where(on, step[0], 0), found.dcol - np.where(on, step[1], 0))
    inner = (np.abs(rows - SIDE / 2) < SIDE / 2 - 40) & (np.abs(cols - SIDE / 2) < SIDE / 2 - 40)
    return on & inner, found.valid, off, inner


@pytest.mark.slow
@pytest.mark.parametrize("azimuth", [0, 30, 90, 135])
@pytest.mark.parametrize(("width", "least"), [(24, 0.6), (32, 0.65), (64, 0.85)])
def test_ice_that_is_narrower_than_a_chip_is_found_and_never_said_to_stand_still(width, least, azimuth):
    row, col = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    ahead = along(azimuth)
    ice = np.abs(row * ahead[1] - col * ahead[0]) < width / 2
    step = tuple(STEP * ahead)
    on, valid, off, inner = judged(mapped(ice, ice, step), ice, step)
    assert (on & valid & (off < 1)).sum() >= least * on.sum()
    wrong = valid & (off > 1)
    assert (wrong & inner).sum() <= 0.01 * (valid & inner).sum()
    # Those lie within some pixels of the line between the two.
    edge = np.abs(np.abs(row * ahead[1] - col * ahead[0]) - width / 2) < 4.5
    found_at = np.argwhere(wrong & inner) * 8 + 4
    assert edge[tuple(found_at.T)].all()


@pytest.mark.slow
def test_ice_half_as_wide_as_the_chip_is_lost_rather_than_wrong():
    ice = np.broadcast_to(np.abs(np.arange(SIDE) - (SIDE - 1) / 2) < 8, (SIDE, SIDE))
    found = mapped(ice, ice, (STEP, 0))
    on, valid, off, _ = judged(found, ice, (STEP, 0))
    assert (on & valid & (off > 1)).sum() <= 0.15 * on.sum()
    assert (found.reason[on] == reason_code(LostReason.MIXED)).mean() > 0.5


@pytest.mark.slow
@pytest.mark.parametrize("azimuth", [0, 60, 150])
def test_a_front_that_surges_over_still_ice(azimuth):
    row, col = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    ahead = along(azimuth)
    beyond = row * ahead[0] + col * ahead[1]
    step = tuple(STEP * ahead)
    _, valid, off, inner = judged(mapped(beyond < 0, beyond < STEP, step), beyond < 0, step)
    assert (valid & inner).sum() > 0.93 * inner.sum()
    assert (valid & inner & (off > 1)).sum() <= 0.025 * inner.sum()


@pytest.mark.slow
def test_one_motion_everywhere_loses_next_to_nothing():
    ice = np.ones((SIDE, SIDE), bool)
    found = mapped(ice, ice, (4.4, -3.1), noise=8.0)
    _, valid, _, inner = judged(found, ice, (4.4, -3.1))
    assert (found.reason[inner] == reason_code(LostReason.MIXED)).mean() < 0.01
    assert valid[inner].mean() > 0.98


def test_middles_are_a_half_and_a_quarter_but_no_less_than_half_the_smallest_chip():
    assert middles(32, 32) == [16]
    assert middles(32, 64) == [16, 32]
    assert middles(32, 128) == [32, 64]
    assert middles(18, 36) == [8, 18]


def cells(*, rival=(np.nan, np.nan), height=np.nan, peak=(0.0, 0.0), reason=None):
    """The match of one cell in the middle of a map of 9 × 9."""
    found = Matches.empty(1, 32, reason)
    found.drow[:], found.dcol[:] = peak
    found.rival_row[:], found.rival_col[:], found.rival_height[:] = *rival, height
    return found


def nothing():
    return np.full((9, 9), np.nan), np.full((9, 9), np.nan)


@pytest.mark.parametrize(
    ("height", "neighbour", "others", "expected"),
    [
        (3.0, None, [], False),  # an accident
        (5.0, None, [], True),  # beyond doubt by itself
        (3.0, (4, 5), [], True),  # ice beside it moves like that
        (3.0, (4, 8), [], False),  # too far away to be in the chip
        (3.0, None, [(2, 4)], False),
        (3.0, None, [(2, 4), (6, 4)], True),  # it runs through chips that share no more than half
        (3.0, None, [(3, 4), (5, 4)], False),  # those overlap too much: one accident seen three times
    ],
)
def test_another_motion_is_believed(height, neighbour, others, expected):
    moved, rivals = nothing(), nothing()
    if neighbour:
        moved[0][neighbour], moved[1][neighbour] = 6.4, 0.3
    for at in others:
        rivals[0][at], rivals[1][at] = 6, 0
    found = cells(rival=(6, 0), height=height)
    got = holds_two(found, moved, (rivals, nothing()), np.array([40]), reach=3, step=2)
    assert got.tolist() == [expected]


def test_of_an_ambiguous_chip_either_peak_may_be_a_neighbours():
    moved = nothing()
    moved[0][4, 5], moved[1][4, 5] = 0, 0
    found = cells(rival=(6, 0), height=4.2, reason=LostReason.AMBIGUOUS)
    assert holds_two(found, moved, (nothing(),), np.array([40]), reach=3, step=2).all()
    found = cells(rival=(6, 0), height=3.5, reason=LostReason.AMBIGUOUS)
    assert not holds_two(found, moved, (nothing(),), np.array([40]), reach=3, step=2).any()


def test_more_chips_than_opencv_takes_rows_for():
    rng = np.random.default_rng(0)
    picture = rng.normal(size=(160, 160)).astype(np.float32)
    places = np.full(2000, 80)
    chips = Chips(
        picture, picture, places, places, places * 0, places * 0, 32, (8, 8), 0.5, 1.0, Engine("cpu", threads=1)
    )
    still = np.zeros(2000)
    difference = chips.difference(np.arange(2000), (still, still))
    assert difference.shape == (2000, 9)
    np.testing.assert_allclose(difference, 0, atol=1e-9)
    other = chips.difference(np.arange(2), (still[:2] + 7, still[:2] - 5))
    assert other == pytest.approx(2, rel=0.5)

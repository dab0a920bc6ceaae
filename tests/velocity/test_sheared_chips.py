"""Margins that have moved by many pixels: no chip moves as a whole, and none is told to."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from napari_icenet.matching.engine.matches import Matches
from napari_icenet.matching.lost_reason import LostReason, reason_code
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.velocity import chip_levels
from napari_icenet.velocity.map_pair import map_pair
from napari_icenet.velocity.settings import VelocitySettings
from napari_icenet.velocity.sheared_chips import TORN_PX, torn_cells
from tests.tracking.glacier import START, texture

SIDE = 320
MIXED = reason_code(LostReason.MIXED)


def motion(col: np.ndarray) -> np.ndarray:
    """How far a column moves down, px: rock, a margin of 40 px, ice, and back."""
    return 17 * np.clip(np.minimum(col - 90, SIDE - 90 - col) / 40, 0, 1)


@pytest.fixture(scope="module")
def stack() -> SceneStack:
    row, col = np.mgrid[:SIDE, :SIDE].astype(float)
    picture, rng = texture(SIDE, 3), np.random.default_rng(1)
    after = map_coordinates(picture, [row - motion(col), col], order=5, mode="wrap")
    frames = [p + 0.3 * picture.std() * rng.normal(size=p.shape) for p in (picture, after)]
    return SceneStack.from_array(np.asarray(frames, np.float32), [START, START + timedelta(days=272)], name="ice")


def wrong_share(stack: SceneStack) -> tuple[float, int, int]:
    """Share of the valid vectors of a map that are off by more than 2 px, number of valid and of mixed ones."""
    found = map_pair(stack, 0, 1, VelocitySettings(spacing=8))
    true = np.broadcast_to(motion(found.cols - 0.5), found.shape)
    off = np.hypot(found.drow - true, found.dcol)
    return (
        float((found.valid & (off > 2)).sum() / found.valid.sum()),
        int(found.valid.sum()),
        int((found.reason == MIXED).sum()),
    )


@pytest.mark.slow
def test_what_is_valid_in_a_margin_is_the_motion_of_its_own_place(stack, monkeypatch) -> None:
    share, count, mixed = wrong_share(stack)
    assert share < 0.03
    monkeypatch.setattr(chip_levels, "torn_cells", lambda *given: np.zeros(0, np.intp))
    without, before, mixed_before = wrong_share(stack)
    assert without > 0.09
    # What is lost is mostly what was wrong.
    assert before - count < 1.2 * without * before
    assert mixed > mixed_before


def test_torn_cells_have_a_neighbour_within_half_a_chip_that_moves_otherwise() -> None:
    shape = (5, 6)
    found = Matches.empty(30, 32, None)
    for values in (found.drow, found.dcol):
        values[:] = 0.0
    found.drow.reshape(shape)[:, 3:] = TORN_PX + 0.1
    accepted = np.ones(30, bool)
    # At 8 px half a chip of 32 px is two cells.
    assert set(torn_cells(found, accepted, shape, 8) % 6) == {1, 2, 3, 4}
    assert set(torn_cells(found, accepted, shape, 16) % 6) == {2, 3}
    found.drow.reshape(shape)[:, 3:] = TORN_PX - 0.1
    assert torn_cells(found, accepted, shape, 8).size == 0
    # What was not accepted neither asks nor is asked.
    found.drow.reshape(shape)[:, 3:] = 9
    accepted.reshape(shape)[:, 3:] = False
    assert torn_cells(found, accepted, shape, 8).size == 0

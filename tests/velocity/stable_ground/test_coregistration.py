"""The shift between two scenes: measured on a mask, found as the slow mode, or honestly unknown."""

from dataclasses import replace

import numpy as np
import pytest

from napari_icenet.errors import TrackingError
from napari_icenet.velocity.stable_ground.coregistration import (
    coregistered,
    offset_error,
    residual,
    slow_mode,
    stable_cells,
    stable_offset,
)
from tests.velocity.maps import glacier, made

OFFSET = (0.7, -1.3)


@pytest.fixture
def valley():
    """Ice between rock, the scenes shifted, matches that scatter by 0.1 px."""
    drow, dcol, ice = glacier(offset=OFFSET, noise=0.1)
    return made(drow, dcol), ice


def pixels(cells, spacing=16):
    return np.kron(cells, np.ones((spacing, spacing), bool))


def test_the_offset_of_a_mask_is_the_shift_of_the_scenes(valley):
    velocity_map, ice = valley
    out = coregistered(velocity_map, pixels(~ice), remove=True)
    assert (out.offset.drow, out.offset.dcol) == pytest.approx(OFFSET, abs=0.02)
    assert (out.offset.spread_row, out.offset.spread_col) == pytest.approx((0.1, 0.1), abs=0.02)
    assert out.offset.source == "mask"
    assert out.offset.count == (out.stable & out.valid).sum()
    assert not out.stable[ice].any()
    # The measurement stays; the motion of rock vanishes.
    assert out.drow is velocity_map.drow
    assert out.dcol is velocity_map.dcol
    assert np.median(out.moved[1][~ice]) == pytest.approx(0, abs=0.02)
    assert out.offset_removed
    assert "less it" in out.notes[-1]


def test_an_offset_that_is_not_removed_is_told_all_the_same(valley):
    velocity_map, ice = valley
    out = coregistered(velocity_map, pixels(~ice), remove=False)
    assert out.offset is not None
    assert not out.offset_removed
    np.testing.assert_array_equal(out.vx, velocity_map.vx)
    assert "with it" in out.notes[-1]


def test_outliers_on_the_ground_do_not_move_its_offset(valley):
    velocity_map, ice = valley
    wild = np.random.default_rng(3).random(ice.shape) < 0.2
    drow = np.where(wild, np.float32(15), velocity_map.drow)
    out = coregistered(replace(velocity_map, drow=drow), pixels(~ice), remove=False)
    assert out.offset.drow == pytest.approx(OFFSET[0], abs=0.06)


def test_a_chip_counts_as_stable_only_where_most_of_it_is():
    velocity_map = made(np.zeros((6, 6)), np.zeros((6, 6)))
    mask = np.zeros((96, 96), bool)
    mask[:, :48] = True
    # Chips of 32 px at columns 8, 24, 40, 56 …: three quarters of the third lie on the mask, a quarter of the next.
    np.testing.assert_array_equal(stable_cells(velocity_map, mask)[2], [True, True, True, False, False, False])
    wide = replace(velocity_map, chip_size=np.full((6, 6), 64, np.uint16))
    assert not stable_cells(wide, mask)[2, 2]


@pytest.mark.parametrize("seed", range(3))
def test_the_slow_mode_is_the_rock(seed):
    drow, dcol, ice = glacier(offset=OFFSET, noise=0.1, seed=seed)
    cells, offset = slow_mode(made(drow, dcol))
    assert (offset.drow, offset.dcol) == pytest.approx(OFFSET, abs=0.03)
    assert offset.source == "slow mode"
    assert cells[~ice].mean() > 0.9
    assert (cells & ice).sum() < 0.1 * cells.sum()


def test_a_narrow_strip_of_rock_is_enough():
    drow, dcol, _ = glacier(wall=0.9, offset=OFFSET, noise=0.1)
    found = slow_mode(made(drow, dcol))
    assert found is not None
    assert (found[1].drow, found[1].dcol) == pytest.approx(OFFSET, abs=0.05)


def all_ice():
    """A trunk wider than the frame, from 4 to 9 px; its fast middle is a plug."""
    across = np.linspace(-1, 1, 60)[:, None] * np.ones(60)
    return np.zeros((60, 60)), 9 - 5 * across**4


def plug_in_slow_ice():
    """The plug is within reach of a shift of scenes, but slower ice shows that it moves."""
    across = np.linspace(-1, 1, 60)[:, None] * np.ones(60)
    return np.zeros((60, 60)), 2.5 * (1 - across**8)


def a_shelf():
    """Everything moves by the same 0.8 px: rock or ice, nobody knows."""
    return np.zeros((60, 60)), np.full((60, 60), 0.8)


def a_slope():
    """Speed grows evenly from 0: no part of it stands still."""
    return np.zeros((60, 60)), np.linspace(0, 8, 60)[:, None] * np.ones(60)


def a_slow_flank():
    """Half the frame creeps, here 0.2 and there 0.6 px, beside a fast trunk: slow, but not still."""
    row, col = np.indices((60, 60)) / 60
    return np.zeros((60, 60)), np.where(row < 0.5, 0.2 + 0.4 * col, 6 + 3 * row)


def noise():
    return tuple(np.random.default_rng(5).uniform(-20, 20, (2, 60, 60)))


def two_modes_alike():
    """0.8 px to the left, 0.9 px to the right: either may be the rock."""
    left = np.ones((60, 60)) * (np.arange(60) < 30)
    return np.zeros((60, 60)), 0.9 - 1.7 * left


@pytest.mark.parametrize("motion", [all_ice, plug_in_slow_ice, a_shelf, a_slope, a_slow_flank, noise, two_modes_alike])
def test_where_nothing_stands_still_there_is_no_slow_mode(motion):
    drow, dcol = motion()
    scatter = 0.08 * np.random.default_rng(1).normal(size=(2, *drow.shape))
    velocity_map = made(drow + scatter[0], dcol + scatter[1])
    assert slow_mode(velocity_map) is None
    left = coregistered(velocity_map, None, remove=False)
    assert left.offset is None
    assert "not known" in left.notes[-1]
    with pytest.raises(TrackingError, match="give a mask of stable ground"):
        coregistered(velocity_map, None, remove=True)


def test_bad_masks_are_refused_in_a_sentence(valley):
    velocity_map, ice = valley
    with pytest.raises(TrackingError, match=r"mask of stable ground has 10 × 10 px and the frame 960 × 960 px"):
        coregistered(velocity_map, np.ones((10, 10), bool), remove=False)
    with pytest.raises(TrackingError, match="only 0 valid matches lie on stable ground"):
        coregistered(velocity_map, np.zeros((960, 960), bool), remove=True)
    with pytest.raises(TrackingError, match="only 0 valid"):
        stable_offset(velocity_map, np.zeros(ice.shape, bool))
    kept = coregistered(velocity_map, np.zeros((960, 960), bool), remove=False)
    assert kept.offset is None
    assert kept.notes[-1].startswith("Only 0 valid matches")


def test_the_error_of_an_offset_holds_what_it_says():
    """Offsets of many simulated maps scatter as one of them claims, where chips do not overlap."""
    found, claimed = [], []
    for seed in range(40):
        drow, dcol, ice = glacier((40, 40), offset=OFFSET, noise=0.2, seed=seed)
        velocity_map = made(drow, dcol, chip_size=np.full((40, 40), 16, np.uint16))
        out = coregistered(velocity_map, pixels(~ice), remove=False)
        found.append(out.offset.drow - OFFSET[0])
        claimed.append(offset_error(out)[0])
    assert np.std(found) == pytest.approx(np.mean(claimed), rel=0.35)


def test_the_residual_sees_a_shift_that_differs_over_the_frame():
    drow, dcol, ice = glacier(noise=0.1)
    even = residual(coregistered(made(drow, dcol), pixels(~ice), remove=True))
    assert even.drow < 0.03
    assert even.rms == pytest.approx(0.1 * np.sqrt(2), rel=0.1)
    tilted = made(drow + np.linspace(-1, 1, 60)[None, :], dcol)
    assert residual(coregistered(tilted, pixels(~ice), remove=True)).rms > 0.5
    assert residual(tilted) is None
    assert np.isnan(offset_error(tilted)).all()

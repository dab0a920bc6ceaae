"""The grid of chips of a window, and the shares of them that are hidden or missing: counted pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest

from napari_icenet.datasets.settings import DatasetSettings
from napari_icenet.datasets.tracking.chip_grid import chip_grid, grid_positions
from napari_icenet.datasets.tracking.cloud_share import cloud_shares, fill_shares
from napari_icenet.matching.pictures import Pictures
from napari_icenet.scenes.scene import HIDDEN, Flag, Scene
from napari_icenet.scenes.stack import SceneStack
from tests.datasets.ice import moving, stack_of

SIDE = 80


def settings(**values):
    return DatasetSettings(**{"chip": 16, "frames": 3, "stride": 8, "scale": 1.5, "min_valid": 0.5, **values})


@pytest.fixture(scope="module")
def pictures():
    values = moving(4, SIDE).astype(np.float32)
    rng = np.random.default_rng(2)
    values[rng.random(values.shape) < 0.3] = np.nan
    values[0, 20:50, 30:60] = np.nan
    return values


@pytest.mark.parametrize("shape", [(16, 16), (15, 40), (80, 33), (100, 100)])
@pytest.mark.parametrize(("chip", "stride"), [(16, 8), (16, 5), (16, 100)])
def test_every_chip_of_the_grid_lies_inside(shape, chip, stride):
    rows, cols = grid_positions(shape, settings(chip=chip, stride=stride))
    expected = [
        (row, col)
        for row in range(chip // 2, shape[0] - chip // 2 + 1, stride)
        for col in range(chip // 2, shape[1] - chip // 2 + 1, stride)
    ]
    assert list(zip(rows.tolist(), cols.tolist(), strict=True)) == expected


def share(known, row, col, chip=16):
    return known[row - chip // 2 : row + chip // 2, col - chip // 2 : col + chip // 2].mean()


@pytest.mark.parametrize("min_valid", [0.01, 0.3, 0.5, 0.69, 0.72, 1.0])
@pytest.mark.parametrize("start", [0, 1])
def test_chips_that_show_too_little_are_left_out(pictures, min_valid, start):
    chosen = settings(min_valid=min_valid)
    found = chip_grid(Pictures(stack_of(pictures), "B1"), start, chosen)
    rows, cols = grid_positions((SIDE, SIDE), chosen)
    known = np.isfinite(pictures[start])
    kept = [(r, c) for r, c in zip(rows.tolist(), cols.tolist(), strict=True) if share(known, r, c) >= min_valid]
    assert list(zip(found.rows.tolist(), found.cols.tolist(), strict=True)) == kept
    assert found.left_out == len(rows) - len(kept)


def test_ground_outside_the_area_of_interest_does_not_count(pictures):
    stack = stack_of(pictures)
    stack.area = np.zeros((SIDE, SIDE), bool)
    stack.area[:40] = True
    found = chip_grid(Pictures(stack, "B1"), 1, settings(min_valid=0.6))
    known = np.isfinite(pictures[1]) & stack.area
    assert len(found.rows)
    assert all(share(known, r, c) >= 0.6 for r, c in zip(found.rows, found.cols, strict=True))
    assert found.rows.max() <= 40


@pytest.mark.parametrize("count", [1, 2, 7, 1000])
def test_so_many_chips_are_taken_evenly(pictures, count):
    whole = chip_grid(Pictures(stack_of(pictures), "B1"), 1, settings())
    some = chip_grid(Pictures(stack_of(pictures), "B1"), 1, settings(chips=count))
    assert len(some.rows) == min(count, len(whole.rows))
    assert some.left_out == whole.left_out
    every = list(zip(whole.rows.tolist(), whole.cols.tolist(), strict=True))
    order = [every.index(one) for one in zip(some.rows.tolist(), some.cols.tolist(), strict=True)]
    assert order == sorted(order)
    assert order[0] == 0
    if count > 1:
        assert order[-1] == len(every) - 1


def test_chips_are_chosen_among_those_named(pictures):
    among = np.array([40, 40, 56]), np.array([8, 70, 44])
    found = chip_grid(Pictures(stack_of(pictures), "B1"), 1, settings(min_valid=0.01), among=among)
    np.testing.assert_array_equal(found.rows, among[0])
    np.testing.assert_array_equal(found.cols, among[1])


class Mask:
    def __init__(self, flags):
        self.flags = flags

    def read(self, window):
        return self.flags[window.slices]


@pytest.fixture(scope="module")
def masked(pictures):
    """A stack whose second date has a mask, and its flags."""
    plain = stack_of(pictures)
    rng = np.random.default_rng(4)
    kinds = [Flag(0), Flag.CLOUD, Flag.SNOW, Flag.CIRRUS | Flag.WATER, Flag.SHADOW]
    flags = rng.choice([int(kind) for kind in kinds], (SIDE, SIDE)).astype(np.uint8)
    scenes = [
        Scene(one.id, one.time, one.grid, one.bands, mask=Mask(flags) if k == 1 else None)
        for k, one in enumerate(plain.scenes)
    ]
    return SceneStack(scenes, plain.bands, plain.grid), flags


PLACES = np.array([40, 8, 8, 72, 0, 80, 41]), np.array([40, 8, 72, 8, 40, 80, 13])


def padded(values, empty):
    return np.pad(values.astype(float), 16, constant_values=empty)


def test_cloud_shadow_and_cirrus_are_counted(masked):
    stack, flags = masked
    found = cloud_shares(stack, 1, PLACES, 16)
    hidden = padded((flags & int(HIDDEN)) > 0, 0)
    expected = [hidden[r + 8 : r + 24, c + 8 : c + 24].mean() for r, c in zip(*PLACES, strict=True)]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert found.dtype == np.float32


def test_a_scene_without_a_mask_tells_nothing(masked):
    assert np.isnan(cloud_shares(masked[0], 0, PLACES, 16)).all()


def test_missing_pixels_are_counted_and_so_is_what_lies_outside(pictures):
    found = fill_shares(Pictures(stack_of(pictures), "B1"), 0, PLACES, 16)
    missing = padded(np.isnan(pictures[0]), 1)
    expected = [missing[r + 8 : r + 24, c + 8 : c + 24].mean() for r, c in zip(*PLACES, strict=True)]
    np.testing.assert_allclose(found, expected, atol=1e-6)

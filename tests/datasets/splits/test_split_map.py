"""The map of the splits: pixel by pixel what a sequence there would belong to."""

from __future__ import annotations

import numpy as np
import pytest

from napari_icenet.datasets.sequences import SPLITS
from napari_icenet.datasets.settings import DatasetSettings
from napari_icenet.datasets.splits.blocks import Blocks
from napari_icenet.datasets.splits.split_map import split_map
from napari_icenet.scenes.grid import Grid

GRID = Grid(150, 190)


def settings(gap, block=2, **values):
    given = {"chip": 16, "frames": 3, "stride": 8, "validation": 0.3, "test": 0.2}
    return DatasetSettings(**given, block=block, gap=gap, **values)


@pytest.mark.parametrize("gap", [0, 1, 8, 9])
def test_a_pixel_is_of_a_split_if_all_within_half_a_gap_are(gap):
    chosen = settings(gap)
    found = split_map(GRID, chosen)
    assert (found.shape, found.dtype) == (GRID.shape, np.uint8)
    blocks, half = Blocks.on(GRID, chosen), (gap + 1) // 2
    rng = np.random.default_rng(0)
    for row, col in zip(rng.integers(0, 150, 200), rng.integers(0, 190, 200), strict=True):
        corners = [(row + i, col + j) for i in (-half, half) for j in (-half, half)]
        near = {int(blocks.split_of_block(blocks.block(np.array([r]), np.array([c]))[0])) for r, c in corners}
        expected = near.pop() if len(near) == 1 else SPLITS.index("none")
        assert found[row, col] == expected


def test_without_a_gap_every_pixel_is_of_a_split():
    assert set(np.unique(split_map(GRID, settings(0)))) == {0, 1, 2}


def test_the_seed_decides():
    one, other = (split_map(GRID, settings(0, seed=seed)) for seed in (0, 1))
    assert (one != other).any()
    np.testing.assert_array_equal(one, split_map(GRID, settings(0, seed=0)))

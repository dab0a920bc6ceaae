from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from numpy.testing import assert_array_equal
from rasterio.crs import CRS

from napari_icenet.datasets.settings import DatasetSettings
from napari_icenet.datasets.splits.blocks import NONE, Blocks
from napari_icenet.scenes.grid import Grid

SETTINGS = DatasetSettings(chip=16, block=4, stride=8)


def wandering(shape, count=4000, frames=5, seed=3):
    """Positions of chips that wander some pixels from frame to frame."""
    random = np.random.default_rng(seed)
    start = random.integers(8, np.array(shape) - 8, (count, 2))
    steps = random.integers(-2, 3, (count, frames, 2)).cumsum(axis=1)
    places = start[:, None] + steps
    return places[..., 0], places[..., 1]


def pixels(rows, cols, shape, margin=0):
    """Pixels that chips cover on any frame, with ``margin`` around each."""
    covered = np.zeros((shape[0] + 400, shape[1] + 400), bool)
    for r, c in zip(rows.ravel() + 200, cols.ravel() + 200, strict=True):
        covered[r - 8 - margin : r + 8 + margin, c - 8 - margin : c + 8 + margin] = True
    return covered


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_splits_share_no_pixel_and_keep_their_distance(seed):
    shape = 700, 900
    settings = SETTINGS.model_copy(update={"seed": seed})
    rows, cols = wandering(shape)
    split = Blocks.on(Grid(*shape), settings).split(rows, cols, 16)
    assert settings.gap_px == 24
    for one in range(3):
        mine = split == one
        assert mine.sum() > 20, "no chip in this split"
        grown = pixels(rows[mine], cols[mine], shape, margin=23)
        for other in range(3):
            if other != one:
                assert not (grown & pixels(rows[split == other], cols[split == other], shape)).any()
    assert (split == NONE).any()


def test_shares_of_the_area_are_those_asked_for():
    blocks = Blocks.on(Grid(10, 10), DatasetSettings(validation=0.2, test=0.1))
    places = np.stack(np.meshgrid(np.arange(-30, 30), np.arange(60), indexing="ij"), axis=-1)
    shares = np.bincount(blocks.split_of_block(places).ravel(), minlength=3) / 3600
    assert np.abs(shares - [0.7, 0.2, 0.1]).max() < 0.01


def test_stacks_of_the_same_ground_share_their_splits():
    crs, size = CRS.from_epsg(3031), 30.0
    whole = Grid(1000, 1000, Affine(size, 0, 300_000, 0, -size, -900_000), crs)
    part = Grid(600, 500, Affine(size, 0, 300_000 + 200 * size, 0, -size, -900_000 - 100 * size), crs)
    rows, cols = wandering(part.shape)
    assert_array_equal(
        Blocks.on(part, SETTINGS).split(rows, cols, 16), Blocks.on(whole, SETTINGS).split(rows + 100, cols + 200, 16)
    )
    assert_array_equal(
        Blocks.on(part, SETTINGS).block(rows, cols), Blocks.on(whole, SETTINGS).block(rows + 100, cols + 200)
    )


def test_the_seed_chooses():
    rows, cols = wandering((700, 900))
    splits = [
        Blocks.on(Grid(700, 900), SETTINGS.model_copy(update={"seed": seed})).split(rows, cols, 16)
        for seed in (0, 0, 5)
    ]
    assert_array_equal(splits[0], splits[1])
    assert (splits[0] != splits[2]).any()

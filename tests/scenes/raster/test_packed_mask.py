from __future__ import annotations

import numpy as np

from napari_icenet.scenes.grid import Window
from napari_icenet.scenes.raster.packed_mask import PackedMask


def test_windows_and_pixels_are_those_of_the_mask() -> None:
    mask = np.random.default_rng(1).random((37, 45)) < 0.3
    packed = PackedMask.of(mask)
    assert packed.share == mask.mean()
    assert packed.nbytes == 37 * 6
    for window in (Window(0, 0, 37, 45), Window(3, 5, 20, 1), Window(8, 8, 8, 8), Window(36, 44, 1, 1)):
        np.testing.assert_array_equal(packed.read(window), mask[window.slices])
    rows, cols = np.array([0, 9, 36]), np.array([0, 7, 8, 44])
    np.testing.assert_array_equal(packed.at(rows, cols), mask[np.ix_(rows, cols)])


def test_an_empty_mask_takes_no_memory() -> None:
    packed = PackedMask.of(np.zeros((37, 45), bool))
    assert (packed.nbytes, packed.share) == (0, 0.0)
    assert not packed.read(Window(1, 2, 30, 40)).any()
    assert packed.at(np.arange(3), np.arange(4)).shape == (3, 4)

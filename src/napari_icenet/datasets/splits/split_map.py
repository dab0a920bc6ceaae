"""Map of the splits on the picture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_icenet.datasets.settings import DatasetSettings
from napari_icenet.datasets.splits.blocks import NONE, Blocks
from napari_icenet.scenes.grid import Grid


def split_map(grid: Grid, settings: DatasetSettings) -> NDArray[np.uint8]:
    """Split of the chips on each pixel: codes of :data:`~napari_icenet.datasets.sequences.SPLITS`.

    A sequence belongs to a split if the smallest rectangle of pixels that holds its chips on all dates
    lies in that split; ``none`` are the gaps between splits.

    Parameters
    ----------
    grid : Grid
    settings : DatasetSettings
        Split by area.

    Returns
    -------
    array of uint8, (height, width)
    """
    blocks = Blocks.on(grid, settings)
    margin = (blocks.gap + 1) // 2
    rows, cols = (np.arange(-margin, side + margin, dtype=np.int64) for side in grid.shape)
    block = blocks.block(*np.meshgrid(rows, cols, indexing="ij"))
    codes = blocks.split_of_block(block).astype(np.uint8)
    if margin:
        # A pixel belongs to a split if all pixels that are half a gap from it do: least and greatest are the same.
        square = np.ones((2 * margin + 1, 2 * margin + 1), np.uint8)
        low, high = cv2.erode(codes, square), cv2.dilate(codes, square)
        codes = np.where(low == high, codes, np.uint8(NONE))
        codes = codes[margin:-margin, margin:-margin]
    return np.ascontiguousarray(codes)

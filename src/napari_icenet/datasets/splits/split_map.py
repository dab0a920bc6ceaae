"""Map of the splits: on the picture, or among the dates."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_icenet.datasets.sequences import SPLITS
from napari_icenet.datasets.settings import DatasetSettings
from napari_icenet.datasets.splits.blocks import NONE, Blocks
from napari_icenet.scenes.grid import Grid


@dataclass(frozen=True)
class Rectangle:
    """A block of ground inside the frame, without the gap at its borders: rows and columns from … up to, excluding."""

    split: str
    row: int
    col: int
    row_end: int
    col_end: int


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
    block = np.stack(np.broadcast_arrays(*np.ix_(*_numbers(blocks, rows, cols))), axis=-1)
    codes = blocks.split_of_block(block).astype(np.uint8)
    if margin:
        # A pixel belongs to a split if all pixels that are half a gap from it do: least and greatest are the same.
        square = np.ones((2 * margin + 1, 2 * margin + 1), np.uint8)
        low, high = cv2.erode(codes, square), cv2.dilate(codes, square)
        codes = np.where(low == high, codes, np.uint8(NONE))
        codes = codes[margin:-margin, margin:-margin]
    return np.ascontiguousarray(codes)


def _numbers(
    blocks: Blocks, rows: NDArray[np.int64], cols: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of the blocks that rows and columns of pixels lie in."""
    return blocks.block(rows, np.zeros_like(rows))[:, 0], blocks.block(np.zeros_like(cols), cols)[:, 1]


def block_rectangles(grid: Grid, settings: DatasetSettings) -> tuple[Rectangle, ...]:
    """The blocks as a drawing shows them: each with its split, half a gap in from its borders, cut by the frame.

    Borders between two blocks of the same split have no gap in :func:`split_map`; here each block keeps its
    own outline.
    """
    blocks = Blocks.on(grid, settings)
    height, width = grid.shape
    margin = (blocks.gap + 1) // 2
    numbers = _numbers(blocks, np.arange(height, dtype=np.int64), np.arange(width, dtype=np.int64))
    found = []
    for i in np.unique(numbers[0]).tolist():
        for j in np.unique(numbers[1]).tolist():
            row, col = (n * blocks.side - o + margin for n, o in zip((i, j), blocks.origin, strict=True))
            ends = row + blocks.side - 2 * margin, col + blocks.side - 2 * margin
            name = SPLITS[int(blocks.split_of_block(np.array([i, j])))]
            one = Rectangle(name, max(row, 0), max(col, 0), min(ends[0], height), min(ends[1], width))
            if one.row < one.row_end and one.col < one.col_end:
                found.append(one)
    return tuple(found)

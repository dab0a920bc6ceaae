"""Grid of the chips of a window on its first date, without those that show too little."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_icenet.datasets.settings import DatasetSettings
from napari_icenet.matching.pictures import Pictures
from napari_icenet.scenes.grid import Window


@dataclass(frozen=True, eq=False)
class ChipGrid:
    """Whole-pixel positions on the first date, row by row, and how many of the grid were left out.

    Attributes
    ----------
    rows, cols : array of int64, (n,)
    left_out : int
        Chips with too few valid pixels there.
    """

    rows: NDArray[np.int64]
    cols: NDArray[np.int64]
    left_out: int


def grid_positions(shape: tuple[int, int], settings: DatasetSettings) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of all chips of the grid that lie inside a frame, row by row."""
    half = settings.chip // 2
    rows, cols = (np.arange(half, side - half + 1, settings.stride, dtype=np.int64) for side in shape)
    grid = np.meshgrid(rows, cols, indexing="ij")
    return grid[0].ravel(), grid[1].ravel()


def chip_grid(
    pictures: Pictures,
    start: int,
    settings: DatasetSettings,
    *,
    among: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None,
) -> ChipGrid:
    """The chips of a window of dates that show enough on its first date.

    Pixels that are missing, or outside the stack's area of interest, do not count as valid.

    Parameters
    ----------
    pictures : Pictures
        Unfiltered.
    start : int
        Index of the first date.
    settings : DatasetSettings
    among : (array of int64, array of int64), each (n,), optional
        Rows and columns of the chips to choose from. Default: all of the grid.
    """
    rows, cols = grid_positions(pictures.shape, settings) if among is None else among
    shares = np.empty(len(rows))
    half = settings.chip // 2
    # A row of the grid at a time: a strip of the picture as high as a chip.
    for row in np.unique(rows):
        here = rows == row
        left, right = int(cols[here].min()) - half, int(cols[here].max()) + half
        known = _known(pictures, start, Window(int(row) - half, left, settings.chip, right - left))
        sums = np.concatenate([[0], np.cumsum(known.sum(axis=0))])
        shares[here] = sums[cols[here] + half - left] - sums[cols[here] - half - left]
    enough = np.flatnonzero(shares >= settings.min_valid * settings.chip**2)
    left_out = len(rows) - len(enough)
    if settings.chips is not None and len(enough) > settings.chips:
        enough = enough[np.linspace(0, len(enough) - 1, settings.chips).round().astype(np.intp)]
    return ChipGrid(rows[enough], cols[enough], left_out)


def _known(pictures: Pictures, time: int, window: Window) -> NDArray[np.bool_]:
    known = np.isfinite(pictures.read(time, window))
    return known if pictures.stack.area is None else known & pictures.stack.area[window.slices]

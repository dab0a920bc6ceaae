"""Masks with larger pixels than the picture they belong to: each of their pixels holds for all that it covers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_icenet.scenes.grid import Grid, Window
from napari_icenet.scenes.scene import MaskSource

#: How far from a whole number of fine pixels factor and place of a coarse grid may be.
_WHOLE = 1e-3


class EnlargedMask:
    """A mask on a finer grid whose pixels divide its own.

    Parameters
    ----------
    source : MaskSource
    source_shape : (int, int)
        Height and width of the mask, in its own pixels.
    factor : (int, int)
        Fine pixels in one of the mask's along rows and columns.
    offset : (int, int)
        Row and column of the mask's upper left corner on the fine grid.
    """

    def __init__(
        self, source: MaskSource, source_shape: tuple[int, int], factor: tuple[int, int], offset: tuple[int, int]
    ) -> None:
        self._source = source
        self._source_shape = source_shape
        self._factor = factor
        self._offset = offset

    def read(self, window: Window) -> NDArray[np.uint8]:
        """:class:`~napari_icenet.scenes.scene.Flag` bits of a window of the fine grid; 0 beyond the mask."""
        flags = np.zeros((window.height, window.width), np.uint8)
        starts, sizes = (window.row, window.col), (window.height, window.width)
        theirs = [
            (np.arange(start, start + size) - offset) // factor
            for start, size, offset, factor in zip(starts, sizes, self._offset, self._factor, strict=True)
        ]
        inside = [(t >= 0) & (t < size) for t, size in zip(theirs, self._source_shape, strict=True)]
        if not (inside[0].any() and inside[1].any()):
            return flags
        rows, cols = theirs[0][inside[0]], theirs[1][inside[1]]
        first_row, first_col = int(rows[0]), int(cols[0])
        coarse = self._source.read(
            Window(first_row, first_col, int(rows[-1]) - first_row + 1, int(cols[-1]) - first_col + 1)
        )
        flags[np.ix_(*inside)] = coarse[np.ix_(rows - first_row, cols - first_col)]
        return flags


def place_of_coarse(coarse: Grid, fine: Grid) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """How a grid of larger pixels lies on one whose pixels divide them.

    Returns
    -------
    ((int, int), (int, int)) or None
        Fine pixels in a coarse one, and the coarse grid's corner on the fine one, both along rows and columns; None
        where they do not lie on each other by whole pixels, or lie on no map (then only their shapes are
        known, which must be multiples).
    """
    if coarse.crs is None and fine.crs is None and coarse.transform == fine.transform:
        factor = fine.height // coarse.height, fine.width // coarse.width
        whole = (coarse.height * factor[0], coarse.width * factor[1]) == fine.shape
        return (factor, (0, 0)) if whole and min(factor) >= 1 else None
    if coarse.crs != fine.crs:
        return None
    to_fine = ~fine.transform @ coarse.transform
    numbers = np.array([to_fine.e, to_fine.a, to_fine.f, to_fine.c])
    nearest = np.rint(numbers)
    if not np.allclose([to_fine.b, to_fine.d], 0, atol=_WHOLE) or not np.allclose(numbers, nearest, atol=_WHOLE):
        return None
    rows, cols, row, col = (int(n) for n in nearest)
    return ((rows, cols), (row, col)) if min(rows, cols) >= 1 else None

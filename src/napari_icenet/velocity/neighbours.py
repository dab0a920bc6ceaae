"""Neighbours of some cells of a map, one offset after the other: what is held at once grows with the cells alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from napari_icenet.common.types import Bool, Index


def neighbours(
    rows: Index, cols: Index, shape: tuple[int, int], offsets: Sequence[int]
) -> Iterator[tuple[int, int, Bool, Index, Index]]:
    """The neighbours of cells in a square about each, the cells themselves left out.

    Parameters
    ----------
    rows, cols : array of int, (n,)
        The cells.
    shape : (int, int)
        Rows and columns of the map.
    offsets : sequence of int
        Along either axis.

    Yields
    ------
    down, right : int
        The offset.
    inside : array of bool, (n,)
        Whether a neighbour there lies on the map.
    rows, cols : array of int, (n,)
        Where it lies; 0 where it does not.
    """
    height, width = shape
    for down in offsets:
        for right in offsets:
            if down == right == 0:
                continue
            r, c = rows + down, cols + right
            inside = (r >= 0) & (r < height) & (c >= 0) & (c < width)
            yield down, right, inside, np.where(inside, r, 0), np.where(inside, c, 0)

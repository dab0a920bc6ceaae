"""Values of a map between its cells."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_icenet.common.types import F64
from napari_icenet.errors import UsageError
from napari_icenet.scenes.grid import Grid
from napari_icenet.velocity.time_series.series import VelocitySeries
from napari_icenet.velocity.velocity_map import VelocityMap, several_maps

#: A place this close to a row or column of cells lies on it: the next one, perhaps missing, is not asked, cells.
_ON_CELL = 1e-6


def maps_of(found: VelocityMap | Sequence[VelocityMap] | VelocitySeries) -> tuple[VelocityMap, ...]:
    """Maps of one frame: a map, several, or the intervals of a series.

    Raises
    ------
    UsageError
        There is none, or they are of different frames.
    """
    if isinstance(found, VelocitySeries):
        return tuple(found.interval(k) for k in range(found.shape[0]))
    maps = several_maps(found)
    if not maps:
        raise UsageError("there is no velocity map; make one first.")
    if any(one.frame != maps[0].frame for one in maps):
        raise UsageError("the velocity maps are of different pictures; take those of one stack.")
    return maps


def cell_places(cells: Grid, frame: Grid, rows: ArrayLike, cols: ArrayLike) -> tuple[F64, F64]:
    """Positions of pixels of the frame among a map's cells: (row, col), integer = a cell's centre."""
    t = ~cells.transform @ frame.transform
    r, c = np.asarray(rows, float) + 0.5, np.asarray(cols, float) + 0.5
    return t.d * c + t.e * r + t.f - 0.5, t.a * c + t.b * r + t.c - 0.5


def sampled(values: NDArray[np.floating], rows: ArrayLike, cols: ArrayLike) -> F64:
    """Bilinear values at places among the cells.

    Parameters
    ----------
    values : array of float, (y, x)
        NaN is missing.
    rows, cols : array_like of float
        Places, in cells (:func:`cell_places`).

    Returns
    -------
    array of float64
        NaN outside the map, and where a cell that has a part in the value is missing.
    """
    rows, cols = np.broadcast_arrays(np.asarray(rows, float), np.asarray(cols, float))
    out = np.zeros(rows.shape)
    near_row, near_col = _settled(rows), _settled(cols)
    top, left = np.floor(near_row), np.floor(near_col)
    down, right = near_row - top, near_col - left
    for step_row, share_row in ((0, 1 - down), (1, down)):
        for step_col, share_col in ((0, 1 - right), (1, right)):
            share = share_row * share_col
            row, col = top + step_row, left + step_col
            inside = (row >= 0) & (col >= 0) & (row < values.shape[0]) & (col < values.shape[1])
            found = np.full(rows.shape, np.nan)
            found[inside] = values[row[inside].astype(int), col[inside].astype(int)]
            # Nothing times a missing value is nothing: a cell without a part in the value may be missing.
            out += np.where(share == 0, 0.0, share * found)
    return out


def _settled(places: F64) -> F64:
    whole = np.round(places)
    return np.where(np.abs(places - whole) < _ON_CELL, whole, places)

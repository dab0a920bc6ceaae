"""Corners of shapes from a file's coordinate reference system to a frame's map, and to its pixels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from napari_icenet.common.ground import way_between
from napari_icenet.common.types import F64
from napari_icenet.errors import TrackingError
from napari_icenet.scenes.grid import Grid

#: Between its corners a projected edge lies this close to the true one, px.
_BEND_TOLERANCE_PX = 0.05
#: Edges are halved at most so often: 4096 parts.
_HALVINGS = 12


def to_map(crs: Any, grid: Grid, path: Path) -> Callable[[F64], F64]:
    """Transform positions (x, y) of a file, shape (n, 2), to a frame's map; out of reach is NaN.

    Raises
    ------
    TrackingError
        One of the two has a coordinate reference system and the other has none, or no way leads between them.
    """
    if grid.crs is None:
        if crs is not None:
            raise TrackingError(
                f"{path} is on a map, but these pictures have no coordinate reference system; "
                "give a file without one, whose x is the column and y the row."
            )
        return np.copy
    if crs is None:
        raise TrackingError(f"{path} has no coordinate reference system; set it in the program that wrote it.")
    transformer = way_between(crs, grid.crs.to_wkt(), str(path))

    def change(xy: F64) -> F64:
        found = np.stack(transformer.transform(xy[:, 0], xy[:, 1]), axis=1)
        found[~np.isfinite(found).all(axis=1)] = np.nan
        return found

    return change


def pixels(xy: F64, grid: Grid) -> F64:
    """(row, col) of places (x, y) on a frame's map, both (n, 2); without a map x is the column, y the row."""
    return xy[:, ::-1].copy() if grid.crs is None else np.stack(grid.rowcol(*xy.T), axis=1)


def bent(xy: F64, change: Callable[[F64], F64], grid: Grid) -> F64:
    """Places brought to the map, with corners added until edges, straight before, are followed to 0.05 px."""
    there = change(xy)
    for _ in range(_HALVINGS):
        found = pixels(there, grid)
        # At the quarters too: an edge that bends both ways may pass through the middle.
        away = np.zeros(len(xy) - 1)
        for share in (0.25, 0.5, 0.75):
            between = pixels(change((1 - share) * xy[:-1] + share * xy[1:]), grid)
            straight = (1 - share) * found[:-1] + share * found[1:]
            away = np.fmax(away, np.hypot(*(between - straight).T))
        far = np.flatnonzero(away > _BEND_TOLERANCE_PX)
        if not far.size:
            break
        middle = (xy[far] + xy[far + 1]) / 2
        xy, there = np.insert(xy, far + 1, middle, axis=0), np.insert(there, far + 1, change(middle), axis=0)
    return there

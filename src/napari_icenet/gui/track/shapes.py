"""Outlines, dashes and paths as napari vectors: pure geometry, in pixels of the stack.

napari's vectors are (start, projection) pairs, shape (n, 2, 2), the last axis (row, col).
They repaint in a millisecond, where a Shapes layer would triangulate anew.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Dashes on each side of the search window; a fixed number, so that the layer never changes length.
DASHES_PER_SIDE = 16
#: Part of a dash's period that is drawn.
DASH_SHARE = 0.55


def square(row: float, col: float, side: float) -> tuple[float, float, float, float]:
    """Outer edges (top, left, bottom, right) of a chip of even ``side`` at (row, col).

    The chip covers rows ``row - side/2`` to ``row + side/2 - 1``; integer coordinates are pixel
    centres, so its outer edges lie half a pixel further out.
    """
    half = side / 2
    return row - half - 0.5, col - half - 0.5, row + half - 0.5, col + half - 0.5


def outline(top: float, left: float, bottom: float, right: float) -> NDArray[np.float64]:
    """The four sides of a rectangle, shape (4, 2, 2)."""
    return np.array(
        [
            [[top, left], [0, right - left]],
            [[top, right], [bottom - top, 0]],
            [[bottom, right], [0, left - right]],
            [[bottom, left], [top - bottom, 0]],
        ],
        float,
    )


def dashed(
    top: float, left: float, bottom: float, right: float, *, per_side: int = DASHES_PER_SIDE
) -> NDArray[np.float64]:
    """A rectangle in dashes, shape (4 · per_side, 2, 2); a dash starts at each corner."""
    sides = outline(top, left, bottom, right)
    along = np.arange(per_side) / per_side
    starts = sides[:, None, 0] + along[None, :, None] * sides[:, None, 1]
    steps = np.broadcast_to(sides[:, None, 1] * (DASH_SHARE / per_side), starts.shape)
    return np.stack([starts, steps], axis=2).reshape(-1, 2, 2)


def polyline(points: ArrayLike) -> NDArray[np.float64]:
    """Segments between successive points (n, 2) that are finite, shape (m, 2, 2)."""
    at = np.asarray(points, float).reshape(-1, 2)
    at = at[np.isfinite(at).all(axis=1)]
    return np.stack([at[:-1], np.diff(at, axis=0)], axis=1)


def links(points: ArrayLike, known: ArrayLike, *, dashes: int = 5) -> NDArray[np.float64]:
    """A path whose steps across unknown positions are dashed, shape (m, 2, 2).

    Parameters
    ----------
    points : array, (n, 2)
        Positions, one per date.
    known : array of bool, (n,)
        Where a position was measured; the others are passed over.
    dashes : int
        Dashes of a step that passes over at least one date.
    """
    at, known = np.asarray(points, float).reshape(-1, 2), np.asarray(known, bool)
    index = np.flatnonzero(known)
    parts = []
    for first, second in pairwise(index):
        step = at[second] - at[first]
        if second == first + 1:
            parts.append(np.stack([at[first], step])[None])
            continue
        starts = at[first] + (np.arange(dashes) / dashes + 0.25 / dashes)[:, None] * step
        parts.append(np.stack([starts, np.broadcast_to(step * 0.5 / dashes, starts.shape)], axis=1))
    return np.concatenate(parts) if parts else np.zeros((0, 2, 2))


def spread(points: ArrayLike, first: ArrayLike, distance: float) -> NDArray[np.bool_]:
    """Select labels so that no two stand closer than ``distance``.

    Parameters
    ----------
    points : array, (n, 2)
        Where the labels would stand; NaN is never shown.
    first : array of int
        Indices in the order of importance; those left out come last, in their own order.
    distance : float
        In the units of ``points``; 0 shows all.

    Returns
    -------
    array of bool, (n,)
    """
    at = np.asarray(points, float).reshape(-1, 2)
    order = list(dict.fromkeys([*(int(i) for i in np.atleast_1d(np.asarray(first, int))), *range(len(at))]))
    shown = np.zeros(len(at), bool)
    for i in order:
        if not np.isfinite(at[i]).all():
            continue
        gaps = np.hypot(*(at[shown] - at[i]).T)
        shown[i] = bool(np.all(gaps >= distance)) if gaps.size else True
    return shown

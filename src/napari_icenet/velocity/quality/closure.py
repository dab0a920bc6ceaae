"""Closure of three dates: the way from the first to the third, against that by the second.

It shows the errors of matching without any ground truth. Errors that belong to a date, as the shift
of its scene, cancel, and so do those that all three maps share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.types import F32
from napari_icenet.velocity.velocity_map import VelocityMap


@dataclass(frozen=True)
class Closure:
    """Closure of a triangle of dates.

    Attributes
    ----------
    labels : (str, str, str)
        The three dates.
    drow, dcol : array of float32, (y, x)
        Direct displacement from the first to the third date less that by the second, px; NaN where
        one of the three is missing.
    comparable : int
        Cells where the direct map is valid and the way by the second date stays inside the map.
    """

    labels: tuple[str, str, str]
    drow: F32
    dcol: F32
    comparable: int

    @property
    def length(self) -> F32:
        """Length of the misfit, px, (y, x)."""
        return np.asarray(np.hypot(self.drow, self.dcol))


def triplets(maps: Sequence[VelocityMap]) -> list[tuple[VelocityMap, VelocityMap, VelocityMap]]:
    """All (i → j, j → k, i → k) with i before j before k, on one grid, in order of their dates."""
    forward = {m.times: m for m in maps if m.times[0] < m.times[1]}
    found = [
        (one, two, forward[one.times[0], two.times[1]])
        for one in forward.values()
        for two in forward.values()
        if one.times[1] == two.times[0] and (one.times[0], two.times[1]) in forward
    ]
    alike = [t for t in found if t[0].cells == t[1].cells == t[2].cells]
    return sorted(alike, key=lambda t: (t[0].times[0], t[0].times[1], t[1].times[1]))


def closure(first: VelocityMap, second: VelocityMap, whole: VelocityMap) -> Closure:
    """Compare ``whole`` at each cell with ``first`` there plus ``second`` where that leads to.

    All as measured: offsets of the scenes close by themselves. ``second`` is interpolated bilinearly
    between valid cells.

    Parameters
    ----------
    first, second, whole : VelocityMap
        From the first date to the second, the second to the third, the first to the third; one grid.
    """
    good = first.valid & whole.valid
    spacing = first.settings.spacing
    row, col = np.indices(first.shape, float)
    row, col = row + first.drow / spacing, col + first.dcol / spacing
    there = [_bilinear(np.where(second.valid, d, np.nan).astype(float), row, col) for d in (second.drow, second.dcol)]
    drow, dcol = (
        np.where(good, w - (f + t), np.nan).astype(np.float32)
        for w, f, t in zip((whole.drow, whole.dcol), (first.drow, first.dcol), there, strict=True)
    )
    with np.errstate(invalid="ignore"):
        leaves = first.valid & ((row < 0) | (col < 0) | (row > first.shape[0] - 1) | (col > first.shape[1] - 1))
    labels = first.labels[0], first.labels[1], second.labels[1]
    return Closure(labels, drow, dcol, int((whole.valid & ~leaves).sum()))


def _bilinear(values: NDArray[np.float64], row: NDArray[np.float64], col: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values between cells; NaN where a cell that counts is missing, or outside."""
    height, width = values.shape
    with np.errstate(invalid="ignore"):
        inside = (row >= 0) & (col >= 0) & (row <= height - 1) & (col <= width - 1)
    r, c = np.where(inside, row, 0.0), np.where(inside, col, 0.0)
    i, j = np.minimum(r.astype(int), max(height - 2, 0)), np.minimum(c.astype(int), max(width - 2, 0))
    out = np.zeros(row.shape)
    for di in (0, 1):
        for dj in (0, 1):
            share = np.abs(1 - di - (r - i)) * np.abs(1 - dj - (c - j))
            near = values[np.minimum(i + di, height - 1), np.minimum(j + dj, width - 1)]
            # A corner without weight may be missing.
            out += np.where(share > 0, share * near, 0.0)
    return np.where(inside, out, np.nan)

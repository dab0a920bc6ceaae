"""A search at lower resolution first, then at full resolution around its highest peak only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.types import F32
from napari_icenet.matching.engine.batch import Places, Search
from napari_icenet.matching.engine.matches import Matches
from napari_icenet.matching.zncc import norm_map

#: Least side of a chip at the lower resolution, px: fewer pixels leave too many rivals.
SMALLEST = 16
#: Pixels of a side averaged into one, at most.
LARGEST_FACTOR = 4
#: A coarse peak must stand out this much from its rivals; else the whole surface is computed.
CLEAR = 1.3
#: How far the fine search goes beyond one coarse pixel: what a peak needs around it to be refined.
BEYOND = 3


def factor_of(chip: int) -> int:
    """Pixels averaged into one for chips of this side; 1 is no lower resolution at all."""
    factor = LARGEST_FACTOR
    while factor > 1 and (chip // factor < SMALLEST or chip % factor):
        factor //= 2
    return factor


def coarse_to_fine(search: Search, searched: Callable[[Search], Matches]) -> Matches:
    """Matches of a search, found at lower resolution first.

    Parameters
    ----------
    search : Search
    searched : callable
        Finds the peaks of whole surfaces.

    Returns
    -------
    Matches
        Displacements count from the surface's corner. The peak ratio is that of the coarse surface,
        where that was clear; a match that is not clear there is searched for at full resolution.
    """
    factor = factor_of(search.chip)
    if factor == 1 or min(search.reach) < 2 * factor:
        return searched(search)
    coarse = _coarse(search, searched, factor)
    clear = (coarse.reason == 0) & (coarse.peak_ratio >= CLEAR)
    rest = np.flatnonzero(~clear)
    chosen = np.flatnonzero(clear)
    out = coarse
    if rest.size:
        out[rest] = searched(_part(search, rest))
    if chosen.size:
        out[chosen] = _fine(search, searched, coarse[chosen], chosen, factor)
    return out


def _part(search: Search, index: NDArray[np.intp]) -> Search:
    return replace(
        search,
        rows=search.rows[index],
        cols=search.cols[index],
        window_rows=search.window_rows[index],
        window_cols=search.window_cols[index],
    )


def _coarse(search: Search, searched: Callable[[Search], Matches], factor: int) -> Matches:
    """Peaks at the lower resolution; displacements from the corner of the fine surface, in its pixels."""
    out = Matches.empty(len(search), search.chip, None)
    reach = search.reach[0] // factor, search.reach[1] // factor
    # A window's middle part, whose sides are whole coarse pixels.
    skip = search.reach[0] - reach[0] * factor, search.reach[1] - reach[1] * factor
    places = search.rows, search.cols, search.window_rows + skip[0], search.window_cols + skip[1]
    phases = np.stack([p % factor for p in places], axis=1)
    first, second = _Averaged(search.first, factor), _Averaged(search.second, factor)
    side = search.chip // factor
    # Averages start at the chip's and the window's own corner, so that no fraction of a pixel comes in.
    for phase in np.unique(phases, axis=0):
        index = np.flatnonzero((phases == phase).all(axis=1))
        rows, cols, window_rows, window_cols = (p[index] // factor for p in places)
        small, wide = first.at(phase[0], phase[1]), second.at(phase[2], phase[3])
        part = Search(
            small, wide, rows, cols, window_rows, window_cols, side, reach, search.min_overlap, norm_map(wide, side)
        )
        found = searched(part)
        found.drow[:] = found.drow * factor + skip[0]
        found.dcol[:] = found.dcol * factor + skip[1]
        out[index] = found
    return out


class _Averaged:
    """A picture at lower resolution, by where its coarse pixels start."""

    def __init__(self, picture: F32, factor: int) -> None:
        self._picture, self._factor = picture, factor
        self._made: dict[tuple[int, int], F32] = {}

    def at(self, row: int, col: int) -> F32:
        key, f = (int(row), int(col)), self._factor
        if key not in self._made:
            part: Any = self._picture[key[0] :, key[1] :]
            height, width = part.shape[0] // f, part.shape[1] // f
            part = part[: height * f, : width * f]
            while f > 1:
                # OpenCV averages 2 × 2 pixels much faster than 4 × 4.
                f //= 2
                part = cv2.resize(part, (width * f, height * f), interpolation=cv2.INTER_AREA)
            self._made[key] = np.ascontiguousarray(part, np.float32)
        return self._made[key]


def _fine(
    search: Search, searched: Callable[[Search], Matches], coarse: Matches, index: NDArray[np.intp], factor: int
) -> Matches:
    """Peaks at full resolution around coarse ones."""
    reach = factor + BEYOND
    limit = np.array(search.surface_shape) - 1 - 2 * reach
    corner_row = _corner(coarse.drow, reach, int(limit[0]))
    corner_col = _corner(coarse.dcol, reach, int(limit[1]))
    part = _part(search, index)
    near = replace(
        part,
        window_rows=part.window_rows + corner_row,
        window_cols=part.window_cols + corner_col,
        reach=(reach, reach),
    )
    found = searched(near)
    # A peak at the edge of the small surface that is not at the edge of the large one: look at all of it.
    lost = np.flatnonzero(found.reason != 0)
    found.drow[:] += corner_row
    found.dcol[:] += corner_col
    found.peak_ratio[:] = coarse.peak_ratio
    if lost.size:
        found[lost] = searched(_part(search, index[lost]))
    return found


def _corner(peak: NDArray[np.float64], reach: int, limit: int) -> Places:
    """Corner of the small surface in the large one, which it does not leave."""
    return np.clip(np.rint(peak).astype(np.int64) - reach, 0, max(limit, 0))

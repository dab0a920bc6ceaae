"""Chips across which the ice moves differently: kept where their own middle moves as they do, else lost.

In a margin that has moved by many pixels no chip moves as a whole. What matches is some part of it, and its
motion would be told of the middle. Neighbours less than half a chip away show where that is so; there a small
chip in the middle is searched for by itself, around the motion that was found.
"""

from __future__ import annotations

import math

import numpy as np

from napari_icenet.common.types import Bool, Index
from napari_icenet.matching.acceptance import NO_PEAK, SAME_PLACE_PX
from napari_icenet.matching.engine.matches import Matches
from napari_icenet.matching.lost_reason import reason_code
from napari_icenet.velocity.neighbours import neighbours
from napari_icenet.velocity.tiles import PairMatcher, Points, batches, tiles_of

#: Neighbours within half a chip that differ by more are asked about, px.
TORN_PX = 4.0
#: How far the middle is searched for around the motion that was found, px.
REACH_PX = 8
#: The least side of a middle, px.
_LEAST_SIDE = 12


def torn_cells(found: Matches, accepted: Bool, shape: tuple[int, int], spacing: int) -> Index:
    """Accepted cells with a neighbour less than half a chip away that moves otherwise by more than ``TORN_PX``, (n,).

    Parameters
    ----------
    found : Matches
        Of all cells of a map, row by row.
    accepted : array of bool, (cells,)
    shape : (int, int)
        Cells of the map along rows and columns.
    spacing : int
        From one cell to the next, px.
    """
    drow, dcol = (np.where(accepted, moved, np.nan).reshape(shape) for moved in (found.drow, found.dcol))
    torn = np.zeros(shape, bool)
    for chip in np.unique(found.chip[accepted]):
        rows, cols = np.nonzero((found.chip == chip).reshape(shape) & accepted.reshape(shape))
        reach = max(round(int(chip) / 2 / spacing), 1)
        for _, _, inside, r, c in neighbours(rows, cols, shape, range(-reach, reach + 1)):
            apart = np.hypot(drow[r, c] - drow[rows, cols], dcol[r, c] - dcol[rows, cols])
            torn[rows, cols] |= inside & (apart > TORN_PX)
    return np.flatnonzero(torn)


def middles_elsewhere(matcher: PairMatcher, found: Matches, cells: Index) -> Bool:
    """True for cells whose middle alone is found elsewhere than the chip, (n,).

    One without enough pixels, or without texture, speaks against nothing.

    Parameters
    ----------
    matcher : PairMatcher
    found : Matches
        Of all cells of the map.
    cells : array of int, (n,)
    """
    side = max(matcher.search.chips[0] // 4 * 2, _LEAST_SIDE)
    places, settings = matcher.points, matcher.settings
    shifts = [np.zeros(len(found), np.intp) for _ in range(2)]
    for shift, moved in zip(shifts, (found.drow, found.dcol), strict=True):
        shift[cells] = np.rint(moved[cells])
    points, reach = Points(places.rows, places.cols, *shifts), (REACH_PX, REACH_PX)
    elsewhere = np.zeros(len(found), bool)
    for tile in tiles_of(points, cells, matcher.pictures.shape[1]):
        for chosen in batches(points, tile.points, side, reach):
            window = points.window(chosen, side, reach).clipped(matcher.pictures.shape)
            before, after = (matcher.pictures.read(date, window) for date in (matcher.first, matcher.second))
            own = matcher.engine.match(
                before, after, points.rows[chosen] - window.row, points.cols[chosen] - window.col,
                chip=side, radius=REACH_PX, shift_rows=points.shift_rows[chosen], shift_cols=points.shift_cols[chosen],
                min_overlap=settings.min_overlap,
            )  # fmt: skip
            off = np.hypot(own.drow - found.drow[chosen], own.dcol - found.dcol[chosen])
            unknown = np.isin(own.reason, [reason_code(reason) for reason in NO_PEAK])
            elsewhere[chosen] = ~unknown & (np.nan_to_num(off, nan=math.inf) > SAME_PLACE_PX)
    return elsewhere[cells]

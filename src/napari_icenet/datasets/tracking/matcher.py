"""Chips of one date sought on another, with all that depends on a date alone kept from one call to the next."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.types import F32, Index
from napari_icenet.matching.acceptance import chips_inside
from napari_icenet.matching.engine.engine import Engine
from napari_icenet.matching.engine.matches import Matches
from napari_icenet.matching.lost_reason import LostReason
from napari_icenet.matching.pictures import Pictures
from napari_icenet.matching.zncc import norm_map
from napari_icenet.scenes.grid import Window

Places = tuple[NDArray[np.int64], NDArray[np.int64]]
#: Side of the squares whose chips are matched together: what is in memory is one and its surroundings.
TILE_PX = 2048


class Matcher:
    """Seeks chips of one band, at full resolution or at a fraction of it.

    Parameters
    ----------
    pictures : Pictures
        Where chips are taken from and sought in.
    engine : Engine
    chip, reach : int
        Side of the chips, and how far they are sought along each axis, px.
    min_overlap : float
        Least share of valid pixels in a placement.
    factor : int
        Pixels averaged into one along each axis; chip and places must be multiples of it.
    """

    def __init__(
        self, pictures: Pictures, engine: Engine, *, chip: int, reach: int, min_overlap: float, factor: int = 1
    ) -> None:
        self.pictures, self.engine = pictures, engine
        self.chip, self.reach, self.min_overlap, self.factor = chip, reach, min_overlap, factor

    def around(self, tile: tuple[int, int], side: int, beyond: int = 0) -> Window:
        """All that the chips with places in a tile of the frame can be sought in.

        Parameters
        ----------
        tile : (int, int)
            Row and column of the tile.
        side : int
            Of the tiles, px.
        beyond : int
            How far the search may be centred from a chip's place, px.
        """
        pad = self.chip // 2 + self.reach + beyond
        pad += -pad % self.factor
        top, left = (t * side - pad for t in tile)
        bottom, right = (min((t + 1) * side, size) + pad for t, size in zip(tile, self.pictures.shape, strict=True))
        return Window(top, left, bottom - top, right - left)

    def inside(self, rows: NDArray[np.int64], cols: NDArray[np.int64]) -> Index:
        """Indices of the chips that lie inside the frame."""
        return np.flatnonzero(chips_inside(rows, cols, self.chip, self.pictures.shape))

    def match(self, around: Window, times: tuple[int, int], places: Places, shifts: Places | None = None) -> Matches:
        """Matches of chips inside the frame; displacements in pixels of full resolution.

        Parameters
        ----------
        around : Window
            From :meth:`around`.
        times : (int, int)
            Indices of the two dates.
        places : (array of int64, array of int64), each (n,)
        shifts : (array of int64, array of int64), optional
            Where the search is centred, from the chip's place.
        """
        rows, cols = ((p - corner) // self.factor for p, corner in zip(places, (around.row, around.col), strict=True))
        moves = (0, 0) if shifts is None else tuple(s // self.factor for s in shifts)
        found = self.engine.match(
            self._picture(times[0], around), self._picture(times[1], around), rows, cols,
            chip=self.chip // self.factor, radius=self.reach // self.factor,
            shift_rows=moves[0], shift_cols=moves[1], min_overlap=self.min_overlap, norms=self._norms(times[1], around),
        )  # fmt: skip
        found.drow[:] *= self.factor
        found.dcol[:] *= self.factor
        return found

    def match_all(self, times: tuple[int, int], places: Places, shifts: Places | None = None) -> Matches:
        """Matches of any number of chips anywhere; those that cross the edge of the frame are ``outside``.

        Parameters are those of :meth:`match`.
        """
        rows, cols = places
        beyond = 0 if shifts is None else max(int(np.abs(axis).max(initial=0)) for axis in shifts)
        out = Matches.empty(len(rows), self.chip, LostReason.OUTSIDE)
        for tile, group in tiles(rows, cols, self.inside(rows, cols)):
            centred = (shifts[0][group], shifts[1][group]) if beyond and shifts is not None else None
            out[group] = self.match(self.around(tile, TILE_PX, beyond), times, (rows[group], cols[group]), centred)
        return out

    def _picture(self, time: int, around: Window) -> F32:
        if self.factor == 1:
            return self.pictures.read(time, around)
        size = around.width // self.factor, around.height // self.factor

        def averaged() -> F32:
            picture = self.pictures.read(time, around)
            return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32)

        return self.pictures.cache.get(("averaged", self.factor, *self._key(time, around)), averaged)

    def _norms(self, time: int, around: Window) -> F32:
        side = self.chip // self.factor
        key = "norms", self.factor, side, *self._key(time, around)
        return self.pictures.cache.get(key, lambda: norm_map(self._picture(time, around), side))

    def _key(self, time: int, around: Window) -> tuple[object, ...]:
        return self.pictures.band, self.pictures.filter.name, time, around


def tiles(
    rows: NDArray[np.int64], cols: NDArray[np.int64], chosen: Index, side: int = TILE_PX
) -> Iterator[tuple[tuple[int, int], Index]]:
    """The chosen chips tile by tile: row and column of the tile, and which lie in it."""
    if not len(chosen):
        return
    keys = np.stack([rows[chosen] // side, cols[chosen] // side])
    for key in np.unique(keys, axis=1).T:
        yield (int(key[0]), int(key[1])), chosen[(keys == key[:, None]).all(axis=0)]

"""One band of a stack as float32 pictures, kept in memory by tile, so that dragging reads no files."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_icenet.matching.odd_scale import OddScale, odd_scale
from napari_icenet.matching.prefilter import prefilter as find_prefilter
from napari_icenet.matching.zncc import norm_map
from napari_icenet.scenes.grid import Window
from napari_icenet.scenes.scene import HIDDEN
from napari_icenet.scenes.stack import SceneStack

#: Side of a tile in pixels.
TILE = 512
#: Default size of the cache: a few chips' surroundings over a hundred dates.
CACHE_BYTES = 768 * 1024**2


class TileCache:
    """Arrays by key, least recently used out first, limited in bytes. Safe between threads."""

    def __init__(self, limit: int = CACHE_BYTES) -> None:
        self.limit = limit
        self._tiles: OrderedDict[Hashable, NDArray[np.float32]] = OrderedDict()
        self._lock = threading.Lock()
        self._bytes = 0

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self._bytes

    def get(self, key: Hashable, make: Callable[[], NDArray[np.float32]]) -> NDArray[np.float32]:
        """The array of ``key``, made and kept if it is not there. Do not write into it."""
        with self._lock:
            tile = self._tiles.get(key)
            if tile is not None:
                self._tiles.move_to_end(key)
                return tile
        # Made outside the lock: two threads may make the same tile, none waits for another's file.
        tile = make()
        tile.flags.writeable = False
        with self._lock:
            if key not in self._tiles:
                self._tiles[key] = tile
                self._bytes += tile.nbytes
                while self._bytes > self.limit and len(self._tiles) > 1:
                    self._bytes -= self._tiles.popitem(last=False)[1].nbytes
        return tile

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._tiles.clear()
            self._bytes = 0


class Pictures:
    """One band of a stack, filtered, read by window.

    Values are those stored, but for pictures of odd scale (:mod:`~napari_icenet.matching.odd_scale`).

    Parameters
    ----------
    stack : SceneStack
    band : str or int
        Name or number.
    prefilter : str
        Name of the filter (:func:`~napari_icenet.matching.prefilter.prefilter`).
    cache : TileCache, optional
        Shared with other bands and filters of the same stack.

    Raises
    ------
    UsageError
        There is no such band or filter.
    """

    def __init__(
        self, stack: SceneStack, band: str | int, prefilter: str = "none", *, cache: TileCache | None = None
    ) -> None:
        self.stack = stack
        self.band = stack.band(band)
        self.filter = find_prefilter(prefilter)
        self.cache = TileCache() if cache is None else cache
        self._scales: dict[int, OddScale | None] = {}

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) of the frame."""
        return self.stack.grid.shape

    def filtered(self, name: str) -> Pictures:
        """The same band with another filter, on the same cache."""
        same = Pictures(self.stack, self.band, name, cache=self.cache)
        same._scales = self._scales
        return same

    def read(self, time: int, window: Window) -> NDArray[np.float32]:
        """Filtered pixels of a window, which may reach outside the frame.

        Returns
        -------
        array of float32, (window.height, window.width)
            NaN where missing or outside. Read-only where it is a view on the cache.
        """
        return self._assemble(window, lambda row, col: self._tile(time, row, col))

    def norms(self, time: int, window: Window, chip: int) -> NDArray[np.float32] | None:
        """:func:`~napari_icenet.matching.zncc.norm_map` of a window, or None where pixels are missing.

        It depends on the date alone and is kept like the pixels.
        """
        placements = Window(window.row, window.col, window.height - chip + 1, window.width - chip + 1)
        values = self._assemble(placements, lambda row, col: self._norm_tile(time, chip, row, col))
        return None if math.isnan(cv2.sumElems(values)[0]) else values

    def cloud(self, time: int, window: Window) -> float:
        """Share of cloud, shadow and cirrus in a window inside the frame or beyond; NaN where the scene has no mask."""
        if self.stack.scenes[time].mask is None:
            return math.nan
        return float(np.nansum(self._assemble(window, lambda row, col: self._hidden_tile(time, row, col)))) / (
            window.height * window.width
        )

    def prefetch(self, time: int, window: Window, chip: int) -> None:
        """Read a neighbourhood now, so that matching in it later reads no files."""
        self.read(time, window)
        self.norms(time, window, chip)

    def _assemble(self, window: Window, tile: Callable[[int, int], NDArray[np.float32]]) -> NDArray[np.float32]:
        bottom, right = window.stop
        row, top = divmod(window.row, TILE)
        col, left = divmod(window.col, TILE)
        if row >= 0 and col >= 0 and top + window.height <= TILE and left + window.width <= TILE:
            values = tile(row, col)
            if top + window.height <= values.shape[0] and left + window.width <= values.shape[1]:
                return values[top : top + window.height, left : left + window.width]
        out = np.full((window.height, window.width), np.nan, np.float32)
        for i, j in _tiles(window.clipped(self.shape)):
            values = tile(i, j)
            part = Window(i * TILE, j * TILE, *values.shape)
            top, left = max(part.row, window.row), max(part.col, window.col)
            below, beside = min(part.stop[0], bottom), min(part.stop[1], right)
            if top < below and left < beside:
                out[top - window.row : below - window.row, left - window.col : beside - window.col] = values[
                    top - part.row : below - part.row, left - part.col : beside - part.col
                ]
        return out

    def _tile(self, time: int, row: int, col: int) -> NDArray[np.float32]:
        def make() -> NDArray[np.float32]:
            inside = Window(row * TILE, col * TILE, TILE, TILE).clipped(self.shape)
            margin = self.filter.margin
            if self.filter.name == "none":
                return self._plain(time, inside)
            wide = Window(
                inside.row - margin, inside.col - margin, inside.height + 2 * margin, inside.width + 2 * margin
            )
            values = self.filter(self.filtered("none").read(time, wide))
            return values[margin : margin + inside.height, margin : margin + inside.width].copy()

        return self.cache.get((self.band, self.filter.name, time, row, col), make)

    def _plain(self, time: int, inside: Window) -> NDArray[np.float32]:
        """Unfiltered pixels of a window inside the frame, with a texture that float32 holds."""
        if time not in self._scales:
            self._scales[time] = odd_scale(self.stack, time, self.band)
        scale = self._scales[time]
        stored = None if scale is None else self.stack.read_stored(time, self.band, inside)
        if scale is None or stored is None:
            return self.stack.read(time, self.band, inside)
        return scale.applied(*stored)

    def _hidden_tile(self, time: int, row: int, col: int) -> NDArray[np.float32]:
        def make() -> NDArray[np.float32]:
            inside = Window(row * TILE, col * TILE, TILE, TILE).clipped(self.shape)
            return ((self.stack.mask(time, inside) & np.uint8(HIDDEN)) > 0).astype(np.float32)

        return self.cache.get(("hidden", time, row, col), make)

    def _norm_tile(self, time: int, chip: int, row: int, col: int) -> NDArray[np.float32]:
        def make() -> NDArray[np.float32]:
            inside = Window(row * TILE, col * TILE, TILE, TILE).clipped(self.shape)
            values = self.read(time, Window(inside.row, inside.col, inside.height + chip - 1, inside.width + chip - 1))
            return norm_map(values, chip)

        return self.cache.get((self.band, self.filter.name, time, row, col, chip), make)


def _tiles(window: Window) -> Iterator[tuple[int, int]]:
    if window.height and window.width:
        for row in range(window.row // TILE, (window.stop[0] - 1) // TILE + 1):
            for col in range(window.col // TILE, (window.stop[1] - 1) // TILE + 1):
                yield row, col

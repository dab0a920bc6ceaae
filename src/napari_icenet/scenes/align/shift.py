"""Bands and masks of a scene whose grid differs from the stack's by whole pixels: never resampled."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_icenet.scenes.grid import Window
from napari_icenet.scenes.scene import BandSource, Flag, MaskSource, fill_marker


class ShiftedBand:
    """A band on a grid that differs by whole pixels: values are untouched, the rest is fill.

    Parameters
    ----------
    source : BandSource
    shape : (int, int)
        Height and width of the stack's grid.
    offset : (int, int)
        Row and column of the source's pixel (0, 0) on the stack's grid.
    """

    def __init__(self, source: BandSource, shape: tuple[int, int], offset: tuple[int, int]) -> None:
        self._source = source
        self._shape = shape
        self._offset = offset

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self._shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the stored values."""
        return self._source.dtype

    def read(self, window: Window) -> NDArray[Any]:
        """Stored values; what lies beside the source is the fill marker of the type."""
        theirs, part = _overlap(window, self._source.shape, self._offset)
        if part is None:
            return self._source.read(theirs)
        out = np.full((window.height, window.width), fill_marker(self.dtype), self.dtype)
        if theirs.height and theirs.width:
            out[part] = self._source.read(theirs)
        return out

    def fill(self, window: Window, values: NDArray[Any] | None = None) -> NDArray[np.bool_]:
        """True where the source holds no measurement or does not reach."""
        theirs, part = _overlap(window, self._source.shape, self._offset)
        if part is None:
            return self._source.fill(theirs, values)
        out = np.ones((window.height, window.width), bool)
        if theirs.height and theirs.width:
            out[part] = self._source.fill(theirs, None if values is None else values[part])
        return out


class ShiftedMask:
    """A mask on a grid that differs by whole pixels; beside the source is fill.

    Parameters
    ----------
    source : MaskSource
    source_shape : (int, int)
        Height and width of the scene's own grid.
    offset : (int, int)
        Row and column of the source's pixel (0, 0) on the stack's grid.
    """

    def __init__(self, source: MaskSource, source_shape: tuple[int, int], offset: tuple[int, int]) -> None:
        self._source = source
        self._source_shape = source_shape
        self._offset = offset

    def read(self, window: Window) -> NDArray[np.uint8]:
        """:class:`~napari_icenet.scenes.scene.Flag` bits of a window inside the stack's frame."""
        theirs, part = _overlap(window, self._source_shape, self._offset)
        if part is None:
            return self._source.read(theirs)
        out = np.full((window.height, window.width), np.uint8(Flag.FILL))
        if theirs.height and theirs.width:
            out[part] = self._source.read(theirs)
        return out


def _overlap(
    window: Window, source_shape: tuple[int, int], offset: tuple[int, int]
) -> tuple[Window, tuple[slice, slice] | None]:
    """The window in the source, and its place in the one asked for (None: it is the whole of it)."""
    asked = window.shifted(-offset[0], -offset[1])
    theirs = asked.clipped(source_shape)
    return theirs, None if theirs == asked else theirs.shifted(-asked.row, -asked.col).slices

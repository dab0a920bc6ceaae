"""Bands and masks of a scene whose grid differs from the stack's by whole pixels: never resampled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_icenet.scenes.grid import Window
from napari_icenet.scenes.scene import BandSource, Flag, MaskSource, assumed_share, fill_marker


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
        return _read(window, self._source.shape, self._offset, self._source.read, fill_marker(self.dtype))

    def fill(self, window: Window, values: NDArray[Any] | None = None) -> NDArray[np.bool_]:
        """True where the source holds no measurement or does not reach."""

        def inside(theirs: Window) -> NDArray[np.bool_]:
            part = theirs.shifted(self._offset[0] - window.row, self._offset[1] - window.col).slices
            return self._source.fill(theirs, None if values is None else values[part])

        return _read(window, self._source.shape, self._offset, inside, True)

    def assumed_share(self) -> float:
        """Share of the source, 0–1, that is assumed to be missing without being declared so."""
        return assumed_share(self._source)


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
        return _read(window, self._source_shape, self._offset, self._source.read, np.uint8(Flag.FILL))


def _read(
    window: Window,
    source_shape: tuple[int, int],
    offset: tuple[int, int],
    read: Callable[[Window], NDArray[Any]],
    missing: Any,
) -> NDArray[Any]:
    """What ``read`` gives of a window, asked by its place in the source; ``missing`` beside that."""
    asked = window.shifted(-offset[0], -offset[1])
    theirs = asked.clipped(source_shape)
    if theirs.height and theirs.width:
        return asked.padded(read(theirs), theirs, missing)
    return np.full((window.height, window.width), missing)

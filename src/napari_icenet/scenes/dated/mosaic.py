"""Neighbouring tiles of one acquisition as one picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_icenet.scenes.grid import Grid, Window
from napari_icenet.scenes.scene import BandSource, Flag, MaskSource, assumed_share


class MosaicBand:
    """A band put together from several on one grid: at each pixel the first that has a measurement.

    Parameters
    ----------
    parts : sequence of BandSource
        All of one shape.
    """

    def __init__(self, parts: Sequence[BandSource]) -> None:
        self._parts = parts

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self._parts[0].shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the stored values, which holds those of all parts."""
        return np.result_type(*(part.dtype for part in self._parts))

    def read(self, window: Window) -> NDArray[Any]:
        """Stored values of a window inside the frame."""
        out = self._parts[0].read(window).astype(self.dtype)
        missing = self._parts[0].fill(window)
        for part in self._parts[1:]:
            if not missing.any():
                break
            values = part.read(window)
            found = missing & ~part.fill(window, values)
            out[found] = values[found]
            missing &= ~found
        return out

    def fill(self, window: Window, values: NDArray[Any] | None = None) -> NDArray[np.bool_]:
        """True where no part holds a measurement."""
        missing = self._parts[0].fill(window)
        for part in self._parts[1:]:
            if missing.any():
                missing = missing & part.fill(window)
        return missing

    def assumed_share(self) -> float:
        """Largest share of the pixels of a part that are taken for missing though no file says so."""
        return max(map(assumed_share, self._parts))


class MosaicMask:
    """Flags of several masks on one grid: at each pixel those of the first that is not fill there.

    Parameters
    ----------
    parts : sequence of MaskSource
    """

    def __init__(self, parts: Sequence[MaskSource]) -> None:
        self._parts = parts

    def read(self, window: Window) -> NDArray[np.uint8]:
        """:class:`~napari_icenet.scenes.scene.Flag` bits of a window inside the frame."""
        out = self._parts[0].read(window).copy()
        for part in self._parts[1:]:
            missing = out & np.uint8(Flag.FILL) > 0
            if not missing.any():
                break
            out[missing] = part.read(window)[missing]
        return out


def common_frame(grids: Sequence[Grid]) -> tuple[Grid, list[tuple[int, int]]] | None:
    """The grid that holds several of one lattice, and the row and column of each on it.

    None where their pixels do not coincide, or they lie on no map.
    """
    if not grids[0].georeferenced:
        return None
    offsets = [grids[0].offset_of(grid) for grid in grids]
    known = [offset for offset in offsets if offset is not None]
    if len(known) < len(grids):
        return None
    top, left = (min(offset[axis] for offset in known) for axis in (0, 1))
    bottom, right = (
        max(offset[axis] + grid.shape[axis] for offset, grid in zip(known, grids, strict=True)) for axis in (0, 1)
    )
    frame = grids[0].window(Window(top, left, bottom - top, right - left))
    return frame, [(row - top, col - left) for row, col in known]

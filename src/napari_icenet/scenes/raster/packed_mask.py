"""Masks at a bit a pixel, cut window by window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_icenet.scenes.grid import Window


@dataclass(frozen=True, eq=False)
class PackedMask:
    """A mask of a whole frame in an eighth of its bytes, and in none where it is False everywhere.

    Attributes
    ----------
    bits : array of uint8, (height, width / 8), or None
    share : float
        Pixels that are True, 0–1, of all.
    """

    bits: NDArray[np.uint8] | None
    share: float

    @classmethod
    def of(cls, mask: NDArray[np.bool_]) -> PackedMask:
        """Pack a mask, (height, width)."""
        share = float(mask.mean()) if mask.size else 0.0
        return cls(np.packbits(mask, axis=1) if share else None, share)

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return 0 if self.bits is None else self.bits.nbytes

    def read(self, window: Window) -> NDArray[np.bool_]:
        """The mask in a window inside the frame."""
        if self.bits is None:
            return np.zeros((window.height, window.width), bool)
        first, last = window.col // 8, -(-(window.col + window.width) // 8)
        rows = self.bits[window.row : window.row + window.height, first:last]
        start = window.col - 8 * first
        return np.unpackbits(rows, axis=1)[:, start : start + window.width].astype(bool)

    def at(self, rows: NDArray[np.intp], cols: NDArray[np.intp]) -> NDArray[np.bool_]:
        """The mask where the given rows and columns cross, (rows, cols)."""
        if self.bits is None:
            return np.zeros((len(rows), len(cols)), bool)
        return np.asarray((self.bits[rows[:, None], cols[None, :] >> 3] >> (7 - (cols & 7)).astype(np.uint8)) & 1, bool)

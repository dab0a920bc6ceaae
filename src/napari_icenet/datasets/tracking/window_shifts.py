"""Shifts of the dates of a window against its first one, by which chips are sought and displacements are corrected."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.types import F64, Bool
from napari_icenet.scenes.stack import SceneStack


@dataclass(frozen=True, eq=False)
class WindowShifts:
    """Shifts of T consecutive dates; all 0 where a stack knows none.

    Attributes
    ----------
    row, col : array of float64, (T,)
        Against the first date, px; on dates of unknown shift what a search is best centred by.
    known : array of bool, (T,)
        Whether positions on a date can be told less its shift.
    """

    row: F64
    col: F64
    known: Bool

    @classmethod
    def of(cls, stack: SceneStack, start: int, frames: int) -> WindowShifts:
        """The shifts of a window that begins on the date with the index ``start``."""
        shifts = stack.shifts
        if shifts is None:
            return cls.none(frames)
        here = slice(start, start + frames)
        row, col = (axis[here] - axis[start] for axis in shifts.likely)
        return cls(row, col, shifts.known[here])

    @classmethod
    def none(cls, frames: int) -> WindowShifts:
        """Of dates that are not shifted, or not known to be."""
        return cls(np.zeros(frames), np.zeros(frames), np.ones(frames, bool))

    @cached_property
    def whole(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The nearest whole pixels along row and column, each (T,)."""
        row, col = (np.rint(axis).astype(np.int64) for axis in (self.row, self.col))
        return row, col

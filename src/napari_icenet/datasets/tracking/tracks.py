"""Tracks: positions of chips on every date of a window, and the evidence for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.struct_of_arrays import StructOfArrays


@dataclass(frozen=True, eq=False)
class Tracks(StructOfArrays):
    """n chips on T consecutive dates; every array has the shape (n, T).

    Attributes
    ----------
    rows, cols : array of float64
        Positions to sub-pixel, less the shifts of the dates against the first where a stack knows them; NaN
        on dates whose own is not known.
    places_row, places_col : array of int64
        Whole-pixel positions that chips are cut at.
    peak_ratio : array of float32
        Of the match; NaN where there is none.
    valid : array of bool
        Whether the chip was found.
    source : array of int64
        The frame that the chip was matched from; −1 where it was not matched.
    """

    rows: NDArray[np.float64]
    cols: NDArray[np.float64]
    places_row: NDArray[np.int64]
    places_col: NDArray[np.int64]
    peak_ratio: NDArray[np.float32]
    valid: NDArray[np.bool_]
    source: NDArray[np.int64]

    @classmethod
    def starting(cls, rows: NDArray[np.int64], cols: NDArray[np.int64], frames: int) -> Tracks:
        """Tracks that stay at their positions, valid on the first date alone."""
        shape = len(rows), frames
        places = [np.repeat(np.asarray(p, np.int64)[:, None], frames, axis=1) for p in (rows, cols)]
        valid = np.zeros(shape, bool)
        valid[:, 0] = True
        return cls(
            places[0].astype(np.float64),
            places[1].astype(np.float64),
            places[0],
            places[1],
            np.full(shape, np.nan, np.float32),
            valid,
            np.full(shape, -1, np.int64),
        )

    def forget_places(self, dates: NDArray[np.bool_]) -> None:
        """Make positions unknown on some of the dates, (T,): those whose shift is."""
        self.rows[:, dates] = self.cols[:, dates] = np.nan

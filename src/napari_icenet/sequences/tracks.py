"""Where chips are on every date of a window, and the evidence for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from napari_icenet.scenes.grid import Window
from napari_icenet.tracking.engine.engine import Engine
from napari_icenet.tracking.engine.matches import Matches
from napari_icenet.tracking.lost import LostReason
from napari_icenet.tracking.pictures import Pictures

Index = NDArray[np.intp]
#: Side of the squares whose chips are matched together: what is in memory is one and its surroundings.
_TILE_PX = 2048


@dataclass(frozen=True, eq=False)
class Tracks:
    """n chips on T consecutive dates; every array has the shape (n, T).

    Attributes
    ----------
    rows, cols : array of float64
        Positions to sub-pixel.
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

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Index | slice) -> Tracks:
        return Tracks(*(getattr(self, field.name)[index] for field in fields(self)))


def match_chips(
    first: Pictures,
    second: Pictures,
    times: tuple[int, int],
    places: tuple[Index, Index],
    engine: Engine,
    *,
    chip: int,
    reach: int,
    shifts: tuple[Index, Index] | None = None,
    min_overlap: float,
) -> Matches:
    """Find chips of one date on another, neighbourhood by neighbourhood.

    Parameters
    ----------
    first, second : Pictures
        Where chips are taken from and sought in; may be the same.
    times : (int, int)
        Indices of the two dates.
    places : (array of int, array of int), each (n,)
        Rows and columns of the chips.
    engine : Engine
    chip, reach : int
        Side of the chips, and how far they are sought along each axis, px.
    shifts : (array of int, array of int), optional
        Where the search is centred, from the chip's place.
    min_overlap : float
        Least share of valid pixels in a placement.

    Returns
    -------
    Matches
        In the order of the chips; those that cross the edge of the frame are ``outside``.
    """
    rows, cols = (np.asarray(p, np.int64) for p in places)
    moves = tuple(np.zeros(len(rows), np.int64) if shifts is None else np.asarray(shifts[k], np.int64) for k in (0, 1))
    out = Matches.empty(len(rows), chip, LostReason.OUTSIDE)
    half, (height, width) = chip // 2, first.shape
    inside = np.flatnonzero((rows >= half) & (cols >= half) & (rows + half <= height) & (cols + half <= width))
    for group in neighbourhoods(rows, cols, inside):
        r, c, dr, dc = rows[group], cols[group], moves[0][group], moves[1][group]
        top, left = (int(min(p.min(), (p + d).min() - reach)) - half for p, d in ((r, dr), (c, dc)))
        bottom, right = (int(max(p.max(), (p + d).max() + reach)) + half for p, d in ((r, dr), (c, dc)))
        window = Window(top, left, bottom - top, right - left)
        out[group] = engine.match(
            first.read(times[0], window), second.read(times[1], window), r - top, c - left,
            chip=chip, radius=reach, shift_rows=dr, shift_cols=dc, min_overlap=min_overlap,
        )  # fmt: skip
    return out


def neighbourhoods(rows: NDArray[np.int64], cols: NDArray[np.int64], chosen: Index) -> Iterator[Index]:
    """The chosen chips in lots of neighbours."""
    if not len(chosen):
        return
    keys = np.stack([rows[chosen] // _TILE_PX, cols[chosen] // _TILE_PX])
    for key in np.unique(keys, axis=1).T:
        yield chosen[(keys == key[:, None]).all(axis=0)]

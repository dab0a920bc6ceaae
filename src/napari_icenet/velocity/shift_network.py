"""Shifts of dates from the offsets of pairs: the pairs are a network, whose contradictions show what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_icenet.common.types import F64, Bool
from napari_icenet.scenes.align.date_shifts import DateShifts, Source
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.velocity.time_series.network_adjustment import Pairs, positions, typical_scale

#: A path and row stands in for its dates that could not be measured if so many of them could.
LEAST_DATES = 2
#: Light and snow of a date move matches on wide areas alike: no scatter and no contradiction of pairs tells that.
#: One sigma of what it does to the difference of two dates, px (simulated scenes whose shifts are known).
LIGHT_PX = 0.02
#: Digits of a shift that are kept, px: a match is good to some thousandths at best.
_DECIMALS = 4


@dataclass(frozen=True)
class PairOffset:
    """Offset of ground that stands still between two dates.

    Attributes
    ----------
    first, second : int
        Indices of the dates.
    drow, dcol : float
        By how much the ground lies further down and right on the second, px.
    error : float
        One sigma along an axis, px.
    spread : float
        Scatter of the matches over the ground, one sigma along an axis, px.
    """

    first: int
    second: int
    drow: float
    dcol: float
    error: float
    spread: float


@dataclass(frozen=True)
class _Solved:
    drow: F64
    dcol: F64
    error_between: F64
    main: Bool


def solve_shifts(stack: SceneStack, offsets: Sequence[PairOffset], source: Source) -> DateShifts:
    """Shifts of all dates that pairs tie to the first of most dates; a path and row stands in for the others.

    Parameters
    ----------
    stack : SceneStack
    offsets : sequence of PairOffset
        At least one.
    source : {'mask', 'slow mode'}
    """
    solved = _solved(offsets, len(stack.scenes))
    reference = int(np.flatnonzero(solved.main)[0])
    drow, dcol = (np.round(d - d[reference], _DECIMALS) + 0.0 for d in (solved.drow, solved.dcol))
    drow[~solved.main] = dcol[~solved.main] = np.nan
    paths = tuple(scene.provenance.path_row or "" for scene in stack.scenes)
    stands_in = _stand_in(drow, dcol, solved.error_between, paths)
    return DateShifts(
        drow=drow, dcol=dcol, error_between=solved.error_between, source=source, stands_in=stands_in,
        reference=reference, times=stack.times, labels=stack.labels, paths=paths,
        spread=float(np.median([one.spread for one in offsets])), pairs=len(offsets),
    )  # fmt: skip


def tied_dates(offsets: Sequence[PairOffset], dates: int) -> Bool:
    """True for the dates that pairs tie to most others, (date,)."""
    return _solved(offsets, dates).main


def _solved(offsets: Sequence[PairOffset], dates: int) -> _Solved:
    """Positions of still ground on every date, up to a constant, and how well two of them are known together."""
    first, second = (np.array([getattr(one, name) for one in offsets], np.intp) for name in ("first", "second"))
    pairs = Pairs(first, second, dates)
    drow, dcol, error = (np.array([[getattr(one, name)] for one in offsets]) for name in ("drow", "dcol", "error"))
    found = positions(pairs, drow, dcol, error, typical_scale(pairs, drow, dcol, error))
    tied = found.tied[0] | np.eye(dates, dtype=bool)
    main = tied[tied.sum(axis=1).argmax()]
    scale = (found.scale_row[0] ** 2 + found.scale_col[0] ** 2) / 2
    between = np.round(np.sqrt(found.variance[0] * scale + LIGHT_PX**2), _DECIMALS)
    between = np.where(tied, between * ~np.eye(dates, dtype=bool), np.nan)
    return _Solved(found.row[:, 0], found.col[:, 0], between, main)


def _stand_in(drow: F64, dcol: F64, error_between: F64, paths: tuple[str, ...]) -> Bool:
    """Give dates that are not known the median shift of their path and row, in place; where that was done."""
    known = np.isfinite(drow)
    error_between[~known] = error_between[:, ~known] = np.nan
    out = np.zeros(len(paths), bool)
    scatter = np.zeros(len(paths))
    like = np.arange(len(paths))
    for path in {p for p in paths if p}:
        of_it = np.array([p == path for p in paths])
        measured, missing = np.flatnonzero(of_it & known), np.flatnonzero(of_it & ~known)
        if measured.size < LEAST_DATES:
            continue
        drow[missing], dcol[missing] = np.median(drow[measured]), np.median(dcol[measured])
        # How far a date lies from the median of its path and row is what is not known of it.
        scatter[missing] = np.sqrt((drow[measured].var(ddof=1) + dcol[measured].var(ddof=1)) / 2)
        typical = measured[np.argsort(np.nanmedian(error_between[measured][:, known], axis=1))[measured.size // 2]]
        like[missing], out[missing] = typical, True
    if out.any():
        error_between[:] = np.sqrt(error_between[like][:, like] ** 2 + scatter[:, None] ** 2 + scatter**2)
        np.fill_diagonal(error_between, np.where(known | out, 0.0, np.nan))
    return out

"""Positions that follow the path and row of their scenes.

Scenes of another path see terrain from another side, and what the products' elevation model misses lies elsewhere;
files cut by hand may lie elsewhere altogether. A displacement between dates of two geometries g and h is

    v · days + shift(h) − shift(g) + error,

so that shifts and velocity are found together by robust least squares, where dates of both geometries interleave in
time: else a change of speed would look the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.robust import NORMAL_MAD
from napari_icenet.common.types import F64
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.tracking.caution import Caution

#: Two geometries lie apart from this many pixels and this many errors on.
LEAST_APART_PX, LEAST_SIGMAS = 1.0, 4.0
#: Displacements to and from a geometry, in either direction of time, to tell its shift.
LEAST_EITHER_WAY = 2
#: More displacements than unknowns, to tell the error.
_LEAST_LEFT = 5
#: Turns of the reweighting, and the residual in deviations from which on a displacement counts nothing (biweight).
_TURNS, _CUT = 8, 4.685
#: Below this scatter residuals are rounding, px.
_LEAST_SCATTER = 1e-3
WAY_OUT = "choose dates of one path (--only, --same-geometry) or co-register them (--coregister)"

#: Path, row, and the worldwide reference system that they count in; None is unknown.
Geometry = tuple[int | None, int | None, int]


@dataclass(frozen=True)
class Shifts:
    """Shifts of geometries against the first, each along m series.

    Attributes
    ----------
    px, error : array of float64, (G, m)
        0 for the first; NaN where it cannot be told.
    """

    px: F64
    error: F64


def geometry_of(stack: SceneStack, date: int) -> Geometry:
    """Path, row and reference system of a date."""
    seen = stack.scenes[date].provenance
    return seen.wrs_path, seen.wrs_row, seen.wrs


def geometry_text(geometry: Geometry) -> str:
    """``233/013``; ``233/013 (WRS-1)`` of Landsat 1–3."""
    *numbers, wrs = geometry
    text = "/".join("unknown" if number is None else f"{number:03d}" for number in numbers)
    return f"{text} (WRS-1)" if wrs == 1 else text


def mixed_caution(stack: SceneStack, pairs: Iterable[tuple[int, int]]) -> Caution | None:
    """That pairs of dates cross paths or rows; None where none does."""
    pairs = list(pairs)
    crossing = [pair for pair in pairs if stack.different_geometry(*pair)]
    if not crossing:
        return None
    seen = Counter(geometry_of(stack, date) for pair in crossing for date in pair)
    names = [geometry_text(geometry) for geometry, _ in seen.most_common()]
    listed = (
        " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) < 5 else f"{names[0]} and {len(names) - 1} more"
    )
    share = f", in {len(crossing)} of {len(pairs)} pairs" if len(pairs) > 1 else ""
    return Caution(
        "path",
        f"dates of different path/row are compared ({listed}{share}); terrain and the scenes themselves may lie apart "
        f"between them: {WAY_OUT}.",
        len(crossing),
    )


def shifts_by_geometry(
    moved: NDArray[np.floating], days: NDArray[np.floating], first: Sequence[int], second: Sequence[int]
) -> Shifts:
    """Shifts of geometries that displacements between dates show, beside steady motion.

    Parameters
    ----------
    moved : array of float, (n, m)
        n displacements of m series (a track's axes, cells of maps), px; NaN is missing.
    days : array of float, (n,)
    first, second : sequence of int, (n,)
        Geometries of the two dates, numbered from 0.

    Returns
    -------
    Shifts
        Of as many geometries as there are numbers.
    """
    values, elapsed = np.asarray(moved, np.float64), np.asarray(days, np.float64)
    start, end = np.asarray(first, np.intp), np.asarray(second, np.intp)
    count = int(max(start.max(initial=0), end.max(initial=0))) + 1
    shifts = Shifts(*(np.full((count, values.shape[1]), np.nan) for _ in range(2)))
    shifts.px[0] = shifts.error[0] = 0
    if count == 1:
        return shifts
    # Unknowns: the velocity, in px over the mean time, and the shift of each geometry but the first.
    design = np.zeros((len(values), count))
    design[:, 0] = elapsed / max(float(np.abs(elapsed).mean()), 1e-9)
    signs = np.where(elapsed < 0, -1, 1)
    for number in range(1, count):
        design[:, number] = (end == number).astype(float) - (start == number)
    known = np.isfinite(values)
    ways = design[:, 1:] * signs[:, None]
    told = np.array(
        [
            (known * (ways == way)[:, at, None]).sum(axis=0) >= LEAST_EITHER_WAY
            for at in range(count - 1)
            for way in (1, -1)
        ]
    ).reshape(count - 1, 2, -1)
    enough = told.all(axis=1).all(axis=0) & (known.sum(axis=0) >= count + _LEAST_LEFT)
    if not enough.any():
        return shifts
    found, error = _robust(design, values[:, enough], known[:, enough])
    shifts.px[1:, enough], shifts.error[1:, enough] = found[1:], error[1:]
    return shifts


def _robust(design: F64, values: F64, known: NDArray[np.bool_]) -> tuple[F64, F64]:
    """Unknowns (p, m) and their errors by least squares with the biweight's weights."""
    filled, weight = np.where(known, values, 0), known.astype(float)
    unknowns = design.shape[1]
    for turn in range(_TURNS):
        normal = np.einsum("nm,np,nq->mpq", weight, design, design, optimize=True)
        normal += 1e-9 * np.eye(unknowns)
        right = np.einsum("nm,np->mp", weight * filled, design, optimize=True)
        found = np.linalg.solve(normal, right[..., None])[..., 0].T
        off = np.where(known, filled - design @ found, np.nan)
        # The first turn is least squares, whose residuals stray values pull down; the median bears half of them.
        spread = (
            NORMAL_MAD * np.nanmedian(np.abs(off), axis=0) * np.sqrt(known.sum(axis=0) / (known.sum(axis=0) - unknowns))
        )
        spread = np.maximum(spread, _LEAST_SCATTER)
        if turn < _TURNS - 1:
            ratio = np.nan_to_num(off / (_CUT * spread), nan=np.inf)
            weight = np.where(np.abs(ratio) < 1, (1 - np.minimum(np.abs(ratio), 1) ** 2) ** 2, 0)
    variance = np.diagonal(np.linalg.inv(normal), axis1=1, axis2=2).T
    return found, spread * np.sqrt(np.abs(variance))


@dataclass(frozen=True)
class Apart:
    """Two geometries that lie apart.

    Attributes
    ----------
    one, other : int
        Their numbers.
    px, error : float
        By how much, and the error.
    """

    one: int
    other: int
    px: float
    error: float


def widest_apart(px: F64, error: F64) -> Apart | None:
    """The two geometries that lie farthest apart, if by more than a pixel and their errors; else None.

    Parameters
    ----------
    px, error : array of float64, (G, 2)
        Shifts along row and column.
    """
    found = [
        Apart(g, h, float(np.hypot(*(px[h] - px[g]))), float(np.hypot(*np.hypot(error[g], error[h]))))
        for g, h in combinations(range(len(px)), 2)
    ]
    clear = [a for a in found if a.px > LEAST_APART_PX and a.px > LEAST_SIGMAS * a.error]
    return max(clear, key=lambda apart: apart.px, default=None)


def apart_caution(geometries: Sequence[Geometry], apart: Apart, where: str = "") -> Caution:
    """That positions follow the path."""
    one, other = (geometry_text(geometries[number]) for number in (apart.one, apart.other))
    return Caution(
        "path", f"positions follow the path: {other} lies {apart.px:.1f} px from {one}{where}; {WAY_OUT}.", apart.px
    )


def numbered(stack: SceneStack, dates: Iterable[int]) -> tuple[list[Geometry], dict[int, int]]:
    """The geometries of some dates, the most frequent first, and the number of each date's."""
    of = {date: geometry_of(stack, date) for date in dates}
    geometries = [geometry for geometry, _ in Counter(of.values()).most_common()]
    return geometries, {date: geometries.index(geometry) for date, geometry in of.items()}

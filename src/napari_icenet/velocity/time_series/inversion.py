"""A time series of velocity from many pairs of dates.

Every pair says how far the ice has moved between its dates; together they say so more often than
needed. Solved cell by cell and robustly (:mod:`~napari_icenet.velocity.time_series.network_adjustment`), wrong
matches and cloudy dates lose their weight, and what pairs contradict each other by gives the errors.

Velocities belong to places. A pair over a long time follows the ice through places of other speed;
what that adds is worked out from a first solution and taken off
(:func:`~napari_icenet.velocity.time_series.accumulate.way_less_start`).

What belongs to a date adds to all its pairs alike and contradicts nothing, so no inversion can see
it: the shift of a whole scene (remove it by stable ground before; what looks like one is told as
``jump``), and its light on the terrain. The scatter over stable ground shows how much that is, and is
part of the errors where such ground is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.types import F64, Bool
from napari_icenet.errors import UsageError
from napari_icenet.jobs.progress import Progress
from napari_icenet.velocity.time_series.accumulate import Inverted, jumps, way_less_start
from napari_icenet.velocity.time_series.network_adjustment import Pairs, positions, typical_scale
from napari_icenet.velocity.time_series.series import VelocitySeries
from napari_icenet.velocity.velocity_map import VelocityMap, several_maps

#: Memory of a block of cells, bytes.
_BLOCK_BYTES = 64e6
#: Cells of the first solution, by which ice is sent along its way.
_FIRST_CELLS = 10000
#: Cells from which the typical scatter is taken.
_SAMPLE = 4000
#: A scene that lies further off steady motion is told in the notes, px.
TOLD_JUMP_PX = 0.5


def invert(maps: Sequence[VelocityMap] | VelocityMap, *, progress: Progress | None = None) -> VelocitySeries:
    """Velocity in each interval between consecutive dates, from maps of many pairs.

    Displacements are taken as the maps give their velocities: less the offset of stable ground where
    that is removed. A pair weighs by its matches' formal errors, with the spread over stable ground
    where that is larger. Nothing is invented: where the accepted pairs measure several intervals only
    together these share their common velocity and are not ``resolved``; where there is no pair at all,
    there is no value.

    Parameters
    ----------
    maps : sequence of VelocityMap, or one
        On one grid; pairs of dates in any order, backward pairs too.
    progress : callable, optional
        Is told the share done; may raise :class:`~napari_icenet.errors.Cancelled`.

    Raises
    ------
    UsageError
        There is no map, or the maps lie on different grids.
    """
    maps = several_maps(maps)
    if not maps:
        raise UsageError("There is no velocity map to invert; map several pairs of dates first.")
    if any(m.cells != maps[0].cells or m.frame != maps[0].frame for m in maps):
        raise UsageError("The velocity maps lie on different grids; map all pairs with the same spacing.")
    times, pairs = _network(maps)
    days = np.asarray((times - times[0]) / np.timedelta64(1, "s")) / 86400
    shape, count = maps[0].shape, maps[0].drow.size
    tell = progress or _silent
    typical = typical_scale(pairs, *_displacements(maps, _spread_over(count)))
    step = max(int(np.ceil(np.sqrt(count / _FIRST_CELLS))), 1)
    coarse = np.arange(count).reshape(shape)[::step, ::step]
    first = _solved(maps, pairs, days, typical, coarse.ravel(), progress=partial(_told, tell, 0.0, 0.25))
    moved = first.moved.reshape(2, len(times) - 1, *coarse.shape)
    way = way_less_start(pairs, moved, step, shape, maps[0].settings.spacing).reshape(2, len(maps), count)
    typical = typical_scale(pairs, *_displacements(maps, _spread_over(count), way))
    every = np.arange(count)
    out = _solved(maps, pairs, days, typical, every, progress=partial(_told, tell, 0.25, 1.0), way=way)
    tell(1.0, "Inverting pairs")
    return _series(maps, times, pairs, out, _ground(maps))


def redundant(maps: Sequence[VelocityMap]) -> bool:
    """True if some motion is measured in more than one way: pairs of dates close a loop."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not maps:
        return False
    times, pairs = _network(maps)
    joined = coo_array((np.ones(len(maps)), (pairs.first, pairs.second)), shape=(len(times), len(times)))
    parts = int(connected_components(joined, directed=False, return_labels=False))
    return len(maps) > len(times) - parts


def series_of(maps: Sequence[VelocityMap], *, progress: Progress | None = None) -> VelocitySeries | None:
    """The time series inverted from maps (:func:`invert`); None where their pairs are not :func:`redundant`.

    Of redundant pairs, motion through time is what they agree upon; without redundancy the maps themselves say
    all that is known.
    """
    return invert(maps, progress=progress) if redundant(maps) else None


def _silent(share: float, text: str) -> None:
    """Tell nobody."""


def _told(tell: Progress, start: float, stop: float, share: float) -> None:
    tell(start + (stop - start) * share, "Inverting pairs")


def _solved(
    maps: Sequence[VelocityMap],
    pairs: Pairs,
    days: F64,
    typical: tuple[float, float],
    cells: NDArray[np.intp],
    *,
    progress: Callable[[float], None],
    way: NDArray[np.float32] | None = None,
) -> Inverted:
    """Solve the networks of some cells, block by block."""
    block = max(int(_BLOCK_BYTES / (8 * (6 * pairs.dates**2 + 12 * len(maps)))), 64)
    out = Inverted(pairs.dates, len(maps), cells.size)
    for start in range(0, cells.size, block):
        progress(start / cells.size)
        part = slice(start, min(start + block, cells.size))
        moved = _displacements(maps, cells[part], way)
        found = positions(pairs, *moved, typical)
        out.intervals(part, found, days, pairs)
        out.steady(part, moved, found, days, pairs)
    return out


def _ground(maps: Sequence[VelocityMap]) -> Bool:
    """Cells that most maps which know stable ground take for such, (y, x)."""
    known = [m.stable for m in maps if m.stable is not None]
    if not known:
        return np.zeros(maps[0].shape, bool)
    return np.asarray(np.mean(known, axis=0) > 0.5)


def _network(maps: Sequence[VelocityMap]) -> tuple[NDArray[np.datetime64], Pairs]:
    """All distinct times, and the pairs by their indices."""
    stamps = np.array([[t.astype("datetime64[s]") for t in m.times] for m in maps])
    times, index = np.unique(stamps, return_inverse=True)
    index = index.reshape(-1, 2).astype(np.intp)
    return times, Pairs(index[:, 0], index[:, 1], len(times))


def _spread_over(count: int) -> NDArray[np.intp]:
    return np.unique(np.linspace(0, count - 1, min(count, _SAMPLE)).astype(np.intp))


def _displacements(
    maps: Sequence[VelocityMap], part: NDArray[np.intp], way: NDArray[np.float32] | None = None
) -> tuple[F64, F64, F64]:
    """(drow, dcol, error) of some cells, (pair, n), px, less what the way adds; NaN where a vector is not valid."""
    shape = len(maps), len(part)
    row, col, error = (np.full(shape, np.nan) for _ in range(3))
    for p, one in enumerate(maps):
        valid = one.valid.ravel()[part]
        spread = (0.0, 0.0) if one.offset is None else (one.offset.spread_row, one.offset.spread_col)
        errors = [
            np.fmax(e.ravel()[part].astype(float), s)
            for e, s in zip((one.error_row, one.error_col), spread, strict=True)
        ]
        row[p], col[p] = (np.where(valid, d.ravel()[part], np.nan) for d in one.moved)
        error[p] = np.where(valid, np.sqrt((errors[0] ** 2 + errors[1] ** 2) / 2), np.nan)
    if way is not None:
        row, col = row - way[0][:, part], col - way[1][:, part]
    # A match without a curvature still counts, as the typical one of its cell does.
    with np.errstate(all="ignore"):
        known = np.isfinite(error) & (error > 0)
        usual = float(np.median(error[known])) if known.any() else 0.1
    return row, col, np.where(np.isfinite(row) & ~known, usual, error)


def _series(
    maps: Sequence[VelocityMap], times: NDArray[np.datetime64], pairs: Pairs, out: Inverted, ground: Bool
) -> VelocitySeries:
    spread = out.hold_ground(ground.ravel())
    held = int((ground.ravel() & np.isfinite(out.mean[0])).sum()) if np.isfinite(spread).any() else 0
    first = maps[0]
    named = {t.astype("datetime64[s]"): label for m in maps for t, label in zip(m.times, m.labels, strict=True)}
    labels = tuple(named[t] for t in times)
    shape = first.shape
    moved, error = (a.reshape(2, len(times) - 1, *shape) for a in (out.moved, out.error))
    resolved = out.resolved.reshape(-1, *shape)
    jump = jumps(moved, resolved, times)
    return VelocitySeries(
        times=times,
        labels=labels,
        drow=moved[0],
        dcol=moved[1],
        error_row=error[0],
        error_col=error[1],
        resolved=resolved,
        pairs_used=out.used.reshape(-1, *shape),
        weight=out.weight.reshape(-1, *shape),
        pairs=tuple((int(i), int(j)) for i, j in zip(pairs.first, pairs.second, strict=True)),
        residual=out.residual.reshape(shape),
        mean_drow=out.mean[0].reshape(shape),
        mean_dcol=out.mean[1].reshape(shape),
        mean_error_row=out.mean_error[0].reshape(shape),
        mean_error_col=out.mean_error[1].reshape(shape),
        jump=jump,
        ground_spread=spread,
        template=first,
        notes=_notes(maps, labels, jump, out, held),
    )


def _notes(
    maps: Sequence[VelocityMap], labels: tuple[str, ...], jump: F64, out: Inverted, ground: int
) -> tuple[str, ...]:
    notes = ["Each velocity belongs to a fixed place; what the ice's way adds to long pairs is taken off."]
    if ground:
        notes.append(f"Errors hold the scatter over {ground} cells of stable ground.")
    else:
        notes.append(
            "Errors hold what pairs contradict each other by; what belongs to a date, as its light on the terrain, "
            "contradicts nothing, and is several times larger on real pictures. Stable ground would show it."
        )
    if all(m.offset_removed for m in maps):
        notes.append("The scenes' offsets were removed by stable ground before the inversion.")
    else:
        notes.append(
            "A shift of a whole scene adds to all pairs of its date alike, so the inversion cannot see it; "
            "only stable ground can."
        )
    if not np.isfinite(out.residual).any():
        notes.append("No interval is measured twice, so the errors are those that the matches claim.")
    for t, label in enumerate(labels):
        length = float(np.hypot(*jump[t]))
        if np.isfinite(length) and length > TOLD_JUMP_PX:
            notes.append(
                f"The scene of {label} lies {length:.2f} px off steady motion as a whole: it is shifted, or the ice "
                "changed its speed everywhere."
            )
    return tuple(notes)

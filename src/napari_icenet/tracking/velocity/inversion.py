"""A time series of velocity from many pairs of dates.

Every pair says how far the ice has moved between its dates; together they say so more often than
needed. Solved cell by cell and robustly (:mod:`~napari_icenet.tracking.velocity.network`), wrong
matches and cloudy dates lose their weight, and what pairs contradict each other by gives the errors.

Two things no inversion of pairs can know. A shift of a whole scene (its co-registration) adds to all
pairs of its date alike and contradicts nothing: remove it by stable ground before; what looks like
one is told as ``jump``. And a displacement over a long time belongs to the place the ice has left:
where speed changes over the way it went, long and short pairs differ a little.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from napari_icenet.errors import UsageError
from napari_icenet.tracking.velocity.network import Pairs, Positions, positions, typical_scale
from napari_icenet.tracking.velocity.series import VelocitySeries
from napari_icenet.tracking.velocity.velocity_map import VelocityMap

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]
Progress = Callable[[float, str], None]

#: Memory of a block of cells, bytes.
_BLOCK_BYTES = 64e6
#: Cells from which the typical scatter is taken.
_SAMPLE = 4000
#: A scene that lies further off steady motion is told in the notes, px.
TOLD_JUMP_PX = 0.5


def invert(maps: Sequence[VelocityMap], *, progress: Progress | None = None) -> VelocitySeries:
    """Velocity in each interval between consecutive dates, from maps of many pairs.

    Displacements are taken as the maps give their velocities: less the offset of stable ground where
    that is removed. A pair weighs by its matches' formal errors, with the spread over stable ground
    where that is larger. Nothing is invented: where the believed pairs measure several intervals only
    together these share their common velocity and are not ``resolved``; where there is no pair at all,
    there is no value.

    Parameters
    ----------
    maps : sequence of VelocityMap
        On one grid; pairs of dates in any order, backward pairs too.
    progress : callable, optional
        Is told the share done; may raise :class:`~napari_icenet.errors.Cancelled`.

    Raises
    ------
    UsageError
        There is no map, or the maps lie on different grids.
    """
    if not maps:
        raise UsageError("There is no velocity map to invert; map several pairs of dates first.")
    if any(m.cells != maps[0].cells or m.frame != maps[0].frame for m in maps):
        raise UsageError("The velocity maps lie on different grids; map all pairs with the same spacing.")
    times, pairs = _network(maps)
    days = np.asarray((times - times[0]) / np.timedelta64(1, "s")) / 86400
    count = maps[0].drow.size
    typical = typical_scale(pairs, *_displacements(maps, _spread_over(count)))
    block = max(int(_BLOCK_BYTES / (8 * (6 * len(times) ** 2 + 12 * len(maps)))), 64)
    out = _Arrays(len(times), len(maps), count)
    for start in range(0, count, block):
        if progress is not None:
            progress(start / count, "Inverting pairs")
        part = slice(start, min(start + block, count))
        moved = _displacements(maps, part)
        found = positions(pairs, *moved, typical)
        out.intervals(part, found, days, pairs)
        out.steady(part, moved, found, days, pairs)
    if progress is not None:
        progress(1.0, "Inverting pairs")
    return _series(maps, times, pairs, out)


def _network(maps: Sequence[VelocityMap]) -> tuple[NDArray[np.datetime64], Pairs]:
    """All distinct times, and the pairs by their indices."""
    stamps = np.array([[t.astype("datetime64[s]") for t in m.times] for m in maps])
    times, index = np.unique(stamps, return_inverse=True)
    index = index.reshape(-1, 2).astype(np.intp)
    return times, Pairs(index[:, 0], index[:, 1], len(times))


def _spread_over(count: int) -> NDArray[np.intp]:
    return np.unique(np.linspace(0, count - 1, min(count, _SAMPLE)).astype(np.intp))


def _displacements(maps: Sequence[VelocityMap], part: slice | NDArray[np.intp]) -> tuple[Float, Float, Float]:
    """(drow, dcol, error) of some cells, (pair, n), px; NaN where a vector is not valid."""
    shape = len(maps), len(maps[0].drow.ravel()[part])
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
    # A match without a curvature still counts, as the typical one of its cell does.
    with np.errstate(all="ignore"):
        known = np.isfinite(error) & (error > 0)
        usual = float(np.median(error[known])) if known.any() else 0.1
    return row, col, np.where(np.isfinite(row) & ~known, usual, error)


class _Arrays:
    """Results of all cells, filled block by block."""

    def __init__(self, dates: int, pairs: int, count: int) -> None:
        def empty(*shape: int) -> NDArray[np.float32]:
            return np.full(shape, np.nan, np.float32)

        self.moved = empty(2, dates - 1, count)
        self.error = empty(2, dates - 1, count)
        self.resolved = np.zeros((dates - 1, count), bool)
        self.used = np.zeros((dates - 1, count), np.uint16)
        self.weight = empty(pairs, count)
        self.residual = empty(count)
        self.mean, self.mean_error = empty(2, count), empty(2, count)

    def intervals(self, part: slice, found: Positions, days: Float, pairs: Pairs) -> None:
        """Displacements of intervals from positions: alone where both its dates are tied, else with others."""
        spans = [(a, a + span) for span in range(1, pairs.dates) for a in range(pairs.dates - span)]
        open_ = np.ones((pairs.dates - 1, found.row.shape[1]), bool)
        for a, b in spans:
            tied = found.tied[:, a, b]
            deviation = np.sqrt(found.variance[:, a, b])
            for k in range(a, b):
                cells = np.flatnonzero(tied & open_[k])
                if not cells.size:
                    continue
                share = (days[k + 1] - days[k]) / (days[b] - days[a])
                at = cells + part.start
                for axis, (place, scale) in enumerate(((found.row, found.scale_row), (found.col, found.scale_col))):
                    self.moved[axis, k, at] = (place[b] - place[a])[cells] * share
                    self.error[axis, k, at] = (deviation * scale)[cells] * share
                open_[k, cells] = False
                self.resolved[k, at] = b - a == 1
        low, high = np.minimum(pairs.first, pairs.second), np.maximum(pairs.first, pairs.second)
        for k in range(pairs.dates - 1):
            self.used[k, part] = (found.weight[(low <= k) & (high > k)] > 0.5).sum(axis=0)
        self.weight[:, part] = found.weight
        self.residual[part] = found.residual

    def steady(
        self, part: slice, moved: tuple[Float, Float, Float], found: Positions, days: Float, pairs: Pairs
    ) -> None:
        """The steady motion that fits all believed pairs best, px/day."""
        elapsed = (days[pairs.second] - days[pairs.first])[:, None]
        weight = np.nan_to_num(found.weight) / np.where(np.isfinite(moved[2]), moved[2], 1.0) ** 2
        total = (weight * elapsed**2).sum(axis=0)
        some = total > 0
        total = np.where(some, total, 1.0)
        count = np.maximum((np.nan_to_num(found.weight) > 0.5).sum(axis=0), 1)
        for axis, (values, scale) in enumerate(zip(moved[:2], (found.scale_row, found.scale_col), strict=True)):
            d = np.nan_to_num(values)
            rate = (weight * elapsed * d).sum(axis=0) / total
            square = (weight * (d - rate * elapsed) ** 2).sum(axis=0) / np.maximum(count - 1, 1)
            self.mean[axis, part] = np.where(some, rate, np.nan)
            self.mean_error[axis, part] = np.where(some, np.sqrt(np.maximum(scale**2, square) / total), np.nan)


def _series(maps: Sequence[VelocityMap], times: NDArray[np.datetime64], pairs: Pairs, out: _Arrays) -> VelocitySeries:
    first = maps[0]
    named = {t.astype("datetime64[s]"): label for m in maps for t, label in zip(m.times, m.labels, strict=True)}
    labels = tuple(named[t] for t in times)
    shape = first.shape
    moved, error = (a.reshape(2, len(times) - 1, *shape) for a in (out.moved, out.error))
    resolved = out.resolved.reshape(-1, *shape)
    jump = _jumps(moved, resolved, times)
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
        template=first,
        notes=_notes(maps, labels, jump, bool(np.isfinite(out.residual).any())),
    )


def _jumps(moved: NDArray[np.float32], resolved: Bool, times: NDArray[np.datetime64]) -> Float:
    """Distance of each scene from steady motion between its neighbours in time, (date, 2), px."""
    days = np.asarray(np.diff(times) / np.timedelta64(1, "s")) / 86400
    out = np.full((len(times), 2), np.nan)
    for t in range(1, len(times) - 1):
        both = resolved[t - 1] & resolved[t]
        if not both.any():
            continue
        share = days[t - 1] / (days[t - 1] + days[t])
        for axis in range(2):
            before, after = moved[axis, t - 1][both].astype(float), moved[axis, t][both].astype(float)
            out[t, axis] = np.median(before - share * (before + after))
    return out


def _notes(maps: Sequence[VelocityMap], labels: tuple[str, ...], jump: Float, redundant: bool) -> tuple[str, ...]:
    notes = ["Each velocity belongs to a fixed place: displacements are assigned to the place the ice has left."]
    if all(m.offset_removed for m in maps):
        notes.append("The scenes' offsets were removed by stable ground before the inversion.")
    else:
        notes.append(
            "A shift of a whole scene adds to all pairs of its date alike, so the inversion cannot see it; "
            "only stable ground can."
        )
    if not redundant:
        notes.append("No interval is measured twice, so the errors are those that the matches claim.")
    for t, label in enumerate(labels):
        length = float(np.hypot(*jump[t]))
        if np.isfinite(length) and length > TOLD_JUMP_PX:
            notes.append(
                f"The scene of {label} lies {length:.2f} px off steady motion as a whole: it is shifted, or the ice "
                "changed its speed everywhere."
            )
    return tuple(notes)

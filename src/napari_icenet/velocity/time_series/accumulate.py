"""Results of an inversion for every cell, gathered block by block, and the flow path that pairs follow.

A velocity belongs to a place; a displacement follows the ice from its first date on, through places
of other speed. The difference between the way and the sum of what is measured at its start is worked
out here from the velocities themselves, so that it can be taken off the pair.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.robust import robust_deviation
from napari_icenet.common.types import F32, F64, Bool
from napari_icenet.velocity.stable_ground.coregistration import LEAST_POINTS
from napari_icenet.velocity.time_series.network_adjustment import Pairs, Positions

#: Cells over which displacements are smoothed before ice is sent along them: median, then Gaussian.
_MEDIAN, _SIGMA = 5, 1.0


class Inverted:
    """Results of all cells, filled block by block; the last axis counts cells.

    Attributes
    ----------
    moved, error : array of float32, (2, interval, n)
        Displacements (rows, columns) and their one-sigma errors, px.
    resolved, used : array of bool, of uint16, (interval, n)
    weight : array of float32, (pair, n)
    residual : array of float32, (n,)
    mean, mean_error : array of float32, (2, n)
        Steady motion and its error, px/day.
    """

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

    def intervals(self, part: slice, found: Positions, days: F64, pairs: Pairs) -> None:
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

    def hold_ground(self, ground: Bool) -> F64:
        """Add to the errors what stable ground scatters more than they say; its scatter, (interval, 2), px."""
        spread = np.full((self.moved.shape[1], 2), np.nan)
        for axis in range(2):
            for k in range(self.moved.shape[1]):
                spread[k, axis], more = _excess(self.moved[axis, k][ground], self.error[axis, k][ground])
                self.error[axis, k] = np.hypot(self.error[axis, k], more)
            more = _excess(self.mean[axis][ground], self.mean_error[axis][ground])[1]
            self.mean_error[axis] = np.hypot(self.mean_error[axis], more)
        return spread

    def steady(self, part: slice, moved: tuple[F64, F64, F64], found: Positions, days: F64, pairs: Pairs) -> None:
        """The steady motion that fits all accepted pairs best, px/day."""
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


def _excess(values: NDArray[np.float32], errors: NDArray[np.float32]) -> tuple[float, float]:
    """Robust scatter of values, and by how much it exceeds their errors (in quadrature); 0 with few values."""
    known = np.isfinite(values)
    if known.sum() < LEAST_POINTS:
        return float("nan"), 0.0
    v = values[known].astype(float)
    spread = robust_deviation(v)
    usual = float(np.median(errors[known]))
    return spread, float(np.sqrt(max(spread**2 - usual**2, 0.0)))


def jumps(moved: NDArray[np.float32], resolved: Bool, times: NDArray[np.datetime64]) -> F64:
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


def way_less_start(pairs: Pairs, moved: F32, step: int, shape: tuple[int, int], spacing: int) -> F32:
    """Displacement along the ice's way less the sum of the intervals' at its start, px.

    Parameters
    ----------
    pairs : Pairs
    moved : array of float32, (2, interval, h, w)
        Displacements (rows, columns) in each interval at every ``step``-th cell, px; NaN is missing.
    step : int
    shape : (int, int)
        (y, x) of all cells.
    spacing : int
        Pixels between cells.

    Returns
    -------
    array of float32, (2, pair, y, x)
        0 where an interval on the way is known nowhere.
    """
    fields = [[_smooth(moved[axis, k]) for axis in range(2)] for k in range(moved.shape[1])]
    start = np.indices(shape, float)
    out = np.zeros((2, len(pairs.first), *shape), np.float32)
    for date in np.unique(pairs.first):
        for ahead in (True, False):
            ends = pairs.second[pairs.first == date]
            last = ends.max() if ahead else ends.min()
            intervals = range(date, last) if ahead else range(date - 1, last - 1, -1)
            place, plain, sign = start.copy(), np.zeros_like(start), 1 if ahead else -1
            for k in intervals:
                here = _at(fields[k], start, step)
                at = place if ahead else place - _at(fields[k], place, step) / spacing
                place = place + sign * _at(fields[k], at, step) / spacing
                plain += sign * here
                reached = k + 1 if ahead else k
                for p in np.flatnonzero((pairs.first == date) & (pairs.second == reached)):
                    out[:, p] = np.nan_to_num((place - start) * spacing - plain)
    return out


def _smooth(values: F32) -> F64:
    """A field without gaps and single-cell noise; all NaN where nothing is known."""
    from scipy.ndimage import distance_transform_edt, gaussian_filter, median_filter

    missing = ~np.isfinite(values)
    if missing.all():
        return values.astype(float)
    nearest = distance_transform_edt(missing, return_distances=False, return_indices=True)
    filled = values.astype(float)[tuple(nearest)]
    return np.asarray(gaussian_filter(median_filter(filled, _MEDIAN, mode="nearest"), _SIGMA, mode="nearest"))


def _at(fields: list[F64], place: F64, step: int) -> F64:
    """Both components at places (2, y, x) in cells; held constant outside."""
    from scipy.ndimage import map_coordinates

    return np.stack([map_coordinates(f, place / step, order=1, mode="nearest") for f in fields])

"""Velocity through time, interval by interval, on the grid of the maps it was inverted from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.types import F32
from napari_icenet.matching.lost_reason import LostReason, reason_code
from napari_icenet.scenes.grid import Grid
from napari_icenet.velocity.velocity_map import VelocityMap


@dataclass(frozen=True)
class VelocitySeries:
    """Velocity between consecutive dates, from all pairs together.

    Arrays over time have the shape (interval, y, x); interval k lies between ``times[k]`` and
    ``times[k + 1]``. NaN is missing. Each velocity belongs to a fixed place, not to a parcel of ice.

    Attributes
    ----------
    times : array of datetime64, (interval + 1,)
        All distinct acquisition times of the pairs, UTC, in order.
    labels : tuple of str
        Their dates, as the stack labels them.
    drow, dcol : array of float32, (interval, y, x)
        Displacement in each interval, px, corrected for co-registration where the maps are. Where only
        several intervals together are measured, each has its part by time of their common one.
    error_row, error_col : array of float32, (interval, y, x)
        Their one-sigma errors, px: the matches' own, scaled by how much pairs contradict each other,
        with the scatter over stable ground where that is larger.
    resolved : array of bool, (interval, y, x)
        True where an interval is measured by itself, False where only with its neighbours, or not.
    pairs_used : array of uint16, (interval, y, x)
        Believed pairs (weight above one half) that span an interval.
    weight : array of float32, (pair, y, x)
        How far each pair is accepted, 0 … 1; NaN where it has no vector.
    pairs : tuple of (int, int)
        Indices of each pair's dates.
    residual : array of float32, (y, x)
        Weighted root mean square of what pairs contradict each other by, px; NaN without redundancy.
    mean_drow, mean_dcol : array of float32, (y, x)
        Displacement in a day, px: the steady motion that fits all accepted pairs best.
    mean_error_row, mean_error_col : array of float32, (y, x)
        Their one-sigma errors, px: with the scatter of the pairs about steady motion.
    jump : array of float64, (date, 2)
        By how much (rows, columns) the whole scene lies off steady motion between its neighbours in
        time, px: median over cells; NaN at both ends and where unknown.
    ground_spread : array of float64, (interval, 2)
        Scatter (rows, columns) of stable ground in each interval, px, which the errors hold; NaN
        where no stable ground is known.
    template : VelocityMap
        A map of the same grid and settings.
    notes : tuple of str
    """

    times: NDArray[np.datetime64]
    labels: tuple[str, ...]
    drow: F32
    dcol: F32
    error_row: F32
    error_col: F32
    resolved: NDArray[np.bool_]
    pairs_used: NDArray[np.uint16]
    weight: F32
    pairs: tuple[tuple[int, int], ...]
    residual: F32
    mean_drow: F32
    mean_dcol: F32
    mean_error_row: F32
    mean_error_col: F32
    jump: NDArray[np.float64]
    ground_spread: NDArray[np.float64]
    template: VelocityMap = field(repr=False)
    notes: tuple[str, ...] = ()

    @property
    def cells(self) -> Grid:
        """The grid of the cells."""
        return self.template.cells

    @property
    def frame(self) -> Grid:
        """The pictures' grid."""
        return self.template.frame

    @property
    def unit(self) -> str:
        """``m/yr``, or ``px/day`` without a map."""
        return self.template.unit

    @property
    def simulated(self) -> bool:
        """Whether the pictures come from a simulator."""
        return self.template.simulated

    @property
    def shape(self) -> tuple[int, int, int]:
        """(interval, y, x)."""
        intervals, height, width = self.drow.shape
        return intervals, height, width

    @property
    def days(self) -> NDArray[np.float64]:
        """Days of each interval."""
        return np.asarray(np.diff(self.times) / np.timedelta64(1, "s")) / 86400

    @cached_property
    def date_weight(self) -> NDArray[np.float64]:
        """Mean weight of the pairs with each date over all cells, (date,): a bad date stands out low."""
        sums = np.nansum(self.weight, axis=(1, 2), dtype=float)
        counts = np.isfinite(self.weight).sum(axis=(1, 2))
        touches = np.zeros((len(self.times), len(self.pairs)))
        for p, (i, j) in enumerate(self.pairs):
            touches[i, p] = touches[j, p] = 1
        total = touches @ counts
        return np.where(total > 0, touches @ sums / np.maximum(total, 1), np.nan)

    def interval(self, index: int) -> VelocityMap:
        """One interval as a map; cells that are not measured by themselves are not valid."""
        return self._map(
            (self.drow[index], self.dcol[index]),
            (self.error_row[index], self.error_col[index]),
            (self.times[index], self.times[index + 1]),
            (self.labels[index], self.labels[index + 1]),
            self.resolved[index],
        )

    @cached_property
    def mean(self) -> VelocityMap:
        """Steady motion from the first to the last date, as a map."""
        days = np.float32(self.days.sum())
        return self._map(
            (self.mean_drow * days, self.mean_dcol * days),
            (self.mean_error_row * days, self.mean_error_col * days),
            (self.times[0], self.times[-1]),
            (self.labels[0], self.labels[-1]),
            np.isfinite(self.mean_drow),
        )

    def _map(
        self,
        moved: tuple[F32, F32],
        errors: tuple[F32, F32],
        times: tuple[np.datetime64, np.datetime64],
        labels: tuple[str, str],
        good: NDArray[np.bool_],
    ) -> VelocityMap:
        missing = np.full(good.shape, np.nan, np.float32)
        reason = np.where(good & np.isfinite(moved[0]), 0, reason_code(LostReason.DISAGREEMENT))
        return replace(
            self.template,
            drow=moved[0],
            dcol=moved[1],
            error_row=errors[0],
            error_col=errors[1],
            ncc=missing,
            peak_ratio=missing,
            reason=reason.astype(np.uint8),
            times=times,
            labels=labels,
            scenes=labels,
            offset=None,
            offset_removed=False,
            notes=self.notes,
        )

    @cached_property
    def _velocities(self) -> tuple[F32, F32, F32, F32]:
        maps = [self.interval(k) for k in range(self.shape[0])]
        vx, vy, v, error = (np.stack([getattr(m, name) for m in maps]) for name in ("vx", "vy", "v", "v_error"))
        return vx, vy, v, error

    @property
    def vx(self) -> F32:
        """Velocity along the grid's x, (interval, y, x), in :attr:`unit`."""
        return self._velocities[0]

    @property
    def vy(self) -> F32:
        """Velocity along the grid's y (down the rows without a map), (interval, y, x), in :attr:`unit`."""
        return self._velocities[1]

    @property
    def v(self) -> F32:
        """Speed, (interval, y, x), in :attr:`unit`."""
        return self._velocities[2]

    @property
    def v_error(self) -> F32:
        """One-sigma error of the speed, (interval, y, x), in :attr:`unit`."""
        return self._velocities[3]

"""Velocity through time, interval by interval, on the grid of the maps it was inverted from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.described import Described, dates_text
from napari_icenet.common.plot import draw_in_time
from napari_icenet.common.text import percent_text
from napari_icenet.common.types import F32
from napari_icenet.errors import UsageError
from napari_icenet.matching.lost_reason import LostReason, reason_code
from napari_icenet.scenes.grid import Grid
from napari_icenet.velocity.velocity_map import VelocityMap

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class VelocitySeries(Described):
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
    template: VelocityMap
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
        """True if the pictures come from a simulator."""
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

    def to_xarray(self) -> xr.Dataset:
        """The series as a CF dataset on (interval, y, x) with its coordinate system, laid out as the maps are."""
        import xarray as xr

        from napari_icenet.velocity.cf.map_dataset import dataset_of

        like = dataset_of([self.template])
        plane: tuple[str, ...] = like["drow"].dims  # type: ignore[assignment]
        place = {"grid_mapping": "mapping"} if "mapping" in like else {}
        over_time = ("interval", *plane)
        where = "on the ground" if self.frame.georeferenced else "of the picture"
        variables: dict[str, Any] = {
            str(name): like[name].variable for name in like.data_vars if str(name).startswith("map")
        }

        def add(name: str, dims: tuple[str, ...], values: Any, long_name: str, units: str) -> None:
            gridded = place if dims[-2:] == plane else {}
            variables[name] = xr.Variable(dims, values, {"long_name": long_name, "units": units, **gridded})

        add("vx", over_time, self.vx, f"velocity along the grid's x {where}", self.unit)
        add("vy", over_time, self.vy, f"velocity along the grid's y {where}", self.unit)
        add("v", over_time, self.v, f"speed {where}", self.unit)
        add("v_error", over_time, self.v_error, "one-sigma error of the speed", self.unit)
        add("drow", over_time, self.drow, "displacement down the rows in the interval", "px")
        add("dcol", over_time, self.dcol, "displacement along the columns in the interval", "px")
        add("error_row", over_time, self.error_row, "one-sigma error of the displacement down the rows", "px")
        add("error_col", over_time, self.error_col, "one-sigma error of the displacement along the columns", "px")
        add("resolved", over_time, self.resolved.astype(np.int8), "1 where the interval is measured by itself", "1")
        add("pairs_used", over_time, self.pairs_used.astype(np.int16), "believed pairs that span the interval", "1")
        add("weight", ("pair", *plane), self.weight, "how far a pair is believed, 0 to 1", "1")
        add("residual", plane, self.residual, "root mean square of what pairs contradict each other by", "px")
        mean = self.mean
        for name, values in (("vx", mean.vx), ("vy", mean.vy), ("v", mean.v), ("v_error", mean.v_error)):
            add(f"mean_{name}", plane, values, f"{name} of the steady motion that fits all pairs best", self.unit)
        for axis, name in enumerate(("row", "col")):
            add(f"jump_{name}", ("date",), self.jump[:, axis], "how far the whole scene lies off steady motion", "px")
        add("date_weight", ("date",), self.date_weight, "mean weight of the pairs with this date", "1")
        first, second = np.array(self.pairs, np.int32).reshape(-1, 2).T
        add("first", ("pair",), first, "index of the pair's first date", "1")
        add("second", ("pair",), second, "index of the pair's second date", "1")
        times = self.times.astype("datetime64[s]")
        coordinates: dict[str, Any] = {
            **{str(name): like[name].variable for name in like.coords if str(name) != "mid_date"},
            "date": xr.Variable("date", times, {"standard_name": "time", "long_name": "acquisition, UTC"}),
            "start": xr.Variable("interval", times[:-1], {"long_name": "start of the interval, UTC"}),
            "end": xr.Variable("interval", times[1:], {"long_name": "end of the interval, UTC"}),
        }
        said = {"title": "velocity in time", "comment": "\n".join(self.notes)} | self.frame.attributes
        return xr.Dataset(variables, coordinates, said)

    def facts(self) -> dict[str, str]:
        """Facts of a series: dates, shape, coordinate system, share of resolved intervals."""
        return {
            "dates": dates_text(self.times, "dates"),
            "shape": " × ".join(str(n) for n in self.shape),
            "CRS": self.cells.crs_name,
            "valid": f"{percent_text(float(self.resolved.mean()))} resolved",
            "origin": "simulated" if self.simulated else "",
        }

    def plot(
        self,
        row: float | None = None,
        col: float | None = None,
        *,
        x: float | None = None,
        y: float | None = None,
        ax: Axes | None = None,
    ) -> Axes:
        """Draw the speed through time at one place: each interval at its middle, with its one-sigma error.

        Parameters
        ----------
        row, col : float, optional
            Place in pixels of the pictures.
        x, y : float, optional
            Place on the map, instead.
        ax : Axes, optional
            Default: new ones.

        Raises
        ------
        UsageError
            No place was given, or two, or it lies outside the series.
        """
        if (row is None or col is None) == (x is None or y is None):
            raise UsageError("A series is drawn at one place; give row and col, or x and y.")
        if x is None or y is None:
            places = self.frame.xy(row or 0.0, col or 0.0)
            x, y = float(places[0]), float(places[1])
        i, j = (round(float(v)) for v in self.cells.rowcol(x, y))
        if not (0 <= i < self.cells.height and 0 <= j < self.cells.width):
            raise UsageError("This place lies outside the series; choose one on its maps.")
        middle = self.times[:-1] + (self.times[1:] - self.times[:-1]) / 2
        values, errors = (np.asarray(a[:, i, j], float) for a in (self.v, self.v_error))
        axes = draw_in_time(middle.astype("datetime64[s]"), values, errors, label=f"speed ({self.unit})", ax=ax)
        axes.set_ylim(bottom=0)
        return axes

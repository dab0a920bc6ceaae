"""A chip's matches through time, and the motion they mean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.described import Described, dates_text
from napari_icenet.common.plot import draw_in_time
from napari_icenet.common.software import software
from napari_icenet.common.text import number_text, percent_text
from napari_icenet.errors import UsageError
from napari_icenet.matching.lost_reason import LostReason
from napari_icenet.scenes.align.date_shifts import DateShifts
from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.point_table import point_table
from napari_icenet.tracking.caution import Caution
from napari_icenet.tracking.observation import Observation
from napari_icenet.tracking.settings import TrackSettings
from napari_icenet.tracking.uncertainty import position_scatter

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from matplotlib.axes import Axes

#: A year, as velocities in glaciology mean it.
DAYS_PER_YEAR = 365.25
_NAN = float("nan")


@dataclass(frozen=True, repr=False)
class Track(Described):
    """A chip followed through all dates of a stack.

    Positions are those of the ice that was at (origin_row, origin_col): the origin plus the sum of
    the measured displacements. Each template is cut at the nearest whole pixel and its match gives a
    displacement; the fraction is carried along, so that rounding does not add up.

    Displacements and velocities stand with the later of their two dates and reach back to the valid
    date before it (forwards in time also on the part tracked backwards); NaN at the first. On a stack whose dates
    are shifted by a known amount they are less the shifts, and a date of unknown shift has neither.

    Attributes
    ----------
    number : int
        From 1, in the order the tracks were made.
    origin_time : int
        Index of the date at which the chip was placed.
    origin_row, origin_col : float
    settings : TrackSettings
    observations : tuple of Observation
        One per date.
    days : tuple of float
        Days of each date since the first.
    grid : Grid
        For metres.
    times : tuple of datetime64
        Acquisition time of each date, UTC.
    cautions : tuple of Caution
        What cannot be right about it, as far as it was looked for.
    shifts : DateShifts or None
        By how much each date's picture is shifted, where that was measured.
    """

    number: int
    origin_time: int
    origin_row: float
    origin_col: float
    settings: TrackSettings
    observations: tuple[Observation, ...]
    days: tuple[float, ...]
    grid: Grid
    times: tuple[np.datetime64, ...]
    cautions: tuple[Caution, ...] = ()
    shifts: DateShifts | None = None

    def facts(self) -> dict[str, str]:
        """Facts of a track: how often it was found, when, where."""
        speed, error = self.mean_speed
        found = {"track": str(self.number), "dates": dates_text(self.times, "dates")}
        found["valid"] = f"{percent_text(float(self.valid.mean()))} valid"
        if np.isfinite(speed):
            found["mean speed"] = f"{number_text(speed, error)} {self.speed_unit}"
        return found | {"CRS": self.grid.crs_name, "shifts": "" if self.shifts is None else "less the dates' shifts"}

    def columns(
        self, dates: Sequence[Any] | NDArray[Any], band: str, scenes: Sequence[str] | None = None
    ) -> dict[str, Any]:
        """Columns of the table of tracks (:func:`~napari_icenet.tracking.table.track_table`), in their order.

        Parameters
        ----------
        dates : sequence or array, (n,)
            What stands for each date.
        band : str
        scenes : sequence of str, optional
            Ids of the scenes.
        """
        valid, error = self.valid, self.displacement_error
        columns: dict[str, Any] = {
            "track": self.number,
            "date": dates,
            "row": self.rows,
            "col": self.cols,
            "drow": self.drow,
            "dcol": self.dcol,
            "ncc": np.where(valid, self.ncc, np.nan),
            "peak_ratio": np.where(valid, self._array("peak_ratio"), np.nan),
            "valid": valid,
        }
        if self.grid.georeferenced:
            columns["x"], columns["y"] = self.grid.xy(*self.ground)
            columns |= {"vx": self.vx, "vy": self.vy, "v": self.speed}
        if scenes is not None:
            columns["scene"] = scenes
        columns |= {
            "days": self.days,
            "interval_days": self.interval_days,
            "reason": [one.reason.value if one.reason else "" for one in self.observations],
            "drow_error": error[:, 0],
            "dcol_error": error[:, 1],
        }
        if self.grid.georeferenced:
            columns["v_error"] = self.speed_error
        columns |= {
            "azimuth": self.azimuth,
            "round_trip": np.where(valid, self._array("round_trip_px"), np.nan),
            **({} if self.shifts is None else self.shifts.columns(self.origin_time)),
            "start_date": dates[self.origin_time],
            "start_row": self.origin_row,
            "start_col": self.origin_col,
        }
        return columns | self.settings.model_dump() | {"band": band, "software": software()} | self.grid.attributes

    def to_dataframe(self) -> pd.DataFrame:
        """The track as a table, a row per date; columns as of :func:`~napari_icenet.tracking.table.track_table`."""
        import pandas as pd

        times = np.array(self.times, "datetime64[s]")
        return pd.DataFrame(self.columns(times, str(self.settings.band)))

    def to_geodataframe(self) -> gpd.GeoDataFrame:
        """The table with a point per date in the pictures' own coordinate system; none where the chip was lost.

        Raises
        ------
        UsageError
            The pictures have no coordinate reference system.
        """
        return point_table(self.to_dataframe(), *self.ground, self.grid)

    def plot(self, quantity: str = "speed", *, ax: Axes | None = None) -> Axes:
        """Draw a quantity of the track over its dates, with one-sigma errors where they are known.

        Parameters
        ----------
        quantity : {'speed', 'vx', 'vy', 'azimuth', 'displacement', 'ncc', 'drow', 'dcol'}
        ax : Axes, optional
            Default: new ones.

        Raises
        ------
        UsageError
            There is no such quantity.
        """
        units = {"speed": self.speed_unit, "vx": "m/yr", "vy": "m/yr", "azimuth": "°", "ncc": ""}
        units |= dict.fromkeys(("displacement", "drow", "dcol"), "px")
        if quantity not in units:
            raise UsageError(f"A track has no {quantity}; choose {', '.join(units)}.")
        errors = self.speed_error if quantity == "speed" else None
        values = np.where(self.valid, getattr(self, quantity), np.nan)
        label = f"{quantity} ({units[quantity]})" if units[quantity] else quantity
        axes = draw_in_time(np.array(self.times, "datetime64[s]"), values, errors, label=label, ax=ax)
        if quantity in ("speed", "displacement"):
            axes.set_ylim(bottom=0)
        return axes

    @property
    def complete(self) -> bool:
        """True if every date has been computed."""
        return all(fix.reason is not LostReason.PENDING for fix in self.observations)

    def _array(self, name: str) -> NDArray[np.float64]:
        return np.array([getattr(fix, name) for fix in self.observations], float)

    @cached_property
    def rows(self) -> NDArray[np.float64]:
        """Row in each date's picture; NaN when lost."""
        return self._array("row")

    @cached_property
    def cols(self) -> NDArray[np.float64]:
        """Column in each date's picture; NaN when lost."""
        return self._array("col")

    @cached_property
    def ground(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Rows and columns of the same ground in the picture of the chip's own date: less the shifts where these
        are measured; NaN when lost, or where a date's shift is not known.
        """
        if self.shifts is None:
            return self.rows, self.cols
        drow, dcol = self.shifts.against(self.origin_time)
        return self.rows - drow, self.cols - dcol

    @cached_property
    def valid(self) -> NDArray[np.bool_]:
        """True if each date's position can be accepted."""
        return np.array([fix.valid for fix in self.observations], bool)

    @cached_property
    def ncc(self) -> NDArray[np.float64]:
        """Peak correlation on each date, also where it was not accepted; NaN at the origin."""
        return self._array("ncc")

    @cached_property
    def previous(self) -> NDArray[np.int64]:
        """Index of the valid date before each valid date, of those whose shift is known; −1 elsewhere."""
        out = np.full(len(self.observations), -1)
        known = np.flatnonzero(np.isfinite(self.ground[0]))
        out[known[1:]] = known[:-1]
        return out

    def _since_last(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        before = self.previous
        return np.where(before >= 0, values - values[before], _NAN)

    @cached_property
    def interval_days(self) -> NDArray[np.float64]:
        """Days since the last valid date."""
        return self._since_last(np.asarray(self.days))

    @cached_property
    def drow(self) -> NDArray[np.float64]:
        """Rows moved since the last valid date."""
        return self._since_last(self.ground[0])

    @cached_property
    def dcol(self) -> NDArray[np.float64]:
        """Columns moved since the last valid date."""
        return self._since_last(self.ground[1])

    @cached_property
    def displacement(self) -> NDArray[np.float64]:
        """Pixels from the origin on each date; NaN when lost."""
        return np.hypot(self.ground[0] - self.origin_row, self.ground[1] - self.origin_col)

    @cached_property
    def _metres(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(dx, dy) since the last valid date, ground metres."""
        dx, dy = np.full((2, len(self.observations)), _NAN)
        if self.grid.georeferenced:
            for i in np.flatnonzero(self.previous >= 0):
                row, col = (axis[self.previous[i]] for axis in self.ground)
                dx[i], dy[i] = (float(v) for v in self.grid.metres(row, col, self.drow[i], self.dcol[i]))
        return dx, dy

    def _per_year(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        # Two scenes of the same moment have no velocity.
        days = np.where(self.interval_days > 0, self.interval_days, _NAN)
        return values / days * DAYS_PER_YEAR

    @cached_property
    def vx(self) -> NDArray[np.float64]:
        """Velocity along the grid's x, m/yr; NaN without georeference."""
        return self._per_year(self._metres[0])

    @cached_property
    def vy(self) -> NDArray[np.float64]:
        """Velocity along the grid's y, m/yr; NaN without georeference."""
        return self._per_year(self._metres[1])

    @property
    def speed_unit(self) -> str:
        """``m/yr`` where georeferenced, else ``px/day``."""
        return "m/yr" if self.grid.georeferenced else "px/day"

    @cached_property
    def speed(self) -> NDArray[np.float64]:
        """Speed since the last valid date, in :attr:`speed_unit`."""
        if self.grid.georeferenced:
            return np.hypot(self.vx, self.vy)
        return self._per_year(np.hypot(self.drow, self.dcol)) / DAYS_PER_YEAR

    @cached_property
    def match_error(self) -> NDArray[np.float64]:
        """One-sigma error (n, 2) of drow and dcol in pixels that the matching itself makes.

        The formal error of the match and half the round trip's miss (forward and backward match
        both contribute to it) in quadrature; where the template is older than the last valid date,
        that date's own error comes on top.
        """
        own = np.array([fix.error_px for fix in self.observations]) ** 2
        trips = np.nan_to_num(self._array("round_trip_px"))[:, None]
        own = np.nan_to_num(own) + (trips / 2) ** 2
        out = np.full_like(own, _NAN)
        for i in np.flatnonzero(self.previous >= 0):
            before = int(self.previous[i])
            # On the part tracked backwards the match of the earlier date made the displacement.
            late, early = (i, before) if i > self.origin_time else (before, i)
            out[i] = own[late]
            if self.observations[late].source != early:
                out[i] += own[early]
        return np.asarray(np.sqrt(out))

    @cached_property
    def scatter(self) -> NDArray[np.float64]:
        """One-sigma scatter (2,) of rows and columns about smooth motion, px; NaN if unknown.

        See :func:`~napari_icenet.tracking.uncertainty.position_scatter`.
        """
        days = np.asarray(self.days)
        return np.array([position_scatter(days, axis) for axis in self.ground])

    @cached_property
    def displacement_error(self) -> NDArray[np.float64]:
        """One-sigma error (n, 2) of drow and dcol in pixels.

        The larger of the matching's own error, with that of the shifts taken off, and of the track's
        scatter about smooth motion at both dates, which also holds what a match cannot see: the
        co-registration of the scenes. With too few dates for the scatter it is the first alone.
        """
        own = self.match_error
        if self.shifts is not None:
            own = np.hypot(own, self.shifts.error_between[np.arange(len(own)), self.previous][:, None])
        return np.where(np.isnan(own), _NAN, np.fmax(own, math.sqrt(2) * self.scatter))

    @cached_property
    def speed_error(self) -> NDArray[np.float64]:
        """One-sigma error of the speed, in its unit."""
        return self.speed_error_of(self.displacement_error)

    def speed_error_of(self, error: NDArray[np.float64]) -> NDArray[np.float64]:
        """Error of the speed, in its unit, that errors (n, 2) of drow and dcol in pixels make."""
        length = np.hypot(self.drow, self.dcol)
        # Where nothing moves the direction is unknown: take the mean of both axes.
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(length > 0, (self.drow / length) ** 2, 0.5)
        along = np.sqrt(share * error[:, 0] ** 2 + (1 - share) * error[:, 1] ** 2)
        if not self.grid.georeferenced:
            return self._per_year(along) / DAYS_PER_YEAR
        return self._per_year(along * self._metres_per_pixel)

    @cached_property
    def _metres_per_pixel(self) -> float:
        """Ground metres of a pixel at the origin, mean of both axes."""
        one = [float(np.hypot(*self.grid.metres(self.origin_row, self.origin_col, *step))) for step in ((1, 0), (0, 1))]
        return sum(one) / 2

    @cached_property
    def mean_speed(self) -> tuple[float, float]:
        """Net motion from the first to the last valid date over the time between, and its one-sigma error."""
        (rows, cols), known = self.ground, np.flatnonzero(np.isfinite(self.ground[0]))
        if known.size < 2 or self.days[known[-1]] <= self.days[known[0]]:
            return _NAN, _NAN
        first, last = int(known[0]), int(known[-1])
        step = rows[last] - rows[first], cols[last] - cols[first]
        # The matching's errors add up along the chain of templates; the scatter counts at both ends.
        chain = math.sqrt(float(np.nansum(self.match_error[known] ** 2, axis=0).mean()))
        shift = 0.0 if self.shifts is None else float(self.shifts.error_between[first, last])
        error = np.fmax(math.hypot(chain, shift), math.sqrt(2) * float(self.scatter.mean()))
        length, per_day = math.hypot(*step), 1.0
        if self.grid.georeferenced:
            length = float(np.hypot(*self.grid.metres(rows[first], cols[first], *step)))
            error, per_day = error * self._metres_per_pixel, DAYS_PER_YEAR
        days = self.days[last] - self.days[first]
        return length / days * per_day, float(error) / days * per_day

    @cached_property
    def azimuth(self) -> NDArray[np.float64]:
        """Direction of motion, degrees clockwise, 0 … 360.

        From true north where longitude and latitude are known (the projection's meridian convergence is
        taken out), on a local system from its y, else from the top of the picture.
        """
        if not self.grid.georeferenced:
            return np.degrees(np.arctan2(self.dcol, -self.drow)) % 360
        out = np.full(len(self.observations), _NAN)
        for i in np.flatnonzero(self.previous >= 0):
            row, col = (float(axis[self.previous[i]]) for axis in self.ground)
            length = math.hypot(self.drow[i], self.dcol[i])
            if length == 0:
                continue
            # One pixel along the motion: long enough for a bearing, short enough for the map to be straight.
            out[i] = self.grid.azimuth(row, col, self.drow[i] / length, self.dcol[i] / length)
        return out

"""Speed along a flowline, by date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_icenet.common.described import Described, dates_text
from napari_icenet.common.palette import SPEED_COLORMAP
from napari_icenet.common.plot import NEUTRAL, new_axes
from napari_icenet.common.software import software
from napari_icenet.common.text import percent_text
from napari_icenet.common.types import F64
from napari_icenet.errors import TrackingError, UsageError
from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.point_table import point_table
from napari_icenet.velocity.along.sampling import cell_places, maps_of, sampled
from napari_icenet.velocity.time_series.series import VelocitySeries
from napari_icenet.velocity.velocity_map import VelocityMap

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from matplotlib.axes import Axes

Times = NDArray[np.datetime64]
#: Lines that a legend names at most.
_MOST_NAMED = 8
#: Places at which the projection's scale is worked out along a line; it is smooth.
_SCALE_NODES = 33


class Line(Protocol):
    """A line as shapely has it, in pixels: x is the column, y the row."""

    @property
    def coords(self) -> Any:
        """Its corners."""
        ...


@dataclass(frozen=True, repr=False)
class FlowlineProfile(Described):
    """Velocity at regular places of a line, for each pair or interval of dates, in the order of mid dates.

    Attributes
    ----------
    name : str
        Of the line.
    rows, cols : array of float64, (n,)
        Places along the line, px of the frame.
    distance : array of float64, (n,)
        From the line's start, in ``distance_unit``: metres on the ground (geodesics), or px.
    times : array of datetime64, (k, 2)
        First and second time of each pair, UTC.
    labels : tuple of (str, str)
        Their dates as the stack labels them.
    vx, vy : array of float64, (k, n)
        Along the grid's x and y (along col and row without a map), in ``unit``; NaN is missing.
    v_error : array of float64, (k, n)
        One-sigma error of the speed, in ``unit``. That of the cells around, not less: they share pixels.
    ncc : array of float64, (k, n)
        Peak correlation; NaN for a series, which has none.
    frame : Grid
        The pictures' grid.
    unit : str
        ``m/yr``, or ``px/day`` without a map.
    """

    name: str
    rows: F64
    cols: F64
    distance: F64
    times: Times
    labels: tuple[tuple[str, str], ...]
    vx: F64
    vy: F64
    v_error: F64
    ncc: F64
    frame: Grid
    unit: str

    @property
    def distance_unit(self) -> str:
        """``m``, or ``px`` without a map."""
        return "m" if self.frame.georeferenced else "px"

    @property
    def mid_times(self) -> Times:
        """Time halfway through each pair; shape (k,)."""
        return np.asarray(self.times[:, 0] + (self.times[:, 1] - self.times[:, 0]) / 2)

    @property
    def days(self) -> F64:
        """Days between each pair; shape (k,)."""
        return np.asarray((self.times[:, 1] - self.times[:, 0]) / np.timedelta64(1, "s") / 86400, float)

    @property
    def v(self) -> F64:
        """Speed in ``unit``; shape (k, n)."""
        return np.hypot(self.vx, self.vy)

    @property
    def valid(self) -> NDArray[np.bool_]:
        """True if there is a velocity; shape (k, n)."""
        return np.isfinite(self.vx) & np.isfinite(self.vy)

    @cached_property
    def direction(self) -> F64:
        """Unit vectors along the line, on the ground along the grid's x and y (col and row without a map); (n, 2)."""
        drow, dcol = np.gradient(self.rows), np.gradient(self.cols)
        if not self.frame.georeferenced:
            steps = np.stack([dcol, drow], axis=1)
        else:
            t = self.frame.transform
            nodes = np.unique(np.linspace(0, len(self.rows) - 1, _SCALE_NODES).round().astype(int))
            scales = np.array([self.frame.map_scale(float(self.rows[i]), float(self.cols[i])) for i in nodes])
            at = np.arange(len(self.rows))
            steps = np.stack(
                [
                    (t.a * dcol + t.b * drow) / np.interp(at, nodes, scales[:, 0]),
                    (t.d * dcol + t.e * drow) / np.interp(at, nodes, scales[:, 1]),
                ],
                axis=1,
            )
        with np.errstate(invalid="ignore"):  # a line that turns back on itself has no direction there
            return np.asarray(steps / np.hypot(*steps.T)[:, None])

    @property
    def v_along(self) -> F64:
        """Velocity's component along the line, from its start to its end, in ``unit``; shape (k, n)."""
        along: F64 = self.vx * self.direction[:, 0] + self.vy * self.direction[:, 1]
        return along

    def facts(self) -> dict[str, str]:
        """Facts of a profile: dates, places, length, coordinate system, share of valid velocities."""
        return {
            "name": self.name,
            "dates": dates_text(self.mid_times, "dates"),
            "shape": f"{self.v.shape[0]} × {self.v.shape[1]}",
            "length": f"{self.distance[-1]:.0f} {self.distance_unit}",
            "CRS": self.frame.crs_name,
            "valid": f"{percent_text(float(self.valid.mean()))} valid",
        }

    def to_dataframe(self) -> pd.DataFrame:
        """Tabulate a profile: a row per pair of dates and place.

        Returns
        -------
        pandas.DataFrame
            ``line, distance, x, y`` (map units; ``row, col`` without a map), ``first_date, second_date,
            mid_date, days, v, v_error, v_along, ncc, valid, vx, vy``, and the units and the software as
            constant columns. Where nothing is known there are no numbers and ``valid`` is False.
        """
        import pandas as pd

        pairs, places = self.v.shape
        columns: dict[str, Any] = {"line": self.name, "distance": np.tile(self.distance, pairs)}
        if self.frame.georeferenced:
            x, y = self.frame.xy(self.rows, self.cols)
            columns |= {"x": np.tile(x, pairs), "y": np.tile(y, pairs)}
        else:
            columns |= {"row": np.tile(self.rows, pairs), "col": np.tile(self.cols, pairs)}
        columns["first_date"] = np.repeat([first for first, _ in self.labels], places)
        columns["second_date"] = np.repeat([second for _, second in self.labels], places)
        columns["mid_date"] = np.repeat(np.datetime_as_string(self.mid_times, unit="D"), places)
        columns["days"] = np.repeat(self.days, places)
        for name in ("v", "v_error", "v_along", "ncc", "valid", "vx", "vy"):
            values = getattr(self, name)
            columns[name] = (values if name == "valid" else np.where(self.valid, values, np.nan)).ravel()
        columns |= {"distance_unit": self.distance_unit, "unit": self.unit, "software": software()}
        columns |= self.frame.attributes
        return pd.DataFrame(columns)

    def to_geodataframe(self) -> gpd.GeoDataFrame:
        """The table with a point per place, in the pictures' own coordinate system.

        Raises
        ------
        UsageError
            The pictures have no coordinate reference system.
        """
        pairs = len(self.v)
        return point_table(self.to_dataframe(), np.tile(self.rows, pairs), np.tile(self.cols, pairs), self.frame)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the speed along the line, a line per pair of dates, early ones dark.

        Parameters
        ----------
        ax : Axes, optional
            Default: new ones.
        """
        import matplotlib as mpl

        axes = new_axes(ax)
        km = self.distance / 1000 if self.distance_unit == "m" else self.distance
        shades = mpl.colormaps[SPEED_COLORMAP](np.linspace(0, 0.9, len(self.v)))
        for speed, shade, label in zip(self.v, shades, self.labels, strict=True):
            axes.plot(km, speed, color=shade, linewidth=1.4, label=f"{label[0]} to {label[1]}")
        axes.set_xlabel("along the line (km)" if self.distance_unit == "m" else "along the line (px)")
        axes.set_ylabel(f"speed ({self.unit})")
        axes.set_ylim(bottom=0)
        if len(self.v) <= _MOST_NAMED:
            axes.legend(frameon=False, fontsize=8, labelcolor=NEUTRAL)
        return axes


def along(
    maps: VelocityMap | Sequence[VelocityMap] | VelocitySeries,
    line: ArrayLike | Line,
    *,
    name: str = "line",
    step_px: float | None = None,
) -> FlowlineProfile:
    """Velocity along a line.

    Between cells it is interpolated bilinearly, and only where all cells around are valid.

    Parameters
    ----------
    maps : VelocityMap, sequence of VelocityMap, or VelocitySeries
        Maps of one frame; of a series the intervals that are measured by themselves.
    line : array_like of float, (n, 2), or shapely LineString
        (row, col) of its corners, px of the frame; of a LineString x is the column and y the row.
    name : str, optional
    step_px : float, optional
        Distance between places, px; default half a cell.

    Raises
    ------
    UsageError
        No map, maps of different frames, corners that are no places, or a step that is not positive.
    TrackingError
        The line has no length, or lies outside the maps.
    """
    corners = _corners(line)
    maps = sorted(maps_of(maps), key=lambda one: one.times[0] + (one.times[1] - one.times[0]) / 2)
    frame, cells = maps[0].frame, maps[0].cells
    rows, cols, at = resampled(corners, maps[0].settings.spacing / 2 if step_px is None else step_px)
    row, col = cell_places(cells, frame, rows, cols)
    if not ((row >= 0) & (col >= 0) & (row <= cells.height - 1) & (col <= cells.width - 1)).any():
        raise TrackingError(f"{name} lies outside the velocity maps; draw it over them.")

    def profiles(quantity: str) -> F64:
        return np.stack([_sampled(one, quantity, rows, cols) for one in maps])

    return FlowlineProfile(
        name=name,
        rows=rows,
        cols=cols,
        distance=ground_distance(frame, corners, at) if frame.georeferenced else at,
        times=np.array([one.times for one in maps]).astype("datetime64[ms]"),
        labels=tuple(one.labels for one in maps),
        vx=profiles("vx"),
        vy=profiles("vy"),
        v_error=profiles("v_error"),
        ncc=profiles("ncc"),
        frame=frame,
        unit=maps[0].unit,
    )


def _corners(line: Any) -> F64:
    """(row, col) of the corners of a line, (n, 2).

    Raises UsageError: it is no line.
    """
    way = "give its corners as [[row, col], [row, col], …], px of the frame"
    if getattr(line, "geom_type", None) is not None:
        if line.geom_type != "LineString":
            raise UsageError(f"A {line.geom_type} is no line; {way}, or a LineString of (col, row).")
        line = np.asarray(line.coords, float)[:, 1::-1]
    try:
        corners = np.asarray(line, float)
    except (TypeError, ValueError) as error:
        raise UsageError(f"The line holds what is no number; {way}.") from error
    if corners.ndim != 2 or corners.shape[1] != 2:
        raise UsageError(f"The line has the shape {corners.shape}; {way}.")
    if not np.isfinite(corners).all():
        raise UsageError(f"A corner of the line is no number (NaN or infinite); {way}.")
    return corners


def _sampled(one: VelocityMap, quantity: str, rows: F64, cols: F64) -> F64:
    values = np.where(one.valid, getattr(one, quantity), np.nan)
    return sampled(values, *cell_places(one.cells, one.frame, rows, cols))


def resampled(corners: F64, step_px: float) -> tuple[F64, F64, F64]:
    """Places (rows, cols) at equal distances of about ``step_px`` along a line, both ends included.

    Returns
    -------
    rows, cols, so_far : array of float64, (n,)
        Places and their distance from the start along the line, px.

    Raises
    ------
    UsageError
        The step is not positive.
    TrackingError
        The line has no length.
    """
    if not step_px > 0:
        raise UsageError(f"a step of {step_px} px along a line makes no sense; make it positive.")
    length = _so_far(corners)
    if len(corners) < 2 or length[-1] == 0:
        raise TrackingError("the line has no length; draw it with two places or more.")
    at = np.linspace(0, length[-1], max(round(length[-1] / step_px), 1) + 1)
    return np.interp(at, length, corners[:, 0]), np.interp(at, length, corners[:, 1]), at


def ground_distance(frame: Grid, corners: F64, at: F64) -> F64:
    """Metres on the ground from a line's start to places ``at`` px along it; shape (n,)."""
    # With the corners: a step around one would cut it.
    length = _so_far(corners)
    every = np.union1d(length, at)
    rows, cols = np.interp(every, length, corners[:, 0]), np.interp(every, length, corners[:, 1])
    if frame.has_lonlat:
        lon, lat = frame.lonlat(rows, cols)
        _, _, steps = frame.geod.inv(lon[:-1], lat[:-1], lon[1:], lat[1:])
    else:
        steps = np.hypot(*(v * frame.ground.metres_per_unit for v in np.diff(frame.xy(rows, cols))))
    return np.asarray(np.interp(at, every, np.concatenate([[0.0], np.cumsum(steps)])))


def _so_far(corners: F64) -> F64:
    return np.asarray(np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(corners, axis=0).T))]))

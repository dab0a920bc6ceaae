"""Velocity maps against velocities measured by GPS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from napari_icenet.common.atomic_io import write_parquet, write_whole
from napari_icenet.common.software import software
from napari_icenet.common.types import F64
from napari_icenet.errors import TrackingError, UsageError
from napari_icenet.velocity.along.gps_files import GpsPoints, read_gps
from napari_icenet.velocity.along.sampling import cell_places, maps_of, sampled
from napari_icenet.velocity.time_series.series import VelocitySeries
from napari_icenet.velocity.velocity_map import VelocityMap

if TYPE_CHECKING:
    import pandas as pd

#: Why a point and a map are not compared.
OUTSIDE, OTHER_TIME, NO_VELOCITY = "outside the map", "other time", "no velocity here"


class GpsSummary(BaseModel):
    """Differences of maps and GPS, map − GPS, m/yr.

    Attributes
    ----------
    count : int
        Compared pairs of a point and a map.
    points, maps : int
        Points and maps with at least one of them.
    bias, bias_vx, bias_vy : float or None
        Mean difference of speed, and of the components along the map's axes.
    rmse : float or None
        Root mean square difference of speed.
    rmse_vector : float or None
        Root mean square length of the difference of the two vectors.
    median_absolute_difference : float or None
        Of speed.
    interval_95 : (float, float) or None
        2.5th and 97.5th percentile of the differences of speed.
    within_2_sigma : float or None
        Share of differences of speed at most twice their error; 0.95 where the errors are right.
        None where no error is known.
    """

    model_config = ConfigDict(frozen=True)

    count: int
    points: int
    maps: int
    bias: float | None = None
    bias_vx: float | None = None
    bias_vy: float | None = None
    rmse: float | None = None
    rmse_vector: float | None = None
    median_absolute_difference: float | None = None
    interval_95: tuple[float, float] | None = None
    within_2_sigma: float | None = None

    def as_text(self) -> str:
        """The summary in a sentence or two."""
        if not self.count or self.interval_95 is None:
            return "No GPS point has a velocity of a map to compare with."
        low, high = self.interval_95
        text = (
            f"Map − GPS over {self.count} comparisons ({self.points} points, {self.maps} maps): "
            f"bias {self.bias:+.1f} m/yr, RMSE {self.rmse:.1f} m/yr, median |difference| "
            f"{self.median_absolute_difference:.1f} m/yr, 95 % between {low:+.1f} and {high:+.1f} m/yr."
        )
        if self.within_2_sigma is not None:
            text += f" {self.within_2_sigma:.0%} lie within two sigma."
        return text


@dataclass(frozen=True)
class Comparison:
    """Each point with each map; arrays have the shape (map, point), m/yr.

    Attributes
    ----------
    points : GpsPoints
    maps : tuple of VelocityMap
    vx, vy, v_error : array of float64
        The maps' velocity at the points, and its one-sigma error.
    reason : array of str
        Why a pair is not compared; empty where it is.
    """

    points: GpsPoints
    maps: tuple[VelocityMap, ...]
    vx: F64
    vy: F64
    v_error: F64
    reason: NDArray[np.str_]

    @property
    def compared(self) -> NDArray[np.bool_]:
        """True if there is a difference."""
        return np.asarray(self.reason == "")

    @property
    def v(self) -> F64:
        """The maps' speed."""
        return np.hypot(self.vx, self.vy)

    @property
    def dv(self) -> F64:
        """Difference of speed, map − GPS; NaN where not compared."""
        return np.where(self.compared, self.v - self.points.v, np.nan)

    @property
    def dvx(self) -> F64:
        """Difference along the map's x; NaN where not compared."""
        return np.where(self.compared, self.vx - self.points.vx, np.nan)

    @property
    def dvy(self) -> F64:
        """Difference along the map's y; NaN where not compared."""
        return np.where(self.compared, self.vy - self.points.vy, np.nan)

    @property
    def dv_error(self) -> F64:
        """One-sigma error of the difference: of both, or of the map alone where GPS says none."""
        return np.hypot(self.v_error, np.nan_to_num(self.points.v_error))

    @property
    def normalised(self) -> F64:
        """Difference of speed over its error; NaN where not compared."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = self.dv / self.dv_error
        return np.where(np.isfinite(ratio), ratio, np.nan)

    @property
    def summary(self) -> GpsSummary:
        """Over all that is compared."""
        used = self.compared
        count, points, maps = (int(n.sum()) for n in (used, used.any(axis=0), used.any(axis=1)))
        if not count:
            return GpsSummary(count=0, points=0, maps=0)
        dv, dvx, dvy, normalised = self.dv[used], self.dvx[used], self.dvy[used], self.normalised[used]
        judged = normalised[np.isfinite(normalised)]
        low, high = np.percentile(dv, (2.5, 97.5))
        return GpsSummary(
            count=count,
            points=points,
            maps=maps,
            bias=float(dv.mean()),
            bias_vx=float(dvx.mean()),
            bias_vy=float(dvy.mean()),
            rmse=float(np.sqrt(np.mean(dv**2))),
            rmse_vector=float(np.sqrt(np.mean(dvx**2 + dvy**2))),
            median_absolute_difference=float(np.median(np.abs(dv))),
            interval_95=(float(low), float(high)),
            within_2_sigma=float(np.mean(np.abs(judged) <= 2)) if judged.size else None,
        )

    def table(self) -> pd.DataFrame:
        """A row per map and point, compared or not.

        Returns
        -------
        pandas.DataFrame
            ``point, x, y, first_date, second_date, days, gps_start, gps_end``; ``gps_vx, gps_vy, gps_v,
            gps_v_error, vx, vy, v, v_error`` (m/yr, along the frame's map axes); ``dvx, dvy, dv`` (map −
            GPS), ``dv_error, normalised, compared, reason``, and the unit and software.
        """
        import pandas as pd

        points, shape = self.points, self.reason.shape
        x, y = points.frame.xy(points.rows, points.cols)
        columns: dict[str, Any] = {"point": list(points.names), "x": x, "y": y}
        columns = {name: np.tile(value, shape[0]) for name, value in columns.items()}
        for name, value in (
            ("first_date", [one.labels[0] for one in self.maps]),
            ("second_date", [one.labels[1] for one in self.maps]),
            ("days", [one.days for one in self.maps]),
        ):
            columns[name] = np.repeat(value, shape[1])
        for name, times in (("gps_start", points.start), ("gps_end", points.end)):
            texts = ["" if np.isnat(t) else str(t.astype("datetime64[s]")) for t in times]
            columns[name] = np.tile(np.array(texts, dtype=object), shape[0])
        for name in ("vx", "vy", "v", "v_error"):
            columns[f"gps_{name}"] = np.tile(getattr(points, name), shape[0])
        for name in ("vx", "vy", "v", "v_error", "dvx", "dvy", "dv", "dv_error", "normalised", "compared", "reason"):
            columns[name] = getattr(self, name).ravel()
        return pd.DataFrame(columns | {"unit": "m/yr", "software": software()})

    def write(self, path: str | Path) -> None:
        """Write the table as ``.csv`` or ``.parquet``, or the summary as ``.json``; whole or absent.

        Raises
        ------
        UsageError
            Another suffix.
        TrackingError
            The folder is missing or closed.
        """
        write_whole(
            path,
            {
                ".csv": self._write_csv,
                ".parquet": lambda to: write_parquet(self.table(), to),
                ".json": lambda to: _write_text(self.summary.model_dump_json(indent=2) + "\n", to),
            },
            "comparisons with GPS",
        )

    def _write_csv(self, path: Path) -> None:
        shown = self.table()
        numbers = shown.select_dtypes("number").columns
        shown[numbers] = shown[numbers].astype(float).round(3) + 0.0  # no number is -0
        shown["compared"] = shown["compared"].map({True: "true", False: "false"})
        _write_text(shown.to_csv(index=False, lineterminator="\n", float_format="%.10g"), path)


def compare(maps: VelocityMap | Sequence[VelocityMap] | VelocitySeries, points: GpsPoints | str | Path) -> Comparison:
    """Compare velocity maps with GPS.

    A map's velocity at a point is interpolated bilinearly, where all cells around are valid. Where the
    points have dates, only maps that overlap them in time are compared. GPS velocities that are to the
    true east and north are turned to the map's axes first.

    Parameters
    ----------
    maps : VelocityMap, sequence of VelocityMap, or VelocitySeries
        Georeferenced, of one frame.
    points : GpsPoints, or path
        A path is read with :func:`~napari_icenet.velocity.along.gps_files.read_gps`.

    Raises
    ------
    UsageError
        No map, or maps of different frames.
    TrackingError
        The file of points cannot be used, or no point lies on the maps.
    """
    maps = maps_of(maps)
    if not isinstance(points, GpsPoints):
        points = read_gps(points, maps[0].frame)
    if points.frame != maps[0].frame:
        raise UsageError("the velocity maps and GPS points are of different pictures; take those of one stack.")
    columns: dict[str, list[Any]] = {name: [] for name in ("vx", "vy", "v_error", "reason")}
    for one in maps:
        row, col = cell_places(one.cells, one.frame, points.rows, points.cols)
        found = {
            name: sampled(np.where(one.valid, getattr(one, name), np.nan), row, col) for name in ("vx", "vy", "v_error")
        }
        inside = (row >= 0) & (col >= 0) & (row <= one.shape[0] - 1) & (col <= one.shape[1] - 1)
        reason = np.where(np.isfinite(found["vx"]), "", NO_VELOCITY)
        reason = np.where(overlapping(one, points), reason, OTHER_TIME)
        columns["reason"].append(np.where(inside, reason, OUTSIDE))
        for name, values in found.items():
            columns[name].append(values)
    reasons = np.array(columns["reason"])
    if (reasons == OUTSIDE).all():
        where = points.path or "the file of points"
        raise TrackingError(f"no GPS point of {where} lies on the velocity maps; check that both show the same ground.")
    vx, vy, v_error = (np.array(columns[name]) for name in ("vx", "vy", "v_error"))
    return Comparison(points, maps, vx, vy, v_error, reasons)


def overlapping(one: VelocityMap, points: GpsPoints) -> NDArray[np.bool_]:
    """Points measured at least in part between the two dates of a map; a missing date bounds nothing."""
    first, second = min(one.times), max(one.times)
    begins = np.isnat(points.start) | (points.start <= second)
    ends = np.isnat(points.end) | (points.end >= first)
    return np.asarray(begins & ends)


def _write_text(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8")

"""The numbers of a track as plots and tables show them: units, errors, and what to say of a date."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.text import number_text
from napari_icenet.matching.lost_reason import LostReason
from napari_icenet.tracking.stable_ground import RelativeMotion, StableGround, relative_motion
from napari_icenet.tracking.track import DAYS_PER_YEAR, Track


@dataclass(frozen=True)
class TrackSeries:
    """A track against date.

    Attributes
    ----------
    track : Track
    times : array of datetime64, (time,)
        Acquisitions, UTC.
    labels : tuple of str
        Their dates.
    ground : StableGround, optional
        What was measured on stable ground.
    """

    track: Track
    times: NDArray[np.datetime64]
    labels: tuple[str, ...]
    ground: StableGround | None = None

    @cached_property
    def seconds(self) -> NDArray[np.float64]:
        """Seconds since 1970, for an axis of dates."""
        return (self.times - np.datetime64("1970-01-01T00:00:00")) / np.timedelta64(1, "s")

    @property
    def origin(self) -> int:
        """Index of the date at which the chip was placed."""
        return self.track.origin_time

    @property
    def valid(self) -> NDArray[np.bool_]:
        """Dates whose position is accepted."""
        return self.track.valid

    @cached_property
    def lost(self) -> NDArray[np.bool_]:
        """Dates at which the chip was looked for and not found."""
        return np.array([not f.valid and f.reason is not LostReason.PENDING for f in self.track.observations], bool)

    @property
    def speed_error(self) -> NDArray[np.float64]:
        """One sigma, in the unit of the speed."""
        return self.track.speed_error

    def unit(self, name: str) -> str:
        """Unit of ``displacement``, ``speed`` or ``ncc`` (none)."""
        length = "m" if self.track.grid.georeferenced else "px"
        return {"displacement": length, "speed": self.track.speed_unit, "ncc": ""}[name]

    def values(self, name: str) -> NDArray[np.float64]:
        """``displacement`` from the start, ``speed`` since the last valid date, or peak ``ncc``; NaN where lost."""
        if name == "displacement":
            return np.hypot(
                *self._metres(
                    self.track.ground[0] - self.track.origin_row, self.track.ground[1] - self.track.origin_col
                )
            )
        if name == "speed":
            return self.track.speed
        return np.where(self.track.valid, self.track.ncc, np.nan)

    def top(self, name: str) -> float:
        """Upper end of a plot that starts at zero and holds all that is drawn."""
        parts = [self.values(name), self.stable_values(name), self.difference_values(name)]
        shown = np.concatenate([p for p in parts if p is not None])
        shown = shown[np.isfinite(shown)]
        return float(max(shown.max(initial=0.0), 1e-3))

    def interval(self) -> NDArray[np.float64]:
        """Seconds since 1970 of the valid date before; NaN at the first."""
        before = self.track.previous
        return np.where(before >= 0, self.seconds[before], np.nan)

    def stable_values(self, name: str) -> NDArray[np.float64] | None:
        """Apparent motion of the stable ground; None where none is set or none is drawn."""
        if self.ground is None or name == "ncc":
            return None
        moved = self._metres(
            self.ground.drow - self.ground.drow[self.origin], self.ground.dcol - self.ground.dcol[self.origin]
        )
        if name == "displacement":
            return np.hypot(*moved)
        known = np.flatnonzero(np.isfinite(moved[0]))
        days = np.asarray(self.track.days)
        speed = np.full(len(days), np.nan)
        for before, i in pairwise(known):
            if days[i] > days[before]:
                length = np.hypot(*(m[i] - m[before] for m in moved))
                speed[i] = length / (days[i] - days[before]) * self._per_day
        return speed

    def difference_values(self, name: str) -> NDArray[np.float64] | None:
        """Motion of the ice less that of the stable ground; NaN where either is unknown."""
        if self.relative is None or self.ground is None or name == "ncc":
            return None
        if name == "speed":
            return self.relative.speed
        # Both since the date at which the chip on the ice was placed.
        drow = self.track.ground[0] - self.track.origin_row - (self.ground.drow - self.ground.drow[self.origin])
        dcol = self.track.ground[1] - self.track.origin_col - (self.ground.dcol - self.ground.dcol[self.origin])
        return np.hypot(*self._metres(drow, dcol))

    @cached_property
    def relative(self) -> RelativeMotion | None:
        """Motion less that of the stable ground."""
        return None if self.ground is None else relative_motion(self.track, self.ground)

    @property
    def _per_day(self) -> float:
        return DAYS_PER_YEAR if self.track.grid.georeferenced else 1.0

    def _metres(self, drow: Any, dcol: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(x, y) in ground metres where georeferenced, else (rows, columns) in pixels."""
        track = self.track
        if track.grid.georeferenced:
            return track.grid.metres(track.origin_row, track.origin_col, drow, dcol)
        return np.asarray(drow, float), np.asarray(dcol, float)

    @cached_property
    def mean_azimuth(self) -> float:
        """Direction of the mean motion in degrees: the steps' azimuths, each weighted by its length."""
        angle = np.radians(self.track.azimuth)
        weight = np.hypot(self.track.drow, self.track.dcol)
        known = np.isfinite(angle) & np.isfinite(weight)
        if not known.any():
            return float("nan")
        east, north = (weight[known] * np.sin(angle[known])).sum(), (weight[known] * np.cos(angle[known])).sum()
        return float(np.degrees(np.arctan2(east, north)) % 360)

    @cached_property
    def median_ncc(self) -> float:
        """Median peak correlation of the valid dates but the first."""
        values = self.values("ncc").copy()
        values[self.origin] = np.nan
        return float(np.nanmedian(values)) if np.isfinite(values).any() else float("nan")

    def state(self, index: int) -> str:
        """State of a date, in a word or two."""
        fix = self.track.observations[index]
        if index == self.origin:
            return "start"
        if fix.valid:
            return "found"
        return "…" if fix.reason in {None, LostReason.PENDING} else f"lost: {fix.reason}"

    def sentence(self, index: int) -> str:
        """A date in one line."""
        parts = [self.labels[index]]
        if index != self.origin and not self.valid[index]:
            return f"{parts[0]} · {self.state(index)}"
        speed, relative = self.track.speed[index], self.relative
        if np.isfinite(speed):
            text = f"{number_text(speed, self.speed_error[index])} {self.track.speed_unit}"
            if relative is not None and np.isfinite(relative.speed[index]):
                text += f" ({number_text(relative.speed[index], relative.speed_error[index])} less ground)"
            parts.append(text)
        elif self.track.shifts is not None and not self.track.shifts.known[index]:
            parts.append("shift of the date not known")
        if index == self.origin:
            parts.append("start")
        else:
            parts.append(f"NCC {self.track.ncc[index]:.2f}")
        return " · ".join(parts)

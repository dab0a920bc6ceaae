"""The chips of a track around one date: what a predictor is shown, and what came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.types import F32
from napari_icenet.errors import TrackingError
from napari_icenet.evaluation.scoring.displacement import Flow
from napari_icenet.matching.chips import chip_window
from napari_icenet.matching.pictures import Pictures
from napari_icenet.matching.template import PAST_CHIPS, Past
from napari_icenet.tracking.track import Track

Place = tuple[float, float]

#: Frames after t0 that are predicted: t1 and t2.
AHEAD = (1, 2)


@dataclass(frozen=True, eq=False)
class Frame:
    """The chip of a track on one date.

    Attributes
    ----------
    time : int
        Index of the date.
    days : float
        Days since t0.
    chip : array of float32, (C, C)
        NaN is missing.
    row, col : int
        Whole-pixel position that it was cut at.
    found : bool
        Whether tracking believes the position; where not, it lies between those that it believes, by the days.
    cloud : float
        Share of cloud, shadow and cirrus; NaN where the scene has no mask.
    """

    time: int
    days: float
    chip: F32
    row: int
    col: int
    found: bool
    cloud: float


@dataclass(frozen=True, eq=False)
class Target(Frame):
    """A frame after t0.

    Attributes
    ----------
    tracked : (float, float) or None
        Where the track has the ice that the chip of t0 shows, as (row, col) of its chip; None where it is lost.
    known : (float, float) or None
        Where that ice truly is; known of simulated ice alone.
    """

    tracked: Place | None
    known: Place | None

    @property
    def reference(self) -> Place | None:
        """Reference of a template's position: the truth where there is one, else the track."""
        return self.tracked if self.known is None else self.known


def frames_around(
    pictures: Pictures, track: Track, time: int, flow: Flow | None = None
) -> tuple[tuple[Frame, ...], tuple[Target, ...]]:
    """Up to eight past frames, oldest first, the last of them t0; and t1 and t2, as far as there are such dates.

    Parameters
    ----------
    pictures : Pictures
        Plain pictures of the track's band.
    track : Track
    time : int
        Index of the date of t0.
    flow : callable, optional
        The true motion, where it is known.

    Raises
    ------
    TrackingError
        The track is not known on any date.
    """
    days = np.asarray(pictures.stack.days, np.float64)
    rows, cols = _positions(track, days)
    cut = np.rint(np.stack([rows, cols], axis=1)).astype(np.int64)

    def frame(t: int) -> Frame:
        row, col = int(cut[t, 0]), int(cut[t, 1])
        window = chip_window(row, col, track.settings.chip)
        found, cloud = bool(track.observations[t].valid), pictures.cloud(t, window)
        return Frame(t, float(days[t] - days[time]), pictures.read(t, window), row, col, found, cloud)

    def target(t: int) -> Target:
        tracked = None
        if track.observations[t].valid:
            tracked = float(cut[time, 0] + rows[t] - rows[time]), float(cut[time, 1] + cols[t] - cols[time])
        return Target(**vars(frame(t)), tracked=tracked, known=_known(flow, cut[time], time, t))

    past = tuple(frame(t) for t in range(max(0, time + 1 - PAST_CHIPS), time + 1))
    last = min(time + len(AHEAD), len(rows) - 1)
    return past, tuple(target(t) for t in range(time + 1, last + 1))


def past_before(past: Sequence[Frame], target: Frame) -> Past:
    """Past frames as a predictor's input, for a target."""
    return Past(
        np.stack([frame.chip for frame in past]),
        np.array([frame.days for frame in past]),
        np.array([frame.found for frame in past]),
        target.days,
        target.time - past[-1].time,
        np.array([frame.cloud for frame in past]),
    )


def _positions(track: Track, days: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Positions on every date: lost ones lie between those that are known, by the days between them."""
    good = np.flatnonzero(np.asarray(track.valid))
    if not good.size:
        raise TrackingError("this chip was not found on any date; place it elsewhere.")
    rows, cols = (np.interp(days, days[good], np.asarray(x, np.float64)[good]) for x in (track.rows, track.cols))
    return rows, cols


def _known(flow: Flow | None, at: NDArray[np.int64], start: int, stop: int) -> Place | None:
    if flow is None:
        return None
    # The centre of an even chip lies half a pixel before its position.
    centre = at.astype(np.float64) - 0.5
    drow, dcol = flow(centre[:1], centre[1:], start, stop)
    place = float(at[0] + np.asarray(drow).item()), float(at[1] + np.asarray(dcol).item())
    return place if np.isfinite(place).all() else None

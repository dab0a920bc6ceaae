"""Stable ground: what seems to move there is the scenes' co-registration, not the ice."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.robust import NORMAL_MAD
from napari_icenet.errors import TrackingError
from napari_icenet.matching.chips import chip_window
from napari_icenet.matching.pictures import Pictures
from napari_icenet.tracking.follow import follow
from napari_icenet.tracking.settings import TrackSettings, changed
from napari_icenet.tracking.track import DAYS_PER_YEAR, Track

#: Chips laid on a mask of stable ground.
CHIPS_ON_MASK = 9
_NAN = float("nan")


@dataclass(frozen=True)
class StableGround:
    """Apparent position of ground that does not move, on each date.

    Attributes
    ----------
    drow, dcol : array of float64, (time,)
        Offset from the first chip's date, pixels: the median over all tracks; NaN where all are lost.
    spread : array of float64, (time,)
        1.4826 times the median absolute deviation of the offsets' length from it; NaN for one track.
    tracks : tuple of Track
        What it was measured with.
    """

    drow: NDArray[np.float64]
    dcol: NDArray[np.float64]
    spread: NDArray[np.float64]
    tracks: tuple[Track, ...]

    @property
    def error(self) -> NDArray[np.float64]:
        """One-sigma error (time,) of the ground's apparent displacement, px.

        From the spread of the tracks at both ends of a step; of a single track, its match's error.
        """
        if len(self.tracks) == 1:
            return np.asarray(np.sqrt((self.tracks[0].match_error ** 2).mean(axis=1)))
        return np.asarray(np.sqrt(2 / len(self.tracks)) * self.spread)


@dataclass(frozen=True)
class RelativeMotion:
    """Motion of a track minus that of stable ground, on the dates both are known.

    Attributes
    ----------
    drow, dcol : array of float64, (time,)
        Since the date before on which both are known, pixels; NaN at the first and where unknown.
    vx, vy : array of float64, (time,)
        m/yr along the grid's axes; NaN without georeference.
    speed : array of float64, (time,)
        In ``speed_unit``.
    speed_error : array of float64, (time,)
        One sigma, in ``speed_unit``: matching on the ice and on the ground; the scenes'
        co-registration has cancelled.
    speed_unit : str
    valid : array of bool, (time,)
    """

    drow: NDArray[np.float64]
    dcol: NDArray[np.float64]
    vx: NDArray[np.float64]
    vy: NDArray[np.float64]
    speed: NDArray[np.float64]
    speed_error: NDArray[np.float64]
    speed_unit: str
    valid: NDArray[np.bool_]


def from_tracks(tracks: tuple[Track, ...]) -> StableGround:
    """Stable ground from tracks placed on it."""
    rows = np.array([t.ground[0] - t.origin_row for t in tracks])
    cols = np.array([t.ground[1] - t.origin_col for t in tracks])
    known = np.isfinite(rows)
    count = known.sum(axis=0)
    drow, dcol, spread = (np.full(rows.shape[1], _NAN) for _ in range(3))
    for i in np.flatnonzero(count):
        r, c = rows[known[:, i], i], cols[known[:, i], i]
        drow[i], dcol[i] = np.median(r), np.median(c)
        if count[i] > 1:
            spread[i] = NORMAL_MAD * np.median(np.hypot(r - drow[i], c - dcol[i]))
    return StableGround(drow, dcol, spread, tracks)


def check_mask(mask: NDArray[np.bool_], shape: tuple[int, int]) -> None:
    """Make sure that a mask of stable ground is one of the frame's (height, width).

    Raises TrackingError: it has another shape.
    """
    if mask.shape != shape:
        raise TrackingError(
            f"the mask of stable ground has {' × '.join(map(str, mask.shape))} px and the frame "
            f"{shape[0]} × {shape[1]} px; give a mask of the frame's shape."
        )


def from_mask(
    pictures: Pictures,
    mask: NDArray[np.bool_],
    time: int,
    settings: TrackSettings,
    *,
    pool: Executor | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> StableGround:
    """Stable ground from a mask: chips spread over it are followed like any other.

    Parameters
    ----------
    pictures : Pictures
    mask : array of bool, (y, x)
        True on stable ground.
    time : int
        Index of the date the chips are placed at.
    settings : TrackSettings
        The chip is halved until it fits into the mask, not below 32 px.
    pool, cancelled
        As for :func:`~napari_icenet.tracking.follow.follow`.

    Raises
    ------
    TrackingError
        The mask has another shape than the frame, or no chip on it can be followed.
    """
    check_mask(mask, pictures.shape)
    side = settings.chip
    places = _places(mask, side)
    while not places and side >= 64:
        side = 2 * (side // 4)
        places = _places(mask, side)
    settings = changed(settings, chip=side, tracking="robust", template="persistence")
    tracks: list[Track] = []
    for row, col in places:
        if cancelled is not None and cancelled():
            break
        try:
            tracks.append(
                follow(
                    pictures,
                    row,
                    col,
                    time,
                    settings,
                    pool=pool,
                    number=len(tracks) + 1,
                    cancelled=cancelled,
                    cautions=False,
                )
            )
        except TrackingError:
            # Fill or a flat place: the other chips on the mask still count.
            continue
    if not tracks:
        raise TrackingError(
            "no chip fits on the mask of stable ground with pixels on this date; give a larger mask or another date."
        )
    return from_tracks(tuple(tracks))


def _places(mask: NDArray[np.bool_], side: int) -> list[tuple[int, int]]:
    """Up to CHIPS_ON_MASK whole-pixel places whose chip lies in the mask, far from each other."""
    from scipy.ndimage import minimum_filter

    # An even window of the filter covers i - side/2 … i + side/2 - 1, as a chip does.
    inside = minimum_filter(mask.astype(np.uint8), side, mode="constant", cval=0) > 0
    spots = np.argwhere(inside)
    chosen: list[tuple[int, int]] = []
    if not len(spots):
        return chosen
    distance = np.full(len(spots), np.inf)
    current = int(np.argmin(np.abs(spots - np.median(spots, axis=0)).sum(axis=1)))
    while len(chosen) < CHIPS_ON_MASK:
        row, col = (int(v) for v in spots[current])
        window = chip_window(row, col, side)
        if mask[window.slices].all():
            chosen.append((row, col))
        distance = np.minimum(distance, np.hypot(*(spots - (row, col)).T))
        current = int(distance.argmax())
        if distance[current] < side / 2:
            break
    return chosen


def relative_motion(track: Track, ground: StableGround) -> RelativeMotion:
    """Motion of a track minus the apparent motion of stable ground."""
    rows, cols = track.ground[0] - ground.drow, track.ground[1] - ground.dcol
    known = np.flatnonzero(np.isfinite(rows))
    n = len(rows)
    drow, dcol, vx, vy, speed = (np.full(n, _NAN) for _ in range(5))
    days = np.asarray(track.days)
    for before, i in pairwise(known):
        drow[i], dcol[i] = rows[i] - rows[before], cols[i] - cols[before]
        elapsed = days[i] - days[before]
        if elapsed <= 0:
            continue
        if track.grid.georeferenced:
            dx, dy = track.grid.metres(track.rows[before], track.cols[before], drow[i], dcol[i])
            vx[i], vy[i] = float(dx) / elapsed * DAYS_PER_YEAR, float(dy) / elapsed * DAYS_PER_YEAR
            speed[i] = np.hypot(vx[i], vy[i])
        else:
            speed[i] = np.hypot(drow[i], dcol[i]) / elapsed
    error = track.speed_error_of(np.hypot(track.match_error, ground.error[:, None]))
    return RelativeMotion(drow, dcol, vx, vy, speed, error, track.speed_unit, np.isfinite(rows))

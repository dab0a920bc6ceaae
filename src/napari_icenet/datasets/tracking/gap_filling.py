"""Positions on dates without a match: from the track's own good ones, or its neighbours' motion."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from napari_icenet.common.types import F64
from napari_icenet.datasets.tracking.tracks import Tracks
from napari_icenet.datasets.tracking.window_shifts import WindowShifts

#: Neighbours that are asked at most, and needed at least.
_MOST, _LEAST = 8, 3
#: Good frames that a track needs for a velocity of its own.
_OWN = 3
#: Neighbours may move differently by this part of their motion.
_SHEAR = 0.2


def supported(
    places: NDArray[np.int64], moves: F64, found: NDArray[np.bool_], radius: float, most: float
) -> NDArray[np.bool_]:
    """Select motions that neighbours confirm: three of the eight nearest, and half of those that were found.

    Where there are fewer neighbours, half of them are enough; a chip without any confirms itself.

    Parameters
    ----------
    places : array of int64, (n, 2)
        Row and column of all chips that were sought.
    moves : array of float64, (n, 2)
        Their motion, px; looked at where it was found.
    found : array of bool, (n,)
    radius : float
        How far a neighbour may be, px.
    most : float
        Motions that differ by this (and a fifth of the motion) are alike, px.

    Returns
    -------
    array of bool, (n,)
        False where nothing was found.
    """
    count = len(places)
    if count < 2:
        return found.copy()
    _, near = cKDTree(places).query(places, k=min(_MOST + 1, count), distance_upper_bound=radius)
    # A missing neighbour has the index n; oneself is none.
    there = (near < count) & (near != np.arange(count)[:, None])
    near = np.where(there, near, 0)
    also = there & found[near]
    apart = np.hypot(*np.moveaxis(moves[near] - moves[:, None], -1, 0))
    alike = also & (apart <= most + _SHEAR * np.hypot(*moves.T)[:, None])
    needed = np.maximum(np.minimum(_LEAST, there.sum(axis=1) // 2), also.sum(axis=1) / 2)
    return np.asarray(found & (alike.sum(axis=1) >= needed))


def velocities(
    tracks: Tracks,
    days: F64,
    places: tuple[NDArray[np.int64], NDArray[np.int64]],
    shifts: WindowShifts | None = None,
) -> tuple[F64, F64]:
    """Velocity (px/day) of every track: its own from three good frames on, else the nearest tracks', else 0.

    Parameters
    ----------
    tracks : Tracks
    days : array of float64, (T,)
    places : (array of int64, array of int64), each (n,)
        Where the tracks are, to tell neighbours.
    shifts : WindowShifts, optional
        Of the dates: frames of unknown shift tell nothing of a velocity.
    """
    good = tracks.valid if shifts is None else tracks.valid & shifts.known
    count = good.sum(axis=1)
    weight = good / np.maximum(count, 1)[:, None]
    late = (days - (weight * days).sum(axis=1, keepdims=True)) * good
    spread = (late * late).sum(axis=1)
    own = (count >= _OWN) & (spread > 0)
    found = np.zeros((len(tracks), 2))
    for axis, exact in enumerate((tracks.rows, tracks.cols)):
        moved = np.where(good, exact - exact[:, :1], 0)
        found[own, axis] = (late * moved).sum(axis=1)[own] / spread[own]
    if own.any() and not own.all():
        known = np.stack(places, axis=1)
        _, near = cKDTree(known[own]).query(known[~own], k=min(_MOST, int(own.sum())))
        found[~own] = np.median(found[own][near.reshape(int((~own).sum()), -1)], axis=1)
    return found[:, 0], found[:, 1]


def fill_gaps(tracks: Tracks, days: F64, shifts: WindowShifts | None = None) -> None:
    """Place lost frames, in place: between good ones linear in time, at the ends by the velocity.

    Lines are those of the ground; where the dates are shifted, places are moved by the shifts.
    """
    shifts = shifts or WindowShifts.none(len(days))
    places = tracks.places_row[:, 0].copy(), tracks.places_col[:, 0].copy()
    speeds = velocities(tracks, days, places, shifts)
    for exact, place, speed, shift in (
        (tracks.rows, tracks.places_row, speeds[0], shifts.row),
        (tracks.cols, tracks.places_col, speeds[1], shifts.col),
    ):
        for i, good in enumerate(tracks.valid):
            at = np.flatnonzero(good & shifts.known)
            if not at.size:
                exact[i, ~good] = (exact[i, 0] + speed[i] * days)[~good]
                continue
            between = np.interp(days, days[at], exact[i, at])
            before, after = days < days[at[0]], days > days[at[-1]]
            between[before] += speed[i] * (days[before] - days[at[0]])
            between[after] += speed[i] * (days[after] - days[at[-1]])
            exact[i, ~good] = between[~good]
        place[:] = np.rint(exact + shift).astype(np.int64)

"""Positions on dates without a match: from the track's own good ones, or its neighbours' motion."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from napari_icenet.sequences.tracks import Tracks

F64 = NDArray[np.float64]

#: Neighbours that are asked at most, and needed at least.
_MOST, _LEAST = 8, 3
#: Good frames that a track needs for a velocity of its own.
_OWN = 3


def median_of_neighbours(places: F64 | NDArray[np.int64], values: F64, radius: float) -> F64:
    """Median (n, 2) of the values of the nearest neighbours, without one's own; NaN where there are too few.

    Parameters
    ----------
    places : array, (n, 2)
        Row and column.
    values : array of float64, (n, 2)
    radius : float
        How far a neighbour may be, px.
    """
    count = len(places)
    if count <= _LEAST:
        return np.full((count, 2), np.nan)
    _, near = cKDTree(places).query(places, k=min(_MOST + 1, count), distance_upper_bound=radius)
    padded = np.vstack([values, [np.nan, np.nan]])
    # A missing neighbour has the index n; oneself is left out.
    others = np.where(near == np.arange(count)[:, None], count, near)
    enough = (others < count).sum(axis=1) >= _LEAST
    out = np.full((count, 2), np.nan)
    out[enough] = np.nanmedian(padded[others[enough]], axis=1)
    return out


def velocities(tracks: Tracks, days: F64, places: tuple[NDArray[np.int64], NDArray[np.int64]]) -> tuple[F64, F64]:
    """Velocity (px/day) of every track: its own from three good frames on, else the nearest tracks', else 0.

    Parameters
    ----------
    tracks : Tracks
    days : array of float64, (T,)
    places : (array of int64, array of int64), each (n,)
        Where the tracks are, to tell neighbours.
    """
    good = tracks.valid
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


def fill_gaps(tracks: Tracks, days: F64) -> None:
    """Place lost frames, in place: between good ones linear in time, at the ends by the velocity."""
    places = tracks.places_row[:, 0].copy(), tracks.places_col[:, 0].copy()
    speeds = velocities(tracks, days, places)
    for exact, place, speed in (
        (tracks.rows, tracks.places_row, speeds[0]),
        (tracks.cols, tracks.places_col, speeds[1]),
    ):
        for i, good in enumerate(tracks.valid):
            at = np.flatnonzero(good)
            if not at.size:
                exact[i] = exact[i, 0] + speed[i] * days
                continue
            between = np.interp(days, days[at], exact[i, at])
            before, after = days < days[at[0]], days > days[at[-1]]
            between[before] += speed[i] * (days[before] - days[at[0]])
            between[after] += speed[i] * (days[after] - days[at[-1]])
            exact[i, ~good] = between[~good]
        place[:] = np.rint(exact).astype(np.int64)

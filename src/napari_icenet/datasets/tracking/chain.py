"""Tracking as in section 2.1 of the paper: each chip is the best match of the last one, nothing is judged."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_icenet.datasets.settings import DatasetSettings
from napari_icenet.datasets.tracking.matcher import Matcher
from napari_icenet.datasets.tracking.tracks import Tracks
from napari_icenet.datasets.tracking.window_shifts import WindowShifts
from napari_icenet.jobs.progress import Progress
from napari_icenet.matching.acceptance import judge_matches


def chain(
    matcher: Matcher,
    start: int,
    places: tuple[NDArray[np.int64], NDArray[np.int64]],
    settings: DatasetSettings,
    *,
    progress: Progress | None = None,
) -> Tracks:
    """Follow chips from date to date by the highest correlation (equation 1 of the paper).

    The chip found on one date is what is searched for on the next, in a window of side c·C around
    its position. A chip without any correlation (fill, flat, out of the frame) stays where it is,
    not valid, and is sought from there on the next date. Where dates are shifted, the window is
    centred on its position on the ground.

    Parameters
    ----------
    matcher : Matcher
        Of unfiltered pictures.
    start : int
        Index of the first date.
    places : (array of int64, array of int64), each (n,)
        Rows and columns of the chips on the first date.
    settings : DatasetSettings
    progress : callable, optional
    """
    shifts = WindowShifts.of(matcher.pictures.stack, start, settings.frames)
    tracks = Tracks.starting(*places, settings.frames)
    rows, cols = tracks.places_row, tracks.places_col
    for t in range(1, settings.frames):
        if progress is not None:
            pictures = matcher.pictures
            progress((t - 1) / (settings.frames - 1), f"{pictures.stack.labels[start + t]} {pictures.band}")
        # A date of unknown shift does not tell where the ice was on the ground; the last other one does.
        last = max(np.flatnonzero(shifts.known[:t]), default=t - 1)
        centres = (
            rows[:, last] - rows[:, t - 1] + shifts.whole[0][t] - shifts.whole[0][last],
            cols[:, last] - cols[:, t - 1] + shifts.whole[1][t] - shifts.whole[1][last],
        )
        found = matcher.match_all((start + t - 1, start + t), (rows[:, t - 1], cols[:, t - 1]), centres)
        there = judge_matches(found.reason, settings.criteria_for("chain")) == 0
        for place, exact, peak, centre, shift in (
            (rows, tracks.rows, found.drow, centres[0], shifts.row),
            (cols, tracks.cols, found.dcol, centres[1], shifts.col),
        ):
            move = np.where(there, peak, centre)
            # The highest pixel of the surface; its sub-pixel peak may lie half a pixel from there.
            exact[:, t] = place[:, t - 1] + move - shift[t]
            within = np.clip(np.rint(move), centre - settings.reach, centre + settings.reach)
            place[:, t] = place[:, t - 1] + within.astype(np.int64)
        tracks.peak_ratio[:, t] = found.peak_ratio
        tracks.valid[:, t] = there
        tracks.source[:, t] = np.where(there, t - 1, -1)
    tracks.forget_places(~shifts.known)
    return tracks

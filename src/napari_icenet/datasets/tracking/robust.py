"""Tracking in which frames that fail do not move the track, so that all frames show the same ice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.types import F64, Index
from napari_icenet.datasets.settings import DatasetSettings
from napari_icenet.datasets.tracking.cloud_share import cloud_shares, fill_shares
from napari_icenet.datasets.tracking.gap_filling import fill_gaps, supported, velocities
from napari_icenet.datasets.tracking.motion import Motion
from napari_icenet.datasets.tracking.tracks import Tracks
from napari_icenet.datasets.tracking.window_shifts import WindowShifts
from napari_icenet.jobs.progress import Progress
from napari_icenet.matching.pictures import Pictures


def robust(
    pictures: Pictures,
    start: int,
    places: tuple[NDArray[np.int64], NDArray[np.int64]],
    settings: DatasetSettings,
    *,
    motion: Motion,
    progress: Progress | None = None,
) -> Tracks:
    """Follow chips from their last good frames; parameters and result as of :func:`~.chain.chain`.

    On every date a chip is sought from its latest good frame, and where that fails from those before
    it (:class:`~napari_icenet.datasets.tracking.motion.Motion`). What is found counts if the neighbours moved
    alike. Positions on the dates without a match come from the track's good ones before and after,
    linear in time; at the ends from its velocity, or its neighbours'. Until a chip has its first match,
    no frame of it is known to show ice, and it is sought from any of them. Where dates are shifted,
    all of this is of positions on the ground, and pictures are read and matched where the shifts put them.
    """
    follower = _Follower(pictures, start, Tracks.starting(*places, settings.frames), settings, motion)
    for t in range(1, settings.frames):
        if progress is not None:
            progress((t - 1) / (settings.frames - 1), f"{pictures.stack.labels[start + t]} {pictures.band}")
        follower.step(t)
    return follower.finished()


@dataclass(frozen=True, eq=False)
class _Found:
    """Matches of one date: which tracks, from which frames, moved how far, how clearly."""

    source: NDArray[np.int64]
    drow: F64
    dcol: F64
    peak_ratio: NDArray[np.float32]

    @classmethod
    def none(cls, count: int) -> _Found:
        nowhere = np.full((2, count), np.nan)
        return cls(np.full(count, -1, np.int64), nowhere[0], nowhere[1], np.full(count, np.nan, np.float32))


class _Follower:
    def __init__(
        self, pictures: Pictures, start: int, tracks: Tracks, settings: DatasetSettings, motion: Motion
    ) -> None:
        self.pictures, self.start, self.tracks = pictures, start, tracks
        self.settings, self.motion = settings, motion
        days = pictures.stack.days[start : start + settings.frames]
        self.days: F64 = days - days[0]
        self.shifts = WindowShifts.of(pictures.stack, start, settings.frames)
        # No frame is known to show ice before it was matched.
        tracks.valid[:, 0] = False
        self.usable = np.zeros(tracks.valid.shape, bool)
        self.usable[:, 0] = self._shows_ground(0)

    def step(self, t: int) -> None:
        """Find the chips on frame ``t`` of the window."""
        tracks = self.tracks
        self._predict(t)
        self.usable[:, t] = self._shows_ground(t)
        found = _Found.none(len(tracks))
        lost = np.flatnonzero(self.usable[:, t])
        candidates = np.where(tracks.valid.any(axis=1, keepdims=True), tracks.valid, self.usable)[:, :t]
        for attempt in range(self.settings.sources):
            # Rank of each candidate from the latest back; 1 is the latest.
            rank = np.cumsum(candidates[lost, ::-1], axis=1)[:, ::-1] * candidates[lost]
            wanted = rank == attempt + 1
            tried = lost[wanted.any(axis=1)]
            sources = wanted[wanted.any(axis=1)].argmax(axis=1)
            for source in np.unique(sources):
                self._match(int(source), t, tried[sources == source], found)
            lost = lost[found.source[lost] < 0]
        self._accept(t, found)

    def _predict(self, t: int) -> None:
        """Put every chip where its motion so far leads to."""
        tracks, shifts = self.tracks, self.shifts
        moving = velocities(tracks, self.days, (tracks.places_row[:, 0], tracks.places_col[:, 0]), shifts)
        good = (tracks.valid & shifts.known)[:, :t]
        last = np.where(good.any(axis=1), t - 1 - good[:, ::-1].argmax(axis=1), 0)
        every = np.arange(len(tracks))
        for exact, place, speed, shift in (
            (tracks.rows, tracks.places_row, moving[0], shifts.row),
            (tracks.cols, tracks.places_col, moving[1], shifts.col),
        ):
            exact[:, t] = exact[every, last] + speed * (self.days[t] - self.days[last])
            place[:, t] = np.rint(exact[:, t] + shift[t]).astype(np.int64)

    def _shows_ground(self, t: int) -> NDArray[np.bool_]:
        tracks, chip, time = self.tracks, self.settings.chip, self.start + t
        places = tracks.places_row[:, t], tracks.places_col[:, t]
        cloud = cloud_shares(self.pictures.stack, time, places, chip)
        fill = fill_shares(self.pictures, time, places, chip)
        # Where a scene has no mask, matching alone tells cloud from ice.
        return np.asarray(~(cloud > self.settings.max_cloud) & (fill <= self.settings.max_fill))

    def _match(self, source: int, t: int, chosen: Index, found: _Found) -> None:
        """Seek chips of frame ``source`` on frame ``t``; fill in those that may be accepted."""
        tracks = self.tracks
        row, col = self.shifts.row, self.shifts.col
        before = tracks.rows[chosen, source] + row[source], tracks.cols[chosen, source] + col[source]
        expected = tracks.rows[chosen, t] + row[t] - before[0], tracks.cols[chosen, t] + col[t] - before[1]
        moved = self.motion.between((self.start + source, self.start + t), before, expected)
        good = np.isfinite(moved.drow)
        at = chosen[good]
        found.source[at] = source
        found.drow[at], found.dcol[at] = moved.drow[good], moved.dcol[good]
        found.peak_ratio[at] = moved.peak_ratio[good]

    def _accept(self, t: int, found: _Found) -> None:
        """Keep the matches that the neighbours agree with."""
        tracks = self.tracks
        sought = np.flatnonzero(self.usable[:, t])
        source = np.maximum(found.source[sought], 0)
        row, col = self.shifts.row, self.shifts.col
        rows = tracks.rows[sought, source] + row[source] + found.drow[sought] - row[t]
        cols = tracks.cols[sought, source] + col[source] + found.dcol[sought] - col[t]
        moves = np.stack([rows - tracks.rows[sought, t], cols - tracks.cols[sought, t]], axis=1)
        grid = np.stack([tracks.places_row[sought, 0], tracks.places_col[sought, 0]], axis=1)
        settings = self.settings
        good = supported(grid, moves, found.source[sought] >= 0, 3 * settings.stride, settings.max_outlier_px)
        at, sources, rows, cols = sought[good], source[good], rows[good], cols[good]
        tracks.rows[at, t], tracks.cols[at, t] = rows, cols
        tracks.places_row[at, t] = np.rint(rows + row[t]).astype(np.int64)
        tracks.places_col[at, t] = np.rint(cols + col[t]).astype(np.int64)
        tracks.peak_ratio[at, t] = found.peak_ratio[at]
        tracks.source[at, t] = sources
        tracks.valid[at, t] = tracks.valid[at, sources] = True

    def finished(self) -> Tracks:
        """The tracks, lost frames filled in."""
        fill_gaps(self.tracks, self.days, self.shifts)
        self.tracks.forget_places(~self.shifts.known)
        return self.tracks

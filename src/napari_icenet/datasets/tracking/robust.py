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
    no frame of it is known to show ice, and it is sought from any of them.
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
        tracks = self.tracks
        moving = velocities(tracks, self.days, (tracks.places_row[:, 0], tracks.places_col[:, 0]))
        any_good = tracks.valid[:, :t].any(axis=1)
        last = np.where(any_good, t - 1 - tracks.valid[:, :t][:, ::-1].argmax(axis=1), 0)
        every = np.arange(len(tracks))
        for exact, place, speed in (
            (tracks.rows, tracks.places_row, moving[0]),
            (tracks.cols, tracks.places_col, moving[1]),
        ):
            exact[:, t] = exact[every, last] + speed * (self.days[t] - self.days[last])
            place[:, t] = np.rint(exact[:, t]).astype(np.int64)

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
        before = tracks.rows[chosen, source], tracks.cols[chosen, source]
        expected = tracks.rows[chosen, t] - before[0], tracks.cols[chosen, t] - before[1]
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
        rows = tracks.rows[sought, source] + found.drow[sought]
        cols = tracks.cols[sought, source] + found.dcol[sought]
        moves = np.stack([rows - tracks.rows[sought, t], cols - tracks.cols[sought, t]], axis=1)
        grid = np.stack([tracks.places_row[sought, 0], tracks.places_col[sought, 0]], axis=1)
        settings = self.settings
        good = supported(grid, moves, found.source[sought] >= 0, 3 * settings.stride, settings.max_outlier_px)
        at, sources, rows, cols = sought[good], source[good], rows[good], cols[good]
        tracks.rows[at, t], tracks.cols[at, t] = rows, cols
        tracks.places_row[at, t] = np.rint(rows).astype(np.int64)
        tracks.places_col[at, t] = np.rint(cols).astype(np.int64)
        tracks.peak_ratio[at, t] = found.peak_ratio[at]
        tracks.source[at, t] = sources
        tracks.valid[at, t] = tracks.valid[at, sources] = True

    def finished(self) -> Tracks:
        """The tracks, lost frames filled in."""
        fill_gaps(self.tracks, self.days)
        return self.tracks

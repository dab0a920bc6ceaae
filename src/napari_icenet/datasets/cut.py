"""Sequences of one stack, band and window of dates: track the chips of a grid, and cut them out."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from napari_icenet.datasets.sequences import SPLITS, Sequences
from napari_icenet.datasets.settings import DatasetSettings, Tracking
from napari_icenet.datasets.splits.blocks import Blocks
from napari_icenet.datasets.splits.periods import settled_periods, split_of_windows
from napari_icenet.datasets.tracking.chain import chain
from napari_icenet.datasets.tracking.chip_grid import chip_grid
from napari_icenet.datasets.tracking.cloud_share import cloud_shares
from napari_icenet.datasets.tracking.matcher import Matcher
from napari_icenet.datasets.tracking.motion import Motion
from napari_icenet.datasets.tracking.robust import robust
from napari_icenet.datasets.tracking.tracks import Tracks
from napari_icenet.errors import StackError, UsageError
from napari_icenet.jobs.progress import Progress
from napari_icenet.matching.chips import square
from napari_icenet.matching.engine.engine import Engine
from napari_icenet.matching.pictures import Pictures, TileCache
from napari_icenet.scenes.stack import SceneStack

#: Rows and columns, (n,) each.
Places = tuple[NDArray[np.int64], NDArray[np.int64]]
#: Bytes of pictures kept while sequences are cut: two frames of a whole Landsat scene.
CACHE_BYTES = 600 * 1024**2


def window_starts(stack: SceneStack, settings: DatasetSettings) -> range:
    """Indices of the first dates of the windows of ``settings.frames`` consecutive dates.

    Raises StackError: the stack has fewer dates.
    """
    count = len(stack.scenes) - settings.frames + 1
    if count < 1:
        raise StackError(
            f"{stack.name} has {len(stack.scenes)} dates and a sequence needs {settings.frames}; "
            "add scenes, or ask for fewer frames."
        )
    return range(count if settings.windows is None else min(count, settings.windows))


def check_fits(stack: SceneStack, settings: DatasetSettings) -> None:
    """Refuse a stack that is smaller than a chip.

    Raises
    ------
    StackError
    """
    height, width = stack.grid.shape
    if min(height, width) < settings.chip:
        raise StackError(
            f"{stack.name} is {height} × {width} pixels and a chip of {settings.chip} does not fit; "
            f"choose a chip of at most {min(height, width) // 2 * 2} pixels."
        )


def cut(
    stack: SceneStack,
    settings: DatasetSettings,
    *,
    band: str | int,
    start: int,
    mode: Tracking | None = None,
    progress: Progress | None = None,
    pictures: Pictures | None = None,
    engine: Engine | None = None,
) -> Sequences:
    """Sequences of one band and one window of consecutive dates.

    Chips of 128 px and 12 frames take 0.8 MB each; where they may be too many,
    :class:`Tracker` and :func:`cut_tracks` give them in batches.

    Parameters
    ----------
    stack : SceneStack
    settings : DatasetSettings
    band : str or int
    start : int
        Index of the first date.
    mode : {'chain', 'robust'}, optional
        Default: that of the settings.
    progress : callable, optional
    pictures : Pictures, optional
        Of this stack and band, unfiltered; shared between windows, they are read once.
    engine : Engine, optional

    Returns
    -------
    Sequences
        None at all where every chip of the grid shows too little on the first date.

    Raises
    ------
    StackError
        Too few dates from ``start`` on, or the frame is smaller than a chip.
    UsageError
        There is no such band.
    """
    tracker = Tracker(pictures or Pictures(stack, band, cache=TileCache(CACHE_BYTES)), settings, engine=engine)
    return cut_tracks(tracker.pictures, tracker.track(start, mode, progress=progress), settings, start)


class Tracker:
    """Follows the chips of one band through windows of dates; what windows share is worked out once.

    Parameters
    ----------
    pictures : Pictures
        Unfiltered.
    settings : DatasetSettings
    engine : Engine, optional

    Raises
    ------
    StackError
        The frame is smaller than a chip.
    UsageError
        The stack has shifts of other dates than its own.
    """

    def __init__(self, pictures: Pictures, settings: DatasetSettings, *, engine: Engine | None = None) -> None:
        check_fits(pictures.stack, settings)
        if pictures.stack.shifts is not None:
            pictures.stack.shifts.check(pictures.stack.labels, pictures.stack.name)
        self.pictures, self.settings = pictures, settings
        engine = engine or Engine()
        engine.prepare()
        self._matcher = Matcher(
            pictures, engine, chip=settings.chip, reach=settings.reach, min_overlap=settings.min_valid
        )
        self._motion = Motion(pictures, settings, engine)

    def track(
        self,
        start: int,
        mode: Tracking | None = None,
        *,
        places: Places | None = None,
        frames: int | None = None,
        progress: Progress | None = None,
    ) -> Tracks:
        """Follow the chips of the grid through one window.

        Parameters
        ----------
        start : int
            Index of the first date.
        mode : {'chain', 'robust'}, optional
            Default: that of the settings.
        places : (array of int64, array of int64), each (n,), optional
            Where chips begin. Default: all of the grid that show enough.
        frames : int, optional
            Dates to follow them through. Default: those of the settings.
        progress : callable, optional

        Raises
        ------
        StackError
            The stack has fewer dates than a sequence.
        UsageError
            It has fewer from ``start`` on.
        """
        stack, settings = self.pictures.stack, self.settings
        if frames is not None:
            settings = settings.model_copy(update={"frames": frames})
        if not 0 <= start <= len(stack.scenes) - settings.frames:
            window_starts(stack, settings)
            raise UsageError(f"{stack.name} has no {settings.frames} dates from number {start} on.")
        if places is None:
            grid = chip_grid(self.pictures, start, settings)
            places = grid.rows, grid.cols
        if (mode or settings.tracking) == "chain":
            return chain(self._matcher, start, places, settings, progress=progress)
        # Windows come in the order of their dates.
        self._motion.forget_before(start)
        return robust(self.pictures, start, places, settings, motion=self._motion, progress=progress)


def cut_tracks(pictures: Pictures, tracks: Tracks, settings: DatasetSettings, start: int) -> Sequences:
    """The chips along tracks that begin on date ``start``, and all that is known of them."""
    stack, side = pictures.stack, settings.chip
    count, frames = tracks.valid.shape
    chips = np.empty((count, frames, side, side), np.float32)
    cloud, fill = np.empty((2, count, frames), np.float32)
    for t in range(frames):
        places = tracks.places_row[:, t], tracks.places_col[:, t]
        for i, (row, col) in enumerate(zip(*places, strict=True)):
            chips[i, t] = pictures.read(start + t, square(int(row), int(col), side))
        cloud[:, t] = cloud_shares(stack, start + t, places, side)
        fill[:, t] = np.isnan(chips[:, t].reshape(count, side * side)).mean(axis=1)
    times, given = stack.times[start : start + frames], stack.covariates
    blocks = Blocks.on(stack.grid, settings)
    if settings.split_by == "time":
        split = split_of_windows(np.tile(times, (count, 1)), settled_periods([stack], settings))
    else:
        split = blocks.split(tracks.places_row, tracks.places_col, side)
    return Sequences(
        chips=chips,
        times=np.tile(times, (count, 1)),
        days=np.tile((times - times[0]) / np.timedelta64(86400, "s"), (count, 1)),
        rows=tracks.places_row,
        cols=tracks.places_col,
        track_rows=tracks.rows,
        track_cols=tracks.cols,
        ncc=_correlations(chips, tracks.source),
        peak_ratio=tracks.peak_ratio,
        valid=tracks.valid,
        cloud=cloud,
        fill=fill,
        stack=np.full(count, stack.name),
        band=np.full(count, pictures.band),
        split=np.array(SPLITS)[split],
        block=blocks.block(tracks.places_row[:, 0], tracks.places_col[:, 0]),
        covariates=None if given is None else np.tile(given.values[start : start + frames], (count, 1, 1)),
        covariate_names=() if given is None else given.names,
    )


def _correlations(chips: NDArray[np.float32], source: NDArray[np.int64]) -> NDArray[np.float32]:
    """Equation 1 of the paper of every chip with the one it was matched from, at zero shift."""
    out = np.full(source.shape, np.nan, np.float32)
    for i, row in enumerate(source):
        centred = [_centred(chip) for chip in chips[i]]
        for t in np.flatnonzero(row >= 0):
            one, other = centred[row[t]], centred[t]
            if one is None or other is None:
                out[i, t] = correlation(chips[i, row[t]], chips[i, t])
            elif one[1] * other[1] > 0:
                out[i, t] = _dot(one[0], other[0]) / (one[1] * other[1])
    return out


def _centred(chip: NDArray[np.float32]) -> tuple[NDArray[np.float64], float] | None:
    """A chip less its mean, and the root of its summed squares; None where pixels are missing."""
    values = chip.ravel().astype(np.float64)
    mean = float(values.mean())
    if not math.isfinite(mean):
        return None
    values -= mean
    return values, math.sqrt(_dot(values, values))


def correlation(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Zero-mean normalised correlation of two chips over the pixels known in both; NaN where one is flat."""
    a, b = first.ravel().astype(np.float64), second.ravel().astype(np.float64)
    if not np.isfinite(_dot(a, b)):
        both = np.isfinite(a) & np.isfinite(b)
        if not both.any():
            return float("nan")
        a, b = a[both], b[both]
    a -= a.mean()
    b -= b.mean()
    norm = float(np.sqrt(_dot(a, a) * _dot(b, b)))
    return _dot(a, b) / norm if norm > 0 else float("nan")


def _dot(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    # The linear algebra behind @ starts threads for a chip, which takes longer than its sum.
    return float(np.einsum("i,i", a, b))

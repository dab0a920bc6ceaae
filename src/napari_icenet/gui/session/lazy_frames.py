"""The array that napari slices: frames come from the cache, and large ones are never waited for."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_icenet.gui.session.frame_cache import PROMPT_PIXELS, FrameCache, level_count, picks, resampled
from napari_icenet.gui.session.frame_sources import FrameSource


class LazyFrames:
    """(time, y, x) or (time, y, x, 3) over one level of a source's pyramid.

    While napari draws, a large frame that is not decoded yet is shown from a coarser level, or as
    missing, and asked for; the cache tells when it is there. Every other reader waits and gets the
    exact values: ``np.asarray(frames)``, ``frames[3]``, or any slice on another thread.

    Parameters
    ----------
    source : FrameSource
    cache : FrameCache
    level : int
        0 is full resolution; each further level halves it.
    window : (range, range), optional
        Rows and columns of the level; default all.
    """

    def __init__(
        self, source: FrameSource, cache: FrameCache, level: int = 0, window: tuple[range, range] | None = None
    ) -> None:
        self.source, self.cache, self.level = source, cache, level
        height, width = (picks(size, level).size for size in source.stack.grid.shape)
        self._rows, self._cols = window or (range(height), range(width))

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""
        return self.source.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """(time, y, x), with 3 at the end for colour."""
        return len(self.source.stack.scenes), len(self._rows), len(self._cols), *self.source.channels

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of values."""
        return int(np.prod(self.shape))

    @property
    def nbytes(self) -> int:
        """Bytes that all frames together would take."""
        return self.size * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        frames = np.stack([self._crop(self.cache.read(self.source, t, self.level)) for t in range(len(self))])
        return frames if dtype is None else frames.astype(dtype)

    def __getitem__(self, key: Any) -> Any:
        drawing = isinstance(key, tuple)
        key = key if drawing else (key,)
        if any(part is Ellipsis for part in key):
            at = next(i for i, part in enumerate(key) if part is Ellipsis)
            key = key[:at] + (slice(None),) * (self.ndim - len(key) + 1) + key[at + 1 :]
        key = key + (slice(None),) * (self.ndim - len(key))
        time, rows, cols = key[:3]
        if isinstance(time, (int, np.integer)):
            frame = self._frame(range(len(self))[int(time)], wait=not drawing)
            return frame[key[1:]]
        if time == slice(None) and isinstance(rows, slice) and isinstance(cols, slice):
            # A part of the picture, all dates and colours: still nothing is read.
            return LazyFrames(self.source, self.cache, self.level, (self._rows[rows], self._cols[cols]))
        times = np.arange(len(self))[time]
        return np.stack([self._frame(int(t), wait=not drawing) for t in times])[(slice(None), *key[1:])]

    def _frame(self, time: int, *, wait: bool) -> NDArray[Any]:
        frame = self.cache.held(self.source, time, self.level)
        if frame is None:
            shape = self.source.stack.grid.shape
            prompt = shape[0] * shape[1] <= PROMPT_PIXELS
            if wait or prompt or threading.current_thread() is not threading.main_thread():
                frame = self.cache.read(self.source, time, self.level)
            else:
                self.cache.ask(self.source, time, self.level)
                return self._stand_in(time)
        return self._crop(frame)

    def _crop(self, frame: NDArray[Any]) -> NDArray[Any]:
        rows, cols = self._rows, self._cols
        if (len(rows), len(cols)) == frame.shape[:2]:
            return frame
        return frame[_slice(rows), _slice(cols)]

    def _stand_in(self, time: int) -> NDArray[Any]:
        """The best that is decoded: a coarser or finer level, else missing."""
        height, width = self.source.stack.grid.shape
        levels = range(level_count((height, width)))
        for known in sorted(levels, key=lambda k: abs(k - self.level)):
            frame = self.cache.held(self.source, time, known)
            if frame is not None:
                rows = resampled(height, known, self.level)[_slice(self._rows)]
                cols = resampled(width, known, self.level)[_slice(self._cols)]
                found: NDArray[Any] = frame[np.ix_(rows, cols)]
                return found
        return np.full((len(self._rows), len(self._cols), *self.source.channels), self.source.missing, self.dtype)


def _slice(part: range) -> slice:
    # A range that counts down to the first pixel stops at −1, which a slice would take for the last.
    return slice(part.start, part.stop if part.stop >= 0 else None, part.step)


def pyramid(source: FrameSource, cache: FrameCache) -> list[LazyFrames]:
    """All levels of a source, finest first."""
    return [LazyFrames(source, cache, level) for level in range(level_count(source.stack.grid.shape))]

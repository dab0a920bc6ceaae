"""Frames for napari: decoded on one reading thread, kept in a small cache, never waited for when large."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Hashable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QObject, Signal

from napari_icenet.gui.session.frame_sources import BandFrames, FrameSource
from napari_icenet.gui.widgets.main_thread import on_main_thread
from napari_icenet.scenes.grid import Window

#: Decoded frames kept, in bytes.
CACHE_BYTES = 300_000_000
#: Frames of at most so many pixels are read at once when shown: under 20 ms each.
PROMPT_PIXELS = 1_200_000
#: Larger frames get a pyramid, halved until they are at most so many pixels a side.
COARSEST_SIDE_PX = 1024
PYRAMID_SIDE_PX = 2048
#: Rows decoded at a time, so that a coarse look at a large frame needs little memory.
STRIP_ROWS = 512

_Key = tuple[Hashable, int, int]


def picks(size: int, level: int) -> NDArray[np.intp]:
    """Pixels of the full frame, along one axis, that a level keeps: nearest to evenly spaced ones."""
    kept = -(-size // 2**level)
    return _nearest(np.arange(kept) * (size / kept), size)


def resampled(size: int, known: int, wanted: int) -> NDArray[np.intp]:
    """Along one axis: which pixel of a known level shows each pixel of the wanted one."""
    kept = -(-size // 2**known)
    return _nearest(picks(size, wanted) * (kept / size), kept)


def _nearest(positions: NDArray[np.float64], size: int) -> NDArray[np.intp]:
    nearest: NDArray[np.intp] = np.minimum(np.rint(positions), size - 1).astype(np.intp)
    return nearest


def level_count(shape: tuple[int, int]) -> int:
    """Levels of the pyramid over a frame; 1 where it needs none."""
    levels, side = 1, max(shape)
    if side <= PYRAMID_SIDE_PX:
        return 1
    while side > COARSEST_SIDE_PX:
        levels, side = levels + 1, -(-side // 2)
    return levels


def read_level(source: FrameSource, time: int, level: int) -> NDArray[Any]:
    """One frame of a source at a level of its pyramid, decoded strip by strip.

    Returns
    -------
    array of ``source.dtype``, (height, width) or (height, width, 3)
    """
    height, width = source.stack.grid.shape
    if level == 0 and height * width <= PROMPT_PIXELS:
        return source.read(time, source.stack.grid.full_window)
    rows, cols = picks(height, level), picks(width, level)
    out = np.empty((rows.size, cols.size, *source.channels), source.dtype)
    for top in range(0, height, STRIP_ROWS):
        window = Window(top, 0, min(STRIP_ROWS, height - top), width)
        first, last = np.searchsorted(rows, (top, top + window.height))
        if last > first:
            strip = source.read(time, window)
            out[first:last] = strip if level == 0 else strip[np.ix_(rows[first:last] - top, cols)]
    return out


class FrameCache(QObject):
    """Decoded frames, least recently used first out, and the thread that decodes them.

    Attributes
    ----------
    loaded : Signal(object, int)
        A frame of a source was decoded; sent on the interface's thread.
    """

    loaded = Signal(object, int)

    def __init__(self, limit: int = CACHE_BYTES) -> None:
        super().__init__()
        self.limit = limit
        self._frames: OrderedDict[_Key, NDArray[Any]] = OrderedDict()
        self._nbytes = 0
        self._wake = threading.Condition()
        self._urgent: deque[tuple[FrameSource, int, int]] = deque(maxlen=8)
        self._later: deque[tuple[FrameSource, int, int]] = deque()
        self._refine: deque[tuple[FrameSource, int]] = deque()
        self._open = True
        self._thread: threading.Thread | None = None

    def held(self, source: FrameSource, time: int, level: int = 0) -> NDArray[Any] | None:
        """The frame, if it is decoded."""
        key = (id(source), time, level)
        with self._wake:
            frame = self._frames.get(key)
            if frame is not None:
                self._frames.move_to_end(key)
            return frame

    def read(self, source: FrameSource, time: int, level: int = 0) -> NDArray[Any]:
        """The frame, decoded on the calling thread if need be."""
        frame = self.held(source, time, level)
        if frame is None:
            frame = self._load(source, time, level)
        return frame

    def ask(self, source: FrameSource, time: int, level: int = 0, *, urgent: bool = True) -> None:
        """Have a frame decoded; the newest urgent wish comes first, then the others in order."""
        with self._wake:
            if not self._open:
                return
            wish = (source, time, level)
            if urgent:
                if wish in self._urgent:
                    self._urgent.remove(wish)
                self._urgent.append(wish)
            elif wish not in self._later:
                self._later.append(wish)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="icenet-frames", daemon=True)
                self._thread.start()
            self._wake.notify()

    def forget(self, source: FrameSource) -> None:
        """Drop all frames of a source, and all wishes for them."""
        with self._wake:
            for key in [key for key in self._frames if key[0] == id(source)]:
                self._nbytes -= self._frames.pop(key).nbytes
            for queue in (self._urgent, self._later, self._refine):
                for wish in [wish for wish in queue if wish[0] is source]:
                    queue.remove(wish)  # type: ignore[arg-type]

    def close(self) -> None:
        """Stop the reading thread and drop everything."""
        with self._wake:
            self._open = False
            for queue in (self._urgent, self._later, self._refine):
                queue.clear()
            self._frames.clear()
            self._nbytes = 0
            self._wake.notify_all()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _work(self) -> None:
        while True:
            with self._wake:
                while self._open and not (self._urgent or self._later or self._refine):
                    self._wake.wait()
                if not self._open:
                    return
                if not self._urgent and not self._later:
                    source, time = self._refine.popleft()
                    level = None
                else:
                    source, time, level = self._urgent.pop() if self._urgent else self._later.popleft()
            if level is None:
                source.prepare(time)
            elif self.held(source, time, level) is None:
                self._load(source, time, level)
            else:
                continue
            self._tell(source, time)

    def _load(self, source: FrameSource, time: int, level: int) -> NDArray[Any]:
        finer = [(k, frame) for k in range(level) if (frame := self.held(source, time, k)) is not None]
        if finer:
            known, frame = finer[-1]
            rows, cols = (resampled(size, known, level) for size in source.stack.grid.shape)
            frame = frame[np.ix_(rows, cols)]
        else:
            frame = read_level(source, time, level)
        if isinstance(source, BandFrames) and source.limits(time) is None:
            if level_count(source.stack.grid.shape) == 1:
                source.prepare(time)
            else:
                source.estimate(time, frame[:: max(1, frame.shape[0] // 500), :: max(1, frame.shape[1] // 500)])
                with self._wake:
                    self._refine.append((source, time))
        self._keep((id(source), time, level), frame)
        return frame

    def _keep(self, key: _Key, frame: NDArray[Any]) -> None:
        with self._wake:
            if not self._open or key in self._frames:
                return
            self._frames[key] = frame
            self._nbytes += frame.nbytes
            while self._nbytes > self.limit and len(self._frames) > 1:
                _, dropped = self._frames.popitem(last=False)
                self._nbytes -= dropped.nbytes

    @on_main_thread
    def _tell(self, source: FrameSource, time: int) -> None:
        if self._open:
            self.loaded.emit(source, time)

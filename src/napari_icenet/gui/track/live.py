"""Brings a click-tracker's results to the interface's thread, a frame at a time."""

from __future__ import annotations

import time
from typing import Any

from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer, Signal

from napari_icenet.errors import IceNetError
from napari_icenet.gui.widgets.main_thread import on_main_thread
from napari_icenet.jobs.latest import LatestWorker
from napari_icenet.matching.match import CorrelationSurface
from napari_icenet.tracking.click_tracker import ClickTracker
from napari_icenet.tracking.track import Track

#: Repaints lie at least this far apart: faster than a screen is of no use.
FRAME_MS = 16
#: A new date is drawn together with its surface, unless that takes longer.
SURFACE_MS = 40
#: Before a frame is drawn the interface pauses this long at most for a track or surface that is nearly done.
#: Python runs one thread at a time, and drawing takes most of it: unhindered, a chip is followed in 20 ms,
#: beside the drawing in some hundreds.
GIVE_WAY_SECONDS = 0.045


class TrackLive(QObject):
    """Listens to a :class:`ClickTracker`; its own signals arrive on the interface's thread.

    The correlation surface of the selected track at the date shown is computed off that thread:
    with each new track at once, with each new date on a thread of its own.

    Attributes
    ----------
    frame : Signal()
        Something changed since the last frame; at most one every 16 ms, and always one at the end.
    failed : Signal(str, int)
        One sentence, and the track's number (0: none).
    busy_changed : Signal(bool)
    """

    frame = Signal()
    failed = Signal(str, int)
    busy_changed = Signal(bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tracker: ClickTracker | None = None
        self._surface: tuple[Track, int, CorrelationSurface] | None = None
        self._worker = LatestWorker("icenet-surface", lambda _busy: None)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._send_frame)
        self._sent = 0.0

    @property
    def tracker(self) -> ClickTracker | None:
        """Whose results are shown."""
        return self._tracker

    @property
    def waiting(self) -> bool:
        """True if a frame is still to come."""
        return bool(self._timer.isActive())

    def attach(self, tracker: ClickTracker | None) -> None:
        """Listen to another tracker; what the former still computes is kept there, not shown."""
        self._listen(self._tracker, False)
        self._listen(tracker, True)
        self._tracker, self._surface = tracker, None
        self._on_view(None)

    def _listen(self, tracker: ClickTracker | None, on: bool) -> None:
        if tracker is None:
            return
        for signal, slot in (
            (tracker.track_changed, self._on_track),
            (tracker.stable_changed, self._on_change),
            (tracker.track_removed, self._on_change),
            (tracker.selection_changed, self._on_view),
            (tracker.settings_changed, self._on_change),
            (tracker.time_changed, self._on_view),
            (tracker.failed, self._on_failed),
            (tracker.busy_changed, self._on_busy),
        ):
            if on:
                signal.connect(slot)
            else:
                signal.disconnect(slot)

    @on_main_thread
    def touch(self) -> None:
        """Ask for a frame: at once where the last one is long past, but never within the caller."""
        since = 1e3 * (time.monotonic() - self._sent)
        self._start(max(0, round(FRAME_MS - since)))

    @on_main_thread
    def _wait_for_surface(self) -> None:
        self._start(SURFACE_MS)

    def _start(self, delay_ms: int) -> None:
        if not self._timer.isActive() or self._timer.remainingTime() > delay_ms:
            self._timer.start(delay_ms)

    def _send_frame(self) -> None:
        if self._tracker is not None:
            end = time.monotonic() + GIVE_WAY_SECONDS
            self._tracker.wait(GIVE_WAY_SECONDS)
            self._worker.wait(max(0.0, end - time.monotonic()))
        self.frame.emit()
        self._sent = time.monotonic()

    def surface(self, track: Track, time: int) -> CorrelationSurface | None:
        """The latest surface of this track at this date; of a dragged chip perhaps that of its last place.

        A surface is the same at any c, and says itself where it lies.
        """
        if self._surface is None:
            return None
        of, at, found = self._surface
        same = of.settings.model_copy(update={"scale": track.settings.scale}) == track.settings
        return found if of.number == track.number and at == time and same else None

    def close(self) -> None:
        """Stop listening and end the thread."""
        self._listen(self._tracker, False)
        self._tracker = self._surface = None
        self._worker.close()
        if isalive(self._timer):  # type: ignore[no-untyped-call]
            self._timer.stop()

    # From here on: any thread

    def _on_track(self, track: Track) -> None:
        tracker = self._tracker
        if tracker is not None and track.number == tracker.selected:
            self._compute_surface(tracker, track.number)
        self.touch()

    def _on_view(self, _value: Any) -> None:
        tracker = self._tracker
        if tracker is not None and tracker.selected is not None:
            number = tracker.selected

            def job() -> None:
                self._compute_surface(tracker, number)
                self.touch()

            self._worker.submit("surface", job)
            self._wait_for_surface()
        else:
            self.touch()

    def _on_change(self, _value: Any) -> None:
        self.touch()

    def _on_failed(self, sentence: str, number: int) -> None:
        self.failed.emit(sentence, number)

    def _on_busy(self, busy: bool) -> None:
        self.busy_changed.emit(busy)

    def _compute_surface(self, tracker: ClickTracker, number: int) -> None:
        track, time = tracker.tracks.get(number), tracker.time
        if track is None:
            return
        try:
            found = tracker.surface(number, time)
        except (IceNetError, OSError) as error:
            self._surface = None
            self.failed.emit(str(error), number)
            return
        # Another thread may have put a newer track in its place meanwhile: the surface is of neither, then.
        if (
            found is not None
            and tracker.tracks.get(number) is track
            and (tracker, tracker.time) == (self._tracker, time)
        ):
            self._surface = (track, time, found)

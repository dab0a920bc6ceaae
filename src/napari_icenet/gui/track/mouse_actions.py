"""Controller: map mouse events of the tool to calls of the click-tracker (add, select, move, set stable ground)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from psygnal import Signal

from napari_icenet.gui.session.session import Session
from napari_icenet.gui.track.live import TrackLive
from napari_icenet.gui.track.mouse_tool import TrackTool
from napari_icenet.gui.track.picture import chip_at
from napari_icenet.tracking.click_tracker import ClickTracker


class TrackHand:
    """Joins the mouse to the click-tracker of the shown stack.

    Parameters
    ----------
    viewer : napari.Viewer
    session : Session
    live : TrackLive
        Says which tracker is shown, and is asked for frames.
    attempt : callable
        Does what it is given, with its arguments; False, and a message, where that fails.

    Attributes
    ----------
    tool : TrackTool
    armed_changed : Signal()
        The wait for stable ground began or ended.
    """

    armed_changed = Signal()

    def __init__(self, viewer: Any, session: Session, live: TrackLive, attempt: Callable[..., bool]) -> None:
        self._session, self._live, self._attempt = session, live, attempt
        self._armed = False
        self._taken: tuple[int, float, float] | None = None
        self.tool = TrackTool(viewer, self._to_pixel, self._under)
        self.tool.clicked.connect(self._on_click)
        self.tool.dragged.connect(self._on_drag)
        self.tool.dropped.connect(self._on_drop)

    @property
    def armed(self) -> bool:
        """True if the next click sets stable ground."""
        return self._armed

    @armed.setter
    def armed(self, value: bool) -> None:
        if value != self._armed:
            self._armed = value
            self.armed_changed.emit()

    def place(self, number: int) -> tuple[float, float]:
        """Centre of a track's chip on the date shown, (row, col)."""
        tracker = self._tracker
        assert tracker is not None
        mark, track = tracker.marks[number], tracker.tracks.get(number)
        if track is None or tracker.time == mark.time:
            return mark.row, mark.col
        return chip_at(track, tracker.time)

    def close(self) -> None:
        """Put the mouse back as it was."""
        self.tool.enabled = False

    @property
    def _tracker(self) -> ClickTracker | None:
        return self._live.tracker

    def _to_pixel(self, y: float, x: float) -> tuple[float, float]:
        row, col = self._session.world_to_pixel(y, x)
        return float(row), float(col)

    def _under(self, row: float, col: float) -> int | None:
        """Number of the track whose chip lies there; of several the selected one, else the nearest."""
        tracker = self._tracker
        if tracker is None or self._session.unseen:
            return None
        half = tracker.settings.chip / 2
        under = []
        for number in tracker.marks:
            at = self.place(number)
            if max(abs(row - at[0]), abs(col - at[1])) <= half:
                under.append((number != tracker.selected, np.hypot(row - at[0], col - at[1]), number))
        return min(under)[2] if under else None

    def _on_click(self, row: float, col: float, always: bool) -> None:
        tracker = self._tracker
        if tracker is None or not self._attempt(self._session.check_date_seen):
            return
        number, before = None if always else self._under(row, col), tracker.selected
        if self._armed:
            if number is None and not self._attempt(tracker.add, row, col):
                return
            ground = tracker.selected if number is None else number
            self._attempt(tracker.set_stable, ground)
            if before is not None and before != ground:
                tracker.select(before)
            self.armed = False
        elif number is not None:
            tracker.select(number)
        elif self._attempt(tracker.add, row, col) and tracker.selected is not None:
            tracker.prefetch(tracker.selected)

    def _on_drag(self, number: int, drow: float, dcol: float) -> None:
        tracker = self._tracker
        if tracker is None:
            return
        if self._taken is None or self._taken[0] != number:
            self._taken = (number, *self.place(number))
            tracker.select(number)
        _, row, col = self._taken
        self._attempt(tracker.move, number, row + drow, col + dcol, tracker.time)
        self._live.touch()

    def _on_drop(self, number: int) -> None:
        self._taken = None
        if self._tracker is not None:
            self._tracker.finish_move()
            self._tracker.prefetch(number)

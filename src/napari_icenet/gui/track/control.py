"""Joins a window to its click-tracker: the mouse and keys in, layers and signals out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.compat import isalive
from qtpy.QtCore import QObject, Signal

from napari_icenet.common.text import capital
from napari_icenet.errors import IceNetError
from napari_icenet.gui.session.date_axis import seen_sides
from napari_icenet.gui.session.session import Session
from napari_icenet.gui.track import files as track_files
from napari_icenet.gui.track.layers import TrackLayers
from napari_icenet.gui.track.live import TrackLive
from napari_icenet.gui.track.mouse_actions import TrackHand
from napari_icenet.gui.track.picture import picture_now
from napari_icenet.gui.track.series import TrackSeries
from napari_icenet.gui.widgets.dialogs import window_of
from napari_icenet.gui.widgets.shortcuts import KeyList, Shortcuts
from napari_icenet.gui.widgets.throttle import Throttle
from napari_icenet.jobs.progress import Progress
from napari_icenet.predictors.as_templates import template_predictors
from napari_icenet.scenes.align.date_shifts import DateShifts
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.tracking.click_tracker import ClickTracker
from napari_icenet.tracking.settings import TrackSettings, changed
from napari_icenet.tracking.track import Track
from napari_icenet.velocity.date_shifts import measure_shifts

#: Thumbnails and extents wait until nothing has moved for this long.
SETTLE_SECONDS = 0.4


class TrackControl(QObject):
    """Tracking in one window; each stack keeps its own tracks.

    Parameters
    ----------
    viewer : napari.Viewer
    session : Session
    settings : TrackSettings
        To start with; the band is the shown one.

    Attributes
    ----------
    frame : Signal()
        Tracks, selection, settings or date changed; the layers are drawn already.
    tracker_changed : Signal()
        Another stack, or none, is tracked.
    message : Signal(str)
        One sentence for the user; empty takes the last one back.
    mode_changed : Signal()
        Track mode or the wait for stable ground began or ended.
    busy_changed : Signal(bool)
    compare_wanted : Signal()
        What predictors expect of the selected chip is to be shown.
    """

    frame = Signal()
    tracker_changed = Signal()
    message = Signal(str)
    mode_changed = Signal()
    busy_changed = Signal(bool)
    compare_wanted = Signal()

    def __init__(self, viewer: Any, session: Session, settings: TrackSettings) -> None:
        # No Qt parent: threads may still speak to it while the window's widgets are being deleted.
        super().__init__()
        self.viewer, self.session = viewer, session
        self.settings = settings
        self._trackers: dict[SceneStack, ClickTracker] = {}
        self._placed: tuple[ClickTracker, int | None] | None = None
        self._closed = False
        self.live = TrackLive()
        self.live.frame.connect(self._draw)
        self.live.failed.connect(self._on_failed)
        self.live.busy_changed.connect(self.busy_changed)
        self.hand = TrackHand(viewer, session, self.live, self._try)
        self.hand.armed_changed.connect(self.mode_changed.emit)
        self.tool = self.hand.tool
        self.tool.scaled.connect(self.scale_by)
        self.tool.enabled_changed.connect(self._on_mode)
        self.shortcuts = Shortcuts(viewer, self.actions())
        self.layers = TrackLayers(viewer, session.shown_layers)
        self.layers.made.connect(self.shortcuts.bind)
        self._settle = Throttle(self.layers.settle, seconds=SETTLE_SECONDS, every=10**9)
        session.stack_changed.connect(self._on_stack)
        session.stacks_changed.connect(self._on_stacks)
        session.time_changed.connect(self._on_time)
        session.date_seen_changed.connect(self._on_date_seen)
        self._on_stack(session.stack)

    # What is

    @property
    def tracker(self) -> ClickTracker | None:
        """The click-tracker of the shown stack."""
        return self.live.tracker

    def tracker_of(self, stack: SceneStack) -> ClickTracker | None:
        """The click-tracker of any open stack; None where it was not shown yet."""
        return self._trackers.get(stack)

    @property
    def stable_armed(self) -> bool:
        """True if the next click sets stable ground."""
        return self.hand.armed

    def selected_track(self) -> Track | None:
        """The selected track, as far as it is computed."""
        tracker = self.tracker
        return None if tracker is None or tracker.selected is None else tracker.tracks.get(tracker.selected)

    def series(self) -> list[TrackSeries]:
        """All tracks of the shown stack, by number."""
        tracker = self.tracker
        if tracker is None:
            return []
        stack = tracker.stack
        return [TrackSeries(track, stack.times, stack.labels, tracker.ground) for track in tracker.tracks.values()]

    # What is done

    def actions(self) -> dict[str, Callable[[], Any]]:
        """Actions that keys and buttons call, by name."""
        return {
            "toggle": self.toggle,
            "leave": self.leave,
            "stable": self.arm_stable,
            "remove": self.remove,
            "undo": self.undo,
            "redo": self.redo,
            "larger": lambda: self.scale_by(0.1),
            "smaller": lambda: self.scale_by(-0.1),
            "help": self.show_keys,
            "compare": self.compare_wanted.emit,
        }

    def toggle(self) -> None:
        """Track mode on or off."""
        if self.tracker is not None:
            self.tool.enabled = not self.tool.enabled

    def leave(self) -> None:
        """Leave the wait for stable ground, else track mode."""
        if self.hand.armed:
            self.hand.armed = False
        else:
            self.tool.enabled = False

    def arm_stable(self) -> None:
        """The next click sets stable ground; a second call takes that back."""
        if self.tracker is not None:
            self.tool.enabled = True
            self.hand.armed = not self.hand.armed

    def remove(self) -> None:
        """Remove the selected track."""
        tracker = self.tracker
        if tracker is not None and tracker.selected is not None:
            self._try(tracker.remove, tracker.selected)

    def clear(self) -> None:
        """Remove all tracks of this stack."""
        if self.tracker is not None:
            self._try(self.tracker.clear)

    def undo(self) -> None:
        """Take the last step back."""
        if self.tracker is not None:
            self._try(self.tracker.undo)

    def redo(self) -> None:
        """Do again what was undone last."""
        if self.tracker is not None:
            self._try(self.tracker.redo)

    def scale_by(self, step: float) -> None:
        """Change the scale factor c by ``step``, within its limits."""
        tracker = self.tracker
        if tracker is not None:
            self.change(scale=float(np.clip(round(tracker.settings.scale + step, 2), 1.1, 4.0)))

    def change(self, **values: Any) -> bool:
        """Change settings; False, and a message, where they make no sense here."""
        if self.tracker is None:
            self.settings = changed(self.settings, **values)
            return True
        if not self._try(self.tracker.change, **values):
            self.live.touch()  # the form goes back to what holds
            return False
        self.settings = self.tracker.settings
        if "band" in values:
            self.session.band = self.tracker.stack.band(values["band"])
        return True

    def place_one(self, row: float, col: float, time: int) -> bool:
        """Place a chip, or move the one that this placed before; False, and a message, where that fails."""
        tracker = self.tracker
        if tracker is None:
            return False
        if self._placed is not None and self._placed == (tracker, tracker.selected):
            return self._try(tracker.move, tracker.selected, row, col, time)
        if not self._try(tracker.add, row, col, time):
            return False
        self._placed = tracker, tracker.selected
        return True

    def select(self, number: int | None, *, centre: bool = False) -> None:
        """Select a track, and bring its chip to the middle of the picture."""
        tracker = self.tracker
        if tracker is None:
            return
        self._try(tracker.select, number)
        if centre and number is not None:
            y, x = self.session.pixel_to_world(*self.hand.place(number), tracker.stack)
            camera = self.viewer.scene.camera
            camera.center = (*tuple(camera.center)[:-2], *seen_sides(self.viewer, float(y), float(x)))

    def set_stable_mask(self, mask: Any) -> None:
        """Take a mask (y, x), True on ground that does not move, or None for no stable ground."""
        if self.tracker is not None:
            self._try(self.tracker.set_stable, None if mask is None else np.asarray(mask) > 0)

    def coregister(self, wanted: bool) -> None:
        """Measure the shift of each date in the background and take it off the tracks, or leave it in again.

        Stable ground is the mask that is chosen, else what the slow mode of the maps shows.
        """
        tracker = self.tracker
        if tracker is None or not wanted:
            if tracker is not None:
                self._try(tracker.set_shifts, None)
            return
        mask = tracker.stable if isinstance(tracker.stable, np.ndarray) else None

        def measure(progress: Progress) -> DateShifts:
            return measure_shifts(tracker.stack, mask, band=tracker.settings.band, progress=progress)

        def take(shifts: DateShifts) -> None:
            if self._try(tracker.set_shifts, shifts):
                self.message.emit("Shift of " + "; ".join(shifts.lines()) + ".")

        self.session.run("Measuring the shifts of the dates", measure, take)

    def show_keys(self) -> KeyList:
        """Show the list of keys."""
        keys = KeyList(window_of(self.viewer))
        keys.show()
        return keys

    def export(self, path: Path) -> bool:
        """Write the tracks of this stack; False, and a message, where that fails."""
        tracker = self.tracker
        if tracker is None or not self._try(track_files.export, tracker, path):
            return False
        self.message.emit(f"Wrote {len(tracker.tracks)} track{'s' * (len(tracker.tracks) != 1)} to {path.name}.")
        return True

    def reopen(self, path: Path) -> bool:
        """Place the chips of an export again; False, and a message, where that fails."""
        tracker = self.tracker
        if tracker is None or not self._try(track_files.reopen, tracker, path):
            return False
        self.settings = tracker.settings
        self.session.band = tracker.stack.band(tracker.settings.band)
        self.message.emit(f"Placed the chips of {path.name} again.")
        return True

    def close(self) -> None:
        """End all threads and let go of the viewer; may be called twice."""
        if self._closed:
            return
        self._closed = True
        self.session.stack_changed.disconnect(self._on_stack)
        self.session.stacks_changed.disconnect(self._on_stacks)
        self.session.time_changed.disconnect(self._on_time)
        self.session.date_seen_changed.disconnect(self._on_date_seen)
        self.tool.enabled_changed.disconnect(self._on_mode)
        self.live.close()
        for tracker in self._trackers.values():
            tracker.close()
        self._trackers.clear()
        self.layers.close()
        self._settle.stop()
        self.hand.close()
        self.shortcuts.unbind()

    # Drawing

    def _draw(self) -> None:
        if self._closed:
            return
        self.layers.show(None if self.tracker is None else picture_now(self.tracker, self.live.surface))
        self._settle.ask()
        self.frame.emit()

    # What others say

    def _on_mode(self, enabled: bool) -> None:
        if not isalive(self):  # type: ignore[no-untyped-call]
            return  # the window is being taken down
        if not enabled:
            self.hand.armed = False
        self.mode_changed.emit()

    def _on_stack(self, stack: SceneStack | None) -> None:
        tracker = None if stack is None else self._trackers.get(stack)
        if stack is not None and tracker is None:
            settings = changed(self.settings, band=self.session.band)
            tracker = ClickTracker(stack, settings, predictors=template_predictors())
            self._trackers[stack] = tracker
        self.live.attach(tracker)
        if tracker is None:
            self.tool.enabled = False
        else:
            tracker.time = min(self.session.time, stack.shape[0] - 1)  # type: ignore[union-attr]
            self.layers.place(self.session.placement(stack, axes=2))
        self.message.emit("")
        self.tracker_changed.emit()
        self.live.touch()

    def _on_stacks(self) -> None:
        for stack in [s for s in self._trackers if s not in self.session.stacks]:
            tracker = self._trackers.pop(stack)
            if self.tracker is tracker:
                self.layers.forget()
                self.live.attach(None)
            tracker.close()

    def _on_time(self, index: int) -> None:
        if self.tracker is not None and self.session.stack is self.tracker.stack:
            self.tracker.time = index

    def _on_date_seen(self, seen: bool) -> None:
        if seen:
            self.message.emit("")  # that none is seen, is all that was said meanwhile

    def _on_failed(self, sentence: str, number: int) -> None:
        self.message.emit(f"Track {number}: {sentence}" if number else capital(sentence))

    def _try(self, action: Callable[..., Any], *args: Any, **kwargs: Any) -> bool:
        try:
            action(*args, **kwargs)
        except IceNetError as error:
            self.message.emit(capital(str(error)))
            return False
        self.message.emit("")
        return True

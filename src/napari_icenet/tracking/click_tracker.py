"""The click-tracker: chips placed, moved and followed, as a model without any window.

Methods return at once; following runs on threads of the model. Signals of results
(``track_changed``, ``stable_changed``, ``busy_changed``, ``failed``) are emitted on its thread: a
window has to pass them on to its own. All others are emitted by the calling thread.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_icenet.common.described import Described
from napari_icenet.common.settings_model import given_or_default
from napari_icenet.errors import TrackingError, UsageError
from napari_icenet.matching.chips import check_fits, check_inside
from napari_icenet.matching.match import CorrelationSurface
from napari_icenet.matching.pictures import Pictures, TileCache
from napari_icenet.matching.template import Predictor, check_template
from napari_icenet.scenes.align.date_shifts import DateShifts
from napari_icenet.scenes.selection.given import check_stack
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.tracking.background import LiveTracks
from napari_icenet.tracking.plausibility.rock import on_mask_caution
from napari_icenet.tracking.plausibility.track import cautions_ahead, cautions_of
from napari_icenet.tracking.settings import TrackSettings, changed
from napari_icenet.tracking.stable_ground import StableGround, check_mask
from napari_icenet.tracking.track import Track
from napari_icenet.tracking.undo import History, Mark, State, state_from_json, state_to_json


class ClickTracker(Described):
    """Chips on a stack, followed through time as they are placed, moved and set.

    Parameters
    ----------
    stack : SceneStack
    settings : TrackSettings, optional
    predictors : mapping of str to Predictor, optional
        Templates beyond the built-in ones, by the name settings give.
    cache : TileCache, optional
        Shared with other users of the stack's pictures.

    Attributes
    ----------
    track_changed : Signal(Track)
        A track, finished or as far as it has come (``track.complete``).
    track_removed : Signal(int)
    selection_changed : Signal(int or None)
    settings_changed : Signal(TrackSettings)
    stable_changed : Signal(StableGround or None)
    time_changed : Signal(int)
    busy_changed : Signal(bool)
    failed : Signal(str, int)
        One sentence for the user, and the track's number (0: none).
    """

    track_changed = Signal(Track)
    track_removed = Signal(int)
    selection_changed = Signal(object)
    settings_changed = Signal(TrackSettings)
    stable_changed = Signal(object)
    time_changed = Signal(int)
    busy_changed = Signal(bool)
    failed = Signal(str, int)

    def __init__(
        self,
        stack: SceneStack,
        settings: TrackSettings | None = None,
        *,
        predictors: Mapping[str, Predictor] | None = None,
        cache: TileCache | None = None,
    ) -> None:
        check_stack(stack)
        self.stack = stack
        self.predictors = dict(predictors or {})
        self._history = History(State({}, given_or_default(TrackSettings, settings)))
        self._time = 0
        self._live = LiveTracks(
            stack,
            TileCache() if cache is None else cache,
            self.predictors,
            lambda: self._history.state,
            _Emitter(self),
            shown=lambda: self._time,
        )

    def facts(self) -> dict[str, str]:
        """Facts of a tracker: its stack, its chips, and the one that is selected."""
        marks, noun = self.marks, "chip" if len(self.marks) == 1 else "chips"
        return {
            "stack": self.stack.name,
            "chips": f"{len(marks)} {noun} of {self.settings.chip} px",
            "template": self.settings.template,
            "selected": "" if self.selected is None else f"chip {self.selected} selected",
        }

    @property
    def settings(self) -> TrackSettings:
        """Current settings, the same for all tracks."""
        return self._history.state.settings

    @property
    def marks(self) -> dict[int, Mark]:
        """Positions where the chips were placed, by number."""
        return dict(self._history.state.marks)

    @property
    def tracks(self) -> dict[int, Track]:
        """Latest results by number; a track just placed may not be there yet."""
        with self._live.lock:
            return dict(sorted(self._live.tracks.items()))

    @property
    def selected(self) -> int | None:
        """Number of the selected track."""
        return self._history.state.selected

    @property
    def stable(self) -> int | NDArray[np.bool_] | None:
        """Stable ground as it was set: a track's number, a mask, or None."""
        state = self._history.state
        return state.stable if state.mask is None else state.mask

    @property
    def ground(self) -> StableGround | None:
        """Stable ground as measured."""
        return self._live.ground

    @property
    def time(self) -> int:
        """Index of the date shown; new chips are placed there."""
        return self._time

    @time.setter
    def time(self, value: int) -> None:
        value = self.stack.time_index(int(value))
        if value != self._time:
            self._time = value
            self.time_changed.emit(value)

    @property
    def busy(self) -> bool:
        """True if something is being computed or waits for it."""
        return self._live.worker.busy

    @property
    def can_undo(self) -> bool:
        """Whether :meth:`undo` does anything."""
        return self._history.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether :meth:`redo` does anything."""
        return self._history.can_redo

    def cautions(self) -> list[str]:
        """What cannot be right about the tracks, each kind once, as far as it is known."""
        found = {}
        for number, track in self.tracks.items():
            mask = self._history.state.mask
            on_mask = None if mask is None else on_mask_caution(track, mask)
            found[number] = [*self._live.cautions.get(number, ()), *([] if on_mask is None else [on_mask])]
        return [caution.sentence for caution in cautions_ahead(self.stack, self.settings)] + cautions_of(found)

    def pictures(self) -> Pictures:
        """Plain pictures of the settings' band, cached."""
        return self._live.pictures(self.settings.band)

    def surface(self, number: int, time: int | None = None) -> CorrelationSurface | None:
        """Correlation surface of a track on a date (default: the one shown); None if not computed yet.

        And None of a chip that cannot be followed at all: there is nothing to search for.
        """
        track = self.tracks.get(number)
        if track is None or not track.observations[track.origin_time].valid:
            return None
        return self._live.surface(track, self._time if time is None else time)

    def add(self, row: float, col: float, time: int | None = None) -> int:
        """Place a chip, select it and follow it.

        Returns
        -------
        int
            Number of the new track.

        Raises
        ------
        TrackingError, UsageError
            The chip cannot be placed there; nothing changes.
        """
        mark = Mark(float(row), float(col), self._time if time is None else self.stack.time_index(time))
        self._check(self.settings)
        check_inside(row, col, self.settings.chip, self.stack.grid.shape)
        state = self._history.state
        number = state.next_number
        marks = {**state.marks, number: mark}
        self._step(replace(state, marks=marks, selected=number, next_number=number + 1))
        return number

    def move(self, number: int, row: float, col: float, time: int | None = None) -> None:
        """Move a chip to another place, and date if given; it is kept inside the frame.

        Moves of one chip in a row are one step for :meth:`undo` until :meth:`finish_move`.
        """
        mark = self._mark(number)
        half = self.settings.chip // 2
        height, width = self.stack.grid.shape
        row = float(np.clip(row, half, height - half))
        col = float(np.clip(col, half, width - half))
        moved = Mark(row, col, mark.time if time is None else self.stack.time_index(time))
        if moved != mark:
            state = self._history.state
            self._step(replace(state, marks={**state.marks, number: moved}), merge=("move", number))

    def finish_move(self) -> None:
        """The chip, or the slider, was let go: the next change is a step of its own for :meth:`undo`."""
        self._history.finish()

    def remove(self, number: int) -> None:
        """Remove a track."""
        self._mark(number)
        state = self._history.state
        marks = {n: mark for n, mark in state.marks.items() if n != number}
        selected = max(marks, default=None) if state.selected == number else state.selected
        stable = None if state.stable == number else state.stable
        self._step(replace(state, marks=marks, selected=selected, stable=stable))

    def clear(self) -> None:
        """Remove all tracks."""
        if self._history.state.marks:
            self._step(replace(self._history.state, marks={}, selected=None, stable=None))

    def select(self, number: int | None) -> None:
        """Select a track; not a step for :meth:`undo`."""
        if number is not None:
            self._mark(number)
        if number != self.selected:
            self._history.replace(replace(self._history.state, selected=number))
            self.selection_changed.emit(number)

    def change(self, **values: Any) -> None:
        """Change settings; all tracks are followed anew.

        Changes of the same setting in a row are one step for :meth:`undo` until :meth:`finish_move`.

        Raises
        ------
        UsageError, TrackingError
            A value does not make sense, or a chip no longer fits; nothing changes.
        """
        settings = changed(self.settings, **values)
        if settings == self.settings:
            return
        self._check(settings)
        self._check_marks(self.marks, settings)
        self._step(replace(self._history.state, settings=settings), merge=("settings", *sorted(values)))

    def set_stable(self, ground: int | NDArray[np.bool_] | None) -> None:
        """Say what does not move: a track by number, a mask (y, x) that is True there, or nothing.

        Raises
        ------
        TrackingError, UsageError
            The mask has not the frame's shape, or there is no such track.
        """
        state = self._history.state
        if isinstance(ground, np.ndarray):
            check_mask(ground, self.stack.grid.shape)
            self._step(replace(state, stable=None, mask=ground.astype(bool)))
            return
        if ground is not None:
            self._mark(ground)
        self._step(replace(state, stable=ground, mask=None))

    def set_shifts(self, shifts: DateShifts | None) -> None:
        """Take the shifts of the dates for known, or for not known; all tracks are followed anew.

        They are kept with the stack; not a step for :meth:`undo`.

        Raises
        ------
        UsageError
            They are of other dates.
        """
        if shifts is not None:
            shifts.check(self.stack.labels, self.stack.name)
        if shifts is self.stack.shifts:
            return
        self.stack.shifts = shifts
        state = self._history.state
        for number, mark in state.marks.items():
            self._live.follow(number, mark, state.settings, first=number == state.selected)
        if state.mask is not None:
            self._live.measure_ground(self._time)

    def prefetch(self, number: int) -> None:
        """Read the surroundings of a chip on all dates in the background, so that dragging reads no files."""
        self._live.prefetch(number, self._mark(number), self.settings)

    def undo(self) -> None:
        """Take the last step back."""
        old = self._history.state
        self._apply(old, self._history.undo())

    def redo(self) -> None:
        """Do again what was undone last."""
        old = self._history.state
        self._apply(old, self._history.redo())

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until all is computed; False if that took longer than ``timeout`` seconds."""
        return self._live.worker.wait(timeout)

    def close(self) -> None:
        """Stop computing and end the threads. The model cannot be used any more."""
        self._live.close()

    def to_json(self) -> str:
        """Chips, settings, selection and stable track as JSON (a mask of stable ground is not kept)."""
        return state_to_json(self._history.state, self.stack, self._time)

    def from_json(self, text: str) -> None:
        """Put the chips of :meth:`to_json` back; one step for :meth:`undo`.

        Raises
        ------
        UsageError, TrackingError
            The text is not such a state, or does not fit this stack; nothing changes.
        """
        state, time = state_from_json(text, self.stack)
        self._check(state.settings)
        self._check_marks(state.marks, state.settings)
        self._step(state)
        self.time = time

    def _mark(self, number: int) -> Mark:
        mark = self._history.state.marks.get(number)
        if mark is None:
            raise UsageError(f"there is no track {number}.")
        return mark

    def _check(self, settings: TrackSettings) -> None:
        self.stack.band(settings.band)
        check_template(settings.template, self.predictors.get(settings.template), self.predictors)
        if len(self.stack.scenes) < 2:
            raise TrackingError(f"{self.stack.name} has only one scene; following ice needs at least two dates.")
        check_fits(settings.chip, settings.scale, settings.search, self.stack.grid.shape)

    def _check_marks(self, marks: Mapping[int, Mark], settings: TrackSettings) -> None:
        for mark in marks.values():
            check_inside(mark.row, mark.col, settings.chip, self.stack.grid.shape)

    def _step(self, state: State, *, merge: object = None) -> None:
        old = self._history.state
        self._history.step(state, merge)
        self._apply(old, state)

    def _apply(self, old: State, state: State) -> None:
        """Tell of what changed, and ask for what has to be computed."""
        anew = state.settings != old.settings
        for number in [n for n in old.marks if n not in state.marks]:
            self._live.forget(number)
            self.track_removed.emit(number)
        if anew:
            self.settings_changed.emit(state.settings)
        for number, mark in state.marks.items():
            if anew or old.marks.get(number) != mark:
                self._live.follow(number, mark, state.settings, first=number == state.selected)
        if state.selected != old.selected:
            self.selection_changed.emit(state.selected)
        if state.stable != old.stable or state.mask is not old.mask or (anew and state.mask is not None):
            self._live.measure_ground(self._time)


class _Emitter:
    """Passes results on as the model's signals."""

    def __init__(self, model: ClickTracker) -> None:
        self._model = model

    def track_made(self, track: Track) -> None:
        self._model.track_changed.emit(track)

    def ground_made(self, ground: StableGround | None) -> None:
        self._model.stable_changed.emit(ground)

    def problem(self, message: str, number: int) -> None:
        self._model.failed.emit(message, number)

    def busy(self, value: bool) -> None:
        self._model.busy_changed.emit(value)

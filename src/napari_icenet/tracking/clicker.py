"""The click-tracker: chips placed, moved and followed, as a model without any window.

All methods return at once; following runs on one thread of the model. Signals of results
(``track_changed``, ``stable_changed``, ``busy_changed``, ``failed``) are emitted on that thread:
a window has to pass them on to its own. All others are emitted by the calling thread.
"""

from __future__ import annotations

import json
import threading
import time as clock
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_icenet.errors import IceNetError, TrackingError, UsageError
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.tracking import stable as stable_ground
from napari_icenet.tracking.chips import check_fits, check_inside
from napari_icenet.tracking.follow import follow, prefetch, surface, unfollowed
from napari_icenet.tracking.match import CorrelationSurface
from napari_icenet.tracking.pictures import Pictures, TileCache
from napari_icenet.tracking.settings import TrackSettings, changed, make_settings
from napari_icenet.tracking.stable import StableGround
from napari_icenet.tracking.templates import Predictor, check_template
from napari_icenet.tracking.track import Track
from napari_icenet.tracking.worker import LatestWorker

#: A track that takes longer is shown as far as it has come, this often.
PARTIAL_SECONDS = 0.04
#: A run that takes longer gives way to a newer request for the same chip.
PATIENCE_SECONDS = 0.1
#: Finished tracks kept, so that undo shows them at once.
KEPT = 64


@dataclass(frozen=True)
class Mark:
    """Where a chip was placed: position in pixels and index of the date."""

    row: float
    col: float
    time: int


@dataclass(frozen=True)
class _State:
    marks: Mapping[int, Mark]
    settings: TrackSettings
    selected: int | None = None
    stable: int | None = None
    mask: NDArray[np.bool_] | None = None
    next_number: int = 1


class ClickTracker:
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
        self.stack = stack
        self.predictors = dict(predictors or {})
        self._cache = TileCache() if cache is None else cache
        self._state = _State({}, settings or TrackSettings())
        self._past: list[_State] = []
        self._future: list[_State] = []
        self._merge: object = None
        self._time = 0
        self._tracks: dict[int, Track] = {}
        self._finished: OrderedDict[tuple[Mark, TrackSettings], Track] = OrderedDict()
        self._ground: StableGround | None = None
        self._revision = 0
        self._wanted: dict[int, int] = {}
        self._lock = threading.RLock()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="icenet-match")
        self._worker = LatestWorker("icenet-tracking", self.busy_changed.emit)

    # ------------------------------------------------------------------ what is

    @property
    def settings(self) -> TrackSettings:
        """Current settings, the same for all tracks."""
        return self._state.settings

    @property
    def marks(self) -> dict[int, Mark]:
        """Where the chips were placed, by number."""
        return dict(self._state.marks)

    @property
    def tracks(self) -> dict[int, Track]:
        """Latest results by number; a track just placed may not be there yet."""
        with self._lock:
            return dict(sorted(self._tracks.items()))

    @property
    def selected(self) -> int | None:
        """Number of the selected track."""
        return self._state.selected

    @property
    def stable(self) -> int | NDArray[np.bool_] | None:
        """What was set as stable ground: a track's number, a mask, or None."""
        return self._state.stable if self._state.mask is None else self._state.mask

    @property
    def ground(self) -> StableGround | None:
        """Measured stable ground."""
        return self._ground

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
        """Whether something is being computed or waits for it."""
        return self._worker.busy

    @property
    def can_undo(self) -> bool:
        """Whether :meth:`undo` does anything."""
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        """Whether :meth:`redo` does anything."""
        return bool(self._future)

    def pictures(self) -> Pictures:
        """Plain pictures of the settings' band, cached."""
        return Pictures(self.stack, self.settings.band, cache=self._cache)

    def surface(self, number: int, time: int | None = None) -> CorrelationSurface | None:
        """Correlation surface of a track on a date (default: the one shown); None if not computed yet."""
        track = self.tracks.get(number)
        if track is None:
            return None
        pictures = Pictures(self.stack, track.settings.band, cache=self._cache)
        predictor = self.predictors.get(track.settings.template)
        return surface(pictures, track, self._time if time is None else time, predictor=predictor)

    # ------------------------------------------------------------- what is done

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
        number = self._state.next_number
        marks = {**self._state.marks, number: mark}
        self._change(replace(self._state, marks=marks, selected=number, next_number=number + 1))
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
            self._change(replace(self._state, marks={**self._state.marks, number: moved}), merge=("move", number))

    def finish_move(self) -> None:
        """The chip was let go: the next move, or change of settings, is a step of its own for undo."""
        self._merge = None

    def remove(self, number: int) -> None:
        """Remove a track."""
        self._mark(number)
        marks = {n: mark for n, mark in self._state.marks.items() if n != number}
        selected = self._state.selected
        if selected == number:
            selected = max(marks, default=None)
        stable = None if self._state.stable == number else self._state.stable
        self._change(replace(self._state, marks=marks, selected=selected, stable=stable))

    def clear(self) -> None:
        """Remove all tracks."""
        if self._state.marks:
            self._change(replace(self._state, marks={}, selected=None, stable=None))

    def select(self, number: int | None) -> None:
        """Select a track; not a step for undo."""
        if number is not None:
            self._mark(number)
        if number != self._state.selected:
            self._state = replace(self._state, selected=number)
            self.selection_changed.emit(number)

    def change(self, **values: Any) -> None:
        """Change settings; all tracks are followed anew.

        Raises
        ------
        UsageError
            A value does not make sense, or a chip no longer fits; nothing changes.
        """
        settings = changed(self.settings, **values)
        if settings == self.settings:
            return
        self._check(settings)
        for mark in self._state.marks.values():
            check_inside(mark.row, mark.col, settings.chip, self.stack.grid.shape)
        self._change(replace(self._state, settings=settings), merge=("settings", *sorted(values)))

    def set_stable(self, ground: int | NDArray[np.bool_] | None) -> None:
        """Say what does not move: a track by number, a mask (y, x) that is True there, or nothing."""
        if isinstance(ground, np.ndarray):
            if ground.shape != self.stack.grid.shape:
                height, width = self.stack.grid.shape
                raise TrackingError(
                    f"the mask of stable ground has {' × '.join(map(str, ground.shape))} px; "
                    f"the frame has {height} × {width} px."
                )
            self._change(replace(self._state, stable=None, mask=ground.astype(bool)))
            return
        if ground is not None:
            self._mark(ground)
        self._change(replace(self._state, stable=ground, mask=None))

    def undo(self) -> None:
        """Take the last step back."""
        if self._past:
            self._future.append(self._state)
            self._restore(self._past.pop())

    def redo(self) -> None:
        """Do again what was undone last."""
        if self._future:
            self._past.append(self._state)
            self._restore(self._future.pop())

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until all is computed; False if that took longer than ``timeout`` seconds."""
        return self._worker.wait(timeout)

    def close(self) -> None:
        """Stop computing and end the threads. The model cannot be used any more."""
        with self._lock:
            self._revision += 1
            self._wanted.clear()
        self._worker.close()
        self._pool.shutdown()

    # --------------------------------------------------------------- reopening

    def to_json(self) -> str:
        """Chips, settings, selection and stable track as JSON (a mask of stable ground is not kept)."""
        labels = self.stack.labels
        return json.dumps(
            {
                "settings": self.settings.model_dump(),
                "chips": [
                    {"track": n, "row": m.row, "col": m.col, "date": labels[m.time]}
                    for n, m in self._state.marks.items()
                ],
                "selected": self.selected,
                "stable": self._state.stable,
                "date": labels[self._time],
            }
        )

    def from_json(self, text: str) -> None:
        """Put the chips of :meth:`to_json` back; one step for undo.

        Raises
        ------
        UsageError
            The text is not such a state, or does not fit this stack; nothing changes.
        """
        try:
            data = json.loads(text)
            settings = make_settings(**data["settings"])
            marks = {
                int(c["track"]): Mark(float(c["row"]), float(c["col"]), self.stack.time_index(str(c["date"])))
                for c in data["chips"]
            }
            selected, stable, date = data["selected"], data["stable"], str(data["date"])
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(f"the saved chips cannot be read ({error}); save them again.") from error
        self._check(settings)
        for mark in marks.values():
            check_inside(mark.row, mark.col, settings.chip, self.stack.grid.shape)
        self._change(
            _State(
                marks,
                settings,
                selected if selected in marks else None,
                stable if stable in marks else None,
                None,
                max(marks, default=0) + 1,
            )
        )
        self.time = self.stack.time_index(date)

    # ------------------------------------------------------------------ inside

    def _mark(self, number: int) -> Mark:
        mark = self._state.marks.get(number)
        if mark is None:
            raise UsageError(f"there is no track {number}.")
        return mark

    def _check(self, settings: TrackSettings) -> None:
        self.stack.band(settings.band)
        check_template(settings.template, self.predictors.get(settings.template))
        check_fits(settings, self.stack.grid.shape)
        if len(self.stack.scenes) < 2:
            raise TrackingError(f"{self.stack.name} has only one scene; following ice needs at least two dates.")

    def _change(self, state: _State, *, merge: object = None) -> None:
        if merge is None or merge != self._merge:
            self._past.append(self._state)
        self._merge = merge
        self._future.clear()
        self._apply(state)

    def _restore(self, state: _State) -> None:
        self._merge = None
        self._apply(state)

    def _apply(self, state: _State) -> None:
        old, self._state = self._state, state
        anew = state.settings != old.settings
        removed = [n for n in old.marks if n not in state.marks]
        with self._lock:
            for number in removed:
                self._wanted.pop(number, None)
                self._tracks.pop(number, None)
        for number in removed:
            self._worker.drop(number)
            self.track_removed.emit(number)
        if anew:
            self.settings_changed.emit(state.settings)
        for number, mark in state.marks.items():
            if anew or old.marks.get(number) != mark:
                self._request(number, mark, first=number == state.selected)
        if state.selected != old.selected:
            self.selection_changed.emit(state.selected)
        if state.stable != old.stable or state.mask is not old.mask or (anew and state.mask is not None):
            self._worker.submit("stable", self._measure_ground)

    def _request(self, number: int, mark: Mark, *, first: bool) -> None:
        with self._lock:
            self._revision += 1
            revision = self._wanted[number] = self._revision
        settings = self._state.settings
        self._worker.submit(number, lambda: self._follow(number, mark, settings, revision), first=first)

    def _follow(self, number: int, mark: Mark, settings: TrackSettings, revision: int) -> None:
        started = shown = clock.monotonic()

        def outdated() -> bool:
            # An older place of a dragged chip may still be shown, an older setting or a removed chip never.
            if number not in self._wanted or settings != self._state.settings:
                return True
            return self._wanted[number] != revision and clock.monotonic() - started > PATIENCE_SECONDS

        def show(track: Track) -> None:
            nonlocal shown
            if clock.monotonic() - shown > PARTIAL_SECONDS and not track.complete:
                shown = clock.monotonic()
                self._publish(track, outdated)

        if outdated():
            return
        key = (mark, settings)
        track = self._finished.get(key)
        if track is None:
            pictures = Pictures(self.stack, settings.band, cache=self._cache)
            try:
                track = follow(
                    pictures,
                    mark.row,
                    mark.col,
                    mark.time,
                    settings,
                    number=number,
                    predictor=self.predictors.get(settings.template),
                    pool=self._pool,
                    on_fix=show,
                    cancelled=outdated,
                )
            except (IceNetError, OSError) as error:
                track = unfollowed(pictures, mark.row, mark.col, mark.time, settings, number)
                self._publish(track, outdated)
                self.failed.emit(str(error), number)
                return
            if not track.complete:
                return
            self._finished[key] = track
            while len(self._finished) > KEPT:
                self._finished.popitem(last=False)
        self._publish(replace(track, number=number), outdated)
        if self._state.stable == number:
            self._measure_ground()

    def _publish(self, track: Track, outdated: Callable[[], bool]) -> None:
        with self._lock:
            if outdated():
                return
            self._tracks[track.number] = track
        self.track_changed.emit(track)

    def _measure_ground(self) -> None:
        state = self._state
        if state.mask is not None:
            pictures = Pictures(self.stack, state.settings.band, cache=self._cache)
            try:
                ground = stable_ground.from_mask(
                    pictures,
                    state.mask,
                    self._time,
                    state.settings,
                    pool=self._pool,
                    cancelled=lambda: self._state.mask is not state.mask,
                )
            except (IceNetError, OSError) as error:
                self._ground = None
                self.stable_changed.emit(None)
                self.failed.emit(str(error), 0)
                return
        elif state.stable is not None:
            track = self._tracks.get(state.stable)
            if track is None or not track.complete:
                return
            ground = stable_ground.from_tracks((track,))
        else:
            ground = None
        if self._state.mask is state.mask and self._state.stable == state.stable:
            self._ground = ground
            self.stable_changed.emit(ground)

    def prefetch(self, number: int) -> None:
        """Read the surroundings of a chip on all dates in the background, so that dragging reads no files."""
        mark, settings = self._mark(number), self.settings
        pictures = Pictures(self.stack, settings.band, cache=self._cache)

        def job() -> None:
            try:
                prefetch(pictures, mark.row, mark.col, settings)
            except (IceNetError, OSError) as error:
                self.failed.emit(str(error), number)

        self._worker.submit("prefetch", job)

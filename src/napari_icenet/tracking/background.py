"""Follow chips in the background: the newest request counts, results appear as they come."""

from __future__ import annotations

import threading
import time as clock
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Protocol

from napari_icenet.errors import Cancelled, IceNetError
from napari_icenet.jobs.latest import LatestWorker
from napari_icenet.matching.match import CorrelationSurface
from napari_icenet.matching.pictures import Pictures, TileCache
from napari_icenet.matching.template import Predictor
from napari_icenet.scenes.align.date_shifts import DateShifts
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.tracking import stable_ground
from napari_icenet.tracking.caution import Caution
from napari_icenet.tracking.follow import follow, prefetch, surface, unfollowed
from napari_icenet.tracking.observation import Observation
from napari_icenet.tracking.plausibility.track import with_cautions
from napari_icenet.tracking.settings import TrackSettings
from napari_icenet.tracking.stable_ground import StableGround
from napari_icenet.tracking.track import Track
from napari_icenet.tracking.undo import Mark, State

#: A track that takes longer is shown as far as it has come, this often.
PARTIAL_SECONDS = 0.1
#: A run that takes longer gives way to a newer request for the same chip.
PATIENCE_SECONDS = 1.0
#: Finished tracks kept, so that undo shows them at once.
KEPT = 64


class Listener(Protocol):
    """Receiver of results, called on the thread that makes them."""

    def track_made(self, track: Track) -> None:
        """A track, finished or as far as it has come."""
        ...

    def ground_made(self, ground: StableGround | None) -> None:
        """Stable ground was measured, or there is none any more."""
        ...

    def problem(self, message: str, number: int) -> None:
        """Something failed; ``number`` is the track's, or 0."""
        ...

    def busy(self, value: bool) -> None:
        """Work began or ended."""
        ...


class LiveTracks:
    """Computes the tracks of a state on one thread, and begins each next search on a second.

    Parameters
    ----------
    stack : SceneStack
    cache : TileCache
    predictors : mapping of str to Predictor
    state : callable
        Gives the current state; results that no longer fit it are dropped.
    listener : Listener
    shown : callable
        Gives the date whose correlation surfaces are kept.
    """

    def __init__(
        self,
        stack: SceneStack,
        cache: TileCache,
        predictors: Mapping[str, Predictor],
        state: Callable[[], State],
        listener: Listener,
        *,
        shown: Callable[[], int],
    ) -> None:
        self._stack, self._cache, self._predictors = stack, cache, predictors
        self._state, self._listener, self._shown = state, listener, shown
        self.tracks: dict[int, Track] = {}
        self.ground: StableGround | None = None
        self.lock = threading.RLock()
        self._surfaces: dict[int, tuple[Observation, CorrelationSurface]] = {}
        #: What cannot be right about each track, as far as it is known: an older place's until that of a newer one is.
        self.cautions: dict[int, tuple[Caution, ...]] = {}
        self._judged: dict[int, Track] = {}
        self._finished: OrderedDict[tuple[Mark, TrackSettings, DateShifts | None], Track] = OrderedDict()
        self._wanted: dict[int, int] = {}
        self._revision = 0
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="icenet-match")
        self.worker = LatestWorker("icenet-tracking", listener.busy)

    def pictures(self, band: str | int) -> Pictures:
        """Plain pictures of a band, on the shared cache."""
        return Pictures(self._stack, band, cache=self._cache)

    def surface(self, track: Track, time: int) -> CorrelationSurface:
        """Correlation surface of a track on a date: as its match has left it, else worked out."""
        fix, kept = self._surfaces.get(track.number, (None, None))
        if kept is not None and fix is track.observations[time]:
            return kept
        predictor = self._predictors.get(track.settings.template)
        return surface(self.pictures(track.settings.band), track, time, predictor=predictor)

    def follow(self, number: int, mark: Mark, settings: TrackSettings, *, first: bool) -> None:
        """Ask for a track; an older request for the same number is dropped."""
        with self.lock:
            self._revision += 1
            revision = self._wanted[number] = self._revision
        self.worker.submit(number, lambda: self._follow(number, mark, settings, revision), first=first)

    def forget(self, number: int) -> None:
        """A track was removed."""
        with self.lock:
            self._wanted.pop(number, None)
            self.tracks.pop(number, None)
            for kept in (self._surfaces, self.cautions, self._judged):
                kept.pop(number, None)
        self.worker.drop(number)

    def measure_ground(self, time: int) -> None:
        """Ask for stable ground as the state has it; a mask's chips are placed on the date ``time``."""
        self.worker.submit("stable", lambda: self._measure_ground(time))

    def prefetch(self, number: int, mark: Mark, settings: TrackSettings) -> None:
        """Read the surroundings of a chip on all dates, so that dragging reads no files."""
        pictures = self.pictures(settings.band)

        def job() -> None:
            try:
                prefetch(pictures, mark.row, mark.col, settings, cancelled=lambda: self.worker.pending)
            except (IceNetError, OSError) as error:
                self._listener.problem(str(error), number)

        self.worker.submit("prefetch", job)

    def close(self) -> None:
        """Stop computing and end the threads."""
        with self.lock:
            self._wanted.clear()
        self.worker.close()
        self._pool.shutdown()

    def _outdated(self, number: int, settings: TrackSettings, revision: int, started: float) -> bool:
        # An older place of a dragged chip may still be shown, and an older c; another setting or a removed chip never.
        now = self._state().settings
        if number not in self._wanted or settings.model_copy(update={"scale": now.scale}) != now:
            return True
        return self._wanted[number] != revision and clock.monotonic() - started > PATIENCE_SECONDS

    def _follow(self, number: int, mark: Mark, settings: TrackSettings, revision: int) -> None:
        started = shown = clock.monotonic()

        def outdated() -> bool:
            return self._outdated(number, settings, revision, started)

        def show(track: Track) -> None:
            nonlocal shown
            if clock.monotonic() - shown > PARTIAL_SECONDS and not track.complete:
                shown = clock.monotonic()
                self._publish(track, outdated)

        def keep(fix: Observation, found: CorrelationSurface) -> None:
            if fix.time == self._shown():
                self._surfaces[number] = fix, found

        if outdated():
            return
        key = (mark, settings, self._stack.shifts)
        track = self._finished.get(key)
        if track is None:
            pictures = self.pictures(settings.band)
            predictor = self._predictors.get(settings.template)
            try:
                track = follow(
                    pictures, mark.row, mark.col, mark.time, settings,
                    number=number, predictor=predictor, pool=self._pool, on_fix=show, on_surface=keep,
                    cancelled=outdated, cautions=False,
                )  # fmt: skip
            except (IceNetError, OSError) as error:
                self._publish(unfollowed(pictures, mark.row, mark.col, mark.time, settings, number=number), outdated)
                self._listener.problem(str(error), number)
                return
            if not track.complete:
                return
            self._finished[mark, settings, track.shifts] = track
            while len(self._finished) > KEPT:
                self._finished.popitem(last=False)
        self._publish(replace(track, number=number), outdated)
        self.worker.submit_idle("cautions", self._judge)
        if self._state().stable == number:
            self._measure_ground(mark.time)

    def _judge(self) -> None:
        """Look for what cannot be right about tracks that have changed, as long as nothing else is asked for."""
        for number, track in list(self.tracks.items()):
            if not track.complete or self._judged.get(number) is track:
                continue
            pictures = self.pictures(track.settings.band)
            try:
                judged = with_cautions(track, pictures, cancelled=lambda: self.worker.pending)
            except Cancelled:
                self.worker.submit_idle("cautions", self._judge)
                return
            with self.lock:
                if self.tracks.get(number) is not track:
                    continue
                self.tracks[number] = self._judged[number] = judged
                known, self.cautions[number] = self.cautions.get(number, ()), judged.cautions
            if judged.cautions != known:
                self._listener.track_made(judged)

    def _publish(self, track: Track, outdated: Callable[[], bool]) -> None:
        with self.lock:
            if outdated():
                return
            self.tracks[track.number] = track
        self._listener.track_made(track)

    def _measure_ground(self, time: int) -> None:
        state = self._state()

        def outdated() -> bool:
            now = self._state()
            return now.mask is not state.mask or now.stable != state.stable or now.settings != state.settings

        ground: StableGround | None = None
        if state.mask is not None:
            try:
                ground = stable_ground.from_mask(
                    self.pictures(state.settings.band), state.mask, time, state.settings,
                    pool=self._pool, cancelled=outdated,
                )  # fmt: skip
            except (IceNetError, OSError) as error:
                self._listener.problem(str(error), 0)
        elif state.stable is not None:
            track = self.tracks.get(state.stable)
            if track is None or not track.complete:
                # Following it is under way and measures the ground when done.
                return
            ground = stable_ground.from_tracks((track,))
        if not outdated():
            self.ground = ground
            self._listener.ground_made(ground)

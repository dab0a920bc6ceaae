"""Scheduler of correlation maps: shares out the work on one map at a time, and gathers what comes back."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

from napari_icenet.errors import IceNetError, TrackingError, UsageError
from napari_icenet.evaluation.correlation_map.maps import CorrelationMaps
from napari_icenet.evaluation.correlation_map.run import MapRun, TrackCache, on_graphics
from napari_icenet.evaluation.correlation_map.tasks import Follow, Job, Prepare, Score
from napari_icenet.evaluation.correlation_map.worker import sentence_of
from napari_icenet.jobs.pool_worker import PoolWorker, Task
from napari_icenet.jobs.worker_pool import IDLE_SECONDS, WorkerPool
from napari_icenet.jobs.worker_process import ONE_THREAD

#: What the processes of maps call.
WORK = "napari_icenet.evaluation.correlation_map.worker"
#: Maps are shown this many seconds apart at least; and apart by this many times what showing them takes.
_PAUSE, _EASE = 0.1, 4


class Listener(Protocol):
    """Receiver of results, called on the pool's thread."""

    def shown(self, maps: CorrelationMaps) -> None:
        """Maps as far as they are done."""

    def said(self, share: float, text: str) -> None:
        """Receive the share of the work that is done, and what is being done."""

    def stopped(self, number: int, error: IceNetError | None) -> None:
        """A run has ended: done, or for an error."""


class Scheduler:
    """Runs one map at a time on a pool of processes.

    Its methods are for the pool's thread: ``scheduler.pool.call(lambda: scheduler.begin(…))``.

    Parameters
    ----------
    size : int
        Processes.
    listener : Listener
    """

    def __init__(self, size: int, listener: Listener) -> None:
        self.pool = WorkerPool(
            size, choose=self._choose, settled=self._look, lost=self._lose, died=map_process_died,
            setup=f"{WORK}:set_up", environment=ONE_THREAD, idle_seconds=IDLE_SECONDS,
        )  # fmt: skip
        self._listener = listener
        self._known: TrackCache | None = None
        self._run: MapRun | None = None
        self._ready: MapRun | None = None
        self._next_show, self._fresh, self._waking = 0.0, False, False

    def known(self, stack: Any) -> TrackCache:
        """Cache of a stack's tracks; that of another is forgotten."""
        if self._known is None or self._known.stack is not stack:
            self._known = TrackCache(stack)
        return self._known

    def begin(self, number: int, make: Callable[[], MapRun]) -> None:
        """Work on a map instead of what was worked on."""
        self.stop(number - 1)
        try:
            self._run = run = make()
        except (IceNetError, MemoryError, OSError) as error:
            self._listener.stopped(number, sentence_of(error))
            return
        self._next_show, self._fresh = 0.0, True
        self._give_back(run)
        self.pool.start()
        self._listener.said(run.share, "Getting ready")

    def get_ready(self, make: Callable[[], MapRun]) -> None:
        """Start processes and load what a map will need."""
        self.pool.start()
        if self._run is None:
            try:
                self._ready = make()
            except IceNetError:
                self._ready = None  # it will be told when the map is asked for

    def stop(self, number: int) -> None:
        """Drop runs up to a number; what is done of them is shown, and their processes give up."""
        if self._run is not None and self._run.number <= number:
            self._show(self._run)
            self._run = None
            self.pool.stop()

    def _give_back(self, run: MapRun) -> None:
        """End processes whose networks lie on a graphics processor that is not used any more: it has their memory."""
        for worker in tuple(self.pool.workers):
            held = worker.given("networks")
            if held is not None and on_graphics(held.device) and held.device != run.spec.predictor_set.device:
                self.pool.end(worker)

    def _choose(self, worker: PoolWorker) -> Task | None:
        """Choose what a free process does next."""
        run = self._run or self._ready
        if run is None:
            return None
        networks = worker is self.pool.workers[0] or not run.apart
        job: Job | None = None if run is not self._run else run.next_job(networks=networks)
        predictor_set = run.spec.predictor_set
        if job is None and worker.given("networks") is not predictor_set:
            job = Prepare(run.learned if networks else ())
        if job is None:
            return None
        items = {"stack": run.stack, "spec": run.spec}
        if isinstance(job, Prepare) or (isinstance(job, Score) and set(run.learned) <= set(job.entries)):
            items["networks"] = predictor_set  # they are loaded for it
        return Task(
            f"{WORK}:do", (job,), items,
            progress=lambda share, text: self._progress(run, job, share, text),
            done=lambda result: self._done(run, job, result),
            failed=lambda error: self._fail(run, error),
        )  # fmt: skip

    def _progress(self, run: MapRun, job: Job, share: float, text: str) -> None:
        if run is self._run:
            run.told(job, share)
            self._listener.said(run.share, f"Following the ice: {text}")

    def _done(self, run: MapRun, job: Job, result: object) -> None:
        if run is self._run:
            run.done(job, result)
            self._fresh = True
            self._listener.said(run.share, _words(run, job))

    def _lose(self, error: Exception) -> None:
        if self._run is not None:
            self._fail(self._run, error)

    def _fail(self, run: MapRun, error: Exception) -> None:
        if run is not self._run:
            return
        self.stop(run.number)
        self._listener.stopped(run.number, error if isinstance(error, IceNetError) else unsendable(run.stack.name))

    def _look(self) -> None:
        """Show what is new, and notice what is done."""
        if self._ready is not None and all(worker.ready for worker in self.pool.workers):
            self._ready = None
        run = self._run
        if run is None:
            return
        if run.finished:
            self._run = None
            self._show(run)
            self._listener.stopped(run.number, None)
        elif self._fresh:
            pause = self._next_show - time.monotonic()
            if pause <= 0:
                self._show(run)
            elif not self._waking:
                self._waking = True
                self.pool.call(self._wake, pause)

    def _wake(self) -> None:
        """Let the pool's thread look again."""
        self._waking = False

    def _show(self, run: MapRun) -> None:
        began = time.monotonic()
        maps = run.maps()
        maps.table()
        took = time.monotonic() - began
        self._next_show, self._fresh = time.monotonic() + max(_PAUSE, _EASE * took), False
        self._listener.shown(maps)


def map_process_died(how: str) -> TrackingError:
    """Error of a process that worked on maps and has ended by itself."""
    return TrackingError(
        f"a process that worked on the map {how}; choose fewer predictors or a smaller area, and start again."
    )


def unsendable(name: str) -> UsageError:
    """Error of a stack that other processes cannot be sent."""
    return UsageError(f"{name} cannot be sent to other processes; save it, and open what was saved.")


def _words(run: MapRun, job: Job) -> str:
    return f"Scoring, t0 {run.stack.labels[job.window.t0]}" if isinstance(job, Follow | Score) else "Loading networks"

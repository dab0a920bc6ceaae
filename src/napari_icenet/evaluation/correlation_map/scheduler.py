"""Who hands out the work on maps to the processes, and gathers what comes back: on a thread of its own."""

from __future__ import annotations

import pickle
import queue
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from napari_icenet.errors import IceNetError, UsageError
from napari_icenet.evaluation.correlation_map.maps import CorrelationMaps
from napari_icenet.evaluation.correlation_map.run import MapRun, TrackCache, on_graphics
from napari_icenet.evaluation.correlation_map.scheduler_1 import ended, told
from napari_icenet.evaluation.correlation_map.tasks import Follow, Job, Prepare, Score
from napari_icenet.jobs.worker_process import Crew, Hand

#: Idle processes end after this many seconds, and give their memory back.
IDLE_SECONDS = 300.0
#: Maps are shown this many seconds apart at least; and apart by this many times what showing them takes.
_PAUSE, _EASE = 0.1, 4


class Listener(Protocol):
    """Who is told; always on the foreman's thread."""

    def shown(self, maps: CorrelationMaps) -> None:
        """Maps as far as they are done."""

    def said(self, share: float, text: str) -> None:
        """How far the work is, and what is being done."""

    def stopped(self, number: int, error: IceNetError | None) -> None:
        """A run has ended: done, or for an error."""


class Foreman:
    """Runs one map at a time on a crew of processes.

    Methods but :meth:`ask` and :meth:`close` are for its thread: ``ask(lambda: foreman.begin(…))``.

    Parameters
    ----------
    size : int
        Processes.
    listener : Listener
    """

    def __init__(self, size: int, listener: Listener) -> None:
        self.crew = Crew(size, self._heard)
        self._listener = listener
        self._events: queue.Queue[Callable[[], None]] = queue.Queue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._known: TrackCache | None = None
        self._run: MapRun | None = None
        self._ready: MapRun | None = None
        #: Runs up to this number are not wanted any more; until when their processes may take to notice.
        self._stopped = 0
        self._patience: float | None = None
        self._next_show, self._fresh = 0.0, False

    def ask(self, event: Callable[[], None]) -> None:
        """Do something on the thread, soon."""
        with self._lock:
            if self._closed:
                return
            self._events.put(event)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="icenet-map", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End the thread and all processes, at once."""
        with self._lock:
            self._closed = True
            thread = self._thread
        self._events.put(lambda: None)
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def known(self, stack: Any) -> TrackCache:
        """What is known of a stack; what was known of another is forgotten."""
        if self._known is None or self._known.stack is not stack:
            self._known = TrackCache(stack)
        return self._known

    def begin(self, number: int, make: Callable[[], MapRun]) -> None:
        """Work on a map instead of what was worked on."""
        self.stop(number - 1)
        try:
            self._run = make()
        except (IceNetError, MemoryError, OSError) as error:
            self._listener.stopped(number, told(error))
            return
        self._next_show, self._fresh = 0.0, True
        self._give_back(self._run)
        self.crew.complete()
        self._listener.said(self._run.share, "Getting ready")

    def _give_back(self, run: MapRun) -> None:
        """End processes whose networks lie on a graphics processor that is not used any more: it has their memory."""
        for hand in tuple(self.crew.hands):
            held = hand.knows.get("networks")
            if held is not None and on_graphics(held.device) and held.device != run.order.predictor_set.device:
                self.crew.end(hand)

    def get_ready(self, make: Callable[[], MapRun]) -> None:
        """Start processes and load what a map will need."""
        self.crew.complete()
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
        if number > self._stopped:
            self._stopped = number
            if any(hand.job is not None for hand in self.crew.hands):
                self._patience = self.crew.stop(number)

    def _heard(self, hand: Hand, message: tuple[Any, ...] | None) -> None:
        self._events.put(lambda: self._gone(hand) if message is None else self._listen(hand, *message))

    def _work(self) -> None:
        try:
            while not self._closed:
                try:
                    self._events.get(timeout=self._pause())()
                except queue.Empty:
                    if self._rest():
                        return
                self._hand_out()
                self._look()
        except BaseException:
            # A fault of ours or of a listener, which Python reports; the next map gets a thread of its own.
            with self._lock:
                self._leave()
            raise
        with self._lock:
            self._leave()

    def _pause(self) -> float:
        """Seconds until something is to be done without being told."""
        now = time.monotonic()
        if self._patience is not None:
            return max(0.0, self._patience - now)
        if self._run is not None:
            return max(0.0, self._next_show - now) if self._fresh else 60.0
        return IDLE_SECONDS

    def _rest(self) -> bool:
        """Nothing was heard for a while: whether the thread may end."""
        now = time.monotonic()
        if self._patience is not None and now >= self._patience:
            for hand in [hand for hand in self.crew.hands if hand.job is not None and hand.job[0] <= self._stopped]:
                self.crew.end(hand)
            self._patience = None
            if self._run is not None:
                self.crew.complete()
            return False
        if self._run is not None or self._patience is not None:
            return False
        with self._lock:
            if not self._events.empty():
                return False
            self._leave()
            return True

    def _leave(self) -> None:
        """End the processes, before another thread may start some."""
        self.crew.end_all()
        self._run = self._ready = self._patience = self._thread = None

    def _listen(self, hand: Hand, kind: str, *content: Any) -> None:
        if hand not in self.crew.hands:
            return
        if kind == "ready":
            hand.ready = True
            return
        run, wanted = self._run, self._run is not None and content[0] == self._run.number
        if kind == "share":
            if run is not None and wanted and hand.job is not None:
                run.told(hand.job[1], content[1])
                self._listener.said(run.share, f"Following the ice: {content[2]}")
            return
        job, hand.job = hand.job, None
        if all(other.job is None or other.job[0] > self._stopped for other in self.crew.hands):
            self._patience = None
        if run is None or not wanted or job is None:
            return
        if kind == "failed":
            self._fail(run, content[1])
        elif kind == "done":
            run.done(job[1], content[1])
            self._fresh = True
            self._listener.said(run.share, _words(run, job[1]))

    def _gone(self, hand: Hand) -> None:
        if hand not in self.crew.hands:
            return
        job = hand.job
        code = self.crew.end(hand)
        run = self._run
        if run is not None and (job is None or job[0] == run.number):
            self._fail(run, ended(code))

    def _fail(self, run: MapRun, error: IceNetError) -> None:
        self.stop(run.number)
        self._listener.stopped(run.number, error)

    def _hand_out(self) -> None:
        run = self._run or self._ready
        if run is None:
            return
        for number, hand in enumerate(self.crew.hands):
            if hand.job is not None or not hand.ready:
                continue
            networks = number == 0 or not run.apart
            job: Job | None = None if run is not self._run else run.next_job(networks=networks)
            if job is None and hand.knows.get("networks") is not run.order.predictor_set:
                job = Prepare(run.learned if networks else ())
            if job is None:
                continue
            if not self._hand_over(run, hand, job):
                return
        if self._ready is not None and run is self._ready:
            self._ready = None if all(hand.ready for hand in self.crew.hands) else self._ready

    def _hand_over(self, run: MapRun, hand: Hand, job: Job) -> bool:
        try:
            hand.tell("stack", run.stack)
            hand.tell("order", run.order)
            hand.send("job", run.number, job)
        except (pickle.PicklingError, TypeError, AttributeError):
            sentence = f"{run.stack.name} cannot be sent to other processes; save it, and open what was saved."
            self._fail(run, UsageError(sentence))
            return False
        hand.job = run.number, job
        if isinstance(job, Prepare) or (isinstance(job, Score) and set(run.learned) <= set(job.entries)):
            hand.knows["networks"] = run.order.predictor_set
        return True

    def _look(self) -> None:
        """Show what is new, and notice what is done."""
        run = self._run
        if run is None:
            return
        if run.finished:
            self._run = None
            self._show(run)
            self._listener.stopped(run.number, None)
        elif self._fresh and time.monotonic() >= self._next_show:
            self._show(run)

    def _show(self, run: MapRun) -> None:
        began = time.monotonic()
        maps = run.maps()
        maps.table()
        took = time.monotonic() - began
        self._next_show, self._fresh = time.monotonic() + max(_PAUSE, _EASE * took), False
        self._listener.shown(maps)


def _words(run: MapRun, job: Job) -> str:
    return f"Scoring, t0 {run.stack.labels[job.window.t0]}" if isinstance(job, Follow | Score) else "Loading networks"

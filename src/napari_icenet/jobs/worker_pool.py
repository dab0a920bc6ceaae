"""Worker processes that share tasks: progress, results, stops and deaths are told on one thread of the pool."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any

from napari_icenet.errors import Cancelled, IceNetError
from napari_icenet.jobs.pool_worker import PoolWorker, Task, UnsendableError, ignore
from napari_icenet.jobs.worker_process import DYING

#: A process that does not give up when it is asked to is ended after this, seconds.
PATIENCE = 0.5
#: Idle processes end after this many seconds, and give their memory back.
IDLE_SECONDS = 300.0
#: How often it is looked whether to stop, seconds.
_LOOK = 0.05


class WorkerPool:
    """Worker processes that are kept between tasks; methods can be called on any thread, unless they say otherwise.

    Parameters
    ----------
    size : int
        Processes at most; they start when they are needed.
    choose : callable, optional
        Asked on the pool's thread for the next task of a free process, when none waits that was submitted.
    settled : callable, optional
        Called on the pool's thread after anything has happened there.
    lost : callable, optional
        Told the error, on the pool's thread, when a process has ended that worked on nothing.
    died : callable, optional
        Makes the error that tells of a death from words such as ``was killed (signal 9), perhaps for lack of memory``.
    setup, environment
        See :class:`~napari_icenet.jobs.worker_process.WorkerProcess`.
    patience, idle_seconds : float
        Seconds until a process that was asked to stop, or has nothing to do, is ended.
    """

    def __init__(
        self,
        size: int,
        *,
        choose: Callable[[PoolWorker], Task | None] | None = None,
        settled: Callable[[], None] = ignore,
        lost: Callable[[Exception], object] = ignore,
        died: Callable[[str], Exception] | None = None,
        setup: str = "",
        environment: Mapping[str, str] | None = None,
        patience: float = PATIENCE,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self.size = size
        #: For the pool's thread alone.
        self.workers: list[PoolWorker] = []
        self._choose, self._settled, self._lost = choose, settled, lost
        self._died = died or (lambda how: IceNetError(f"a process that worked on it {how}; try again."))
        self._setup, self._environment = setup, environment
        self._patience, self._idle_seconds = patience, idle_seconds
        self._waiting: deque[Task] = deque()
        self._condition = threading.Condition()
        self._events: list[tuple[float, int, Callable[[], object]]] = []
        self._order = itertools.count()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._waiters: set[SimpleQueue[tuple[Any, ...]]] = set()

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def busy(self) -> bool:
        """True if a task waits or is worked on."""
        return bool(self._waiting) or any(worker.task is not None for worker in tuple(self.workers))

    def call(self, event: Callable[[], object], delay: float = 0.0) -> None:
        """Do something on the pool's thread, soon or after some seconds; nothing once the pool is closed."""
        with self._condition:
            if self._closed:
                return
            heapq.heappush(self._events, (time.monotonic() + delay, next(self._order), event))
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="icenet-pool", daemon=True)
                self._thread.start()
            self._condition.notify_all()

    def submit(self, task: Task) -> None:
        """Have a task done, after those that were submitted before."""
        self._waiting.append(task)
        self.call(self._start_needed)

    def start(self) -> None:
        """Start the processes that are missing; on the pool's thread."""
        while len(self.workers) < self.size:
            self.workers.append(PoolWorker(self._heard, self._setup, self._environment))

    def stop(self) -> None:
        """Drop the tasks that wait, and have the others given up; on the pool's thread.

        Nothing more is told of them.
        """
        self._waiting.clear()
        asked = [(worker, worker.task) for worker in self.workers if worker.task is not None and not worker.stopped]
        for worker, _ in asked:
            worker.interrupt()
        if asked:
            self.call(lambda: self._end_deaf(asked), self._patience)

    def end(self, worker: PoolWorker, patience: float = 0.0) -> str:
        """End a process; how it has ended; on the pool's thread."""
        self.workers.remove(worker)
        return worker.end(patience)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until no task waits or is worked on; False if that took longer than ``timeout`` seconds."""
        with self._condition:
            return self._condition.wait_for(lambda: self._closed or not self.busy, timeout)

    def run(
        self,
        tasks: Sequence[Task],
        progress: Callable[[int, float, str], object] = ignore,
        check: Callable[[], object] | None = None,
    ) -> list[Any]:
        """Have tasks done and wait for them; their results, in order.

        Parameters
        ----------
        tasks : sequence of Task
            What they tell is told here.
        progress : callable
            Told which task tells how much of it is done, and what; may raise to stop.
        check : callable, optional
            Called several times a second; may raise to stop.

        Raises
        ------
        Cancelled
            The pool was closed meanwhile.
        UnsendableError
            A task cannot be pickled.
        Exception
            What the first task that failed has raised, or ``progress``, or ``check``; the others are stopped.
        """
        heard: SimpleQueue[tuple[Any, ...]] = SimpleQueue()
        self._waiters.add(heard)
        results: list[Any] = [None] * len(tasks)
        left = len(tasks)
        try:
            if self._closed:
                self._cancel_runs()
            for number, task in enumerate(tasks):
                task.progress, task.done, task.failed = (
                    lambda *content, kind=kind, number=number: heard.put((kind, number, *content))
                    for kind in ("progress", "done", "failed")
                )
                self.submit(task)
            while left:
                try:
                    kind, number, *content = heard.get(timeout=None if check is None else _LOOK)
                except Empty:
                    kind, number, content = "nothing", 0, []
                if check is not None:
                    check()
                if kind == "progress":
                    progress(number, *content)
                elif kind == "failed":
                    raise content[0]
                elif kind == "done":
                    results[number] = content[0]
                    left -= 1
        except BaseException:
            self._stop_and_wait()
            raise
        finally:
            self._waiters.discard(heard)
        return results

    def close(self) -> None:
        """End the thread and all processes, at once."""
        with self._condition:
            self._closed = True
            thread = self._thread
            self._condition.notify_all()
        if thread is not None and thread is not threading.current_thread():
            thread.join()
        self._cancel_runs()

    def _stop_and_wait(self) -> None:
        """Stop all tasks, and let them clear away what they have begun."""
        stopped = threading.Event()

        def stop() -> None:
            self.stop()
            stopped.set()

        self.call(stop)
        with self._condition:
            self._condition.wait_for(lambda: self._closed or (stopped.is_set() and not self.busy), 2 * self._patience)

    def _cancel_runs(self) -> None:
        for heard in tuple(self._waiters):
            heard.put(("failed", 0, Cancelled("the work was stopped, for the program closes.")))

    def _heard(self, worker: PoolWorker, message: tuple[Any, ...] | None) -> None:
        # What one says that was ended is not waited for, nor does it start the thread anew.
        if worker in self.workers or not worker.ready:
            self.call(lambda: self._gone(worker) if message is None else self._listen(worker, *message))

    def _work(self) -> None:
        try:
            while (event := self._next_event()) is not None:
                event()
                self._hand_out()
                self._settled()
                with self._condition:
                    self._condition.notify_all()
        except BaseException:
            # A fault of ours or of a listener, which Python reports; the next event gets a thread of its own.
            self._waiting.clear()
            self._cancel_runs()
            raise
        finally:
            self._leave()

    def _next_event(self) -> Callable[[], object] | None:
        """Wait for what is to be done next; None where the thread is to end."""
        idle_at = time.monotonic() + self._idle_seconds
        with self._condition:
            while not self._closed:
                now = time.monotonic()
                due = self._events[0][0] if self._events else None
                if due is not None and due <= now:
                    return heapq.heappop(self._events)[2]
                at_work = self.busy or not all(worker.ready for worker in self.workers)
                if not at_work and due is None and now >= idle_at:
                    return None
                until = due if due is not None else None if at_work else idle_at
                self._condition.wait(None if until is None else until - now)
        return None

    def _leave(self) -> None:
        """End the processes, before another thread may start some."""
        while self.workers:
            self.workers.pop().end()
        with self._condition:
            self._thread = None
            events, self._events = self._events, []
            self._condition.notify_all()
        # What was asked for meanwhile, beside what the processes had to say.
        for due, _, event in events:
            self.call(event, max(0.0, due - time.monotonic()))

    def _start_needed(self) -> None:
        at_work = sum(worker.task is not None for worker in self.workers)
        while len(self.workers) < min(self.size, len(self._waiting) + at_work):
            self.workers.append(PoolWorker(self._heard, self._setup, self._environment))

    def _start_others(self) -> None:
        """Start processes in the place of those that have ended."""
        if self._choose is None:
            self._start_needed()
        else:
            self.start()

    def _hand_out(self) -> None:
        for worker in tuple(self.workers):
            if not worker.free or worker not in self.workers:
                continue
            task = self._waiting.popleft() if self._waiting else self._choose and self._choose(worker)
            if task is None:
                continue
            try:
                worker.begin(task)
            except Exception as error:  # noqa: BLE001 (pickling calls anything)
                unsendable = UnsendableError(f"the task cannot be sent to another process ({error}).")
                unsendable.__cause__ = error
                task.failed(unsendable)

    def _listen(self, worker: PoolWorker, kind: str, *content: Any) -> None:
        if worker not in self.workers:
            return
        if kind == "ready":
            worker.ready = True
            return
        task, wanted = worker.task, not worker.stopped
        assert task is not None
        if kind == "progress":
            if wanted:
                task.progress(*content[1:])
            return
        worker.task = None
        if kind == "done" and wanted:
            task.done(content[1])
        elif kind == "failed" and wanted:
            task.failed(content[1])

    def _gone(self, worker: PoolWorker) -> None:
        if worker not in self.workers:
            return
        error = self._died(self.end(worker, DYING))
        if worker.task is not None:
            if not worker.stopped:
                worker.task.failed(error)
        else:
            self._lost(error)
            if not worker.ready:
                # Another would not start, either.
                failed, self._waiting = tuple(self._waiting), deque()
                for task in failed:
                    task.failed(error)
                return
        self._start_others()

    def _end_deaf(self, asked: Sequence[tuple[PoolWorker, Task | None]]) -> None:
        for worker, task in asked:
            if worker in self.workers and worker.task is task:
                self.end(worker)
                self._start_others()

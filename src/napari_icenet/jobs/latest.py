"""One thread for one model: named jobs, where the newest request for a name replaces the older."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable

#: An idle thread ends after this many seconds and starts anew when needed, so that none outlives its use.
IDLE_SECONDS = 2.0


class LatestWorker:
    """Runs jobs one at a time on a thread of its own.

    Parameters
    ----------
    name : str
        Of the thread.
    busy_changed : callable
        Called on the thread with True when work starts and False when none is left.
    """

    def __init__(self, name: str, busy_changed: Callable[[bool], None]) -> None:
        self._name = name
        self._busy_changed = busy_changed
        self._jobs: dict[Hashable, Callable[[], None]] = {}
        self._idle: dict[Hashable, Callable[[], None]] = {}
        self._condition = threading.Condition()
        self._thread: threading.Thread | None = None
        self._busy = False
        self._closed = False

    def submit(self, key: Hashable, job: Callable[[], None], *, first: bool = False) -> None:
        """Run ``job`` soon; a waiting job of the same key is dropped.

        Parameters
        ----------
        key : hashable
        job : callable
            Must not raise: it reports its own errors.
        first : bool
            Before all others that wait.
        """
        with self._condition:
            if self._closed:
                raise RuntimeError("the worker is closed")
            self._jobs.pop(key, None)
            self._jobs = {key: job, **self._jobs} if first else {**self._jobs, key: job}
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name)
                self._thread.start()
            self._condition.notify_all()

    def submit_idle(self, key: Hashable, job: Callable[[], None]) -> None:
        """Run ``job`` once nothing else waits; what is submitted later comes before it, and it is never ``pending``."""
        with self._condition:
            if self._closed:
                return
            self._idle[key] = job
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name)
                self._thread.start()
            self._condition.notify_all()

    def drop(self, key: Hashable) -> None:
        """Forget the waiting job of a key, if any."""
        with self._condition:
            self._jobs.pop(key, None)
            self._idle.pop(key, None)

    @property
    def pending(self) -> bool:
        """True if a job waits behind the running one."""
        with self._condition:
            return bool(self._jobs)

    @property
    def busy(self) -> bool:
        """True if work is running or waiting."""
        with self._condition:
            return self._busy or self._waiting

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until no work is left; False if that took longer than ``timeout`` seconds."""
        with self._condition:
            return self._condition.wait_for(lambda: not self._busy and not self._waiting, timeout)

    def close(self) -> None:
        """Drop what waits, let the running job end, and end the thread."""
        with self._condition:
            self._closed = True
            self._jobs.clear()
            self._idle.clear()
            self._condition.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _run(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._waiting or self._closed, IDLE_SECONDS)
                if not self._waiting:
                    self._thread = None
                    return
                self._busy = True
            self._busy_changed(True)
            try:
                while (job := self._next()) is not None:
                    job()
            except BaseException:
                # A fault of ours, which Python reports; the next job gets a thread of its own.
                with self._condition:
                    self._thread = None
                raise
            finally:
                self._busy_changed(False)
                with self._condition:
                    self._busy = False
                    self._condition.notify_all()

    def _next(self) -> Callable[[], None] | None:
        with self._condition:
            jobs = self._jobs or self._idle
            return jobs.pop(next(iter(jobs))) if jobs else None

    @property
    def _waiting(self) -> bool:
        return bool(self._jobs or self._idle)

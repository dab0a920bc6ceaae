"""Tasks for the worker processes of a pool, and such a process with the task that it works on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from napari_icenet.jobs.worker_process import WorkerProcess


class UnsendableError(Exception):
    """A task, or what it works on, cannot be pickled."""


def ignore(*_: object) -> None:
    """Tell nobody."""


@dataclass(eq=False)
class Task:
    """A call in a worker process.

    Attributes
    ----------
    function : str
        As ``module:name``; called with a :class:`~napari_icenet.jobs.worker.Worker` before the arguments.
    arguments : tuple
    items : mapping of str to object
        What the process must have been sent before; each is sent once to each process.
    progress, done, failed : callable
        Told the share and what is done, the result, or the error, on the pool's thread; not if it was stopped.
    """

    function: str
    arguments: tuple[Any, ...] = ()
    items: Mapping[str, Any] = field(default_factory=dict)
    progress: Callable[[float, str], object] = ignore
    done: Callable[[Any], object] = ignore
    failed: Callable[[Exception], object] = ignore


class PoolWorker(WorkerProcess):
    """A worker process of a pool.

    Attributes
    ----------
    ready : bool
        Whether it has started.
    task : Task or None
        What it works on.
    stopped : bool
        Whether it was asked to give that up.
    """

    def __init__(
        self, heard: Callable[[PoolWorker, Any], None], setup: str, environment: Mapping[str, str] | None
    ) -> None:
        super().__init__(setup, environment)
        self.ready = self.stopped = False
        self.task: Task | None = None
        self._number = 0
        self._heard = heard
        self._thread = threading.Thread(target=self._listen, name="icenet-pipe", daemon=True)
        self._thread.start()

    @property
    def free(self) -> bool:
        """True if it can take a task."""
        return self.ready and self.task is None

    def begin(self, task: Task) -> None:
        """Hand a task over; raises as :meth:`start`."""
        for key, item in task.items.items():
            self.give(key, item)
        self._number = self.start(task.function, *task.arguments)
        self.task, self.stopped = task, False

    def interrupt(self) -> None:
        """Ask it to give up its task."""
        self.stopped = True
        self.stop(self._number)

    def end(self, patience: float = 0.0) -> str:
        """End the process, and the thread that listens to it; how it has ended."""
        how = super().end(patience)
        self._thread.join()
        self.release()
        return how

    def _listen(self) -> None:
        while (message := self.receive()) is not None:
            self._heard(self, message)
        self._heard(self, None)

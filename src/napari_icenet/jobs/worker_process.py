"""Parent side of a worker process: a Python beside this one that functions are called in, one at a time."""

from __future__ import annotations

import contextlib
import signal
import subprocess
from collections.abc import Mapping
from itertools import count
from typing import Any

from napari_icenet.jobs.channel import start_child
from napari_icenet.jobs.detached import out_of_memory_kills

#: What the libraries of a process that works beside as many as there are cores are told: one thread each.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
#: Seconds from the end of a process's messages to its own at most.
DYING = 2.0


class WorkerDiedError(Exception):
    """A worker process has ended by itself; the message says how, as in ``was killed (signal 9)``."""


class WorkerProcess:
    """A child process, started at once; it ends with :meth:`end`, and with this process.

    It does not run the main script anew, as those of ``multiprocessing`` do, for that may open a window.

    Parameters
    ----------
    setup : str, optional
        Function without arguments, as ``module:name``, that it calls first.
    environment : mapping of str to str, optional
        Variables of its environment beside those of this process.
    """

    def __init__(self, setup: str = "", environment: Mapping[str, str] | None = None) -> None:
        self._killed_before = out_of_memory_kills()
        self._process, self._pipe = start_child("napari_icenet.jobs.worker", setup, environment)
        self._items: dict[str, Any] = {}
        self._numbers = count(1)

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """True if it has not ended yet."""
        return self._process.poll() is None

    def give(self, key: str, item: Any) -> None:
        """Send an item that many calls use, unless it was sent already; see :class:`~.jobs.worker.Worker`.

        Raises PicklingError, TypeError or AttributeError: it cannot be sent.
        """
        if key not in self._items or self._items[key] is not item:
            self._send("item", key, item)
            self._items[key] = item

    def given(self, key: str) -> Any:
        """The item that was sent last; None where none was."""
        return self._items.get(key)

    def start(self, function: str, *arguments: Any) -> int:
        """Ask for a call, after those that were asked for before; its number.

        Parameters
        ----------
        function : str
            As ``module:name``; called with a :class:`~napari_icenet.jobs.worker.Worker` before the arguments.

        Raises
        ------
        PicklingError, TypeError, AttributeError
            The arguments cannot be sent.
        """
        number = next(self._numbers)
        self._send("call", number, function, arguments)
        return number

    def stop(self, number: int) -> None:
        """Ask it to give up calls up to a number; the running one raises ``Stopped``."""
        self._send("stop", number)

    def receive(self) -> tuple[Any, ...] | None:
        """The next message, as :class:`~napari_icenet.jobs.worker.Worker` sends them; None when it has ended."""
        try:
            message: tuple[Any, ...] = self._pipe.receive()
        except (EOFError, OSError, ValueError):
            return None
        return message

    def call(self, function: str, *arguments: Any) -> Any:
        """Call a function and wait for its result.

        Raises
        ------
        WorkerDiedError
            The process has ended.
        Exception
            What the function raises.
        """
        number = self.start(function, *arguments)
        while True:
            message = self.receive()
            if message is None:
                raise WorkerDiedError(self.end(DYING))
            kind, *content = message
            if kind not in ("done", "failed") or content[0] != number:
                continue
            if kind == "failed":
                raise content[1]
            return content[1]

    def end(self, patience: float = 0.0) -> str:
        """End the process; how it has ended.

        Parameters
        ----------
        patience : float
            Seconds that it has to end by itself, as one does whose pipe has closed.
        """
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(patience)
        self._process.kill()
        code = self._process.wait()
        self._pipe.close()
        return how_ended(code, no_memory=out_of_memory_kills() > self._killed_before)

    def release(self) -> None:
        """Close the way from a process that has ended; nobody may be receiving."""
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _send(self, *message: Any) -> None:
        # A process that is gone is noticed where its answers are read.
        with contextlib.suppress(OSError, ValueError):
            self._pipe.send(message)


def how_ended(code: int, *, no_memory: bool = False) -> str:
    """The end of a process, as the end of a sentence about it.

    Parameters
    ----------
    code : int
        Its exit status; negative for a signal.
    no_memory : bool
        Whether the system has killed processes for want of memory meanwhile.
    """
    if code >= 0:
        return f"has ended by itself (status {code})"
    killed = -code == getattr(signal, "SIGKILL", 9)
    if killed and no_memory:
        return "was killed by the system, for the memory is full"
    return f"was {'killed' if killed else 'ended'} (signal {-code}), perhaps for lack of memory"

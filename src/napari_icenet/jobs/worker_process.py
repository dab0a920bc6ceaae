"""The processes that work on maps, as the one that started them sees them."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

from napari_icenet.jobs.channel import start_beside

#: A process that does not answer a wish to stop is ended after this, seconds.
PATIENCE = 0.5

#: Handed over for every message, and with None when a process is gone.
Heard = Callable[["Hand", tuple[Any, ...] | None], None]


class Hand:
    """One process, with what it is doing.

    Parameters
    ----------
    heard : callable
        Called on a thread of its own.

    Attributes
    ----------
    job : object, or None
        What it works on.
    ready : bool
        Whether it has started.
    knows : dict
        What it was told last, by kind.
    """

    def __init__(self, heard: Heard) -> None:
        self._process, self._pipe = start_beside(_HERE, _ONE_THREAD)
        self.job: Any = None
        self.ready = False
        self.knows: dict[str, Any] = {}
        self._heard = heard
        self._thread = threading.Thread(target=self._listen, name="icenet-map-pipe", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    def send(self, *message: Any) -> None:
        """Tell it something; a process that is gone is noticed where its answers are read."""
        with contextlib.suppress(OSError, ValueError):
            self._pipe.send(message)

    def tell(self, kind: str, item: Any) -> None:
        """Tell it something that it keeps, unless it was told already."""
        if self.knows.get(kind) is not item:
            self.send(kind, item)
            self.knows[kind] = item

    def end(self) -> int | None:
        """End the process and its thread; its exit status."""
        self._process.kill()
        code = self._process.wait()
        self._pipe.close()
        if self._thread is not threading.current_thread():
            self._thread.join()
        if self._process.stdout is not None:
            self._process.stdout.close()
        return code

    def _listen(self) -> None:
        while True:
            try:
                message = self._pipe.receive()
            except (EOFError, OSError, ValueError):
                self._heard(self, None)
                return
            self._heard(self, message)


class Crew:
    """Processes that are kept between maps; all methods are for one thread.

    Parameters
    ----------
    size : int
    heard : callable
        See :class:`Hand`.
    """

    def __init__(self, size: int, heard: Heard) -> None:
        self.size = size
        self.hands: list[Hand] = []
        self._heard = heard

    def complete(self) -> None:
        """Start the processes that are missing."""
        while len(self.hands) < self.size:
            self.hands.append(Hand(self._heard))

    def stop(self, run: int) -> float | None:
        """Ask all that work to give up; when patience with them ends, by :func:`time.monotonic`, None if none works."""
        busy = [hand for hand in self.hands if hand.job is not None]
        for hand in busy:
            hand.send("stop", run)
        return time.monotonic() + PATIENCE if busy else None

    def end(self, hand: Hand) -> int | None:
        """End one process; its exit status."""
        if hand in self.hands:
            self.hands.remove(hand)
        return hand.end()

    def end_all(self) -> None:
        """End all processes."""
        while self.hands:
            self.hands.pop().end()


_HERE = "napari_icenet.evaluation.correlation_map.worker"
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

"""Repaints that may lag behind while something is dragged, and always catch up."""

from __future__ import annotations

import time
from collections.abc import Callable

from qtpy.compat import isalive
from qtpy.QtCore import QTimer


class Throttle:
    """Calls an action less often than it is asked to, and once more when nobody asks any longer.

    Parameters
    ----------
    action : callable
    seconds : float
        At least so long between two calls, and so long after the last request.
    every : int
        At most with each so-manieth request: on a slow machine requests themselves come slowly.
    """

    def __init__(self, action: Callable[[], None], *, seconds: float, every: int) -> None:
        self._action = action
        self._seconds, self._every = seconds, every
        self._asked, self._called = every, -seconds
        self._timer = QTimer()
        self._timer.setSingleShot(True)
        self._timer.setInterval(round(1e3 * seconds))
        self._timer.timeout.connect(self.now)

    @property
    def waiting(self) -> bool:
        """True if the action is still to be called."""
        return bool(self._timer.isActive())

    def ask(self) -> None:
        """Call the action now or soon."""
        self._asked += 1
        if self._asked >= self._every and time.monotonic() - self._called >= self._seconds:
            self.now()
        else:
            self._timer.start()  # anew with each request

    def now(self) -> None:
        """Call the action."""
        self._timer.stop()
        self._asked = 0
        self._action()
        self._called = time.monotonic()

    def stop(self) -> None:
        """Drop what was asked for; also while Qt is going down, and the timer with it."""
        if isalive(self._timer):  # type: ignore[no-untyped-call]
            self._timer.stop()

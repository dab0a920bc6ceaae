"""Run a clean-up once when Qt deletes a widget, keeping what it refers to alive until then."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from qtpy.QtWidgets import QWidget

#: Held until they are called. Python may otherwise find the viewer of a closed window, its session and these out of
#: reach together, and take the viewer apart before Qt deletes the widget.
_due: dict[int, Callable[[], None]] = {}
_numbers = count()


def when_destroyed(widget: QWidget, close: Callable[[], None]) -> None:
    """Call a function once, when Qt deletes a widget; all that it refers to stays whole until then.

    Parameters
    ----------
    widget : QWidget
    close : callable
        Must speak to no widget: they are being deleted when it is called.
    """
    number = next(_numbers)
    _due[number] = close

    def end() -> None:
        # By its number: Qt may hold this function for longer than the widget, and it must not hold the viewer.
        _due.pop(number)()

    widget.destroyed.connect(end)

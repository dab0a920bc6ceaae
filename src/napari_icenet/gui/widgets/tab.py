"""A part of the window that ends what it owns when the window closes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from itertools import count
from typing import Any

from qtpy.QtWidgets import QWidget

#: Held until they are called. Python may otherwise find the viewer of a closed window, its session and these out of
#: reach together, and take the viewer apart before Qt deletes the widget.
_due: dict[int, ExitStack] = {}
_numbers = count()


class Tab(QWidget):
    """A tab, or a page of one: the window deletes it unasked, and threads and callbacks have to go with it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        number = next(_numbers)
        self._ends = _due[number] = ExitStack()
        # By its number: Qt may hold the slot for longer than the widget, and it must not hold the viewer.
        self.destroyed.connect(partial(_end, number))

    def closing(self, *parts: Callable[[], object]) -> None:
        """Call these once, in this order, when Qt deletes the widget, before those named earlier.

        Where one fails the others are called all the same, and then it is told.

        Parameters
        ----------
        *parts : callable
            Must speak to no widget: they are being deleted then. What they refer to stays whole until then.
        """
        for part in reversed(parts):
            self._ends.callback(part)

    def listen(self, event: Any, slot: Callable[..., Any]) -> None:
        """Connect an event or signal that outlives the widget, until Qt deletes that."""
        event.connect(slot)
        self.closing(partial(event.disconnect, slot))


def _end(number: int, *_: object) -> None:
    _due.pop(number).close()

"""The mouse on a map: where it points, and which cell is clicked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_icenet.gui.session.date_axis import shows_one_picture
from napari_icenet.gui.session.session import Session
from napari_icenet.gui.widgets.drag import is_drag


class MapPointer(QObject):
    """Turns mouse events on the picture into positions in pixels of the stack; a drag pans as ever.

    Attributes
    ----------
    hovered : Signal(float, float)
        Row and column.
    clicked : Signal(float, float)
    """

    hovered = Signal(float, float)
    clicked = Signal(float, float)

    def __init__(self, viewer: Any, session: Session) -> None:
        super().__init__()
        self._viewer, self._session = viewer, session
        self._enabled = False

    @property
    def enabled(self) -> bool:
        """True if the mouse is listened to."""
        return self._enabled

    @enabled.setter
    def enabled(self, value: bool) -> None:
        if value == self._enabled:
            return
        self._enabled = value
        for callbacks, own in (
            (self._viewer.mouse_drag_callbacks, self._on_press),
            (self._viewer.mouse_move_callbacks, self._on_move),
        ):
            if value:
                callbacks.append(own)
            elif own in callbacks:
                callbacks.remove(own)

    def close(self) -> None:
        """Let go of the viewer."""
        self.enabled = False

    def _pixel(self, event: Any) -> tuple[float, float]:
        row, col = self._session.world_to_pixel(float(event.position[-2]), float(event.position[-1]))
        return float(row), float(col)

    def _usable(self) -> bool:
        active = self._viewer.layers.selection.active
        free = active is None or active.mode == "pan_zoom"
        return self._session.stack is not None and shows_one_picture(self._viewer) and free

    def _on_press(self, _viewer: Any, event: Any) -> Iterator[None]:
        if event.button != 1 or event.modifiers or not self._usable():
            return
        start, place, moved = tuple(event.pos), self._pixel(event), False
        yield
        while event.type == "mouse_move":
            moved = moved or is_drag(start, event.pos)
            yield
        if not moved:
            self.clicked.emit(*place)

    def _on_move(self, _viewer: Any, event: Any) -> None:
        if self._session.stack is not None and not event.is_dragging:
            self.hovered.emit(*self._pixel(event))

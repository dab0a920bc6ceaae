"""The mouse in track mode: a click places a chip, a drag moves it, Alt and the wheel change c."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from psygnal import Signal

from napari_icenet.gui.widgets.drag import is_drag

#: Change of the scale factor for one step of the wheel.
WHEEL_STEP = 0.1

Hit = Callable[[float, float], int | None]


class TrackTool:
    """Turns mouse events on the picture into positions in pixels.

    While it is on, a drag that does not start on a chip pans as ever.

    Parameters
    ----------
    viewer : napari.Viewer
    to_pixel : callable
        (y, x) of the world to (row, col).
    hit : callable
        Number of the track whose chip lies under (row, col), or None.

    Attributes
    ----------
    enabled_changed : Signal(bool)
    clicked : Signal(float, float, bool)
        Row, column, and whether Shift was held.
    dragged : Signal(int, float, float)
        Number of the track, and by how far it was moved from where it was taken, (rows, columns).
    dropped : Signal(int)
    scaled : Signal(float)
        Change of the scale factor c.
    """

    enabled_changed = Signal(bool)
    clicked = Signal(float, float, bool)
    dragged = Signal(int, float, float)
    dropped = Signal(int)
    scaled = Signal(float)

    def __init__(self, viewer: Any, to_pixel: Callable[[float, float], tuple[float, float]], hit: Hit) -> None:
        self._viewer = viewer
        self._to_pixel = to_pixel
        self._hit = hit
        self._enabled = False
        self._displaced: list[tuple[list[Any], Any]] = []

    @property
    def enabled(self) -> bool:
        """True if clicks place chips."""
        return self._enabled

    @enabled.setter
    def enabled(self, value: bool) -> None:
        if value == self._enabled:
            return
        self._enabled = value
        if value:
            self._take()
        else:
            self._give_back()
        self.enabled_changed.emit(value)

    def _take(self) -> None:
        viewer = self._viewer
        active = viewer.layers.selection.active
        if active is not None and active.mode != "pan_zoom":
            active.mode = "pan_zoom"  # a painting or selecting tool would act on the same clicks
        viewer.mouse_drag_callbacks.append(self._on_press)
        viewer.mouse_wheel_callbacks.append(self._on_wheel)
        viewer.mouse_move_callbacks.append(self._on_move)
        # napari's own meaning of Alt and wheel (next layer) and of a double click (zoom) rest meanwhile.
        for callbacks in (viewer.mouse_wheel_callbacks, viewer.mouse_double_click_callbacks):
            for own in [
                c for c in callbacks if getattr(c, "__name__", "") in {"layers_scroll", "double_click_to_zoom"}
            ]:
                callbacks.remove(own)
                self._displaced.append((callbacks, own))

    def _give_back(self) -> None:
        viewer = self._viewer
        for callbacks, own in (
            (viewer.mouse_drag_callbacks, self._on_press),
            (viewer.mouse_wheel_callbacks, self._on_wheel),
            (viewer.mouse_move_callbacks, self._on_move),
        ):
            if own in callbacks:
                callbacks.remove(own)
        for callbacks, theirs in self._displaced:
            callbacks.append(theirs)
        self._displaced.clear()
        viewer.cursor.style = "standard"

    def _pixel(self, event: Any) -> tuple[float, float]:
        return self._to_pixel(float(event.position[-2]), float(event.position[-1]))

    def _usable(self) -> bool:
        active = self._viewer.layers.selection.active
        return self._viewer.dims.ndisplay == 2 and (active is None or active.mode == "pan_zoom")

    def _on_press(self, viewer: Any, event: Any) -> Iterator[None]:
        if event.button != 1 or {"Alt", "Control"} & set(event.modifiers) or not self._usable():
            return
        camera, start, place = viewer.scene.camera, tuple(event.pos), self._pixel(event)
        number = self._hit(*place)
        panned, moved = camera.mouse_pan, False
        if number is not None:
            camera.mouse_pan = False
        try:
            yield
            while event.type == "mouse_move":
                moved = moved or is_drag(start, event.pos)
                if moved and number is not None:
                    row, col = self._pixel(event)
                    self.dragged.emit(number, row - place[0], col - place[1])
                    event.handled = True
                yield
        finally:
            if number is not None:
                camera.mouse_pan = panned
        if not moved:
            self.clicked.emit(*place, "Shift" in event.modifiers)
        elif number is not None:
            # The last moves may have been passed over: where the button is let go is what counts.
            row, col = self._pixel(event)
            self.dragged.emit(number, row - place[0], col - place[1])
            self.dropped.emit(number)

    def _on_wheel(self, _viewer: Any, event: Any) -> None:
        if "Alt" not in event.modifiers or not self._usable():
            return
        # With Alt held Qt reports the wheel along x: the sum is right either way.
        step = float(sum(event.delta))
        if step:
            event.handled = True
            self.scaled.emit(WHEEL_STEP if step > 0 else -WHEEL_STEP)

    def _on_move(self, viewer: Any, event: Any) -> None:
        if event.is_dragging:
            return
        style = "pointing" if self._usable() and self._hit(*self._pixel(event)) is not None else "crosshair"
        if viewer.cursor.style != style:
            viewer.cursor.style = style

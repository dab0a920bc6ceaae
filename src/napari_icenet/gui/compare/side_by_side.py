"""Show the target and each prediction side by side in napari's grid; the views move together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np
from napari.layers import Image, Layer
from qtpy.QtCore import Signal

from napari_icenet.evaluation.compare.comparison import Comparison
from napari_icenet.gui.compare.layers import record
from napari_icenet.gui.compare.picture import Overlay, overlay, stretched
from napari_icenet.gui.widgets.layer_data import fill
from napari_icenet.gui.widgets.layer_group import LayerGroup, LayerKind

#: The chip takes this part of its view.
_FILLED = 0.85


class SideBySide(LayerGroup):
    """Turns the viewer's grid on with a view for each predictor, and off again as it was before.

    The kinds are ``came``, and the predictors' keys.

    Parameters
    ----------
    viewer : napari.Viewer
    below : callable
        Layers of the stack, above which the views lie.

    Attributes
    ----------
    switched : Signal(bool)
        On, or off; the user may also leave by napari's own button.
    """

    switched = Signal(bool)

    on_top = True

    def __init__(self, viewer: Any, below: Callable[[], Iterable[Layer]]) -> None:
        super().__init__(viewer, {}, below)
        self._before: tuple[list[Layer], Any, float, int] | None = None
        self._comparison: Comparison | None = None
        self._target = 2
        viewer.canvas.grid.events.enabled.connect(self._follow_grid)

    @property
    def on(self) -> bool:
        """True if the views are shown."""
        return self._before is not None

    def place(self, placement: dict[str, Any]) -> None:
        """Lie on another stack's grid; ends what is shown."""
        self.leave()
        super().place(placement)

    def show(self, made: Comparison | None, target: int) -> None:
        """Another comparison, at t1 (1) or t2 (2), drawn where the views are shown; None ends them."""
        if made is None:
            self._comparison = None
            self.leave()
        elif made.at(target) is not None and made.whole:
            self._comparison, self._target = made, target
            if self.on:
                self._draw()

    def enter(self) -> None:
        """Show the views, and hide all else."""
        if self.on or self._comparison is None:
            return
        viewer, camera, grid = self._viewer, self._viewer.scene.camera, self._viewer.canvas.grid
        hidden = [layer for layer in viewer.layers if layer.visible]
        self._before = hidden, tuple(camera.center), float(camera.zoom), int(grid.stride)
        self._removed.clear()
        self._draw()
        for layer in hidden:
            layer.visible = False
        grid.stride = 1
        grid.enabled = True
        self._fit()
        self.switched.emit(True)

    def leave(self) -> None:
        """Take the views away, and show what was shown before."""
        if self._before is None:
            return
        viewer, camera, grid = self._viewer, self._viewer.scene.camera, self._viewer.canvas.grid
        (hidden, centre, zoom, stride), self._before = self._before, None
        self.set_kinds({})
        for layer in hidden:
            if layer in viewer.layers:
                layer.visible = True
        grid.enabled = False
        grid.stride = stride
        camera.center, camera.zoom = centre, zoom
        self.switched.emit(False)

    def close(self, *, remove: bool = True) -> None:
        """Let go of the viewer, and take the views away where it still shows any; may be called twice."""
        if not self._closed:
            self._viewer.canvas.grid.events.enabled.disconnect(self._follow_grid)
        super().close(remove=remove)

    def _draw(self) -> None:
        made = self._comparison
        assert made is not None
        kinds = {"came": "white", **{one.entry.key: one.entry.colour for one in made.compared}}
        self.set_kinds({kind: LayerKind(partial(_make, kinds[kind])) for kind in kinds if self._found(kind)})
        self.draw()

    def _found(self, kind: str) -> Overlay | None:
        made = self._comparison
        came = None if made is None else made.at(self._target)
        if made is None or came is None:
            return None
        if kind == "came":
            # Shown plain, whatever the filters of the predictors.
            return stretched(came.chip, came)
        one = made.of(kind)
        return None if one is None else overlay("expected", made, one, self._target)

    def _needs(self, kind: str) -> bool:
        return self.on

    def _title(self, kind: str) -> str:
        one = None if self._comparison is None else self._comparison.of(kind)
        return f"{'what came' if one is None else one.entry.title} · t{self._target}"

    def _fill(self, kind: str, layer: Any) -> None:
        made, found = self._comparison, self._found(kind)
        if made is None or found is None:
            return
        fill(layer, np.asarray(found.values, np.float32))
        layer.translate = np.asarray(self._placement["translate"]) + (found.row0, found.col0) * layer.scale
        layer.contrast_limits = found.limits
        layer.metadata.update(record(made, kind, self._target))

    def _fit(self) -> None:
        """Bring the chip to the middle of every view; napari's own fit wants layers with a time axis."""
        layer = next(iter(self._layers.values()))
        size = np.asarray(layer.data.shape) * np.abs(layer.scale)
        camera, views = self._viewer.scene.camera, self._viewer.canvas.viewbox_size(self._viewer.layers)
        middle = np.asarray(layer.translate) + (np.asarray(layer.data.shape) - 1) / 2 * layer.scale
        camera.center = (*tuple(camera.center)[:-2], *(float(v) for v in middle))
        camera.zoom = _FILLED * float(np.min(np.asarray(views) / size))

    def _follow_grid(self, _event: Any = None) -> None:
        if not self._viewer.canvas.grid.enabled:
            self.leave()


def _make(colour: str) -> Layer:
    layer: Any = Image(np.zeros((2, 2), np.float32), colormap="gray", interpolation2d="nearest")
    # The date stands above; the name below, in the predictor's colour.
    layer.name_overlay.position = "bottom_left"
    layer.name_overlay.color = colour
    layer.name_overlay.visible = True
    return layer

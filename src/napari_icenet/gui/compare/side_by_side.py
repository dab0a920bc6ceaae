"""Show the target and each prediction side by side in napari's grid; the views move together."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
from napari.layers import Image, Layer
from qtpy.QtCore import QObject, Signal

from napari_icenet.evaluation.compare.comparison import Comparison
from napari_icenet.gui.compare.layers import record
from napari_icenet.gui.compare.picture import Overlay, overlay, stretched
from napari_icenet.gui.widgets.layer_insert import insert_layer

#: The chip takes this part of its view.
_FILLED = 0.85


class SideBySide(QObject):
    """Turns the viewer's grid on with a view for each predictor, and off again as it was before.

    Parameters
    ----------
    viewer : napari.Viewer

    Attributes
    ----------
    changed : Signal(bool)
        On, or off; the user may also leave by napari's own button.
    """

    changed = Signal(bool)

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._viewer = viewer
        self._layers: dict[str, Any] = {}
        self._hidden: list[Layer] = []
        self._camera: tuple[Any, float] | None = None
        self._stride = 1
        self._made: Comparison | None = None
        self._target = 1
        self._placement: dict[str, Any] = {}
        self._leaving = False
        viewer.canvas.grid.events.enabled.connect(self._follow_grid)

    @property
    def on(self) -> bool:
        """True if the views are shown."""
        return bool(self._layers)

    @property
    def layers(self) -> dict[str, Any]:
        """The layers there are: ``target_chip``, and the key of each predictor."""
        return dict(self._layers)

    def place(self, placement: dict[str, Any]) -> None:
        """Lie on another stack's grid; ends what is shown."""
        self.leave()
        self._placement = dict(placement)

    def show(self, made: Comparison | None, target: int) -> None:
        """Another comparison, at t1 (0) or t2 (1); drawn where the views are shown."""
        if made is None or target >= len(made.targets) or not made.whole:
            return
        self._made, self._target = made, target
        if self.on:
            self._draw()

    def enter(self) -> None:
        """Show the views, and hide all else."""
        if self.on or self._made is None:
            return
        viewer = self._viewer
        self._hidden = [layer for layer in viewer.layers if layer.visible]
        self._camera = tuple(viewer.scene.camera.center), float(viewer.scene.camera.zoom)
        self._stride = int(viewer.canvas.grid.stride)
        self._draw()
        if not self._layers:
            return
        for layer in self._hidden:
            layer.visible = False
        viewer.canvas.grid.stride = 1
        viewer.canvas.grid.enabled = True
        self._fit()
        self.changed.emit(True)

    def leave(self) -> None:
        """Take the views away, and show what was shown before."""
        if not self.on or self._leaving:
            return
        self._leaving = True
        viewer = self._viewer
        for layer in self._layers.values():
            with suppress(ValueError):  # the user has removed it
                viewer.layers.remove(layer)
        self._layers = {}
        for layer in self._hidden:
            layer.visible = True
        viewer.canvas.grid.enabled = False
        viewer.canvas.grid.stride = self._stride
        if self._camera is not None:
            viewer.scene.camera.center, viewer.scene.camera.zoom = self._camera
        self._leaving = False
        self.changed.emit(False)

    def close(self) -> None:
        """Disconnect from the viewer."""
        self._viewer.canvas.grid.events.enabled.disconnect(self._follow_grid)

    def _draw(self) -> None:
        made, k = self._made, self._target
        if made is None:
            return
        # Shown plain, whatever the filters of the predictors.
        target_chip = stretched(made.targets[k].chip, made.targets[k])
        wanted: dict[str, tuple[str, str, Overlay | None]] = {"came": ("what came", "white", target_chip)}
        for one in made.compared:
            wanted[one.entry.key] = one.entry.title, one.entry.colour, overlay("expected", made, one, k)
        for key in [key for key in self._layers if key not in wanted or wanted[key][-1] is None]:
            self._drop(key)
        for key, (title, colour, found) in wanted.items():
            if found is None:
                continue
            layer = self._layers.get(key)
            if layer is None:
                layer = self._layers[key] = self._add(title, colour)
            layer.name = f"{title} · t{k + 1}"
            layer.data = np.array(found.values, np.float32)
            layer.translate = np.asarray(self._placement["translate"]) + (found.row0, found.col0) * layer.scale
            layer.contrast_limits = found.limits
            layer.metadata.update(record(made, key, k))

    def _add(self, title: str, colour: str) -> Any:
        layer = Image(np.zeros((2, 2), np.float32), colormap="gray", name=title, **self._placement)
        layer.interpolation2d = "nearest"
        insert_layer(self._viewer, layer)
        # The date stands above; the name below, in the predictor's colour.
        layer.name_overlay.position = "bottom_left"
        layer.name_overlay.color = colour
        layer.name_overlay.visible = True
        return layer

    def _fit(self) -> None:
        """Bring the chip to the middle of every view; napari's own fit wants layers with a time axis."""
        layer = self._layers.get("came") or next(iter(self._layers.values()))
        size = np.asarray(layer.data.shape) * np.abs(layer.scale)
        camera, views = self._viewer.scene.camera, self._viewer.canvas.viewbox_size(self._viewer.layers)
        middle = np.asarray(layer.translate) + (np.asarray(layer.data.shape) - 1) / 2 * layer.scale
        camera.center = (*tuple(camera.center)[:-2], *(float(v) for v in middle))
        camera.zoom = _FILLED * float(np.min(np.asarray(views) / size))

    def _drop(self, key: str) -> None:
        layer = self._layers.pop(key, None)
        if layer is not None and layer in self._viewer.layers:
            self._viewer.layers.remove(layer)

    def _follow_grid(self, _event: Any = None) -> None:
        if not self._viewer.canvas.grid.enabled:
            self.leave()

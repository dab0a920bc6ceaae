"""Lays what one predictor expects on the picture: a layer for each kind, made when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from napari.layers import Layer
from qtpy.QtCore import QObject, Signal

from napari_icenet.evaluation.compare.comparison import Comparison
from napari_icenet.gui.compare.layer_kinds import KINDS, LINE_PX, layer_name, make_layer, record
from napari_icenet.gui.compare.picture import Overlay, overlay, places
from napari_icenet.gui.widgets.layer_insert import insert_below
from napari_icenet.gui.widgets.throttle import Throttle


class CompareLayers(QObject):
    """Draws one predictor's part of a :class:`Comparison`, and the places of all.

    Which kinds are shown follows the layers' own visibility, and the other way round; a kind whose layer the
    user removed is not shown until it is asked for again.

    Parameters
    ----------
    viewer : napari.Viewer
    roof : callable
        The layer that overlays stay under, or None: lines of the track stay on top.

    Attributes
    ----------
    shown_changed : Signal()
        A kind was shown, hidden or removed.
    """

    shown_changed = Signal()

    def __init__(self, viewer: Any, roof: Callable[[], Layer | None]) -> None:
        super().__init__()
        self._viewer, self._roof = viewer, roof
        self._layers: dict[str, Layer] = {}
        self._names: dict[str, str] = {}
        self._limits: dict[str, tuple[float, float]] = {}
        self._wanted: set[str] = set()
        self._placement: dict[str, Any] = {}
        self._made: Comparison | None = None
        self._key, self._target = "", 1
        self._width: float | None = None
        self._zoom = Throttle(self._set_width, seconds=0.05, every=1)
        viewer.scene.camera.events.zoom.connect(self._wait_for_zoom)
        viewer.layers.events.removed.connect(self._note_removed)

    @property
    def layers(self) -> dict[str, Layer]:
        """The layers there are, by kind."""
        return dict(self._layers)

    @property
    def shown(self) -> frozenset[str]:
        """Kinds that are to be seen."""
        return frozenset(self._wanted)

    def set_shown(self, kind: str, value: bool) -> None:
        """Show a kind, or hide it."""
        if value == (kind in self._wanted):
            return
        (self._wanted.add if value else self._wanted.discard)(kind)
        self._draw(kind)
        self.shown_changed.emit()

    def place(self, placement: dict[str, Any]) -> None:
        """Lay all layers on another stack's grid: ``scale``, ``translate``, ``units``, ``axis_labels`` of (y, x)."""
        self._placement = dict(placement)
        for layer in self._layers.values():
            for name, value in placement.items():
                setattr(layer, name, value)
        self._width = None

    def show(self, made: Comparison | None, key: str, target: int) -> None:
        """Draw a predictor's part of a comparison at t1 (0) or t2 (1); None empties the layers."""
        if made is not None and made.of(key) is None and not made.whole:
            return  # its turn will come; what is drawn stays until then
        self._made, self._key, self._target = made, key, target
        for kind in KINDS:
            self._draw(kind)

    def close(self) -> None:
        """Disconnect from the viewer; the layers stay as they are."""
        self._zoom.stop()
        self._viewer.scene.camera.events.zoom.disconnect(self._wait_for_zoom)
        self._viewer.layers.events.removed.disconnect(self._note_removed)

    def remove(self) -> None:
        """Take all layers away."""
        for layer in list(self._layers.values()):
            if layer in self._viewer.layers:
                self._viewer.layers.remove(layer)

    # Drawing

    def _draw(self, kind: str) -> None:
        layer: Any = self._layers.get(kind)
        if kind not in self._wanted:
            if layer is not None and layer.visible:
                layer.visible = False
            return
        if kind == "places":
            self._draw_places()
            return
        one = None if self._made is None else self._made.of(self._key)
        found = None if self._made is None or one is None else overlay(kind, self._made, one, self._target)
        if found is None:
            if layer is not None and np.isfinite(layer.data).any():
                layer.data = np.full((2, 2), np.nan, np.float32)
            return
        layer = layer or self._make(kind)
        self._fill(layer, found)
        self._set_limits(kind, layer, found.limits)
        self._finish(kind, layer)

    def _fill(self, layer: Any, found: Overlay) -> None:
        scale = np.asarray(layer.scale)
        translate = np.asarray(self._placement.get("translate", (0.0, 0.0))) + (found.row0, found.col0) * scale
        if not np.allclose(translate, layer.translate):
            layer.translate = translate
        if layer.data.shape == found.values.shape:
            layer.data[...] = found.values
            layer.refresh(extent=False, highlight=False)
        else:
            layer.data = np.array(found.values, np.float32)

    def _draw_places(self) -> None:
        found = None if self._made is None else places(self._made, self._target)
        layer: Any = self._layers.get("places")
        if found is None or not len(found.vectors):
            if layer is not None and len(layer.data):
                layer.data = np.zeros((0, 2, 2))
            return
        layer = layer or self._make("places")
        # A hidden layer keeps the indices of what it showed, and fails where there is less now.
        layer.visible = True
        if layer.data.shape == found.vectors.shape and layer.metadata.get("colours") == found.colours:
            layer.data[...] = found.vectors
            layer.refresh(extent=False, thumbnail=False, highlight=False)
        else:
            layer.data = found.vectors
            layer.edge_color = found.colours
            layer.metadata["colours"] = found.colours
        self._finish("places", layer)

    def _finish(self, kind: str, layer: Any) -> None:
        """Name, record and visibility of a layer that was drawn."""
        assert self._made is not None
        name = self._name(kind)
        # A name that the user gave stays.
        if layer.name != name and layer.name == self._names.get(kind):
            layer.name = name
        self._names[kind] = name if layer.name == name else self._names.get(kind, "")
        layer.metadata.update(record(self._made, self._key, self._target))
        if not layer.visible:
            layer.visible = True

    def _name(self, kind: str) -> str:
        one = None if self._made is None else self._made.of(self._key)
        return layer_name(kind, self._target, "" if one is None else one.entry.title)

    def _set_limits(self, kind: str, layer: Any, limits: tuple[float, float]) -> None:
        before = self._limits.get(kind)
        if before is not None and not np.allclose(layer.contrast_limits, before):
            return  # the user chose limits of their own
        if before != limits:
            layer.contrast_limits = self._limits[kind] = limits

    # Making and losing layers

    def _make(self, kind: str) -> Layer:
        layer = self._layers[kind] = make_layer(kind, **self._placement)
        layer.name = self._names[kind] = self._name(kind)
        order, roof = list(KINDS), self._roof()
        above = [self._layers[k] for k in order[order.index(kind) + 1 :] if k in self._layers]
        insert_below(self._viewer, layer, above if roof is None else [*above, roof])
        layer.events.visible.connect(lambda _event, kind=kind: self._follow_visible(kind))
        if kind == "places":
            self._width = None
            self._set_width()
        return layer

    def _follow_visible(self, kind: str) -> None:
        layer = self._layers.get(kind)
        if layer is not None and layer.visible != (kind in self._wanted):
            (self._wanted.add if layer.visible else self._wanted.discard)(kind)
            self.shown_changed.emit()

    def _note_removed(self, event: Any) -> None:
        for kind, layer in list(self._layers.items()):
            if layer is event.value:
                del self._layers[kind]
                self._names.pop(kind, None)
                self._limits.pop(kind, None)
                self._wanted.discard(kind)
                self.shown_changed.emit()

    def _wait_for_zoom(self, _event: Any = None) -> None:
        self._zoom.ask()

    def _set_width(self) -> None:
        layer: Any = self._layers.get("places")
        if layer is None or (self._width is not None and not np.isclose(layer.edge_width, self._width)):
            return  # none, or the user chose a width of their own
        width = LINE_PX / float(self._viewer.scene.camera.zoom) / float(abs(layer.scale[-1]))
        if self._width is None or abs(width / self._width - 1) > 0.04:
            layer.edge_width = self._width = width

"""Draws a velocity map on a viewer: few layers, named, made once and updated in place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from napari.layers import Layer
from numpy.typing import NDArray
from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer, Signal

from napari_icenet.gui.session.placement import Placement
from napari_icenet.gui.velocity.layer_kinds import ARROW_PX, FIRST, MAKERS, ORDER, UNITS, layer_name
from napari_icenet.gui.velocity.picture import Arrows, arrows_of, ncc_of, speed_of
from napari_icenet.gui.velocity.placement import cells_placement
from napari_icenet.gui.widgets.layer_insert import insert_above
from napari_icenet.gui.widgets.throttle import Throttle
from napari_icenet.velocity.velocity_map import VelocityMap


class VelocityLayers(QObject):
    """Draws a :class:`VelocityMap` on a viewer.

    A layer that the user removed stays away until :meth:`restore`; colours, opacity and
    visibility are set when a layer is made and never again, contrast until the user sets it.

    Parameters
    ----------
    viewer : napari.Viewer
    below : callable
        Layers of the stack, above which the map is drawn.

    Attributes
    ----------
    scale_changed : Signal()
        Arrows are drawn longer or shorter on the screen.
    shown_changed : Signal()
        A layer was made, removed, hidden or shown.
    """

    scale_changed = Signal()
    shown_changed = Signal()

    def __init__(self, viewer: Any, below: Callable[[], Sequence[Layer]]) -> None:
        super().__init__()
        self._viewer = viewer
        self._below = below
        self._layers: dict[str, Layer] = {}
        self._removed: set[str] = set()
        self._limits: tuple[float, float] | None = None
        self._width: float | None = None
        self._arrows: Arrows | None = None
        self._shown: tuple[VelocityMap, Placement, float] | None = None
        self._zoom = Throttle(self._follow_zoom, seconds=0.05, every=1)
        self._next = QTimer(self)
        self._next.setSingleShot(True)
        self._next.timeout.connect(self._make_next)
        viewer.scene.camera.events.zoom.connect(self._wait_for_zoom)
        viewer.layers.events.removed.connect(self._note_removed)

    @property
    def layers(self) -> dict[str, Layer]:
        """The layers there are, by what they show."""
        return dict(self._layers)

    @property
    def removed(self) -> frozenset[str]:
        """What the user took away."""
        return frozenset(self._removed)

    @property
    def screen_px_per_unit(self) -> float | None:
        """Length on the screen of an arrow per unit of speed; None without arrows."""
        layer = self._layers.get("arrows")
        if layer is None or self._arrows is None or not layer.visible or not len(self._arrows.data):
            return None
        zoom = float(self._viewer.scene.camera.zoom) * float(abs(layer.scale[-1]))
        return self._arrows.px_per_unit * float(layer.length) * zoom

    def show(self, found: VelocityMap | None, place: Placement | None = None, top: float = 1.0) -> None:
        """Draw a map; None empties the layers and keeps them.

        Parameters
        ----------
        found : VelocityMap, optional
        place : Placement, optional
            Where the map's frame lies.
        top : float
            Speed of the last colour and the longest arrow, the same for all maps that are compared.
        """
        if found is None or place is None:
            self._shown = self._arrows = None
            self._empty()
        else:
            self._shown = (found, place, top)
            for kind in self._layers:
                self._draw(kind, *self._shown)
            self._make_next()
        self.scale_changed.emit()

    def restore(self) -> None:
        """Make removed layers again."""
        self._removed.clear()
        if self._shown is not None:
            self.show(*self._shown)
        self.shown_changed.emit()

    def close(self) -> None:
        """Disconnect from the viewer; the layers stay as they are."""
        self._zoom.stop()
        if isalive(self._next):  # type: ignore[no-untyped-call]
            self._next.stop()
        self._viewer.scene.camera.events.zoom.disconnect(self._wait_for_zoom)
        self._viewer.layers.events.removed.disconnect(self._note_removed)

    # Drawing

    def _make_next(self) -> None:
        """Make one missing layer, and ask for the next: each holds up the window for some tenths of a second."""
        missing = [kind for kind in FIRST if kind not in self._layers and kind not in self._removed]
        if self._shown is None or not missing:
            return
        kind, found = missing[0], self._shown[0]
        layer = self._layers[kind] = MAKERS[kind]()
        self._draw(kind, *self._shown)
        layer.name = layer_name(kind, found.unit)
        self._insert(kind, layer)
        self.shown_changed.emit()
        self.scale_changed.emit()
        self._next.start()

    def _draw(self, kind: str, found: VelocityMap, place: Placement, top: float) -> None:
        layer: Any = self._layers[kind]
        if kind == "arrows":
            self._draw_arrows(layer, found, place, top)
        else:
            values = {"speed": speed_of, "ncc": ncc_of}.get(kind, lambda m: m.reason.astype(np.uint8))(found)
            _fill(layer, values)
            _place(layer, cells_placement(place, found.settings.spacing))
        if kind == "speed":
            self._set_limits(layer, top)
            if layer.name in {layer_name(kind, unit) for unit in UNITS}:
                layer.name = layer_name(kind, found.unit)

    def _draw_arrows(self, layer: Any, found: VelocityMap, place: Placement, top: float) -> None:
        self._arrows = arrows_of(found, top)
        layer.data = self._arrows.data
        layer.features = {"speed": self._arrows.speed}
        _place(layer, place.layer_choices(2))
        self._set_width(layer)

    def _set_limits(self, layer: Any, top: float) -> None:
        limits = (0.0, top)
        chosen = tuple(float(v) for v in layer.contrast_limits)
        if self._limits is not None and not np.allclose(chosen, self._limits):
            return  # the user chose limits of their own
        layer.contrast_limits_range = (0.0, max(limits[1], float(np.nanmax(layer.data, initial=limits[1]))))
        layer.contrast_limits = self._limits = limits

    def _empty(self) -> None:
        for kind, layer in self._layers.items():
            if kind == "arrows":
                layer.data = np.zeros((0, 2, 2))
            elif kind == "validity":
                layer.data = np.zeros((2, 2), np.uint8)
            else:
                layer.data = np.full((2, 2), np.nan, np.float32)

    # Making and losing layers

    def _insert(self, kind: str, layer: Layer) -> None:
        lower = [self._layers[k] for k in ORDER[: ORDER.index(kind)] if k in self._layers]
        insert_above(self._viewer, layer, [*self._below(), *lower])
        layer.events.visible.connect(self._tell_shown)

    def _note_removed(self, event: Any) -> None:
        for kind, layer in list(self._layers.items()):
            if layer is event.value:
                del self._layers[kind]
                self._removed.add(kind)
                if kind == "speed":
                    self._limits = None
                if kind == "arrows":
                    self._width = None
                layer.events.visible.disconnect(self._tell_shown)
                self._tell_shown()

    def _tell_shown(self, _event: Any = None) -> None:
        self.shown_changed.emit()
        self.scale_changed.emit()

    # Widths that do not grow with the zoom

    def _wait_for_zoom(self, _event: Any = None) -> None:
        self._zoom.ask()

    def _follow_zoom(self) -> None:
        layer = self._layers.get("arrows")
        if layer is not None:
            self._set_width(layer)
        self.scale_changed.emit()

    def _set_width(self, layer: Any) -> None:
        if self._width is not None and not np.isclose(layer.edge_width, self._width):
            return  # the user chose a width of their own
        width = ARROW_PX / float(self._viewer.scene.camera.zoom) / float(abs(layer.scale[-1]))
        if self._width is None or abs(width / self._width - 1) > 0.04:
            layer.edge_width = self._width = width


def _fill(layer: Any, values: NDArray[Any]) -> None:
    if layer.data.shape == values.shape and layer.data.dtype == values.dtype:
        # Other data would make the viewer work out its axes anew.
        layer.data[...] = values
        layer.refresh(extent=False, highlight=False)
    else:
        layer.data = values


def _place(layer: Layer, choices: dict[str, Any]) -> None:
    for key, value in choices.items():
        now = getattr(layer, key)
        if tuple(map(str, now)) != tuple(map(str, value)):
            setattr(layer, key, value)

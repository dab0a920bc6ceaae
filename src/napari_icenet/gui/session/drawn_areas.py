"""Areas that are drawn on the picture: the layers they lie on, and the pixels inside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from napari.layers import Layer, Shapes
from numpy.typing import NDArray

from napari_icenet.gui.session.session import Session

#: Shapes that enclose something.
AREAS = ("polygon", "rectangle", "ellipse")
#: Ways of working on a layer in which one sees what is selected.
SELECTING = ("select", "direct")


class AreaWatch:
    """Hears when another area of some layers counts: drawn, changed or taken away, or selected.

    Parameters
    ----------
    changed : callable
        Called then, but not with each move of the mouse while a polygon grows.
    """

    def __init__(self, changed: Callable[[], object]) -> None:
        self._changed = changed
        self._layers: tuple[Any, ...] = ()

    def watch(self, layers: Sequence[Any]) -> None:
        """Watch these layers, and no others any longer."""
        if tuple(layers) == self._layers:
            return
        for layer in self._layers:
            layer.events.data.disconnect(self._on_data)
            layer.events.mode.disconnect(self._on_choice)
            layer.selected_data.events.items_changed.disconnect(self._on_choice)
        self._layers = tuple(layers)
        for layer in self._layers:
            layer.events.data.connect(self._on_data)
            layer.events.mode.connect(self._on_choice)
            layer.selected_data.events.items_changed.connect(self._on_choice)

    def _on_data(self, event: Any) -> None:
        if str(getattr(event, "action", "")).rpartition(".")[2].lower() in ("added", "changed", "removed", ""):
            self._changed()

    def _on_choice(self, *_: Any) -> None:
        self._changed()


def area_layers(session: Session, name: str) -> list[Layer]:
    """The layers on which areas are drawn, and the one called ``name`` even while it is empty."""
    return [layer for layer in session.viewer.layers if holds_areas(layer, name)]


def holds_areas(layer: Layer, name: str) -> bool:
    """Whether areas are drawn on a layer, or are to be."""
    return isinstance(layer, Shapes) and (layer.name == name or any(kind in AREAS for kind in layer.shape_type))


def inside_any(session: Session, layer: Any) -> NDArray[np.bool_]:
    """Pixels of the frame inside a layer's areas: of several, those that one sees selected, if any are.

    A shape that has just been drawn stays selected in napari, too, without being shown so.
    """
    stack = session.stack
    assert stack is not None
    mask: NDArray[np.bool_] = np.zeros(tuple(stack.grid.shape), bool)
    selected = sorted(layer.selected_data) if layer.mode in SELECTING else []
    for index in selected or range(layer.nshapes):
        if layer.shape_type[index] in AREAS:
            mask |= inside(session, layer, index)
    return mask


def inside(session: Session, layer: Any, index: int) -> NDArray[np.bool_]:
    """Pixels of the frame whose centres lie inside one area of a layer."""
    from skimage.draw import polygon2mask

    stack = session.stack
    assert stack is not None
    corners = outline_of(layer, index)
    world = np.array([layer.data_to_world(corner)[-2:] for corner in corners])
    places = session.world_to_pixel(world[:, 0], world[:, 1])
    found: NDArray[np.bool_] = polygon2mask(tuple(stack.grid.shape), places)  # type: ignore[no-untyped-call]
    return found


def outline_of(layer: Any, index: int) -> NDArray[np.float64]:
    """Corners of one area, in the layer's own coordinates; an ellipse as a polygon."""
    corners = np.asarray(layer.data[index], float)
    if layer.shape_type[index] != "ellipse":
        return corners
    centre, u, v = corners.mean(axis=0), (corners[1] - corners[0]) / 2, (corners[3] - corners[0]) / 2
    turn = np.linspace(0, 2 * np.pi, 72, endpoint=False)[:, None]
    return np.asarray(centre + np.cos(turn) * u + np.sin(turn) * v)


def start_drawing(session: Session, name: str, colour: str, filled: str) -> Layer:
    """The layer on which areas are drawn, ready for the next polygon; made at the first time.

    Parameters
    ----------
    session : Session
    name : str
        Of the layer.
    colour : str
        Of outlines: ``#RRGGBB``.
    filled : str
        How much of it fills an area: two hexadecimal digits.
    """
    viewer = session.viewer
    layer = next((other for other in viewer.layers if other.name == name and isinstance(other, Shapes)), None)
    if layer is None:
        layer = Shapes(
            ndim=2,
            name=name,
            edge_color=colour,
            face_color=colour + filled,
            edge_width=2,
            blending="translucent_no_depth",
            **session.placement(axes=2),
        )
        viewer.add_layer(layer)
    viewer.layers.selection.active = layer
    layer.mode = "add_polygon"
    return layer

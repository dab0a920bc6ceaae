"""Areas that are drawn on the picture: the layers they lie on, and the pixels inside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from napari.layers import Layer, Shapes
from numpy.typing import NDArray

from napari_icenet.errors import TrackingError
from napari_icenet.gui.session.date_axis import seen_sides
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
    """True if areas are drawn on a layer, or are to be."""
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
    # No layer group: what is drawn is the user's own, found again by its name, and outlives what asked for it.
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
    layer.visible = True
    layer.mode = "add_polygon"
    return layer


#: What can be mapped beside areas that were drawn.
VIEW, WHOLE = "In view", "Whole frame"


def area_of(session: Session, where: str) -> NDArray[np.bool_] | None:
    """Area of the frame that is meant, shape (y, x); None for all of it.

    Parameters
    ----------
    session : Session
    where : str
        :data:`VIEW`, :data:`WHOLE`, or the name of a layer with areas (of several, those that one
        sees selected, if any are).

    Raises
    ------
    TrackingError
        There is nothing of the frame in view, no such layer, or no area on it.
    """
    stack = session.stack
    if stack is None:
        raise TrackingError("open scenes first.")
    if where == WHOLE:
        return None
    if where == VIEW:
        return in_view(session)
    viewer = session.viewer
    layer: Any = next((other for other in viewer.layers if other.name == where), None)
    if not isinstance(layer, Shapes):
        raise TrackingError(f"the layer {where} is no longer there; draw an area, or map what is in view.")
    mask = inside_any(session, layer)
    if not mask.any():
        raise TrackingError(f"the layer {where} shows no area on the picture; draw a polygon on the ice.")
    return mask


def in_view(session: Session) -> NDArray[np.bool_] | None:
    """The part of the frame that the window shows, shape (y, x); None where that is all of it.

    Raises
    ------
    TrackingError
        None of it is in view.
    """
    stack, viewer = session.stack, session.viewer
    assert stack is not None
    camera = viewer.scene.camera
    middle = np.array(seen_sides(viewer, *camera.center[-2:]), float)
    half = np.array(seen_sides(viewer, *viewer.canvas.viewbox_size(viewer.layers)), float) / float(camera.zoom) / 2
    (top, left), (bottom, right) = middle - half, middle + half
    corners = session.world_to_pixel([top, top, bottom, bottom], [left, right, left, right])
    height, width = stack.grid.shape
    low = np.clip(np.ceil(corners.min(axis=0)), 0, (height, width)).astype(int)
    high = np.clip(np.floor(corners.max(axis=0)) + 1, 0, (height, width)).astype(int)
    if (low >= high).any():
        raise TrackingError("nothing of the picture is in view; bring the ice into view, or map the whole frame.")
    if (low == 0).all() and tuple(high) == (height, width):
        return None
    mask: NDArray[np.bool_] = np.zeros((height, width), bool)
    mask[low[0] : high[0], low[1] : high[1]] = True
    return mask

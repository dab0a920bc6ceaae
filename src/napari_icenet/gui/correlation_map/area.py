"""Where correlation is mapped: what is in view, an area drawn on the picture, or the whole frame."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Layer, Shapes
from numpy.typing import NDArray

from napari_icenet.common import palette as colours
from napari_icenet.errors import TrackingError
from napari_icenet.gui.session import drawn_areas
from napari_icenet.gui.session.drawn_areas import area_layers, inside_any
from napari_icenet.gui.session.session import Session

#: The layer that areas are drawn on.
DRAWN = "map area"
#: What can be mapped beside areas that were drawn.
VIEW, WHOLE = "In view", "Whole frame"


def candidates(session: Session) -> list[Layer]:
    """The layers on which areas are drawn."""
    return area_layers(session, DRAWN)


def area_of(session: Session, where: str) -> NDArray[np.bool_] | None:
    """Where correlation is to be mapped, shape (y, x) of the frame; None for all of it.

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
    middle = np.array(camera.center[-2:], float)
    half = np.array(viewer.canvas.viewbox_size(viewer.layers), float) / float(camera.zoom) / 2
    corners = session.world_to_pixel(*np.stack([middle - half, middle + half], axis=-1))
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


def start_drawing(session: Session) -> Layer:
    """The layer on which an area is drawn, ready for the next polygon."""
    return drawn_areas.start_drawing(session, DRAWN, colours.AREA, filled="20")

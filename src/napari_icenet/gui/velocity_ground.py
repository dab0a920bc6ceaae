"""Stable ground drawn or loaded in the window, as a mask of the frame's pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Image, Labels, Layer, Shapes
from numpy.typing import NDArray

from napari_icenet.errors import TrackingError
from napari_icenet.gui import colours
from napari_icenet.gui.session import Session

DRAWN = "stable ground"
AREAS = ("polygon", "rectangle", "ellipse")


def candidates(session: Session) -> list[Layer]:
    """Layers that can say what stands still: areas, and masks of the frame's size."""
    stack = session.stack
    if stack is None:
        return []
    shape = tuple(stack.grid.shape)
    return [
        layer
        for layer in session.viewer.layers
        if (isinstance(layer, Shapes) and (layer.name == DRAWN or any(kind in AREAS for kind in layer.shape_type)))
        or (isinstance(layer, Labels | Image) and tuple(getattr(layer.data, "shape", ())) == shape)
    ]


def mask_of(session: Session, layer: Layer) -> NDArray[np.bool_]:
    """Where a layer says that the ground stands still, shape (y, x) of the frame.

    Parameters
    ----------
    session : Session
    layer : Shapes, Labels or Image
        Areas (of several, the selected ones if any are), or pixels above zero.

    Raises
    ------
    TrackingError
        The layer shows no area.
    """
    stack = session.stack
    if stack is None:
        raise TrackingError("open scenes first.")
    shape = tuple(stack.grid.shape)
    if not isinstance(layer, Shapes):
        mask = np.nan_to_num(np.asarray(layer.data)) > 0
    else:
        mask = np.zeros(shape, bool)
        indices = sorted(layer.selected_data) or range(layer.nshapes)
        for index in indices:
            if layer.shape_type[index] in AREAS:
                mask |= inside(session, layer, index)
    found: NDArray[np.bool_] = mask
    if not mask.any():
        raise TrackingError(f"the layer {layer.name} shows no area of stable ground; draw one on rock.")
    return found


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


def start_drawing(session: Session) -> Layer:
    """The layer on which stable ground is drawn, ready for the next polygon."""
    viewer = session.viewer
    layer = next((other for other in viewer.layers if other.name == DRAWN and isinstance(other, Shapes)), None)
    if layer is None:
        layer = Shapes(
            ndim=2,
            name=DRAWN,
            edge_color=colours.STABLE,
            face_color=colours.STABLE + "40",
            edge_width=2,
            blending="translucent_no_depth",
            **session.placement(axes=2),
        )
        viewer.add_layer(layer)
    viewer.layers.selection.active = layer
    layer.mode = "add_polygon"
    return layer

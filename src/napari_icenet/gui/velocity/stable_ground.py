"""Stable ground drawn or loaded in the window, as a mask of the frame's pixels."""

from __future__ import annotations

import numpy as np
from napari.layers import Image, Labels, Layer, Shapes
from numpy.typing import NDArray

from napari_icenet.common import palette
from napari_icenet.errors import TrackingError
from napari_icenet.gui.session import drawn_areas
from napari_icenet.gui.session.drawn_areas import holds_areas, inside_any
from napari_icenet.gui.session.session import Session

DRAWN = "stable ground"


def candidates(session: Session) -> list[Layer]:
    """Layers that can say what stands still: areas, and masks of the frame's size."""
    stack = session.stack
    if stack is None:
        return []
    shape = tuple(stack.grid.shape)
    return [
        layer
        for layer in session.viewer.layers
        if holds_areas(layer, DRAWN)
        or (isinstance(layer, Labels | Image) and tuple(getattr(layer.data, "shape", ())) == shape)
    ]


def mask_of(session: Session, layer: Layer) -> NDArray[np.bool_]:
    """Mask of ground that a layer says stands still, shape (y, x) of the frame.

    Parameters
    ----------
    session : Session
    layer : Shapes, Labels or Image
        Areas (of several, those that one sees selected, if any are), or pixels above zero.

    Raises
    ------
    TrackingError
        The layer shows no area.
    """
    stack = session.stack
    if stack is None:
        raise TrackingError("open scenes first.")
    drawn = isinstance(layer, Shapes)
    found: NDArray[np.bool_] = inside_any(session, layer) if drawn else np.nan_to_num(np.asarray(layer.data)) > 0
    if not found.any():
        raise TrackingError(f"the layer {layer.name} shows no area of stable ground; draw one on rock.")
    return found


def start_drawing(session: Session) -> Layer:
    """The layer on which stable ground is drawn, ready for the next polygon."""
    return drawn_areas.start_drawing(session, DRAWN, palette.STABLE, filled="40")

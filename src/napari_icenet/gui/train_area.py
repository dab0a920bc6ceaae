"""The ground that is learned from: the whole frame, or areas drawn on the picture."""

from __future__ import annotations

from typing import Any

from napari.layers import Layer, Shapes

from napari_icenet.gui import colours
from napari_icenet.gui.map_area import WHOLE
from napari_icenet.gui.session import Session
from napari_icenet.gui.velocity_ground import AREAS

#: The layer that areas are drawn on.
DRAWN = "training area"


def candidates(session: Session) -> list[str]:
    """What can be chosen: the whole frame, and the layers on which areas are drawn."""
    drawn = [
        layer.name
        for layer in session.viewer.layers
        if isinstance(layer, Shapes) and (layer.name == DRAWN or any(kind in AREAS for kind in layer.shape_type))
    ]
    return [WHOLE, *drawn]


def layer_of(session: Session, where: str) -> Any | None:
    """The layer of that name on which areas are drawn."""
    return next((one for one in session.viewer.layers if one.name == where and isinstance(one, Shapes)), None)


def start_drawing(session: Session) -> Layer:
    """The layer on which the area is drawn, ready for the next polygon."""
    viewer = session.viewer
    layer = layer_of(session, DRAWN)
    if layer is None:
        layer = Shapes(
            ndim=2,
            name=DRAWN,
            edge_color=colours.AREA,
            face_color=colours.AREA + "10",
            edge_width=2,
            blending="translucent_no_depth",
            **session.placement(axes=2),
        )
        viewer.add_layer(layer)
    viewer.layers.selection.active = layer
    layer.mode = "add_polygon"
    return layer

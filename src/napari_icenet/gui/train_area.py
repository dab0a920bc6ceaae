"""The ground that is learned from: the whole frame, or areas drawn on the picture."""

from __future__ import annotations

from typing import Any

from napari.layers import Layer, Shapes

from napari_icenet.gui import colours, drawn_areas
from napari_icenet.gui.drawn_areas import area_layers
from napari_icenet.gui.map_area import WHOLE
from napari_icenet.gui.session import Session

#: The layer that areas are drawn on.
DRAWN = "training area"


def candidates(session: Session) -> list[str]:
    """What can be chosen: the whole frame, and the layers on which areas are drawn."""
    return [WHOLE, *(layer.name for layer in area_layers(session, DRAWN))]


def layer_of(session: Session, where: str) -> Any | None:
    """The layer of that name on which areas are drawn."""
    return next((one for one in session.viewer.layers if one.name == where and isinstance(one, Shapes)), None)


def start_drawing(session: Session) -> Layer:
    """The layer on which the area is drawn, ready for the next polygon."""
    return drawn_areas.start_drawing(session, DRAWN, colours.AREA, filled="10")

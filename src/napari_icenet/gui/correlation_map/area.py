"""Areas to map: what is in view, an area drawn on the picture, or the whole frame."""

from __future__ import annotations

from napari.layers import Layer

from napari_icenet.common import palette
from napari_icenet.gui.session import drawn_areas
from napari_icenet.gui.session.drawn_areas import area_layers
from napari_icenet.gui.session.session import Session

#: The layer that areas are drawn on.
DRAWN = "map area"


def candidates(session: Session) -> list[Layer]:
    """The layers on which areas are drawn."""
    return area_layers(session, DRAWN)


def start_drawing(session: Session) -> Layer:
    """The layer on which an area is drawn, ready for the next polygon."""
    return drawn_areas.start_drawing(session, DRAWN, palette.AREA, filled="20")

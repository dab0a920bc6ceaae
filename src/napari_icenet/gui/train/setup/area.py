"""The ground that is learned from: the whole frame, or areas drawn on the picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Shapes
from numpy.typing import NDArray
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QSizePolicy, QWidget

from napari_icenet.common import palette
from napari_icenet.gui.session import drawn_areas
from napari_icenet.gui.session.drawn_areas import WHOLE, AreaWatch, area_layers, area_of
from napari_icenet.gui.session.session import Session

#: The layer that areas are drawn on.
DRAWN = "training area"


class AreaBox(QComboBox):
    """Offers the whole frame and the layers on which areas are drawn, and follows what is drawn on the chosen one.

    Parameters
    ----------
    session : Session
    parent : QWidget, optional

    Attributes
    ----------
    changed : Signal()
        Another area was chosen, or the chosen one was drawn otherwise.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._filling = False
        self._watch = AreaWatch(self._tell)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.currentIndexChanged.connect(self._tell)

    def ground(self) -> NDArray[np.bool_] | None:
        """The chosen ground, shape (y, x) of the frame; None for all of it.

        Raises
        ------
        TrackingError
            The chosen layer is gone, or shows no area.
        """
        self._listen()
        where = self.currentText()
        return None if where in ("", WHOLE) else area_of(self._session, where)

    def list_layers(self, *_: Any) -> None:
        """Offer what there is now; where the chosen layer is gone, the whole frame is chosen."""
        chosen, self._filling = self.currentText() or WHOLE, True
        self.clear()
        self.addItems([WHOLE, *(layer.name for layer in area_layers(self._session, DRAWN))])
        found = self.findText(chosen)
        self.setCurrentIndex(max(0, found))
        self._filling = False
        self._listen()
        if found < 0:
            self._tell()

    def draw(self) -> None:
        """Choose the layer on which areas are drawn, ready for the next polygon."""
        if self._session.stack is not None:
            layer = drawn_areas.start_drawing(self._session, DRAWN, palette.AREA, filled="10")
            self.list_layers()
            self.setCurrentText(layer.name)

    def release(self) -> None:
        """Hear no more of the layer on which the area is drawn."""
        self._watch.watch(())

    def _listen(self) -> None:
        where, layers = self.currentText(), self._session.viewer.layers
        self._watch.watch([one for one in layers if one.name == where and isinstance(one, Shapes)][:1])

    def _tell(self, *_: Any) -> None:
        if not self._filling:
            self._listen()
            self.changed.emit()

"""Options that are used less: stable ground, a prior map, layers that were removed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QGridLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from napari_icenet.gui.session.session import Session
from napari_icenet.gui.velocity import files as velocity_files
from napari_icenet.gui.velocity import stable_ground as velocity_ground

FOUND = "Found in the map"


class VelocityOptions(QWidget):
    """Chooses stable ground and a prior map.

    Attributes
    ----------
    failed : Signal(str)
        One sentence for the user.
    """

    failed = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.prior: Path | None = None
        self.ground = QComboBox(self)
        self.ground.setToolTip(
            "Ground that does not move, such as rock: an area you drew, or a layer of the frame's size that is above "
            "zero there. Its apparent motion is how far the scenes are shifted. Default: the map's own slow mode."
        )
        self.ground.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.ground.addItem(FOUND)
        self.draw = QPushButton("Draw", self)
        self.draw.setToolTip("Draw a polygon on ground that does not move; Esc ends it.")
        self.draw.clicked.connect(self._draw)
        self.choose = QPushButton("None", self)
        self.choose.setToolTip(
            "A velocity map (NetCDF such as ITS_LIVE's, or GeoTIFF of vx and vy in m/yr) on which searches are "
            "centred. Default: none."
        )
        self.choose.clicked.connect(self._choose)
        self.forget = QToolButton(self)
        self.forget.setText("×")
        self.forget.setToolTip("Search without the prior map.")
        self.forget.clicked.connect(lambda: self.set_prior(None))
        self.restore = QPushButton("Show removed layers again", self)
        self.restore.setToolTip("Make the layers of the map again that were removed from the list of layers.")
        self.restore.hide()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(3)
        grid.addWidget(QLabel("Stable ground", self), 0, 0)
        grid.addWidget(self.ground, 0, 1)
        grid.addWidget(self.draw, 0, 2)
        grid.addWidget(QLabel("Prior map", self), 1, 0)
        grid.addWidget(self.choose, 1, 1)
        grid.addWidget(self.forget, 1, 2)
        grid.addWidget(self.restore, 2, 0, 1, 3)
        grid.setColumnStretch(1, 1)
        self.set_prior(None)
        for events in (session.viewer.layers.events.inserted, session.viewer.layers.events.removed):
            events.connect(self.refresh)

    def stable(self) -> NDArray[np.bool_] | None:
        """Mask of stable ground (y, x) of the frame; None where the map is to find it itself.

        Raises
        ------
        TrackingError
            The chosen layer shows no area.
        """
        name = self.ground.currentText()
        if self.ground.currentIndex() <= 0 or name not in self._session.viewer.layers:
            return None
        return velocity_ground.mask_of(self._session, self._session.viewer.layers[name])

    def set_prior(self, path: Path | None) -> None:
        """Centre searches on a map, or no longer."""
        self.prior = path
        self.choose.setText("None" if path is None else path.name)
        self.forget.setVisible(path is not None)

    def refresh(self, *_: object) -> None:
        """List the layers that can say what stands still."""
        chosen = self.ground.currentText()
        names = [layer.name for layer in velocity_ground.candidates(self._session)]
        self.ground.clear()
        self.ground.addItems([FOUND, *names])
        self.ground.setCurrentIndex(max(0, self.ground.findText(chosen)))

    def _draw(self) -> None:
        if self._session.stack is not None:
            layer = velocity_ground.start_drawing(self._session)
            self.refresh()
            self.ground.setCurrentText(layer.name)

    def _choose(self) -> None:
        path = velocity_files.ask_open(self, "Prior velocity map", velocity_files.PRIORS)
        if path is not None:
            self.set_prior(path)

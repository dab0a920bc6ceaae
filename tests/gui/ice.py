"""A stack of moving texture whose every displacement is known, and a hand that moves a real mouse."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
from affine import Affine
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent, QWheelEvent
from qtpy.QtWidgets import QApplication
from rasterio.crs import CRS
from scipy.ndimage import gaussian_filter

from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.stack import SceneStack

HEIGHT, WIDTH, DATES = 200, 240, 6
#: Whole pixels from one date to the next.
STEP = (2, -3)
#: A date of pure cloud.
CLOUDY = 3


def moving_ice(*, georeferenced: bool = True, name: str = "ice", seed: int = 1) -> SceneStack:
    """Texture that moves by STEP each 16 days; nothing of it is seen on date CLOUDY."""
    random = np.random.default_rng(seed)
    wide = 1000 + 100 * gaussian_filter(random.normal(size=(HEIGHT + 60, WIDTH + 60)), 1.5)
    values = np.stack(
        [
            wide[30 - i * STEP[0] : 30 - i * STEP[0] + HEIGHT, 30 - i * STEP[1] : 30 - i * STEP[1] + WIDTH]
            for i in range(DATES)
        ]
    ).astype(np.float32)
    values[CLOUDY] = 1000 + 100 * gaussian_filter(random.normal(size=(HEIGHT, WIDTH)), 1.5)
    times = [datetime(2020, 1, 1) + timedelta(days=16 * i) for i in range(DATES)]
    grid = Grid(HEIGHT, WIDTH, Affine(30, 0, 400_000, 0, -30, -1_000_000), CRS.from_epsg(3031))
    return SceneStack.from_array(values, times, name=name, grid=grid if georeferenced else None)


class Hand:
    """Sends real Qt events to a viewer's canvas, at pixel positions of a stack."""

    def __init__(self, viewer, session):
        self.viewer, self.session = viewer, session
        self.canvas = viewer.window._qt_viewer.canvas
        self.native = self.canvas.native

    def at(self, row, col):
        """Canvas position of a pixel of the stack."""
        y, x = self.session.pixel_to_world(row, col)
        camera, view = self.viewer.scene.camera, self.canvas.view
        middle = np.array(view.rect.size) / 2 + np.array(view.rect.pos)
        offset = (np.array([x, y]) - np.array(camera.center[-1:-3:-1])) * camera.zoom
        return QPointF(*(middle + offset))

    def _send(self, kind, at, button, buttons, modifiers=Qt.KeyboardModifier.NoModifier):
        event = QMouseEvent(kind, at, QPointF(self.native.mapToGlobal(at.toPoint())), button, buttons, modifiers)
        QApplication.sendEvent(self.native, event)
        QApplication.processEvents()

    def click(self, row, col, modifiers=Qt.KeyboardModifier.NoModifier):
        left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        self._send(QEvent.Type.MouseButtonPress, self.at(row, col), left, left, modifiers)
        self._send(QEvent.Type.MouseButtonRelease, self.at(row, col), left, none, modifiers)

    def move(self, row, col):
        none = Qt.MouseButton.NoButton
        self._send(QEvent.Type.MouseMove, self.at(row, col), none, none)

    def double_click(self, row, col):
        left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        self.click(row, col)
        self._send(QEvent.Type.MouseButtonDblClick, self.at(row, col), left, left)
        self._send(QEvent.Type.MouseButtonRelease, self.at(row, col), left, none)

    def drag(self, start, stop, steps=5):
        left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        points = [self.at(*(np.array(start) + (np.array(stop) - start) * i / steps)) for i in range(steps + 1)]
        self._send(QEvent.Type.MouseButtonPress, points[0], left, left)
        for point in points[1:]:
            self._send(QEvent.Type.MouseMove, point, none, left)
        self._send(QEvent.Type.MouseButtonRelease, points[-1], left, none)

    def wheel(self, row, col, up, modifiers):
        at, delta = self.at(row, col), 120 if up else -120
        # With Alt, Qt turns the wheel sideways.
        turn = QPoint(delta, 0) if modifiers == Qt.KeyboardModifier.AltModifier else QPoint(0, delta)
        event = QWheelEvent(
            at,
            QPointF(self.native.mapToGlobal(at.toPoint())),
            QPoint(),
            turn,
            Qt.MouseButton.NoButton,
            modifiers,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(self.native, event)
        QApplication.processEvents()

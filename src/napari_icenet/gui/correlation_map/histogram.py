"""Histogram of correlations, predictor by predictor, over the colours of the maps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QFont, QLinearGradient, QPainter, QPainterPath, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_icenet.common import palette
from napari_icenet.evaluation.scoring.table import LIMITS
from napari_icenet.predictors.predictor_set import PredictorSet

_LEFT, _RIGHT, _TOP, _BOTTOM, _BAR = 8.0, 8.0, 16.0, 18.0, 8.0
_TIP = (
    "Shares of the cells by correlation, a line for each predictor; the map's colours lie below. Shaded: below 0.3, "
    "which the paper calls poor, and above 0.7, which it calls good."
)


class MapHistogram(QWidget):
    """Histogram of correlations from −1 to 1, with the bands below 0.3 and above 0.7 marked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.edges: NDArray[np.float64] = np.linspace(-1, 1, 2)
        self.shares: dict[str, NDArray[np.float64]] = {}
        self._line_up: PredictorSet | None = None
        self._chosen = ""
        self.setToolTip(_TIP)
        self.setAccessibleName("Histogram of the correlations")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(72)
        self.setMaximumHeight(280)

    def sizeHint(self) -> QSize:  # noqa: N802  (Qt's name)
        """Low enough for a small screen."""
        return QSize(340, 140)

    def show_counts(
        self, predictor_set: PredictorSet, edges: NDArray[np.float64], counts: dict[str, NDArray[Any]], chosen: str
    ) -> None:
        """Draw counts per bin; the chosen predictor is filled and drawn last."""
        self._line_up, self._chosen = predictor_set, chosen
        self.edges = np.asarray(edges, float)
        self.shares = {key: np.asarray(of, float) / max(1.0, float(np.sum(of))) for key, of in counts.items()}
        self.update()

    def paintEvent(self, _event: Any) -> None:  # noqa: N802  (Qt's name)
        """Draw it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont(painter.font())
        font.setPixelSize(10)
        painter.setFont(font)
        text = self.palette().windowText().color()
        box = QRectF(_LEFT, _TOP, self.width() - _LEFT - _RIGHT, self.height() - _TOP - _BOTTOM - _BAR)
        self._bands(painter, box, text)
        top = max((float(of.max()) for of in self.shares.values() if of.size), default=0.0)
        if self._line_up is not None and top > 0:
            for entry in sorted(self._line_up.entries, key=lambda one: one.key == self._chosen):
                if entry.key in self.shares:
                    self._steps(painter, box, self.shares[entry.key] / top, entry.colour, entry.key == self._chosen)
        self._axis(painter, box, text, top)
        painter.end()

    def _x(self, box: QRectF, value: float) -> float:
        return float(box.left() + (value + 1) / 2 * box.width())

    def _bands(self, painter: QPainter, box: QRectF, text: QColor) -> None:
        low, high = LIMITS
        faint = QColor(text)
        faint.setAlpha(22)
        for begin, end, word in ((-1.0, low, f"below {low:g}"), (high, 1.0, f"above {high:g}")):
            band = QRectF(self._x(box, begin), box.top(), self._x(box, end) - self._x(box, begin), box.height())
            painter.fillRect(band, faint)
            painter.setPen(QPen(text))
            painter.drawText(QRectF(band.left(), 0, band.width(), _TOP - 2), Qt.AlignmentFlag.AlignCenter, word)

    def _steps(self, painter: QPainter, box: QRectF, heights: NDArray[np.float64], colour: str, filled: bool) -> None:
        path = QPainterPath(QPointF(self._x(box, float(self.edges[0])), box.bottom()))
        for k, height in enumerate(heights):
            y = box.bottom() - float(height) * (box.height() - 4)
            path.lineTo(self._x(box, float(self.edges[k])), y)
            path.lineTo(self._x(box, float(self.edges[k + 1])), y)
        path.lineTo(self._x(box, float(self.edges[-1])), box.bottom())
        line = QColor(colour)
        if filled:
            inside = QColor(line)
            inside.setAlpha(80)
            painter.fillPath(path, inside)
        painter.setPen(QPen(line, 2.2 if filled else 1.3))
        painter.drawPath(path)

    def _axis(self, painter: QPainter, box: QRectF, text: QColor, top: float) -> None:
        bar = QRectF(box.left(), box.bottom() + 2, box.width(), _BAR)
        shades = QLinearGradient(bar.topLeft(), bar.topRight())
        for k, stop in enumerate(palette.NCC_STOPS):
            shades.setColorAt(k / (len(palette.NCC_STOPS) - 1), QColor(stop))
        painter.fillRect(bar, shades)
        painter.setPen(QPen(text))
        for value in (-1.0, -0.5, 0.0, LIMITS[0], LIMITS[1], 1.0):
            x = self._x(box, value)
            painter.drawLine(QPointF(x, bar.bottom()), QPointF(x, bar.bottom() + 2))
            label = QRectF(x - 20, bar.bottom() + 2, 40, _BOTTOM - 4)
            if value == -1.0:
                label.moveLeft(x - 3)
            elif value == 1.0:
                label.moveRight(x + 3)
            align = {-1.0: Qt.AlignmentFlag.AlignLeft, 1.0: Qt.AlignmentFlag.AlignRight}.get(
                value, Qt.AlignmentFlag.AlignHCenter
            )
            painter.drawText(label, align, f"{value:g}".replace("-", "−") + (" NCC" if value == 0 else ""))
        if top > 0:
            painter.drawText(QPointF(box.left(), _TOP - 5), f"{100 * top:.0f} % of chips")

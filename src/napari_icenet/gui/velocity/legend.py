"""Legend of a velocity map's arrows and colours, beside the picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QPainter, QPen
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_icenet.common import palette
from napari_icenet.gui.velocity.picture import nice
from napari_icenet.gui.velocity.words import number
from napari_icenet.gui.widgets.theme import quiet
from napari_icenet.matching.lost_reason import REASONS
from napari_icenet.velocity.velocity_map import VelocityMap

#: Screen pixels that the arrow of the legend has at most.
LONGEST_PX = 64.0
_HEAD = 5.0


class ArrowLegend(QWidget):
    """An arrow as long as it is drawn on the picture, and the speed it stands for."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.speed: float | None = None
        self.length = 0.0
        self._unit = ""
        self.setFixedHeight(20)
        self.setToolTip("An arrow of the picture of this length stands for this speed; it follows the zoom.")
        self.hide()

    @property
    def text(self) -> str:
        """The speed with its unit."""
        return "" if self.speed is None else f"{number(self.speed)} {self._unit}"

    def show_scale(self, px_per_unit: float | None, unit: str) -> None:
        """Show which speed is how long on the screen; nothing where there are no arrows."""
        self._unit = unit
        self.speed = None if not px_per_unit else nice(LONGEST_PX / px_per_unit)
        self.length = 0.0 if self.speed is None or not px_per_unit else self.speed * px_per_unit
        self.setVisible(self.speed is not None)
        self.update()

    def paintEvent(self, _event: Any) -> None:  # noqa: N802  (Qt's name)
        """Draw the arrow and its speed."""
        if self.speed is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.palette().windowText().color(), 1.6))
        y, tip = self.height() / 2, QPointF(2 + self.length, self.height() / 2)
        painter.drawLine(QPointF(2, y), tip)
        for side in (-1, 1):
            painter.drawLine(tip, QPointF(tip.x() - _HEAD, y + side * _HEAD * 0.7))
        room = QRectF(self.length + 10, 0, self.width() - self.length - 10, self.height())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.text)


class ReasonLegend(QWidget):
    """The reasons for which cells of a map are not valid, with their colours and shares."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = quiet(parent=self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._text)

    @property
    def text(self) -> str:
        """The legend, as rich text."""
        return str(self._text.text())

    def show_map(self, found: VelocityMap | None) -> None:
        """List what there is in a map, most frequent first."""
        self._text.setText("" if found is None else reasons_text(found))
        self.setVisible(bool(self._text.text()))


def reasons_text(found: VelocityMap) -> str:
    """Reasons with their colours and shares, as rich text: ``■ ambiguous 4 %``."""
    counts = np.bincount(found.reason.ravel(), minlength=len(REASONS))
    parts = []
    for code in np.argsort(-counts, kind="stable"):
        reason = REASONS[code] if code < len(REASONS) else None
        if reason is None or not counts[code]:
            continue
        share = 100 * counts[code] / found.reason.size
        text = f"{share:.0f} %" if share >= 1 else "&lt; 1 %"
        swatch = QColor(palette.reason_colour(reason.name)).name()
        words = f" {reason.value} {text}".replace(" ", "&nbsp;")
        parts.append(f"<span style='color:{swatch}'>■</span>{words}")
    return " &nbsp;".join(parts)

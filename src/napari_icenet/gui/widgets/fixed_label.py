"""Wrapping label whose text can change without relayout of the dock."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QEvent, QSize
from qtpy.QtWidgets import QLabel, QSizePolicy, QWidget


class SteadyLine(QWidget):
    """Holds a wrapping label, and lays its surroundings out anew only where the label needs another height.

    A label in a layout has the layouts around it worked out anew, up to the window's, with every other word.

    Parameters
    ----------
    label : QLabel
        Becomes a child; is to stay visible.
    parent : QWidget, optional
    """

    def __init__(self, label: QLabel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.label = label
        self._height = -1
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        label.setParent(self)
        label.show()

    def event(self, event: Any) -> bool:
        """Without a layout of its own, it is told where the label has other words or another font."""
        if event.type() == QEvent.Type.LayoutRequest and self.heightForWidth(self.width()) != self._height:
            self.updateGeometry()
            self._height = self.heightForWidth(self.width())
        return super().event(event)

    def resizeEvent(self, event: Any) -> None:  # noqa: N802 (Qt's name)
        """The label fills it."""
        super().resizeEvent(event)
        self.label.setGeometry(self.rect())
        self._height = self.heightForWidth(self.width())

    def hasHeightForWidth(self) -> bool:  # noqa: N802 (Qt's name)
        """As the label."""
        return True

    def heightForWidth(self, width: int) -> int:  # noqa: N802 (Qt's name)
        """As the label."""
        return max(self.label.heightForWidth(width), self.label.minimumHeight())

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """As the label."""
        return self.label.sizeHint().expandedTo(self.label.minimumSize())

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """As the label."""
        return self.label.minimumSizeHint().expandedTo(self.label.minimumSize())

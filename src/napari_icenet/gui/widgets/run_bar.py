"""The button that maps and turns into Cancel while it does, with what it is going to do."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QProgressBar, QPushButton, QVBoxLayout, QWidget

from napari_icenet.gui.widgets.theme import TIGHT, make_primary, quiet

MAP, CANCEL, CANCELLING = "Map velocity", "Cancel", "Cancelling…"
TIP = "Match every point of the grid on the two dates. The maps there are stay until it is done."


class RunBar(QWidget):
    """The button, a bar and a line below.

    Parameters
    ----------
    parent : QWidget, optional
    action, tip : str
        What the button says while nothing is being done, and what it does.

    Attributes
    ----------
    asked : Signal()
    cancelled : Signal()
    """

    asked = Signal()
    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None, *, action: str = MAP, tip: str = TIP) -> None:
        super().__init__(parent)
        self._action = action
        self._busy = False
        self._ahead, self._possible = "", True
        self.button = make_primary(QPushButton(action, self))
        self.button.setToolTip(tip)
        self.button.clicked.connect(self._on_click)
        self.progress = QProgressBar(self)
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(6)
        self.line = quiet(parent=self)
        self.line.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(TIGHT)
        layout.addWidget(self.button)
        layout.addWidget(self.progress)
        layout.addWidget(self.line)
        self.show_busy(False, False)

    def show_busy(self, busy: bool, cancelling: bool) -> None:
        """Say whether maps are being made."""
        began = busy and not self._busy
        self._busy = busy
        self.button.setText(CANCELLING if busy and cancelling else CANCEL if busy else self._action)
        self.button.setEnabled(not cancelling if busy else self._possible)
        self.progress.setVisible(busy)
        if began:
            self.show_progress(0.0, "")
        if not busy:
            self.line.setText(self._ahead)

    def show_progress(self, share: float, text: str) -> None:
        """Say how far it is and what is being done."""
        self.progress.setValue(round(1000 * share))
        if text:
            self.line.setText(text)

    def show_ahead(self, text: str, possible: bool) -> None:
        """Say what is going to be done, or why it cannot."""
        self._ahead, self._possible = text, possible
        if not self._busy:
            self.line.setText(text)
            self.button.setEnabled(possible)

    def _on_click(self) -> None:
        (self.cancelled if self._busy else self.asked).emit()

"""Empty page of a tab: one line, and one button that does the next thing."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget


class EmptyPage(QWidget):
    """A line of text and a button in the middle of a tab.

    Parameters
    ----------
    text : str
        What is missing.
    action, tip : str
        The button's words and what it does.
    parent : QWidget, optional
    """

    def __init__(self, text: str, action: str, tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.text = QLabel(text, self)
        self.text.setWordWrap(True)
        self.text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.button = QPushButton(action, self)
        self.button.setToolTip(tip)
        layout = QVBoxLayout(self)
        layout.addStretch(2)
        layout.addWidget(self.text)
        layout.addWidget(self.button, alignment=Qt.AlignmentFlag.AlignCenter)
        layout.addStretch(3)

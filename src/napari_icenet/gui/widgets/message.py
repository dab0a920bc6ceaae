"""One sentence for the user: what went wrong and what to do, or what has been done."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QWidget


class Message(QLabel):
    """Takes no room while there is nothing to say; its words can be copied."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWordWrap(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.hide()

    def say(self, sentence: str) -> None:
        """Show one sentence; empty takes the last one back."""
        self.setText(sentence)
        self.setVisible(bool(sentence))

"""The Scenes tab: what is open, and how it is shown."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_icenet.gui.session import Session


class ScenesTab(QWidget):
    """Open stacks, choose band and masks, see the dates."""

    def __init__(self, viewer: Any, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        layout = QVBoxLayout(self)
        layout.addWidget(QLabel("No stack is open."))

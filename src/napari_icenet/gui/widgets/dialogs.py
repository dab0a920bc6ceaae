"""Dialogs that say one sentence."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QMessageBox, QWidget


def window_of(viewer: Any) -> QWidget | None:
    """The main window of a viewer."""
    window = getattr(getattr(viewer, "window", None), "_qt_window", None)
    return window if isinstance(window, QWidget) else QApplication.activeWindow()


def show_error(viewer: Any, sentence: str) -> QMessageBox:
    """Say what went wrong; the window stays usable behind the dialog."""
    box = QMessageBox(window_of(viewer))
    box.setWindowTitle("IceNet")
    box.setIcon(QMessageBox.Icon.Warning)
    box.setText(sentence)
    box.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setModal(False)
    box.show()
    return box

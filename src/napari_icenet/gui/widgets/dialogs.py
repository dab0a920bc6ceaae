"""Dialogs that say one sentence."""

from __future__ import annotations

from typing import Any

from qtpy.compat import isalive
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QMessageBox, QWidget


def window_of(viewer: Any) -> QWidget | None:
    """The main window of a viewer."""
    window = getattr(getattr(viewer, "window", None), "_qt_window", None)
    return window if isinstance(window, QWidget) else QApplication.activeWindow()


def is_shown(viewer: Any) -> bool:
    """True if a viewer can still draw: not while Qt takes its window down, nor later."""
    window = getattr(getattr(viewer, "__wrapped__", viewer), "window", None)
    if window is None:
        return True  # a model without a window
    qt_window = getattr(window, "_qt_window", None)
    return qt_window is not None and bool(isalive(qt_window))  # type: ignore[no-untyped-call]


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

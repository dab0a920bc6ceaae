"""The keys of the window: bound on the viewer, and listed where they can be looked up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from qtpy.compat import isalive
from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtWidgets import QDialog, QGridLayout, QLabel, QWidget

from napari_icenet.gui.widgets.dialogs import window_of


@dataclass(frozen=True)
class Shortcut:
    """A key and what it does.

    Attributes
    ----------
    keys : tuple of str
        As napari writes them; empty where napari itself or the mouse does it.
    shown : str
        As the list of keys writes it.
    does : str
    action : str
        Name of the action that is called.
    """

    keys: tuple[str, ...]
    shown: str
    does: str
    action: str = ""


SHORTCUTS = (
    Shortcut(("T",), "T", "Track mode on or off", "toggle"),
    Shortcut((), "Click", "Place a chip and follow it (with Shift also on another chip)"),
    Shortcut((), "Drag a chip", "Move it; everything is followed anew"),
    Shortcut(("]",), "]  or Alt + wheel up", "Larger search window (c)", "larger"),
    Shortcut(("[",), "[  or Alt + wheel down", "Smaller search window (c)", "smaller"),
    Shortcut((), "←  →", "Date before, date after"),
    Shortcut(("C",), "C", "Compare what predictors expect of the selected chip", "compare"),
    Shortcut(("S",), "S", "The next click sets stable ground", "stable"),
    Shortcut(("Delete", "Backspace"), "Del", "Remove the selected track", "remove"),
    Shortcut(("Control-Z",), "Ctrl + Z", "Undo", "undo"),
    Shortcut(("Control-Shift-Z",), "Ctrl + Shift + Z", "Redo", "redo"),
    Shortcut(("Escape",), "Esc", "Leave the mode", "leave"),
    Shortcut((), "?", "These keys", "help"),
)


class Shortcuts:
    """Binds the keys on a viewer, and on layers, whose own keys would come first.

    Parameters
    ----------
    viewer : napari.Viewer
    actions : mapping of str to callable
        By the names in :data:`SHORTCUTS`.
    """

    def __init__(self, viewer: Any, actions: dict[str, Callable[[], Any]]) -> None:
        self._viewer = viewer
        self._actions = actions
        self.bind(viewer)
        # napari's key maps know no question mark, whose key differs between keyboards.
        window = window_of(viewer)
        self._help = QShortcut(QKeySequence("?"), window) if window is not None else None
        if self._help is not None:
            self._help.activated.connect(actions["help"])

    def bind(self, target: Any) -> None:
        """Bind the keys on a viewer or a layer."""
        for shortcut in SHORTCUTS:
            for key in shortcut.keys:
                target.bind_key(key, self._call(shortcut.action), overwrite=True)

    def unbind(self) -> None:
        """Take the keys away from the viewer."""
        for shortcut in SHORTCUTS:
            for key in shortcut.keys:
                self._viewer.bind_key(key, None)
        if self._help is not None and isalive(self._help):  # type: ignore[no-untyped-call]
            self._help.setEnabled(False)
            self._help.deleteLater()
        self._help = None

    def _call(self, action: str) -> Callable[[Any], None]:
        def press(_target: Any) -> None:
            self._actions[action]()

        return press


class KeyList(QDialog):
    """All keys on one quiet page; any key closes it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(False)
        layout = QGridLayout(self)
        layout.setContentsMargins(24, 20, 24, 20)
        layout.setHorizontalSpacing(24)
        layout.setVerticalSpacing(6)
        for row, shortcut in enumerate(SHORTCUTS):
            key = QLabel(f"<b>{shortcut.shown}</b>", self)
            layout.addWidget(key, row, 0, alignment=Qt.AlignmentFlag.AlignRight)
            layout.addWidget(QLabel(shortcut.does, self), row, 1)

    def keyPressEvent(self, _event: Any) -> None:  # noqa: N802  (Qt's name)
        """Close."""
        self.close()

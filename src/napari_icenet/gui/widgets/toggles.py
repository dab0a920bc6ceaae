"""A row of buttons of which one stays pressed."""

from __future__ import annotations

from collections.abc import Mapping

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QButtonGroup, QHBoxLayout, QToolButton, QWidget

from napari_icenet.gui.widgets.theme import toggle


class Toggles(QWidget):
    """One of a few things is chosen, or none yet.

    Parameters
    ----------
    items : mapping of str to (str, str)
        Title and tip of each, by key.
    parent : QWidget, optional

    Attributes
    ----------
    picked : Signal(str)
        The user picked one, perhaps the same again.
    """

    picked = Signal(str)

    def __init__(self, items: Mapping[str, tuple[str, str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.buttons: dict[str, QToolButton] = {}
        self._group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(3)
        for key, (title, tip) in items.items():
            button = toggle(title, tip, self)
            button.setAccessibleDescription(tip)
            button.clicked.connect(lambda _checked, key=key: self.picked.emit(key))
            self.buttons[key] = button
            self._group.addButton(button)
            row.addWidget(button, 1)

    @property
    def key(self) -> str:
        """Key that is chosen; empty where none is."""
        return next((key for key, button in self.buttons.items() if button.isChecked()), "")

    def choose(self, key: str) -> None:
        """Choose one without saying so; an empty key chooses none."""
        self._group.setExclusive(False)
        for name, button in self.buttons.items():
            button.setChecked(name == key)
        self._group.setExclusive(True)

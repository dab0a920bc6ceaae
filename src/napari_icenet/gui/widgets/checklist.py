"""A button that opens a list to tick: bands, or dates."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
    QWidgetAction,
)

_ROWS = 12


class Checklist(QPushButton):
    """Says what is ticked, and opens the list.

    Parameters
    ----------
    noun : str
        What is listed, in the plural.
    tip : str
    parent : QWidget, optional

    Attributes
    ----------
    changed : Signal()
        Something else is ticked; sent once, when the list closes.
    """

    changed = Signal()

    def __init__(self, noun: str, tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._noun = noun
        self._before: list[int] = []
        self.setToolTip(tip)
        self.setAccessibleName(noun)
        self.setAccessibleDescription(tip)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.list = QListWidget(self)
        self.list.itemChanged.connect(lambda _item: self._write())
        inner = QWidget(self)
        layout = QVBoxLayout(inner)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addWidget(self.list)
        row = QHBoxLayout()
        for words, state in (("All", Qt.CheckState.Checked), ("None", Qt.CheckState.Unchecked)):
            button = QPushButton(words, inner)
            button.clicked.connect(lambda _checked, state=state: self._tick_all(state))
            row.addWidget(button)
        layout.addLayout(row)
        action = QWidgetAction(self)
        action.setDefaultWidget(inner)
        self._menu = QMenu(self)
        self._menu.addAction(action)
        self._menu.aboutToShow.connect(self._remember)
        self._menu.aboutToHide.connect(self._tell)
        self.setMenu(self._menu)

    @property
    def ticked(self) -> list[int]:
        """Numbers of what is ticked."""
        return [k for k in range(self.list.count()) if self._item(k).checkState() == Qt.CheckState.Checked]

    @property
    def names(self) -> list[str]:
        """Names of what is ticked."""
        return [self._item(k).text() for k in self.ticked]

    def show_items(self, names: Sequence[str], ticked: Sequence[int] | None = None) -> None:
        """List names; all are ticked unless some are named by number."""
        self.list.blockSignals(True)
        self.list.clear()
        for k, name in enumerate(names):
            item = QListWidgetItem(name)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            on = ticked is None or k in ticked
            item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
            self.list.addItem(item)
        self.list.blockSignals(False)
        self.list.setFixedHeight(20 * min(max(len(names), 2), _ROWS) + 6)
        self._write()

    def tick(self, numbers: Sequence[int]) -> None:
        """Tick these and no others, and say so."""
        self._remember()
        for k in range(self.list.count()):
            self._item(k).setCheckState(Qt.CheckState.Checked if k in numbers else Qt.CheckState.Unchecked)
        self._tell()

    def _tick_all(self, state: Qt.CheckState) -> None:
        for k in range(self.list.count()):
            self._item(k).setCheckState(state)

    def _item(self, number: int) -> QListWidgetItem:
        item = self.list.item(number)
        assert item is not None  # of those that are listed
        return item

    def _write(self) -> None:
        names, count = self.names, self.list.count()
        if len(names) == count and count > 1:
            text = f"all {count} {self._noun}"
        elif len(names) <= 3 and sum(map(len, names)) <= 20:
            text = ", ".join(names) or "none"
        else:
            text = f"{len(names)} of {count} {self._noun}"
        self.setText(text)

    def _remember(self) -> None:
        self._before = self.ticked

    def _tell(self) -> None:
        if self.ticked != self._before:
            self.changed.emit()

"""Looks that napari's own style does not give, readable in its light and dark themes."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtGui import QIcon
from qtpy.QtWidgets import QGridLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget
from superqt import QCollapsible

from napari_icenet.common.palette import PRIMARY

#: Space between groups, and inside one, in pixels.
GAP, TIGHT = 10, 4

#: Of buttons that stay pressed: what is on is filled, in both themes.
_TOGGLE_STYLE = (
    "QToolButton { padding: 2px 4px; border: 1px solid palette(mid); border-radius: 3px; background: transparent;"
    " font-size: 11px; }"
    f"QToolButton:checked {{ background: {PRIMARY}; border-color: {PRIMARY}; color: white; }}"
    f"QToolButton:focus {{ border-color: {PRIMARY}; }}"
    "QToolButton:disabled { color: palette(mid); }"
)

_TITLE_STYLE = "text-align: left; background: transparent; border: none; padding: 4px 0;"


def make_primary(button: QPushButton) -> QPushButton:
    """Mark the one button of a tab that does the next thing."""
    button.setStyleSheet(
        f"QPushButton {{ background: {PRIMARY}; color: white; padding: 6px 12px; }}"
        "QPushButton:hover { background: #0A86CC; }"
        "QPushButton:disabled { background: palette(mid); color: palette(dark); }"
    )
    return button


def toggle(word: str, tip: str, parent: QWidget | None = None) -> QToolButton:
    """A button that stays pressed, as wide as there is room."""
    button = QToolButton(parent)
    button.setText(word)
    button.setToolTip(tip)
    button.setCheckable(True)
    button.setStyleSheet(_TOGGLE_STYLE)
    button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return button


def quiet(text: str = "", parent: QWidget | None = None) -> QLabel:
    """A line of secondary text that wraps."""
    label = QLabel(text, parent)
    label.setWordWrap(True)
    label.setStyleSheet("QLabel { font-size: 11px; }")
    return label


def close_grid(widget: QWidget) -> QGridLayout:
    """The grid of a form: no margins, little space."""
    grid = QGridLayout(widget)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(6)
    grid.setVerticalSpacing(3)
    return grid


class Fold(QCollapsible):
    """Foldable box for what matters less, under its title.

    Parameters
    ----------
    title : str
    inner : QWidget
    parent : QWidget, optional
    """

    def __init__(self, title: str, inner: QWidget, parent: QWidget | None = None) -> None:
        # superqt paints its arrow before napari's theme is known, dark on dark: ours is text.
        super().__init__(title, parent, expandedIcon=QIcon(), collapsedIcon=QIcon())
        self._title = title
        self.setDuration(0)
        self.addWidget(inner)
        for layout in (self.content().layout(), self.layout()):
            if layout is not None:
                layout.setContentsMargins(0, 0, 0, 0)
                layout.setSpacing(0)
        self.toggleButton().setStyleSheet(_TITLE_STYLE)
        self.toggled.connect(lambda _: self.set_title(self._title))
        self.set_title(title)

    def set_title(self, title: str) -> None:
        """Change the title."""
        self._title = title
        self.setText(f"{'▾' if self.isExpanded() else '▸'}  {title}")


class GrowingFold(QWidget):
    """A part of a tab folded away under its title; open, it takes all the height there is.

    Parameters
    ----------
    title : str
    inner : QWidget
    parent : QWidget, optional

    Attributes
    ----------
    toggled : Signal(bool)
        Opened, or folded away.
    """

    toggled = Signal(bool)

    def __init__(self, title: str, inner: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title, self._inner = title, inner
        self.button = QPushButton(self)
        self.button.setStyleSheet(_TITLE_STYLE)
        self.button.clicked.connect(lambda: self.set_open(not self.is_open))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.button)
        layout.addWidget(inner, 1)
        self.is_open = True
        self.set_open(False)

    def set_open(self, value: bool) -> None:
        """Open it, or fold it away."""
        if value == self.is_open:
            return
        self.is_open = value
        self._inner.setVisible(value)
        policy = QSizePolicy.Policy.Expanding if value else QSizePolicy.Policy.Maximum
        self.setSizePolicy(QSizePolicy.Policy.Preferred, policy)
        self.button.setText(f"{'▾' if value else '▸'}  {self._title}")
        self.toggled.emit(value)

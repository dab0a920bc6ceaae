"""Looks that napari's own style does not give, readable in its light and dark themes."""

from __future__ import annotations

from qtpy.QtWidgets import QLabel, QPushButton, QWidget
from superqt import QCollapsible

from napari_icenet.gui.colours import PRIMARY

#: Space between groups, and inside one, in pixels.
GAP, TIGHT = 10, 4


def make_primary(button: QPushButton) -> QPushButton:
    """Mark the one button of a tab that does the next thing."""
    button.setStyleSheet(
        f"QPushButton {{ background: {PRIMARY}; color: white; padding: 6px 12px; }}"
        "QPushButton:hover { background: #0A86CC; }"
        "QPushButton:disabled { background: palette(mid); color: palette(dark); }"
    )
    return button


def quiet(text: str = "", parent: QWidget | None = None) -> QLabel:
    """A line of secondary text that wraps."""
    label = QLabel(text, parent)
    label.setWordWrap(True)
    label.setStyleSheet("QLabel { font-size: 11px; }")
    return label


def fold(title: str, inner: QWidget, parent: QWidget | None = None) -> QCollapsible:
    """What matters less, folded away under its title."""
    folded = QCollapsible(title, parent, expandedIcon="▾", collapsedIcon="▸")
    folded.setDuration(0)
    folded.addWidget(inner)
    folded.content().layout().setContentsMargins(0, 0, 0, 0)
    folded.layout().setContentsMargins(0, 0, 0, 0)
    folded.layout().setSpacing(0)
    folded.setStyleSheet("QPushButton { text-align: left; background: transparent; border: none; padding: 4px 0; }")
    return folded

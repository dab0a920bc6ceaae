"""Chooser of the map on the picture: a button for each predictor, t1 or t2, or all side by side."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject, Qt, Signal
from qtpy.QtGui import QColor, QKeyEvent
from qtpy.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_icenet.gui.correlation_map.layer_kinds import BEST
from napari_icenet.predictors.predictor_set import PredictorSet

#: Buttons in a row.
_ABREAST = 4
#: Characters of a title that a button has room for.
_ROOM = 14
_STEPS: dict[int, int] = {
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_Right: 1,
    Qt.Key.Key_Down: 1,
}
TARGET_TIPS = {
    1: "Compare the template for t1 with the chip one date after t0, the last one that the predictors saw.",
    2: "Compare the template for t2 with the chip two dates after t0, as in the paper.",
}


class MapChooser(QWidget):
    """Chooses the map that is shown; arrow keys go from one to the next.

    Attributes
    ----------
    chosen : Signal(str)
        Key of the predictor whose map is to be shown, or ``"best predictor"``.
    target_chosen : Signal(int)
        1 or 2.
    side_by_side_chosen : Signal(bool)
    """

    chosen = Signal(str)
    target_chosen = Signal(int)
    side_by_side_chosen = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._line_up: PredictorSet | None = None
        self.buttons: dict[str, QToolButton] = {}
        self._maps = QButtonGroup(self)
        self._maps.setExclusive(True)
        self._places = QGridLayout()
        self._places.setSpacing(3)
        self.targets = {target: _toggle(f"t{target}", tip, self) for target, tip in TARGET_TIPS.items()}
        targets = QButtonGroup(self)
        targets.setExclusive(True)
        for target, button in self.targets.items():
            targets.addButton(button)
            button.clicked.connect(lambda _on, target=target: self.target_chosen.emit(target))
        self.grid = _toggle(
            "Side by side",
            "Give the picture and each map a view of its own; all move together. Once more lays them over each other.",
            self,
        )
        self.grid.clicked.connect(self.side_by_side_chosen)
        row = QHBoxLayout()
        row.setSpacing(3)
        label = QLabel("NCC with the chip at", self)
        row.addWidget(label)
        for button in self.targets.values():
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.grid)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(self._places)
        layout.addLayout(row)

    def show_line_up(self, predictor_set: PredictorSet | None) -> None:
        """Offer a button for each predictor, and one for the best."""
        if predictor_set == self._line_up:
            return
        self._line_up = predictor_set
        for button in self.buttons.values():
            self._maps.removeButton(button)
            self._places.removeWidget(button)
            button.deleteLater()
        self.buttons = {}
        if predictor_set is None:
            return
        for entry in predictor_set.entries:
            tip = f"Show the correlation map of {entry.title}. Arrow keys go to the next."
            self._add(entry.key, entry.title, entry.colour, tip)
        tip = "Show which predictor's template has the highest NCC at each place, in its colour."
        self._add(BEST, "Best", "transparent", tip)

    def show_choice(self, kind: str, target: int, side_by_side: bool) -> None:
        """Show what is chosen, without saying that it changed."""
        if kind in self.buttons:
            self.buttons[kind].setChecked(True)
        self.targets[target].setChecked(True)
        self.grid.setChecked(side_by_side)

    def step(self, by: int) -> None:
        """Go to the next map, or back."""
        kinds = list(self.buttons)
        now = next((k for k, kind in enumerate(kinds) if self.buttons[kind].isChecked()), 0)
        if kinds:
            button = self.buttons[kinds[(now + by) % len(kinds)]]
            button.setFocus()
            button.click()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802  (Qt's name)
        """Arrow keys on a button go to the next map, or back."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key() in _STEPS:
            self.step(_STEPS[event.key()])
            return True
        return bool(super().eventFilter(watched, event))

    def _add(self, kind: str, text: str, colour: str, tip: str) -> None:
        short = text if len(text) <= _ROOM else f"{text[: _ROOM - 1]}…"
        button = self.buttons[kind] = _toggle(short, tip, self, colour)
        button.setAccessibleName(text)
        button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._maps.addButton(button)
        button.installEventFilter(self)
        button.toggled.connect(lambda on: self.chosen.emit(kind) if on else None)
        k = len(self.buttons) - 1
        self._places.addWidget(button, k // _ABREAST, k % _ABREAST)


def _toggle(text: str, tip: str, parent: QWidget, colour: str = "") -> QToolButton:
    button = QToolButton(parent)
    button.setText(text)
    button.setCheckable(True)
    button.setToolTip(tip)
    button.setAccessibleName(text)
    button.setAccessibleDescription(tip)
    shade = QColor(colour or "#0072B2")
    filled = f"rgba{(*shade.getRgb()[:3], 90)}" if shade.alpha() else "rgba(128, 128, 128, 90)"
    edge = f"border-left: 4px solid {colour};" if colour and shade.alpha() else ""
    button.setStyleSheet(
        f"QToolButton {{ {edge} padding: 3px 2px; font-size: 11px; background: transparent; }}"
        f"QToolButton:checked {{ background: {filled}; }}"
        "QToolButton:focus { border-bottom: 1px solid palette(text); }"
    )
    return button

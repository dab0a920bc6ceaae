"""Result of a velocity map: the pair of dates drawn, its quality, and its legend."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from napari_icenet.gui.velocity.control import VelocityControl
from napari_icenet.gui.velocity.legend import ArrowLegend, ReasonLegend
from napari_icenet.gui.velocity.words import summary, title
from napari_icenet.gui.widgets.theme import quiet


class VelocityResult(QWidget):
    """Follows the maps of a window; hidden while there are none.

    Parameters
    ----------
    control : VelocityControl
    parent : QWidget, optional
    """

    def __init__(self, control: VelocityControl, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.control = control
        self.before, self.after = _step("◀", "The pair before.", self), _step("▶", "The next pair.", self)
        self.pair = QComboBox(self)
        self.pair.setToolTip("Which pair of dates is drawn; it follows the time slider, and the slider follows it.")
        self.pair.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        chooser = QHBoxLayout()
        chooser.setSpacing(3)
        chooser.addWidget(self.before)
        chooser.addWidget(self.pair, 1)
        chooser.addWidget(self.after)
        self.summary = quiet(parent=self)
        self.summary.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.arrow = ArrowLegend(self)
        self.reasons = ReasonLegend(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(chooser)
        layout.addWidget(self.summary)
        layout.addWidget(self.reasons)
        layout.addWidget(self.arrow)
        control.mapper_changed.connect(self._show_maps)
        control.maps_changed.connect(self._show_maps)
        control.shown_changed.connect(self._show_map)
        control.layers.scale_changed.connect(self._show_arrow)
        self.pair.activated.connect(control.choose)
        self.before.clicked.connect(lambda: control.choose(control.index - 1))
        self.after.clicked.connect(lambda: control.choose(control.index + 1))
        self._show_maps()

    def _show_maps(self) -> None:
        maps = self.control.maps
        self.pair.clear()
        self.pair.addItems([title(found) for found in maps])
        self.setVisible(bool(maps))
        several = len(maps) > 1
        self.before.setVisible(several)
        self.after.setVisible(several)
        self._show_map()

    def _show_map(self) -> None:
        found, count = self.control.shown, len(self.control.maps)
        self.pair.setCurrentIndex(self.control.index if count else -1)
        self.before.setEnabled(self.control.index > 0)
        self.after.setEnabled(self.control.index < count - 1)
        self.summary.setText("" if found is None else summary(found, self.control.report, self.control.index))
        self.reasons.show_map(found)
        self._show_arrow()

    def _show_arrow(self) -> None:
        found = self.control.shown
        self.arrow.show_scale(self.control.layers.screen_px_per_unit, "" if found is None else found.unit)


def _step(text: str, tip: str, parent: QWidget) -> QToolButton:
    button = QToolButton(parent)
    button.setText(text)
    button.setToolTip(tip)
    button.setFixedSize(26, 24)
    return button

"""The plain form of the Velocity tab: which dates are mapped, and how."""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QLabel, QSizePolicy, QWidget

from napari_icenet.errors import UsageError
from napari_icenet.gui.forms.field_editor import FieldEditor, Look
from napari_icenet.gui.forms.schema import fields_of
from napari_icenet.gui.velocity.search import SearchControl
from napari_icenet.gui.widgets.theme import close_grid
from napari_icenet.matching.prefilter import prefilters
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.velocity.pairs import check_geometry, make_pairs
from napari_icenet.velocity.settings import VelocitySettings, make_velocity_settings

#: The choice of a single pair; the others are those of :func:`~napari_icenet.velocity.pairs.make_pairs`.
TWO = "two"
PAIRS = {TWO: "Two dates", "consecutive": "All consecutive pairs", "all": "All pairs"}
_FIELDS = fields_of(VelocitySettings)
#: What is chosen beside the settings.
TIPS = {
    "pairs": "Two dates, each date with the next, or every date with every later one. Default: two dates.",
    "first": "The date the ice starts from; positions in the map are those of this date.",
    "second": "The date the ice has moved to.",
    "band": "Which band is matched. Default: the one shown.",
}
LOOKS = {
    "chip": Look("Chip", step=16, suffix=" px"),
    "max_chip": Look("up to"),
    "spacing": Look("Every", step=4, suffix=" px"),
    "prefilter": Look("Filter", titles=prefilters()),
    "coarse_to_fine": Look("Coarse to fine"),
    "affine": Look("Stretch and shear"),
    "coregister": Look("Co-register"),
    "same_geometry": Look("One path and row"),
}
SWITCHES = ("coarse_to_fine", "affine", "coregister", "same_geometry")
#: Settings that outlive the window.
REMEMBERED = tuple(LOOKS)
#: Sides of the largest chip that are offered: the smallest one, doubled up to so many times.
_DOUBLINGS = 4


class VelocityForm(QWidget):
    """Dates, band, chips, spacing and search; :attr:`more` holds what is used less.

    Attributes
    ----------
    changed : Signal()
        Something was chosen.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._filling = True  # until all widgets are there
        self._stack: SceneStack | None = None
        self.more = QWidget(self)
        self.boxes = {name: self._box(TIPS[name]) for name in TIPS}
        self.editors = {
            name: FieldEditor(_FIELDS[name], self, look=look, listed=name == "max_chip") for name, look in LOOKS.items()
        }
        for key, title in PAIRS.items():
            self.boxes["pairs"].addItem(title, key)
        self.editors["chip"].changed.connect(self._list_chips)
        for editor in self.editors.values():
            editor.changed.connect(self._tell)
        self.search = SearchControl(self)
        self.search.changed.connect(self._tell)
        self._lay_out()
        self.show_settings(VelocitySettings())

    # What is chosen

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Pairs of scenes asked for, as indices; empty where all are of one time.

        Raises
        ------
        UsageError
            Pairs of one path and row are asked for, and these are not, or there are none.
        """
        if self._stack is None or len(set(self._stack.times)) < 2:
            return []
        choice, same_geometry = self.boxes["pairs"].currentData(), bool(self.editors["same_geometry"].value())
        if choice != TWO:
            return make_pairs(self._stack, choice, same_geometry=same_geometry)
        pairs = [(self.boxes["first"].currentIndex(), self.boxes["second"].currentIndex())]
        if same_geometry:
            check_geometry(self._stack, pairs)
        return pairs

    def values(self) -> dict[str, Any]:
        """All choices, as plain values of the settings."""
        return {
            "band": self.boxes["band"].currentText() or _FIELDS["band"].default,
            **{name: editor.value() for name, editor in self.editors.items()},
            **self.search.values(),
        }

    def settings(self) -> VelocitySettings:
        """All choices.

        Raises
        ------
        UsageError
            They make no sense together.
        """
        return make_velocity_settings(**self.values())

    # What is shown

    def show_stack(self, stack: SceneStack | None, band: str) -> None:
        """List a stack's dates and bands; the dates start as the first two that differ in time."""
        self._filling = True
        self._stack = stack
        later = 0 if stack is None else int(np.argmax(stack.times > stack.times[0]))
        for name, index in (("first", 0), ("second", later)):
            box = self.boxes[name]
            box.clear()
            if stack is not None:
                box.addItems(stack.labels)
                box.setCurrentIndex(index)
        self.boxes["band"].clear()
        if stack is not None:
            self.boxes["band"].addItems(stack.bands)
            self.boxes["band"].setCurrentText(band)
        self._filling = False
        self._tell()

    def show_band(self, band: str) -> None:
        """Follow the band that the picture shows."""
        self.boxes["band"].setCurrentText(band)

    def show_settings(self, settings: VelocitySettings) -> None:
        """Show what holds, without saying that it changed."""
        self._filling = True
        for name, editor in self.editors.items():
            if name != "max_chip":
                editor.set_value(getattr(settings, name))
        self._list_chips()
        box = self._max_chip
        box.setCurrentIndex(max(0, box.findData(settings.chips[-1])))
        self.search.show_settings(settings)
        self._filling = False
        self._tell()

    # Parts

    def _lay_out(self) -> None:
        grid = close_grid(self)
        grid.addWidget(_label("Pairs", "pairs"), 0, 0)
        grid.addWidget(self.boxes["pairs"], 0, 1, 1, 3)
        band = (_label("Band", "band"), self.boxes["band"])
        settings = (self.editors[name] for name in ("spacing", "chip", "max_chip"))
        spacing, chip, largest = ((editor.label, editor.widget) for editor in settings)
        first, second = ((_label(name.capitalize(), name), self.boxes[name]) for name in ("first", "second"))
        for k, (label, widget) in enumerate((first, second, band, spacing, chip, largest)):
            row, column = 1 + k // 2, 2 * (k % 2)
            grid.addWidget(label, row, column)
            grid.addWidget(widget, row, column + 1)
        grid.addWidget(QLabel("Search"), 4, 0)
        grid.addWidget(self.search, 4, 1, 1, 3)
        folded = close_grid(self.more)
        folded.addWidget(self.editors["prefilter"].label, 0, 0)
        folded.addWidget(self.editors["prefilter"].widget, 0, 1, 1, 2)
        for name in SWITCHES:
            self.editors[name].label.hide()  # a switch bears its name itself
        for column, name in enumerate(SWITCHES[:-1]):
            folded.addWidget(self.editors[name].widget, 1, column)
        folded.addWidget(self.editors[SWITCHES[-1]].widget, 2, 0, 1, len(SWITCHES) - 1)
        for column in (1, 3):
            grid.setColumnStretch(column, 1)
        folded.setColumnStretch(1, 1)

    def _box(self, tip: str) -> QComboBox:
        box = QComboBox(self)
        box.setToolTip(tip)
        box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        box.currentIndexChanged.connect(self._tell)
        return box

    @property
    def _max_chip(self) -> QComboBox:
        box = self.editors["max_chip"].widget
        assert isinstance(box, QComboBox)
        return box

    def _list_chips(self) -> None:
        chip, box, largest = self.editors["chip"].value(), self._max_chip, _FIELDS["max_chip"].high or 0
        doublings = max(0, box.currentIndex())
        self._filling, before = True, self._filling
        box.clear()
        for side in (chip * 2**k for k in range(_DOUBLINGS + 1)):
            if side <= largest:
                box.addItem(f"{side} px", side)
        box.setCurrentIndex(min(doublings, box.count() - 1))
        self._filling = before

    def _tell(self, *_: Any) -> None:
        two = self.boxes["pairs"].currentData() == TWO
        for name in ("first", "second"):
            self.boxes[name].setEnabled(two)
        if self._filling:
            return
        try:
            pairs = self.pairs
        except UsageError:  # told ahead of the run, beside its button
            pairs = []
        self.search.show_ground(self._stack, pairs, self.editors["chip"].value())
        self.changed.emit()


def _label(text: str, name: str) -> QLabel:
    label = QLabel(text)
    label.setToolTip(TIPS[name])
    return label

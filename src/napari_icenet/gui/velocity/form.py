"""The plain form of the Velocity tab: which dates are mapped, and how."""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QLabel, QSizePolicy, QSpinBox, QWidget

from napari_icenet.errors import UsageError
from napari_icenet.gui.velocity.search import SearchControl
from napari_icenet.gui.widgets.preferences import Remembered
from napari_icenet.gui.widgets.theme import close_grid
from napari_icenet.matching.prefilter import prefilters
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.velocity.pairs import make_pairs
from napari_icenet.velocity.settings import VelocitySettings, make_velocity_settings

#: The choice of a single pair; the others are those of :func:`~napari_icenet.velocity.pairs.make_pairs`.
TWO = "two"
PAIRS = {TWO: "Two dates", "consecutive": "All consecutive pairs", "all": "All pairs"}
_FIRST = VelocitySettings()
TIPS = {
    "pairs": "Two dates, each date with the next, or every date with every later one. Default: two dates.",
    "first": "The date the ice starts from; positions in the map are those of this date.",
    "second": "The date the ice has moved to.",
    "band": "Which band is matched. Default: the one shown.",
    "chip": (
        "Side of the smallest chip in pixels. Smaller chips show shear margins, larger ones match more surely. "
        f"Default: {_FIRST.chip} px."
    ),
    "max_chip": (
        f"A chip that fails is doubled up to this side; the smallest that succeeds wins. Default: {_FIRST.max_chip} px."
    ),
    "spacing": f"Distance between points in pixels: a cell of the map is as large. Default: {_FIRST.spacing} px.",
    "prefilter": (
        "Filter of both pictures before matching. A high-pass brings out crevasses and lowers the NCC. "
        f"Default: {prefilters().get(_FIRST.prefilter, _FIRST.prefilter)}."
    ),
    "coarse_to_fine": (
        "Search at a quarter of the resolution first: several times faster, and may miss small features. Default: off."
    ),
    "affine": "Let the chip stretch and shear to the last: sharper in shear margins, slower. Default: off.",
    "coregister": (
        "Subtract from all velocities the offset that stable ground shows; drow and dcol stay as measured. "
        "Default: off."
    ),
}
NUMBERS = {"chip": (16, 1024, 16), "spacing": (2, 1024, 4)}
SWITCHES = {
    "coarse_to_fine": "Coarse to fine",
    "affine": "Stretch and shear",
    "coregister": "Co-register",
}


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
        self.boxes = {name: self._box(TIPS[name]) for name in ("pairs", "first", "second", "band", "max_chip")}
        self.boxes["prefilter"] = self._box(TIPS["prefilter"], self.more)
        self.numbers = {name: self._number(name, *limits) for name, limits in NUMBERS.items()}
        self.switches = {name: QCheckBox(title, self.more) for name, title in SWITCHES.items()}
        for name, switch in self.switches.items():
            switch.setToolTip(TIPS[name])
            switch.toggled.connect(self._tell)
        for key, title in PAIRS.items():
            self.boxes["pairs"].addItem(title, key)
        for key, title in prefilters().items():
            self.boxes["prefilter"].addItem(title, key)
        self.search = SearchControl(self)
        self.search.changed.connect(self._tell)
        self.numbers["chip"].valueChanged.connect(self._list_chips)
        self._lay_out()
        self.show_settings(VelocitySettings())

    # What is chosen

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Pairs of scenes asked for, as indices; empty where all are of one time."""
        if self._stack is None or len(set(self._stack.times)) < 2:
            return []
        choice = self.boxes["pairs"].currentData()
        if choice == TWO:
            return [(self.boxes["first"].currentIndex(), self.boxes["second"].currentIndex())]
        return make_pairs(self._stack, choice)

    def values(self) -> dict[str, Any]:
        """All choices, as plain values of the settings."""
        return {
            "band": self.boxes["band"].currentText() or 1,
            "max_chip": self.boxes["max_chip"].currentData(),
            "prefilter": self.boxes["prefilter"].currentData(),
            **{name: number.value() for name, number in self.numbers.items()},
            **{name: switch.isChecked() for name, switch in self.switches.items()},
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
        self.numbers["chip"].setValue(settings.chip)
        self.numbers["spacing"].setValue(settings.spacing)
        self._list_chips()
        box = self.boxes["max_chip"]
        box.setCurrentIndex(max(0, box.findData(settings.chips[-1])))
        for name, switch in self.switches.items():
            switch.setChecked(getattr(settings, name))
        filters = self.boxes["prefilter"]
        if filters.findData(settings.prefilter) < 0:
            filters.addItem(settings.prefilter, settings.prefilter)  # for instance box:5 of an opened map
        filters.setCurrentIndex(filters.findData(settings.prefilter))
        self.search.show_settings(settings)
        self._filling = False
        self._tell()

    # Parts

    def _lay_out(self) -> None:
        grid = close_grid(self)
        grid.addWidget(_label("Pairs", "pairs"), 0, 0)
        grid.addWidget(self.boxes["pairs"], 0, 1, 1, 3)
        parts: list[tuple[str, str, QWidget]] = [
            ("First", "first", self.boxes["first"]),
            ("Second", "second", self.boxes["second"]),
            ("Band", "band", self.boxes["band"]),
            ("Every", "spacing", self.numbers["spacing"]),
            ("Chip", "chip", self.numbers["chip"]),
            ("up to", "max_chip", self.boxes["max_chip"]),
        ]
        for k, (title, name, widget) in enumerate(parts):
            row, column = 1 + k // 2, 2 * (k % 2)
            grid.addWidget(_label(title, name), row, column)
            grid.addWidget(widget, row, column + 1)
        grid.addWidget(QLabel("Search"), 4, 0)
        grid.addWidget(self.search, 4, 1, 1, 3)
        folded = close_grid(self.more)
        folded.addWidget(_label("Filter", "prefilter"), 0, 0)
        folded.addWidget(self.boxes["prefilter"], 0, 1, 1, 2)
        for column, name in enumerate(SWITCHES):
            folded.addWidget(self.switches[name], 1, column)
        for column in (1, 3):
            grid.setColumnStretch(column, 1)
        folded.setColumnStretch(1, 1)

    def _box(self, tip: str, parent: QWidget | None = None) -> QComboBox:
        box = QComboBox(parent or self)
        box.setToolTip(tip)
        box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        box.currentIndexChanged.connect(self._tell)
        return box

    def _number(self, name: str, least: int, most: int, step: int) -> QSpinBox:
        box = QSpinBox(self)
        box.setRange(least, most)
        box.setSingleStep(step)
        box.setSuffix(" px")
        box.setToolTip(TIPS[name])
        # A value typed digit by digit must not be judged after each digit.
        box.setKeyboardTracking(False)
        box.valueChanged.connect(self._tell)
        return box

    def _list_chips(self) -> None:
        chip, box = self.numbers["chip"].value(), self.boxes["max_chip"]
        doublings = max(0, box.currentIndex())
        self._filling, before = True, self._filling
        box.clear()
        for side in (chip * 2**k for k in range(5)):
            if side <= 1024:
                box.addItem(f"{side} px", side)
        box.setCurrentIndex(min(doublings, box.count() - 1))
        self._filling = before

    def _tell(self, *_: Any) -> None:
        two = self.boxes["pairs"].currentData() == TWO
        for name in ("first", "second"):
            self.boxes[name].setEnabled(two)
        if self._filling:
            return
        self.search.show_ground(self._stack, self.pairs, self.numbers["chip"].value())
        self.changed.emit()


def _label(text: str, name: str) -> QLabel:
    label = QLabel(text)
    label.setToolTip(TIPS[name])
    return label


#: Settings that outlive the window.
REMEMBERED = ("chip", "max_chip", "spacing", "prefilter", "coarse_to_fine", "affine", "coregister")


def remembered_settings(memory: Remembered) -> VelocitySettings:
    """The settings of last time; the first ones where they no longer make sense."""
    first = VelocitySettings()
    try:
        return make_velocity_settings(**{name: memory.get(name, getattr(first, name)) for name in REMEMBERED})
    except UsageError:
        # A settings file of another version, or edited by hand: the defaults are the better start.
        return first


def remember_settings(memory: Remembered, settings: VelocitySettings) -> None:
    """Keep the settings for next time."""
    for name in REMEMBERED:
        memory.set(name, getattr(settings, name))

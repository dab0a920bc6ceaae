"""The plain form of the map page: where and when correlation is mapped, and how."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QDoubleSpinBox, QLabel, QPushButton, QSizePolicy, QSpinBox, QWidget

from napari_icenet.common.settings_model import made
from napari_icenet.errors import UsageError
from napari_icenet.evaluation.correlation_map.settings import MapSettings
from napari_icenet.gui.correlation_map import area as map_area
from napari_icenet.gui.session import drawn_areas
from napari_icenet.gui.session.drawn_areas import AreaWatch
from napari_icenet.gui.session.session import Session
from napari_icenet.gui.widgets.preferences import Remembered
from napari_icenet.gui.widgets.theme import close_grid

THIS_DATE, ALL_DATES = "this", "all"
DATES = {THIS_DATE: "Date shown", ALL_DATES: "All dates"}
TRACKINGS = {"robust": "Robust", "chain": "Chain (paper)"}
_FIRST = MapSettings(t0=0)
TIPS = {
    "where": (
        "Which cells are mapped: those in view, those inside an area you drew, or the whole frame. Default: in view."
    ),
    "date": (
        "The date shown is the last one that predictors see (t0), and each cell is one chip; or every date is t0 in "
        "turn, and a cell is the mean over all. Default: the date shown."
    ),
    "stride": (
        "Distance between chips in pixels: a cell of the map is as large. Halving it takes four times as long. "
        f"Default: {_FIRST.stride} px."
    ),
    "chip": (
        "Side of the chip in pixels. Larger chips are predicted and compared over more ice. "
        f"Networks come with weights for chips of 128 px. Default: {_FIRST.chip} px."
    ),
    "scale": (
        "Scale factor c: a chip is searched for in a window of c times its side. Larger follows faster ice and finds "
        f"more false peaks. Default: {_FIRST.scale:g}."
    ),
    "tracking": (
        "Robust: frames that fail do not move the track, so that all frames show the same ice. Chain: each chip is the "
        "best match of the last one, as in the paper. Default: robust."
    ),
}
REMEMBERED = ("stride", "chip", "scale", "tracking")


class MapForm(QWidget):
    """Where, date and stride; :attr:`more` holds what is used less.

    Attributes
    ----------
    changed : Signal()
        Something was chosen.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._filling = False
        self._watched: list[Any] = []
        self._watch = AreaWatch(self._tell)
        self.more = QWidget(self)
        self.where, self.date = _box(self, "where", {}), _box(self, "date", DATES)
        self.tracking = _box(self.more, "tracking", TRACKINGS)
        self.draw = QPushButton("Draw", self)
        self.draw.setToolTip("Draw a polygon on the picture; a double click or Esc ends it.")
        self.draw.setAccessibleName("Draw an area")
        self.stride, self.chip = QSpinBox(self), QSpinBox(self.more)
        self.scale = QDoubleSpinBox(self.more)
        for box, name, limits in ((self.stride, "stride", (4, 1024, 8)), (self.chip, "chip", (16, 1024, 16))):
            box.setRange(*limits[:2])
            box.setSingleStep(limits[2])
            box.setSuffix(" px")
            _describe(box, name)
        self.scale.setRange(1.1, 4.0)
        self.scale.setSingleStep(0.1)
        self.scale.setDecimals(1)
        _describe(self.scale, "scale")
        self._lay_out()
        self.show_settings(_FIRST)
        for combo in (self.where, self.date, self.tracking):
            combo.currentIndexChanged.connect(self._tell)
        for number in (self.stride, self.chip, self.scale):
            # A value typed digit by digit must not be judged after each digit.
            number.setKeyboardTracking(False)
            number.valueChanged.connect(self._tell)
        self.draw.clicked.connect(self._draw)
        self.list_areas()

    def settings(self) -> MapSettings:
        """All choices, of the band and date that are shown.

        Raises
        ------
        UsageError
            They make no sense together.
        """
        return made(
            MapSettings,
            {
                "band": self._session.band or 1,
                "t0": self._session.time if self.date.currentData() == THIS_DATE else None,
                "stride": self.stride.value(),
                "chip": self.chip.value(),
                "scale": round(self.scale.value(), 2),
                "tracking": self.tracking.currentData(),
            },
        )

    def show_settings(self, settings: MapSettings) -> None:
        """Show what holds, without saying that it changed; of t0, whether it is one date or all."""
        self._filling = True
        self.stride.setValue(settings.stride)
        self.chip.setValue(settings.chip)
        self.scale.setValue(settings.scale)
        self.tracking.setCurrentIndex(self.tracking.findData(settings.tracking))
        self.date.setCurrentIndex(self.date.findData(ALL_DATES if settings.t0 is None else THIS_DATE))
        self._filling = False

    def list_areas(self, *_: Any) -> None:
        """List the layers on which areas are drawn."""
        chosen, self._filling = self.where.currentText() or drawn_areas.VIEW, True
        layers = map_area.candidates(self._session)
        self.watch(layers)
        self.where.clear()
        self.where.addItems([drawn_areas.VIEW, *(layer.name for layer in layers), drawn_areas.WHOLE])
        found = self.where.findText(chosen)
        self.where.setCurrentIndex(max(0, found))
        self._filling = False
        if found < 0:
            self._tell()

    def watch(self, layers: list[Any]) -> None:
        """Say so when what is drawn on these layers changes, and no longer of others."""
        self._watch.watch(layers)
        for layer in self._watched:
            layer.events.name.disconnect(self.list_areas)
        self._watched = layers
        for layer in layers:
            layer.events.name.connect(self.list_areas)

    def _draw(self) -> None:
        if self._session.stack is not None:
            layer = map_area.start_drawing(self._session)
            self.list_areas()
            self.where.setCurrentText(layer.name)

    def _tell(self, *_: Any) -> None:
        if not self._filling:
            self.changed.emit()

    def _lay_out(self) -> None:
        grid = close_grid(self)
        grid.addWidget(_label("Where", "where", self.where), 0, 0)
        grid.addWidget(self.where, 0, 1, 1, 2)
        grid.addWidget(self.draw, 0, 3)
        grid.addWidget(_label("t0", "date", self.date), 1, 0)
        grid.addWidget(self.date, 1, 1)
        grid.addWidget(_label("Every", "stride", self.stride), 1, 2)
        grid.addWidget(self.stride, 1, 3)
        grid.setColumnStretch(1, 1)
        folded = close_grid(self.more)
        folded.addWidget(_label("Chip", "chip", self.chip), 0, 0)
        folded.addWidget(self.chip, 0, 1)
        folded.addWidget(_label("c", "scale", self.scale), 0, 2)
        folded.addWidget(self.scale, 0, 3)
        folded.addWidget(_label("Tracking", "tracking", self.tracking), 1, 0)
        folded.addWidget(self.tracking, 1, 1, 1, 3)
        folded.setColumnStretch(1, 1)
        folded.setColumnStretch(3, 1)


def remembered_settings(memory: Remembered) -> MapSettings:
    """The settings of last time; the first ones where they no longer make sense."""
    try:
        return made(MapSettings, {"t0": 0} | {name: memory.get(name, getattr(_FIRST, name)) for name in REMEMBERED})
    except UsageError:
        # A settings file of another version, or edited by hand: the defaults are the better start.
        return _FIRST


def remember_settings(memory: Remembered, settings: MapSettings) -> None:
    """Keep the settings for next time."""
    for name in REMEMBERED:
        memory.set(name, getattr(settings, name))


def _describe(widget: QWidget, name: str) -> None:
    widget.setToolTip(TIPS[name])
    widget.setAccessibleDescription(TIPS[name])


def _box(parent: QWidget, name: str, items: dict[str, str]) -> QComboBox:
    box = QComboBox(parent)
    _describe(box, name)
    box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    for key, title in items.items():
        box.addItem(title, key)
    return box


def _label(text: str, name: str, buddy: QWidget) -> QLabel:
    label = QLabel(text)
    label.setToolTip(TIPS[name])
    label.setBuddy(buddy)
    buddy.setAccessibleName(text)
    return label

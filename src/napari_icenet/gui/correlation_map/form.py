"""The plain form of the map page: where and when correlation is mapped, and how."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QLabel, QPushButton, QSizePolicy, QWidget

from napari_icenet.common.settings_model import made
from napari_icenet.evaluation.correlation_map.settings import MapSettings
from napari_icenet.gui.correlation_map import area as map_area
from napari_icenet.gui.forms.field_editor import FieldEditor, Look
from napari_icenet.gui.forms.schema import fields_of
from napari_icenet.gui.session import drawn_areas
from napari_icenet.gui.session.drawn_areas import AreaWatch
from napari_icenet.gui.session.session import Session
from napari_icenet.gui.widgets.theme import close_grid

THIS_DATE, ALL_DATES = "this", "all"
DATES = {THIS_DATE: "Date shown", ALL_DATES: "All dates"}
TIPS = {
    "where": (
        "Which cells are mapped: those in view, those inside an area you drew, or the whole frame. Default: in view."
    ),
    "date": (
        "The date shown is the last one that predictors see (t0), and each cell is one chip; or every date is t0 in "
        "turn, and a cell is the mean over all. Default: the date shown."
    ),
}
LOOKS = {
    "stride": Look("Every", step=8, suffix=" px"),
    "chip": Look("Chip", step=16, suffix=" px"),
    "scale": Look("c", step=0.1),
    "tracking": Look("Tracking", titles={"robust": "Robust", "chain": "Chain (paper)"}),
}
#: Settings that outlive the window.
REMEMBERED = tuple(LOOKS)
#: A map begins with one date, the one shown.
FIRST = MapSettings(t0=0)


class MapForm(QWidget):
    """Form of a map: area, date and stride; :attr:`more` holds what is used less.

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
        fields = fields_of(MapSettings)
        self.editors = {name: FieldEditor(fields[name], self, look=look) for name, look in LOOKS.items()}
        self.draw = QPushButton("Draw", self)
        self.draw.setToolTip("Draw a polygon on the picture; a double click or Esc ends it.")
        self.draw.setAccessibleName("Draw an area")
        self._lay_out()
        self.show_settings(FIRST)
        for combo in (self.where, self.date):
            combo.currentIndexChanged.connect(self._tell)
        for editor in self.editors.values():
            editor.changed.connect(self._tell)
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
            }
            | {name: editor.value() for name, editor in self.editors.items()},
        )

    def show_settings(self, settings: MapSettings) -> None:
        """Show what holds, without saying that it changed; of t0, whether it is one date or all."""
        self._filling = True
        for name, editor in self.editors.items():
            editor.set_value(getattr(settings, name))
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
        stride, chip, scale, tracking = (self.editors[name] for name in LOOKS)
        grid.addWidget(stride.label, 1, 2)
        grid.addWidget(stride.widget, 1, 3)
        # napari's style hides how much the two buttons of a spin box take.
        number = stride.widget.fontMetrics().horizontalAdvance("1024 px")
        grid.setColumnMinimumWidth(3, number + _SPIN_BUTTONS_PX)
        grid.setColumnStretch(1, 1)
        folded = close_grid(self.more)
        folded.addWidget(chip.label, 0, 0)
        folded.addWidget(chip.widget, 0, 1)
        folded.addWidget(scale.label, 0, 2)
        folded.addWidget(scale.widget, 0, 3)
        folded.addWidget(tracking.label, 1, 0)
        folded.addWidget(tracking.widget, 1, 1, 1, 3)
        folded.setColumnStretch(1, 1)
        folded.setColumnStretch(3, 1)


#: Width of the buttons − and + of a spin box and what is around them, px.
_SPIN_BUTTONS_PX = 48


def _box(parent: QWidget, name: str, items: dict[str, str]) -> QComboBox:
    box = QComboBox(parent)
    box.setToolTip(TIPS[name])
    box.setAccessibleDescription(TIPS[name])
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

"""The plain form of the Track tab: what is searched for, and how."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QLabel, QWidget
from superqt import QLabeledDoubleSlider

from napari_icenet.errors import UsageError
from napari_icenet.gui.forms.field_editor import FieldEditor, Look, tip_of
from napari_icenet.gui.forms.remembered import remembered_settings
from napari_icenet.gui.forms.schema import fields_of
from napari_icenet.gui.widgets.preferences import Remembered
from napari_icenet.gui.widgets.theme import close_grid
from napari_icenet.matching.prefilter import prefilters
from napari_icenet.predictors.as_templates import template_predictor, template_titles
from napari_icenet.tracking.settings import TrackSettings, changed

BAND_TIP = "Which band is tracked; the picture follows. Default: the one shown."
LOOKS = {
    "chip": Look("Chip", step=16, suffix=" px"),
    "template": Look("Template", titles=template_titles()),
    "prefilter": Look("Filter", titles=prefilters()),
    "centring": Look("Centred on", titles={"last": "Last position", "velocity": "Last velocity"}),
    "tracking": Look("Matching", titles={"robust": "Robust", "chain": "Chain (paper)"}),
}
SCALE = Look("c", note="Keys [ and ], or Alt and the wheel.")
REMEMBERED = ("scale", *LOOKS)


class TrackForm(QWidget):
    """The settings of tracking; :attr:`more` holds those that are folded away.

    Attributes
    ----------
    changed : Signal(str, object)
        Name and value of a setting that the user changed.
    released : Signal()
        The slider of c was let go.
    """

    changed = Signal(str, object)
    released = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._filling = False
        self.more = QWidget(self)
        fields = fields_of(TrackSettings)
        self.band = QComboBox(self)
        self.band.setToolTip(BAND_TIP)
        self.band.setAccessibleName("Band")
        self.band.currentTextChanged.connect(lambda text: self._on_change("band", text))
        self.editors = {name: FieldEditor(fields[name], self, look=look) for name, look in LOOKS.items()}
        for name, editor in self.editors.items():
            editor.changed.connect(lambda name=name, editor=editor: self._on_change(name, editor.value()))
        scale = fields["scale"]
        self.scale = QLabeledDoubleSlider(Qt.Orientation.Horizontal, self)
        self.scale.setRange(scale.low or 0, scale.high or 0)
        self.scale.setSingleStep(0.1)  # type: ignore[arg-type]
        self.scale.setDecimals(2)
        self.scale.setValue(scale.default)
        self.scale.setToolTip(tip_of(scale, SCALE))
        self.scale.valueChanged.connect(lambda value: self._on_change("scale", round(float(value), 2)))
        self.scale.sliderReleased.connect(self.released)
        self._lay_out()

    def _lay_out(self) -> None:
        grid = close_grid(self)
        grid.addWidget(_label("Band", self.band), 0, 0)
        grid.addWidget(self.band, 0, 1)
        grid.addWidget(self.editors["chip"].label, 0, 2)
        grid.addWidget(self.editors["chip"].widget, 0, 3)
        grid.addWidget(_label(SCALE.label, self.scale), 1, 0)
        grid.addWidget(self.scale, 1, 1, 1, 3)
        grid.addWidget(self.editors["template"].label, 2, 0)
        grid.addWidget(self.editors["template"].widget, 2, 1, 1, 3)
        folded = close_grid(self.more)
        for row, name in enumerate(("prefilter", "centring", "tracking")):
            folded.addWidget(self.editors[name].label, row, 0)
            folded.addWidget(self.editors[name].widget, row, 1)
        for layout in (grid, folded):
            layout.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)

    def show_settings(self, settings: TrackSettings, bands: tuple[str, ...], band: str) -> None:
        """Show what holds, without saying that it changed."""
        self._filling = True
        try:
            if tuple(self.band.itemText(i) for i in range(self.band.count())) != bands:
                self.band.clear()
                self.band.addItems(bands)
            self.band.setCurrentText(band)
            for name, editor in self.editors.items():
                if editor.value() != getattr(settings, name):
                    editor.set_value(getattr(settings, name))
            if abs(self.scale.value() - settings.scale) > 5e-3 and not self.scale.isSliderDown():
                self.scale.setValue(settings.scale)
        finally:
            self._filling = False

    def _on_change(self, name: str, value: Any) -> None:
        if not self._filling and value:
            self.changed.emit(name, value)


def settings_of_last_time(memory: Remembered) -> TrackSettings:
    """The settings of last time; those that no longer make sense, and a template that is not there, are as at first."""
    settings = remembered_settings(memory, TrackSettings, REMEMBERED)
    try:
        template_predictor(settings.template)
    except UsageError:
        return changed(settings, template=TrackSettings().template)
    return settings


def _label(text: str, buddy: QWidget) -> QLabel:
    label = QLabel(text)
    label.setToolTip(buddy.toolTip())
    label.setBuddy(buddy)
    return label

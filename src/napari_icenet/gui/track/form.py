"""The plain form of the Track tab: what is searched for, and how."""

from __future__ import annotations

from typing import Any

from magicgui.widgets import ComboBox, SpinBox
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QLabel, QWidget
from superqt import QLabeledDoubleSlider

from napari_icenet.errors import UsageError
from napari_icenet.gui.widgets.preferences import Remembered
from napari_icenet.gui.widgets.theme import close_grid
from napari_icenet.matching.prefilter import prefilters
from napari_icenet.predictors.as_templates import template_predictor, template_titles
from napari_icenet.tracking.settings import TrackSettings, changed

TIPS = {
    "band": "Which band is tracked; the picture follows. Default: the one shown.",
    "chip": "Side of the chip in pixels. Larger chips match more surely and blur shear. Default: 128.",
    "scale": (
        "Scale factor c: the search window has c times the chip's side. Larger finds faster ice and more false peaks. "
        "Default: 2. Keys [ and ], or Alt and the wheel."
    ),
    "template": (
        "What is searched for: the chip of the last valid date, the very first chip, the high-pass of the last one in "
        "the filtered picture, or a prediction from up to eight past chips, which cloud harms less. Default: last chip."
    ),
    "prefilter": (
        "Filter of chip and picture before matching. A high-pass lowers the NCC and sharpens the peak. Default: none."
    ),
    "centring": (
        "Where the window is centred: on the last position, as in the paper, or moved on by the last velocity times "
        "the days elapsed. Default: last position."
    ),
    "tracking": (
        "Robust: ambiguous matches are lost and do not move the track. Chain: each chip from the last one, the highest "
        "correlation wins, as in the paper. Default: robust."
    ),
}
CENTRINGS = {"last": "Last position", "velocity": "Last velocity"}
MODES = {"robust": "Robust", "chain": "Chain (paper)"}
REMEMBERED = ("chip", "scale", "template", "prefilter", "centring", "tracking")


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
        self.widgets: dict[str, Any] = {
            "band": ComboBox(choices=[]),
            "chip": SpinBox(value=128, min=16, max=1024, step=16),
            "template": ComboBox(choices=_choices(template_titles()), value="persistence"),
            "prefilter": ComboBox(choices=_choices(prefilters()), value="none"),
            "centring": ComboBox(choices=_choices(CENTRINGS), value="last"),
            "tracking": ComboBox(choices=_choices(MODES), value="robust"),
        }
        # A value typed digit by digit must not track a chip of 1, 12 and 128 px in turn.
        self.widgets["chip"].native.setKeyboardTracking(False)
        for name, widget in self.widgets.items():
            widget.tooltip = TIPS[name]
            widget.native.setSizePolicy(
                widget.native.sizePolicy().Policy.Expanding, widget.native.sizePolicy().Policy.Fixed
            )
            widget.changed.connect(lambda value, name=name: self._on_change(name, value))
        self.scale = QLabeledDoubleSlider(Qt.Orientation.Horizontal, self)
        self.scale.setRange(1.1, 4.0)
        self.scale.setSingleStep(0.1)  # type: ignore[arg-type]
        self.scale.setDecimals(2)
        self.scale.setValue(2.0)
        self.scale.setToolTip(TIPS["scale"])
        self.scale.valueChanged.connect(lambda value: self._on_change("scale", round(float(value), 2)))
        self.scale.sliderReleased.connect(self.released)
        self._lay_out()

    def _lay_out(self) -> None:
        grid = close_grid(self)
        for column, (title, name) in enumerate((("Band", "band"), ("Chip", "chip"))):
            grid.addWidget(_label(title, name), 0, 2 * column)
            grid.addWidget(self.widgets[name].native, 0, 2 * column + 1)
        grid.addWidget(_label("c", "scale"), 1, 0)
        grid.addWidget(self.scale, 1, 1, 1, 3)
        grid.addWidget(_label("Template", "template"), 2, 0)
        grid.addWidget(self.widgets["template"].native, 2, 1, 1, 3)
        folded = close_grid(self.more)
        for row, (title, name) in enumerate(
            (("Filter", "prefilter"), ("Centred on", "centring"), ("Matching", "tracking"))
        ):
            folded.addWidget(_label(title, name), row, 0)
            folded.addWidget(self.widgets[name].native, row, 1)
        for layout in (grid, folded):
            layout.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)

    def show_settings(self, settings: TrackSettings, bands: tuple[str, ...], band: str) -> None:
        """Show what holds, without saying that it changed."""
        self._filling = True
        try:
            if tuple(self.widgets["band"].choices) != bands:
                self.widgets["band"].choices = bands
            values = settings.model_dump() | {"band": band}
            for name, widget in self.widgets.items():
                if name != "band" and isinstance(widget, ComboBox) and values[name] not in widget.choices:
                    widget.choices = [*widget.choices, values[name]]  # for instance box:5 of a reopened export
                if widget.value != values[name] and values[name] != "":
                    widget.value = values[name]
            if abs(self.scale.value() - settings.scale) > 5e-3 and not self.scale.isSliderDown():
                self.scale.setValue(settings.scale)
        finally:
            self._filling = False

    def _on_change(self, name: str, value: Any) -> None:
        if not self._filling and value is not None:
            self.changed.emit(name, value)


def remembered_settings(memory: Remembered) -> TrackSettings:
    """The settings of last time; those that no longer make sense are as at first."""
    settings, first = TrackSettings(), TrackSettings()
    for name in REMEMBERED:
        try:
            value = memory.get(name, getattr(first, name))
            if name == "template":
                template_predictor(str(value))
            settings = changed(settings, **{name: value})
        except UsageError:
            # A settings file of another version, or edited by hand: the default is the better start.
            continue
    return settings


def remember_settings(memory: Remembered, settings: TrackSettings) -> None:
    """Keep the settings for next time."""
    for name in REMEMBERED:
        memory.set(name, getattr(settings, name))


def _choices(titles: dict[str, str]) -> list[tuple[str, str]]:
    return [(title, name) for name, title in titles.items()]


def _label(text: str, name: str) -> QLabel:
    label = QLabel(text)
    label.setToolTip(TIPS[name])
    return label

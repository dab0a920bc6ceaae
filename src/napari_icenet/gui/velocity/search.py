"""Field of the search radius: one number, in pixels, as c, or as the fastest ice."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QDoubleSpinBox, QHBoxLayout, QWidget

from napari_icenet.gui.forms.schema import fields_of
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.tracking.track import DAYS_PER_YEAR
from napari_icenet.velocity.settings import DEFAULT_RADIUS, VelocitySettings

#: Title, step and decimals by the setting's name.
UNITS: dict[str, tuple[str, float, int]] = {
    "radius": ("px each way", 5, 0),
    "scale": ("c", 0.1, 2),
    "max_speed": ("m/yr at most", 50, 0),
}
_FIELDS = fields_of(VelocitySettings)
#: Where a setting has no limit, a field of numbers still needs an end.
_MOST = 100_000
TIP = (
    "How far the ice is looked for: in pixels along each axis, as the scale factor c of the smallest chip, or as the "
    f"speed of the fastest ice. Farther costs time and finds more false peaks. Default: {DEFAULT_RADIUS} px."
)
NO_MAP = (
    "A speed in m/yr needs scenes that lie on a map; these carry no georeference. Their pixel size can be given when "
    "they are opened (Scenes, Options)."
)


class SearchControl(QWidget):
    """A number and its unit; another unit shows the same search.

    Attributes
    ----------
    changed : Signal()
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._unit = "radius"
        self._chip: int = _FIELDS["chip"].default
        self._px_per_speed: float | None = None
        self.number = QDoubleSpinBox(self)
        self.number.setKeyboardTracking(False)
        self.unit = QComboBox(self)
        for key, (title, *_) in UNITS.items():
            self.unit.addItem(title, key)
        for widget in (self.number, self.unit):
            widget.setToolTip(TIP)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.number, 1)
        layout.addWidget(self.unit, 1)
        self._show("radius", DEFAULT_RADIUS)
        self.number.valueChanged.connect(lambda _value: self.changed.emit())
        self.unit.currentIndexChanged.connect(self._on_unit)

    def values(self) -> dict[str, float | int]:
        """The one setting that is given: ``radius``, ``scale`` or ``max_speed``."""
        value = self.number.value()
        return {self._unit: round(value) if self._unit == "radius" else value}

    def show_settings(self, settings: VelocitySettings) -> None:
        """Show what holds."""
        given = next((name for name in UNITS if getattr(settings, name) is not None), "radius")
        value = getattr(settings, given)
        self._show(given, DEFAULT_RADIUS if value is None else value)

    def show_ground(self, stack: SceneStack | None, pairs: list[tuple[int, int]], chip: int) -> None:
        """Say which pictures and chip are searched; a speed makes sense only on a map."""
        self._chip = chip
        on_map = stack is not None and stack.grid.georeferenced
        item = self.unit.model().item(self.unit.findData("max_speed"))  # type: ignore[union-attr]
        item.setEnabled(stack is None or on_map)
        item.setToolTip("" if stack is None or on_map else NO_MAP)
        self.unit.setToolTip(TIP if stack is None or on_map else f"{TIP} {NO_MAP}")
        if stack is None or not on_map:
            self._px_per_speed = None
            if stack is not None and self._unit == "max_speed":
                self._show("radius", DEFAULT_RADIUS)
            return
        days = max((abs(float(stack.days[j] - stack.days[i])) for i, j in pairs), default=0.0)
        self._px_per_speed = days / DAYS_PER_YEAR / min(stack.grid.pixel_size) or None

    def _on_unit(self) -> None:
        unit = str(self.unit.currentData())
        if unit == self._unit:
            return
        radius = self._radius()
        if unit == "scale":
            value = 1 + 2 * radius / self._chip
        elif unit == "max_speed":
            value = radius / self._px_per_speed if self._px_per_speed else 1000.0
        else:
            value = radius
        self._show(unit, value)
        self.changed.emit()

    def _radius(self) -> float:
        value = self.number.value()
        if self._unit == "scale":
            return (value - 1) * self._chip / 2
        if self._unit == "max_speed":
            return value * self._px_per_speed if self._px_per_speed else DEFAULT_RADIUS
        return value

    def _show(self, unit: str, value: float) -> None:
        _title, step, decimals = UNITS[unit]
        field = _FIELDS[unit]
        least, most = (field.low or 0) + field.low_open * 10**-decimals, field.high or _MOST
        self.number.blockSignals(True)
        self.unit.blockSignals(True)
        self._unit = unit
        self.unit.setCurrentIndex(self.unit.findData(unit))
        self.number.setDecimals(decimals)
        self.number.setRange(least, most)
        self.number.setSingleStep(step)
        self.number.setValue(value)
        self.number.blockSignals(False)
        self.unit.blockSignals(False)

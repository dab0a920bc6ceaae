"""One setting in a form: the widget that suits its kind, its unit, its tooltip, and a sentence where it is wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from pathlib import Path
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QLabel, QLineEdit, QSizePolicy, QSpinBox, QWidget

from napari_icenet.gui.forms.schema import Field
from napari_icenet.gui.widgets.theme import quiet

#: Sentences on what is wrong.
ERROR_STYLE = "QLabel { font-size: 11px; color: #E8743B; }"
_MOST = 2**31 - 1
_STEPS = {"optimisation.steps": 100, "validation.every": 50, "checkpoint_every": 50, "data.simulated": 100}
_NONE = "–"
#: Numbers that may be larger than this have separators between thousands.
_GROUPED = 9999


@dataclass(frozen=True)
class Look:
    """Look of a setting in a form, beside what its configuration says of it.

    Attributes
    ----------
    label : str
        What stands before it; default: made from its name.
    step : float, optional
        Of a number; one with decimals then has arrows, too, and as many digits as the step.
    suffix : str
        Behind a number.
    titles : mapping of str to str
        What may be chosen and how it is called, in the order of the list.
    note : str
        More for the tooltip, such as keys.
    """

    label: str = ""
    step: float | None = None
    suffix: str = ""
    titles: Mapping[str, str] = dataclass_field(default_factory=dict)
    note: str = ""


class FieldEditor(QWidget):
    """Shows and changes one setting. It stands in a row between :attr:`label` and above :attr:`error`.

    Parameters
    ----------
    field : Field
    parent : QWidget, optional
    look : Look, optional
    listed : bool
        Whether what may be chosen is listed by :meth:`offer`.

    Attributes
    ----------
    changed : Signal()
        The user chose another value.
    """

    changed = Signal()

    def __init__(
        self, field: Field, parent: QWidget | None = None, *, look: Look | None = None, listed: bool = False
    ) -> None:
        super().__init__(parent)
        self.field, self._look, self._listed = field, look or Look(), listed
        self.hide()  # holds no place of its own: its parts are laid out by the form
        title = self._look.label or field.label
        self.label = QLabel(title, parent)
        self.widget = self._make(parent)
        self.error = quiet("", parent)
        self.error.setStyleSheet(ERROR_STYLE)
        self.error.hide()
        tip = tip_of(field, self._look)
        for part in (self.label, self.widget):
            part.setToolTip(tip)
        self.label.setBuddy(self.widget)
        self.widget.setAccessibleName(title)
        self.widget.setAccessibleDescription(tip)
        self.set_value(field.default)

    def value(self) -> Any:
        """Value that is chosen, as :func:`napari_icenet.gui.forms.schema.from_form` takes it."""
        widget = self.widget
        if isinstance(widget, QCheckBox):
            return widget.isChecked()
        if isinstance(widget, QSpinBox):
            return widget.value()
        if isinstance(widget, QDoubleSpinBox):
            return round(widget.value(), widget.decimals())
        if isinstance(widget, QComboBox):
            return widget.currentData()
        assert isinstance(widget, QLineEdit)
        return from_text(self.field, widget.text())

    def set_value(self, value: Any) -> None:
        """Show another value, without saying that it changed."""
        widget = self.widget
        widget.blockSignals(True)
        if isinstance(widget, QCheckBox):
            widget.setChecked(bool(value))
        elif isinstance(widget, QSpinBox):
            widget.setValue(int(value or 0))
        elif isinstance(widget, QDoubleSpinBox):
            widget.setValue(float(value or 0))
        elif isinstance(widget, QComboBox):
            at = widget.findData(value)
            if at < 0:
                widget.addItem(Path(str(value or "")).name, value)
                at = widget.count() - 1
            widget.setCurrentIndex(at)
        else:
            assert isinstance(widget, QLineEdit)
            widget.setText(to_text(value))
            widget.setCursorPosition(0)
        widget.blockSignals(False)

    def offer(self, items: list[tuple[str, Any]]) -> None:
        """List what may be chosen: titles and values. For a setting with choices."""
        widget = self.widget
        if not isinstance(widget, QComboBox):
            return
        now = self.value()
        widget.blockSignals(True)
        widget.clear()
        for title, value in items:
            widget.addItem(title, value)
        widget.blockSignals(False)
        self.set_value(now)

    def say(self, sentence: str) -> None:
        """Say what is wrong with it; empty where nothing is."""
        self.error.setText(sentence)
        self.error.setVisible(bool(sentence))

    def _make(self, parent: QWidget | None) -> QWidget:
        field = self.field
        if field.kind == "bool":
            box = QCheckBox(self._look.label, parent)
            box.toggled.connect(self.changed)
            return box
        if field.kind == "choice" or field.choices or self._look.titles or self._listed:
            choice = QComboBox(parent)
            choice.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            for value, title in (self._look.titles or {value: value for value in field.choices}).items():
                choice.addItem(title, value)
            choice.currentIndexChanged.connect(self.changed)
            return choice
        if field.kind == "int" and not field.optional and (field.high is None or field.high <= _MOST):
            return self._number(parent)
        if field.kind == "float" and not field.optional and self._look.step is not None:
            return self._decimal(parent, self._look.step)
        line = QLineEdit(parent)
        line.setPlaceholderText(_placeholder(field))
        line.editingFinished.connect(self.changed)
        return line

    def _number(self, parent: QWidget | None) -> QSpinBox:
        field = self.field
        spin = QSpinBox(parent)
        low = 0 if field.low is None else int(field.low) + field.low_open
        high = _MOST if field.high is None else int(field.high) - field.high_open
        spin.setRange(low, high)
        spin.setSingleStep(int(self._look.step or _STEPS.get(field.key, 1)))
        spin.setSuffix(self._look.suffix)
        spin.setGroupSeparatorShown(high > _GROUPED)
        # A value typed digit by digit must not be judged after each digit.
        spin.setKeyboardTracking(False)
        spin.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        spin.valueChanged.connect(self.changed)
        return spin

    def _decimal(self, parent: QWidget | None, step: float) -> QDoubleSpinBox:
        field = self.field
        spin = QDoubleSpinBox(parent)
        spin.setDecimals(len(f"{step:g}".partition(".")[2]))
        low = 0.0 if field.low is None else field.low + field.low_open * step
        high = float(_MOST) if field.high is None else field.high - field.high_open * step
        spin.setRange(low, high)
        spin.setSingleStep(step)
        spin.setSuffix(self._look.suffix)
        spin.setKeyboardTracking(False)
        spin.valueChanged.connect(self.changed)
        return spin


def tip_of(field: Field, look: Look | None = None) -> str:
    """Tooltip of a setting: effect, unit and default, and how it is given on the command line."""
    look = look or Look()
    facts = ["From 0 to 1."] if field.unit == "0 to 1" else []
    unit = "" if field.unit == "0 to 1" else field.unit
    usual = look.titles.get(str(field.default)) or to_text(field.default)
    if field.default is None and unit:
        facts.append(f"In {unit}.")
    if field.default is not None:
        facts.append(f"Default: {f'{usual} {unit}'.strip() or 'none'}.")
    elif field.optional:
        facts.append("Default: none.")
    if look.note:
        facts.append(look.note)
    told = field.description.rstrip(".")
    lines = (f"{told}." if told else field.label, " ".join(facts), field.command)
    return "\n".join(line for line in lines if line)


def to_text(value: Any) -> str:
    """A value as it is typed."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return ", ".join(to_text(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{name}={json.dumps(one)}" for name, one in value.items())
    return str(value)


def from_text(field: Field, text: str) -> Any:
    """Read what was typed; names and values of further settings as such."""
    if field.kind != "values":
        return text
    found = {}
    for part in text.split(","):
        name, _, value = part.partition("=")
        if name.strip():
            try:
                found[name.strip()] = json.loads(value)
            except ValueError:
                found[name.strip()] = value.strip()
    return found


def _placeholder(field: Field) -> str:
    if field.kind == "list":
        return "with commas"
    if field.kind == "values":
        return "name=value, …"
    return _NONE if field.optional else ""

"""The settings of a run, or those in which two runs differ; and what the run has said."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from qtpy.QtGui import QFontDatabase
from qtpy.QtWidgets import QPlainTextEdit, QWidget

from napari_icenet.gui.forms.labels import label_of
from napari_icenet.gui.forms.schema import Field, form, values_of
from napari_icenet.gui.widgets.number_table import NumberTable
from napari_icenet.training.results.diff import RunComparison
from napari_icenet.training.settings import RunSettings


class SettingsTable(NumberTable):
    """Name and value of each setting; of two runs, the ones that differ."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__([("setting", "Point at one to read what it does."), ("this run", ""), ("second", "")], parent)
        self.setAccessibleName("Settings of the run")
        self._fields = {field.key: field for group in form() for field in group.fields}

    def show_settings(self, settings: RunSettings | None) -> None:
        """List the settings of a run, those that are not the usual ones first."""
        self.setColumnHidden(2, True)
        if settings is None:
            self._set_rows(0)
            return
        values, usual = values_of(settings), values_of(RunSettings())
        order = sorted(values, key=lambda key: values[key] == usual.get(key))
        self._set_rows(len(order))
        for row, key in enumerate(order):
            same = values[key] == usual.get(key)
            self._name(row, key)
            self._set(row, 1, self._text(key, values[key]), tip=_plain(values[key]), faint=same)

    def show_comparison(self, comparison: RunComparison) -> None:
        """List the settings in which two runs differ."""
        self.setColumnHidden(2, False)
        found = comparison.settings
        self._set_rows(max(len(found), 1))
        if not found:
            self._set(0, 0, "the same settings")
            self._set(0, 1, "")
            self._set(0, 2, "")
        for row, difference in enumerate(found):
            self._name(row, difference.key)
            for column, value in ((1, difference.first), (2, difference.second)):
                self._set(row, column, self._text(difference.key, value), tip=_plain(value))

    def _name(self, row: int, key: str) -> None:
        field = self._fields.get(key)
        tip = key if field is None else f"{field.description}\n{key}"
        self._set(row, 0, label_of(key), tip=tip)

    def _text(self, key: str, value: Any) -> str:
        field: Field | None = self._fields.get(key)
        unit = f" {field.unit}" if field is not None and field.unit and field.unit != "0 to 1" else ""
        return f"{short(value)}{unit}" if value is not None else "–"


class RunLog(QPlainTextEdit):
    """Log of a run, newest last; it stays at the end unless the user reads further up."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setReadOnly(True)
        self.setMaximumBlockCount(2000)
        self.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.setStyleSheet("QPlainTextEdit { font-size: 10px; }")
        self.setAccessibleName("Log of the run")
        self._text = ""

    def show_log(self, notices: tuple[tuple[int, str], ...], log: str) -> None:
        """Show what was noticed, and what the process said."""
        told = [f"step {step}: {text}" for step, text in notices]
        text = "\n".join([*told, *([""] if told and log else []), *([log] if log else [])])
        if text == self._text:
            return
        bar = self.verticalScrollBar()
        assert bar is not None  # Qt makes it with the view
        at_end = bar.value() >= bar.maximum() - 4
        self._text = text
        self.setPlainText(text or "Nothing was said yet.")
        if at_end:
            bar.setValue(bar.maximum())


def short(value: Any) -> str:
    """A value in few words: paths by their names, numbers without needless digits."""
    if isinstance(value, str):
        return value.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    if isinstance(value, list | tuple):
        return ", ".join(short(item) for item in value) or "–"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {short(one)}" for name, one in value.items()) or "–"
    if value is None or isinstance(value, bool):
        return {None: "–", True: "yes", False: "no"}[value]
    return f"{value:g}" if isinstance(value, float) else str(value)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)

"""The list of all runs, newest first, updated in place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QWidget

from napari_icenet.common.text import hundredths
from napari_icenet.gui.train.runs.follower import MOST_CHOSEN
from napari_icenet.gui.train.runs.words import (
    STATE_COLOURS,
    gain_text,
    progress_text,
    score_text,
    step_text,
    what_text,
    when_text,
)
from napari_icenet.gui.widgets.number_table import ROW_PX, NumberTable, swatch
from napari_icenet.training.results.summary import RunSummary

HEADINGS = (
    ("run", "Every run on this machine, newest first. Click one to follow it; Ctrl-click a second to compare the two."),
    ("state", "What it does now. Runs that wait start one after the other, with or without a window."),
    ("step", "Steps taken, of how many."),
    ("t2", "Best mean correlation with the chip that came at t2, on held-out ice."),
    ("gain", "How much better that is than persistence, on the same chips."),
)
_WIDTHS = {1: 66, 2: 84, 3: 32, 4: 40}
#: Rows that are seen without scrolling: the least that the list takes, and the most.
ROWS = 2, 6


class RunsTable(NumberTable):
    """A row for each run.

    Attributes
    ----------
    chosen : Signal(object)
        Folders of the runs that are to be shown: one, or two that are compared.
    delete_wanted : Signal()
        The Delete key was pressed.
    """

    chosen = Signal(object)
    delete_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(list(HEADINGS), parent)
        self._fix_widths(_WIDTHS)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        # Runs of one glacier begin alike, and differ at the end of their names.
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setAccessibleName("Runs")
        self.folders: tuple[Path, ...] = ()
        self._order: list[Path] = []
        self._shown: tuple[RunSummary, ...] = ()

    def show_runs(self, runs: Sequence[RunSummary], chosen: Sequence[Path]) -> None:
        """List runs and mark the chosen ones."""
        self.folders = tuple(run.folder for run in runs)
        self._set_rows(len(runs))
        for row, run in enumerate(runs):
            if row < len(self._shown) and self._shown[row] == run:
                continue
            faint = run.state in ("stopped", "failed", "damaged", "new")
            tip = "\n".join(
                text
                for text in (
                    str(run.folder),
                    when_text(run.started),
                    what_text(run),
                    progress_text(run),
                    score_text(run),
                )
                if text
            )
            first = self._set(row, 0, run.name, tip=tip)
            colour = STATE_COLOURS.get(run.state, "#9A9A9A")
            if first.data(Qt.ItemDataRole.UserRole) != colour:
                first.setData(Qt.ItemDataRole.UserRole, colour)
                first.setIcon(swatch(colour))
            self._set(row, 1, run.state, tip=tip, faint=faint)
            self._set(row, 2, step_text(run) if run.of else "", tip=tip, faint=faint)
            self._set(row, 3, "" if run.t2 is None else hundredths(run.t2), tip=tip)
            self._set(row, 4, gain_text(run), tip=tip)
        self._shown = tuple(runs)
        self.mark_all(chosen)
        height = ROW_PX * min(max(ROWS[0], len(runs)), ROWS[1]) + ROW_PX + 6
        if height != self.maximumHeight():
            self.setFixedHeight(height)

    def mark_all(self, folders: Sequence[Path]) -> None:
        """Select the rows of these runs without saying so."""
        rows = {self.folders.index(path) for path in folders if path in self.folders}
        model = self.selectionModel()
        if model is None or {index.row() for index in model.selectedRows()} == rows:
            return
        self._filling = True
        try:
            self.clearSelection()
            self.setSelectionMode(QAbstractItemView.SelectionMode.MultiSelection)
            for row in sorted(rows):
                self.selectRow(row)
        finally:
            self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
            self._filling = False
        if len(rows) == 1:
            self.scrollToItem(self.item(min(rows), 0))

    def keyPressEvent(self, event: Any) -> None:  # noqa: N802 (Qt's name)
        """Delete asks to delete."""
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.delete_wanted.emit()
            return
        super().keyPressEvent(event)

    def _on_selection(self) -> None:
        if self._filling:
            return
        model = self.selectionModel()
        assert model is not None  # Qt makes it with the table
        now = [self.folders[index.row()] for index in model.selectedRows()]
        # In the order in which they were picked: the first one is the one that is followed.
        self._order = [path for path in self._order if path in now] + [path for path in now if path not in self._order]
        if len(self._order) > MOST_CHOSEN:
            self._order = [self._order[0], self._order[-1]]
            self.mark_all(self._order)
        if self._order:
            self.chosen.emit(tuple(self._order))

"""A table of numbers that marks the shown date, and squares of colour for its rows."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QBrush, QColor, QIcon, QPixmap
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from napari_icenet.common import palette

ROW_PX = 19


class NumberTable(QTableWidget):
    """A compact, read-only table that is updated in place.

    Attributes
    ----------
    row_chosen : Signal(int)
        The user chose a row, by mouse or key.
    """

    row_chosen = Signal(int)

    def __init__(self, headings: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        super().__init__(0, len(headings), parent)
        for column, (heading, tip) in enumerate(headings):
            item = QTableWidgetItem(heading)
            item.setToolTip(tip)
            self.setHorizontalHeaderItem(column, item)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setWordWrap(False)
        rows, header = self.verticalHeader(), self.horizontalHeader()
        assert rows is not None  # Qt makes both with the table
        assert header is not None
        rows.hide()
        rows.setDefaultSectionSize(ROW_PX)
        rows.setMinimumSectionSize(ROW_PX)
        header.setHighlightSections(False)
        header.setMinimumSectionSize(20)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setFixedHeight(ROW_PX + 2)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # Tab leaves the table for the next control; the arrows move inside it.
        self.setTabKeyNavigation(False)
        self.setStyleSheet("QTableWidget {font-size: 11px;} QHeaderView::section {font-size: 11px; padding: 1px;}")
        self._filling = False
        self.itemSelectionChanged.connect(self._on_selection)

    def _fix_widths(self, widths: dict[int, int]) -> None:
        """Give columns their width; the others share the rest."""
        header = self.horizontalHeader()
        assert header is not None
        for column, width in widths.items():
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            self.setColumnWidth(column, width)

    def mark(self, row: int) -> None:
        """Select a row without saying so."""
        self._filling = True
        try:
            if 0 <= row < self.rowCount():
                if self.currentRow() != row or not self.selectedItems():
                    self.selectRow(row)
                    self.scrollToItem(self.item(row, 0))
            else:
                self.clearSelection()
        finally:
            self._filling = False

    def _on_selection(self) -> None:
        if self.selectedItems() and not self._filling:
            self.row_chosen.emit(self.currentRow())

    def _set_rows(self, count: int) -> None:
        if count == self.rowCount():
            return
        self._filling = True
        try:
            self.setRowCount(count)
        finally:
            self._filling = False

    def _set(self, row: int, column: int, text: str, *, tip: str = "", faint: bool = False) -> QTableWidgetItem:
        item = self.item(row, column)
        if item is None:
            item = QTableWidgetItem()
            align = Qt.AlignmentFlag.AlignLeft if column == 0 else Qt.AlignmentFlag.AlignRight
            item.setTextAlignment(align | Qt.AlignmentFlag.AlignVCenter)
            self.setItem(row, column, item)
        if item.text() != text:
            item.setText(text)
        if item.toolTip() != tip:
            item.setToolTip(tip)
        brush = QBrush(QColor(palette.LOST)) if faint else QBrush()
        if item.foreground() != brush:
            item.setForeground(brush)
        return item


def swatch(colour: str) -> QIcon:
    """A small square of one colour."""
    pixmap = QPixmap(10, 10)
    pixmap.fill(QColor(colour))
    return QIcon(pixmap)

"""Tables of the tracks and of the selected track's dates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QBrush, QColor, QIcon, QPixmap
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from napari_icenet.common import palette as colours
from napari_icenet.gui.track.picture import track_colour
from napari_icenet.gui.track.series import TrackSeries, number_text
from napari_icenet.matching.match import LostReason

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
        brush = QBrush(QColor(colours.LOST)) if faint else QBrush()
        if item.foreground() != brush:
            item.setForeground(brush)
        return item


class TrackTable(NumberTable):
    """The tracks of a stack."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            [
                ("#", "Number and colour of the track."),
                ("mean speed", "Net motion from the first to the last valid date over the time between, ± one sigma."),
                ("azimuth", "Direction of motion, degrees clockwise from true north (without a map: from the top)."),
                ("NCC", "Median peak correlation of the valid dates."),
                ("dates", "Dates on which the chip was found, of all."),
            ],
            parent,
        )
        self._fix_widths({0: 46, 2: 58, 3: 42, 4: 46})
        self.numbers: list[int] = []

    def show_tracks(self, series: Sequence[TrackSeries], selected: int | None, stable: int | None = None) -> None:
        """Fill the table; ``selected`` and ``stable`` are numbers of tracks."""
        self.numbers = [one.track.number for one in series]
        self._set_rows(len(series))
        for row, one in enumerate(series):
            number, track = one.track.number, one.track
            first = self._set(row, 0, f"{number}{' ⚓' if number == stable else ''}")
            colour = (
                colours.CHIP if number == selected else colours.STABLE if number == stable else track_colour(number)
            )
            if first.data(Qt.ItemDataRole.UserRole) != colour:
                first.setData(Qt.ItemDataRole.UserRole, colour)
                first.setIcon(swatch(colour))
            mean, error = one.track.mean_speed
            self._set(row, 1, f"{number_text(mean, error)} {track.speed_unit}" if np.isfinite(mean) else "")
            self._set(row, 2, f"{one.mean_azimuth:.0f}°" if np.isfinite(one.mean_azimuth) else "")
            self._set(row, 3, f"{one.median_ncc:.2f}" if np.isfinite(one.median_ncc) else "")
            self._set(row, 4, f"{int(track.valid.sum())}/{len(track.fixes)}")
        self.mark(self.numbers.index(selected) if selected in self.numbers else -1)


class DateTable(NumberTable):
    """The dates of one track."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            [
                ("date", "Acquisition, UTC."),
                ("speed", "Since the last valid date, ± one sigma."),
                ("azim.", "Direction of motion since the last valid date."),
                ("NCC", "Height of the correlation peak."),
                ("ratio", "Peak ratio: height of the peak over that of its best rival. Near 1 is ambiguous."),
                ("f–b", "Forward–backward error: by how many pixels the backward match misses the start."),
                ("state", "Found, or why the chip is lost."),
            ],
            parent,
        )
        self._fix_widths({0: 74, 2: 34, 3: 36, 4: 31, 5: 31, 6: 66})

    def show_series(self, series: TrackSeries | None, now: int) -> None:
        """Fill the table with a track, and mark a date."""
        if series is None:
            self._set_rows(0)
            return
        track = series.track
        self._set_rows(len(track.fixes))
        heading = self.horizontalHeaderItem(1)
        if heading is not None and heading.text() != track.speed_unit:
            heading.setText(track.speed_unit)
        for i, fix in enumerate(track.fixes):
            lost = not fix.valid
            self._set(i, 0, series.labels[i][:10], tip=series.labels[i], faint=lost)
            self._set(i, 1, number_text(track.speed[i], track.speed_error[i]))
            self._set(i, 2, _number(track.azimuth[i], "{:.0f}°"))
            # Of a lost date they say how strong the match was that is not believed.
            self._set(i, 3, _number(fix.ncc, "{:.2f}"), faint=lost)
            self._set(i, 4, _number(fix.peak_ratio, "{:.1f}"), faint=lost)
            self._set(i, 5, _number(fix.round_trip_px, "{:.2f}"), faint=lost)
            tip = fix.reason.sentence if isinstance(fix.reason, LostReason) else ""
            self._set(i, 6, series.state(i).removeprefix("lost: "), tip=tip, faint=lost)
        self.mark(now)


def _number(value: float, form: str) -> str:
    return form.format(value) if np.isfinite(value) else ""


def swatch(colour: str) -> QIcon:
    """A small square of one colour."""
    pixmap = QPixmap(10, 10)
    pixmap.fill(QColor(colour))
    return QIcon(pixmap)

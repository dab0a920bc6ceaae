"""Buttons, plot and table for lines and GPS points."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_icenet.gui.velocity import files as velocity_files
from napari_icenet.gui.velocity.along import VelocityAlong
from napari_icenet.gui.velocity.flowline_plot import FlowlinePlot
from napari_icenet.gui.velocity.words import signed_speed, speed_text
from napari_icenet.gui.widgets.theme import quiet
from napari_icenet.velocity.along.gps import Comparison

FILES = "Outlines, lines, points (*.gpkg *.geojson *.json *.shp *.csv)"
COLUMNS = ("Point", "GPS", "Map", "Map − GPS")


class AlongPanel(QWidget):
    """Panel of lines and GPS points of the Velocity tab.

    Parameters
    ----------
    model : VelocityAlong

    Attributes
    ----------
    wanted : Signal()
        There is something to see that was not before.
    """

    wanted = Signal()

    def __init__(self, model: VelocityAlong, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = model
        self.comparison: Comparison | None = None
        self.add = QPushButton("Add outlines, lines, points…", self)
        self.add.setToolTip(
            "Draw what a GeoPackage or GeoJSON holds; points with velocities are compared with the map."
        )
        self.draw = QPushButton("Draw flowline", self)
        self.draw.setToolTip(
            "Click along the flow, and end with a double click or Esc: the plot shows the speed along it."
        )
        self.plot = FlowlinePlot(model.control.viewer, self)
        self.sentence = quiet(parent=self)
        self.table = _table(self)
        self._lay_out()
        self.add.clicked.connect(self._ask)
        self.draw.clicked.connect(model.draw)
        model.profile_made.connect(self._on_profile)
        model.comparison_made.connect(self._on_comparison)
        model.control.shown_changed.connect(self._fill)
        self._fill()

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(3)
        buttons.addWidget(self.add, 3)
        buttons.addWidget(self.draw, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addLayout(buttons)
        layout.addWidget(self.plot, 1)
        layout.addWidget(self.sentence)
        layout.addWidget(self.table)

    def _ask(self) -> None:
        path = velocity_files.ask_open(self, "Add outlines, lines, points", FILES)
        if path is not None:
            self.model.read(path)

    def _on_profile(self, profile: Any) -> None:
        new = self.plot.profile is None and profile is not None
        self.plot.show_profile(profile)
        if new:
            self.wanted.emit()

    def _on_comparison(self, comparison: Comparison | None) -> None:
        new = self.comparison is None and comparison is not None
        self.comparison = comparison
        self._fill()
        if new:
            self.wanted.emit()

    def _fill(self) -> None:
        comparison, shown = self.comparison, self.model.control.shown
        index = -1 if comparison is None else next((i for i, m in enumerate(comparison.maps) if m is shown), -1)
        for widget in (self.sentence, self.table):
            widget.setVisible(index >= 0)
        if comparison is None or index < 0:
            return
        self.sentence.setText(comparison.summary.as_text())
        points = comparison.points
        self.table.setRowCount(len(points))
        for row in range(len(points)):
            gps = speed_text(float(points.v[row]), float(points.v_error[row]), "m/yr")
            cells = [points.names[row], gps, "", str(comparison.reason[index, row])]
            if comparison.compared[index, row]:
                speed, error = float(comparison.v[index, row]), float(comparison.v_error[index, row])
                cells[2] = speed_text(speed, error, "m/yr")
                cells[3] = signed_speed(float(comparison.dv[index, row]), float(comparison.dv_error[index, row]))
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                self.table.setItem(row, column, item)


def _table(parent: QWidget) -> QTableWidget:
    table = QTableWidget(0, len(COLUMNS), parent)
    table.setHorizontalHeaderLabels(COLUMNS)
    numbers, header = table.verticalHeader(), table.horizontalHeader()
    assert numbers is not None
    assert header is not None
    numbers.hide()
    numbers.setDefaultSectionSize(20)
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setStretchLastSection(True)
    table.setShowGrid(False)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    table.setFixedHeight(96)
    return table

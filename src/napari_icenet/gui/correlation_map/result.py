"""Result of a map: the one shown, its legend, one cell, and the numbers of all."""

from __future__ import annotations

from qtpy.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from napari_icenet.gui.correlation_map.chooser import MapChooser
from napari_icenet.gui.correlation_map.control import MapControl
from napari_icenet.gui.correlation_map.histogram import MapHistogram
from napari_icenet.gui.correlation_map.legend import MapLegend
from napari_icenet.gui.correlation_map.table import MapTable
from napari_icenet.gui.correlation_map.words import place_text
from napari_icenet.gui.widgets.theme import quiet

HINT = "Point at a cell to read it; click it to see its film strip."


class MapResult(QWidget):
    """Follows the maps of a window; hidden while there are none.

    Parameters
    ----------
    control : MapControl
    parent : QWidget, optional
    """

    def __init__(self, control: MapControl, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.control = control
        self.chooser = MapChooser(self)
        self.legend, self.table, self.histogram = MapLegend(self), MapTable(self), MapHistogram(self)
        self.place = quiet(HINT, self)
        self.place.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(4)
        for widget in (self.chooser, self.legend, self.place, self.table):
            layout.addWidget(widget)
        layout.addWidget(self.histogram, 1000)
        layout.addStretch(1)
        control.stack_changed.connect(self._show_maps)
        control.maps_changed.connect(self._show_maps)
        control.summary_changed.connect(self._show_summary)
        control.choice_changed.connect(self._show_choice)
        control.layers.changed.connect(self._show_chosen)
        self.chooser.chosen.connect(control.choose)
        self.chooser.target_chosen.connect(lambda target: control.choose(control.kind, target))
        self.chooser.side_by_side_chosen.connect(control.layers.set_side_by_side)
        self.table.row_chosen.connect(lambda row: control.choose(self.table.keys[row]))
        self._show_maps()

    def point_at(self, row: float, col: float) -> None:
        """Read the cell at a pixel position of the stack."""
        maps = self.control.maps
        self.place.setText((place_text(maps, row, col, self.control.target) if maps is not None else "") or HINT)

    def _show_maps(self) -> None:
        maps = self.control.maps
        self.setVisible(maps is not None)
        if maps is not None:
            self.chooser.show_line_up(maps.predictor_set)
        self._show_choice()

    def _show_choice(self) -> None:
        control = self.control
        self._show_chosen()
        self.legend.show_maps(control.maps, control.kind, control.target)
        self._show_summary()

    def _show_chosen(self) -> None:
        control = self.control
        self.chooser.show_choice(control.kind, control.target, control.layers.side_by_side)

    def _show_summary(self) -> None:
        summary, control = self.control.summary, self.control
        if summary is not None:
            predictor_set, target = summary.maps.predictor_set, control.target
            self.table.show_rows(predictor_set, summary.table[f"t{target}"], control.kind)
            found = summary.histograms[target]
            self.histogram.show_counts(predictor_set, found.edges, found.counts, control.kind)
        elif control.maps is not None:
            self.table.show_rows(control.maps.predictor_set, {}, control.kind)
            self.histogram.show_counts(control.maps.predictor_set, self.histogram.edges, {}, control.kind)

"""Speed against distance along a flowline, a curve for each pair of dates."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, Signal
from qtpy.QtGui import QColor, QPainterPath, QPolygonF
from qtpy.QtWidgets import QFileDialog, QGraphicsPathItem, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_icenet.gui.velocity.flowline_words import (
    curve_sentence,
    date_colours,
    distance_axis,
    legend,
    profile_sentence,
)
from napari_icenet.gui.widgets.dialogs import show_error
from napari_icenet.gui.widgets.job import Job
from napari_icenet.gui.widgets.plot import Inks, ThemedPlot, make_plain
from napari_icenet.velocity.along.flowline import FlowlineProfile
from napari_icenet.velocity.along.profile_files import write_profile

EMPTY = "Draw a line along the flow, or load one, to see its speed."
#: With more pairs of dates than this, error bands would hide the curves: only that under the mouse is drawn.
BANDS = 4
#: The curve under the mouse is the nearest one, up to this far from it, screen pixels.
REACH_PX = 40.0


class _Curve:
    """One pair of dates: its curve and its error band."""

    def __init__(self, item: Any) -> None:
        self.line = pg.PlotCurveItem(connect="finite", antialias=True)
        self.band = QGraphicsPathItem()
        self.band.setPen(pg.mkPen(None))
        item.addItem(self.band, ignoreBounds=True)
        item.addItem(self.line, ignoreBounds=True)
        self.line.setZValue(1)

    def show(self, x: NDArray[np.float64], v: NDArray[np.float64], error: NDArray[np.float64], colour: str) -> None:
        """Draw it anew."""
        self.line.setData(x, v)
        self.band.setPath(band_path(x, v, error))
        shade = QColor(colour)
        shade.setAlpha(55)
        self.band.setBrush(pg.mkBrush(shade))
        self.line.show()

    def hide(self) -> None:
        """Keep it for another profile."""
        self.line.hide()
        self.band.hide()


class FlowlinePlot(ThemedPlot):
    """Speed along a line by date, updated in place.

    Parameters
    ----------
    viewer : napari.Viewer
    parent : QWidget, optional

    Attributes
    ----------
    place_hovered : Signal(object)
        (row, col), px, of the place under the mouse; None when it has left.
    """

    place_hovered = Signal(object)

    def __init__(self, viewer: Any, parent: QWidget | None = None) -> None:
        super().__init__(viewer, parent)
        self._profile: FlowlineProfile | None = None
        self._curves: list[_Curve] = []
        self._colours: list[str] = []
        self._hover: tuple[int, int] | None = None
        self._x = np.zeros(0)
        self._job: Job | None = None
        self.readout, self.legend = QLabel(EMPTY, self), QLabel(self)
        for label in (self.readout, self.legend):
            label.setWordWrap(True)
            label.setStyleSheet("QLabel {font-size: 11px;}")
        self.export_button = QPushButton("Export…", self)
        self.export_button.setToolTip("Write distance, date, speed and its error along the line to a file.")
        self.export_button.clicked.connect(self.ask_export)
        self.canvas = pg.PlotWidget(self)
        self.canvas.setFrameShape(self.canvas.Shape.NoFrame)
        self._item = self.canvas.getPlotItem()
        self._title, self._below = pg.LabelItem("", justify="left"), pg.LabelItem("", justify="right")
        self._place = pg.InfiniteLine(angle=90, movable=False)
        self._dot = pg.ScatterPlotItem(size=8, pxMode=True)
        self._arrange()
        self.canvas.scene().sigMouseMoved.connect(self._on_move)
        self._follow_theme(self.canvas, [self._item])
        self.show_profile(None)

    @property
    def profile(self) -> FlowlineProfile | None:
        """Comparison that is shown."""
        return self._profile

    def show_profile(self, profile: FlowlineProfile | None) -> None:
        """Show a profile; None empties the plot."""
        self._profile, self._stale = profile, True
        self._set_hover(None)
        self.export_button.setEnabled(profile is not None)
        self._catch_up()

    def ask_export(self) -> None:
        """Ask for a file, and write the profile to it."""
        if self._profile is None:
            return
        filters = {".csv": "Table (*.csv)"}
        if self._profile.frame.georeferenced:
            filters[".geojson"] = "Map, WGS84 (*.geojson)"
        if importlib.util.find_spec("pyarrow") is not None:
            filters[".parquet"] = "Parquet (*.parquet)"
        chosen, picked = QFileDialog.getSaveFileName(
            self, "Export the profile", f"{self._profile.name} speed.csv", ";;".join(filters.values())
        )
        if chosen:
            path = Path(chosen)
            if path.suffix.lower() not in filters:
                path = path.with_name(path.name + next((s for s, text in filters.items() if text == picked), ".csv"))
            self.export(path)

    def export(self, path: Path) -> Job | None:
        """Write the profile off the interface's thread; what goes wrong is said in a sentence."""
        profile = self._profile
        if profile is None:
            return None
        self._job = Job(f"Writing {path.name}", lambda _progress: write_profile(profile, path), self)
        self._job.failed.connect(lambda error: show_error(self._viewer, str(error)))
        return self._job.start()

    # Drawing

    def _draw(self) -> None:
        profile, inks = self._profile, self._inks
        shown = 0 if profile is None else len(profile.times)
        while len(self._curves) < shown:
            self._curves.append(_Curve(self._item))
        for curve in self._curves[shown:]:
            curve.hide()
        for part in (self.canvas, self.legend, self.export_button):
            part.setVisible(profile is not None)
        if profile is None:
            self._x, self._colours = np.zeros(0), []
            self.legend.setText("")
        else:
            self._x, unit = distance_axis(profile)
            self._title.setText(f"Speed, {profile.unit}", color=inks.text, size="8pt")
            self._colours = date_colours(profile.mid_times, inks.dark)
            v = profile.v
            for i, curve in enumerate(self._curves[:shown]):
                curve.show(self._x, v[i], profile.v_error[i], self._colours[i])
            top = float(np.nanmax(v, initial=0.0)) or 1.0
            self._item.setXRange(0, self._x[-1], padding=0.02)
            self._item.setYRange(0, 1.22 * top, padding=0)
            self._below.setText(f"{unit} along the line", color=inks.text, size="8pt")
            self.legend.setText(legend(profile, inks.dark))
        self._highlight()
        self._read_out()

    def _highlight(self) -> None:
        chosen = None if self._hover is None else self._hover[0]
        for i, (curve, colour) in enumerate(zip(self._curves, self._colours, strict=False)):
            curve.line.setPen(pg.mkPen(colour, width=2.6 if i == chosen else 1.4))
            curve.line.setZValue(2 if i == chosen else 1)
            curve.band.setVisible(i == chosen if chosen is not None else len(self._colours) <= BANDS)

    def _read_out(self) -> None:
        if self._profile is None:
            self.readout.setText(EMPTY)
        elif self._hover is None:
            self.readout.setText(profile_sentence(self._profile))
        else:
            self.readout.setText(curve_sentence(self._profile, *self._hover))

    # Mouse

    def _on_move(self, position: Any) -> None:
        profile, box = self._profile, self._item.getViewBox()
        if profile is None or self._stale or not box.sceneBoundingRect().contains(position):
            self._set_hover(None)
            return
        at = box.mapSceneToView(position)
        place = int(np.argmin(np.abs(self._x - at.x())))
        away = np.abs(profile.v[:, place] - at.y()) / box.viewPixelSize()[1]
        curve = None if not np.isfinite(away).any() else int(np.nanargmin(away))
        self._set_hover(None if curve is None or away[curve] > REACH_PX else (curve, place))

    def _set_hover(self, hover: tuple[int, int] | None) -> None:
        if hover == self._hover:
            return
        before, self._hover = self._hover, hover
        self._place.setVisible(hover is not None)
        self._dot.setVisible(hover is not None)
        if hover is not None and self._profile is not None:
            curve, place = hover
            self._place.setPos(self._x[place])
            self._dot.setData([self._x[place]], [self._profile.v[curve, place]])
            self._dot.setBrush(pg.mkBrush(self._colours[curve]))
            self.place_hovered.emit((float(self._profile.rows[place]), float(self._profile.cols[place])))
        else:
            self.place_hovered.emit(None)
        if (before and before[0]) != (hover and hover[0]):
            self._highlight()
        self._read_out()

    # Looks

    def _arrange(self) -> None:
        item = self._item
        make_plain(item)
        self._title.setParentItem(item.getViewBox())
        self._title.anchor((0, 0), (0, 0), offset=(2, -3))
        self._below.setParentItem(item.getViewBox())
        self._below.anchor((1, 1), (1, 1), offset=(-2, 3))
        for part, level in ((self._place, 3), (self._dot, 4)):
            part.setZValue(level)
            item.addItem(part, ignoreBounds=True)
            part.hide()
        item.getAxis("bottom").setHeight(20)
        self.canvas.setMinimumHeight(110)
        # Room for two lines, so that the plot does not jump while the mouse moves over it.
        self.readout.setMinimumHeight(30)
        foot = QHBoxLayout()
        foot.addWidget(self.legend, 1)
        foot.addWidget(self.export_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.readout)
        layout.addWidget(self.canvas, 1)
        layout.addLayout(foot)

    def _dress(self, inks: Inks) -> None:
        self._place.setPen(pg.mkPen(inks.faint, width=1))
        self._dot.setPen(pg.mkPen(inks.text, width=1))


def band_path(x: NDArray[np.float64], v: NDArray[np.float64], error: NDArray[np.float64]) -> QPainterPath:
    """The area within one sigma of a curve, in pieces where values are missing."""
    path = QPainterPath()
    known = np.isfinite(v) & np.isfinite(error)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(int)))
    for start, stop in edges.reshape(-1, 2):
        run = slice(start, stop)
        there = np.stack([x[run], v[run] + error[run]], axis=1)
        back = np.stack([x[run], np.maximum(v[run] - error[run], 0.0)], axis=1)[::-1]
        path.addPolygon(QPolygonF([QPointF(*map(float, corner)) for corner in (*there, *back)]))
        path.closeSubpath()
    return path

"""Displacement, speed and peak correlation of a track against date."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from napari.utils.theme import get_theme
from qtpy.QtCore import QTimer, Signal
from qtpy.QtGui import QColor, QFont
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_icenet.gui import colours
from napari_icenet.gui.track_series import TrackSeries

#: The paper calls correlations above 0.7 good and below 0.3 poor.
GOOD_NCC, POOR_NCC = 0.7, 0.3
#: No more than this many repaints a second while something is dragged.
REPAINT_MS = 120
TITLES = ("displacement", "speed", "ncc")


class _Plot:
    """One of the three plots and its items."""

    def __init__(self, item: Any) -> None:
        self.item = item
        item.setMenuEnabled(False)
        item.hideButtons()
        item.setMouseEnabled(False, False)
        item.getViewBox().setDefaultPadding(0.0)
        self.spans = pg.PlotCurveItem(connect="pairs", antialias=True)
        self.bars = pg.ErrorBarItem(x=np.zeros(0), y=np.zeros(0), height=np.zeros(0), beam=0.0)
        self.line = pg.PlotCurveItem(connect="finite", antialias=True)
        self.found = pg.ScatterPlotItem(size=7, pxMode=True)
        self.start = pg.ScatterPlotItem(size=8, pxMode=True)
        self.stable = pg.ScatterPlotItem(size=6, symbol="s", pxMode=True)
        self.difference = pg.ScatterPlotItem(size=8, symbol="d", pxMode=True)
        self.lost = pg.ScatterPlotItem(size=8, pxMode=True)
        self.now = pg.InfiniteLine(angle=90, movable=False)
        self.hovered = pg.InfiniteLine(angle=90, movable=False)
        self.zero = pg.InfiniteLine(angle=0, pos=0, movable=False)
        self.title = pg.LabelItem("", justify="left")
        self.title.setParentItem(item.getViewBox())
        self.title.anchor((0, 0), (0, 0), offset=(2, -4))
        for part in (
            self.zero,
            self.now,
            self.hovered,
            self.spans,
            self.bars,
            self.line,
            self.stable,
            self.found,
            self.difference,
            self.start,
            self.lost,
        ):
            item.addItem(part, ignoreBounds=True)
        self.hovered.hide()


class TrackPlots(QWidget):
    """Three plots over one axis of dates, updated in place.

    Attributes
    ----------
    date_chosen : Signal(int)
        Index of the date that was clicked.
    """

    date_chosen = Signal(int)

    def __init__(self, viewer: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._series: TrackSeries | None = None
        self._now = 0
        self._hover: int | None = None
        self._stale = False
        self._text = "#ffffff"
        self.readout = QLabel(self)
        self.readout.setObjectName("readout")
        self.canvas = pg.GraphicsLayoutWidget(self)
        self.canvas.setFrameShape(self.canvas.Shape.NoFrame)
        self.canvas.ci.layout.setSpacing(2)
        self.canvas.ci.layout.setContentsMargins(0, 0, 4, 0)
        self.plots: dict[str, _Plot] = {}
        for row, name in enumerate(TITLES):
            axis = {"bottom": pg.DateAxisItem(utcOffset=0)} if name == TITLES[-1] else {}
            self.plots[name] = _Plot(self.canvas.addPlot(row=row, col=0, axisItems=axis))
        self._arrange()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(REPAINT_MS)
        self._timer.timeout.connect(self._catch_up)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.readout)
        layout.addWidget(self.canvas)
        self.canvas.scene().sigMouseMoved.connect(self._on_move)
        self.canvas.scene().sigMouseClicked.connect(self._on_click)
        viewer.events.theme.connect(self.restyle)
        self.restyle()

    def show_track(self, series: TrackSeries | None, now: int) -> None:
        """Show a track; repaints at most eight times a second, and always the last state."""
        self._series, self._now = series, now
        self._stale = True
        if not self._timer.isActive():
            self._catch_up()

    def set_now(self, now: int) -> None:
        """Mark another date."""
        self._now = now
        if self._series is not None and not self._stale:
            self._mark()
        self._read_out()

    def close_plots(self) -> None:
        """Disconnect from the viewer."""
        self._timer.stop()
        self._viewer.events.theme.disconnect(self.restyle)

    def showEvent(self, event: Any) -> None:  # noqa: N802  (Qt's name)
        """Draw what was left out while hidden."""
        super().showEvent(event)
        self._catch_up()

    def leaveEvent(self, event: Any) -> None:  # noqa: N802  (Qt's name)
        """Show the current date again."""
        super().leaveEvent(event)
        self._set_hover(None)

    # Drawing

    def _catch_up(self) -> None:
        if not self._stale or not self.isVisible():
            return
        self._stale = False
        self._timer.start()
        self._draw()

    def _draw(self) -> None:
        series = self._series
        if series is None:
            for plot in self.plots.values():
                for part in (plot.found, plot.start, plot.stable, plot.difference, plot.lost):
                    part.setData([], [])
                for line in (plot.spans, plot.line):
                    line.setData([], [])
                plot.bars.setData(x=np.zeros(0), y=np.zeros(0), height=np.zeros(0))
                plot.now.hide()
            self._read_out()
            return
        x = series.seconds
        margin = max(0.03 * (x[-1] - x[0]), 86400.0)
        for name, plot in self.plots.items():
            values = series.values(name)
            top = 1.0 if name == "ncc" else series.top(name)
            plot.item.setXRange(x[0] - margin, x[-1] + margin, padding=0)
            plot.item.setYRange(-0.16 * top, 1.16 * top, padding=0)
            found = np.isfinite(values) & series.valid
            found[series.origin] = False
            plot.found.setData(x[found], values[found])
            plot.start.setData([x[series.origin]], [{"ncc": 1.0}.get(name, 0.0)] if name != "speed" else [np.nan])
            lost = series.lost
            plot.lost.setData(x[lost], np.full(int(lost.sum()), -0.09 * top))
            self._draw_details(name, plot, series, x, values)
            unit = series.unit(name)
            plot.title.setText(f"{LABELS[name]}{', ' + unit if unit else ''}", color=self._text, size="8pt")
        self._mark()
        self._read_out()

    def _draw_details(self, name: str, plot: _Plot, series: TrackSeries, x: Any, values: Any) -> None:
        if name == "speed":
            start, known = series.interval(), np.isfinite(values)
            plot.spans.setData(np.stack([start[known], x[known]], 1).ravel(), np.repeat(values[known], 2))
            plot.bars.setData(x=x[known], y=values[known], height=2 * np.nan_to_num(series.speed_error[known]))
        else:
            found = np.isfinite(values) & (series.valid | (np.arange(len(x)) == series.origin))
            plot.line.setData(x[found], values[found])
        for part, other in (
            (plot.stable, series.stable_values(name)),
            (plot.difference, series.difference_values(name)),
        ):
            shown = np.zeros(len(x), bool) if other is None else np.isfinite(other)
            part.setData(x[shown], np.zeros(0) if other is None else other[shown])

    def _mark(self) -> None:
        if self._series is None or not 0 <= self._now < len(self._series.seconds):
            return
        for plot in self.plots.values():
            plot.now.setPos(self._series.seconds[self._now])
            plot.now.show()

    def _read_out(self) -> None:
        if self._series is None:
            self.readout.setText("")
            return
        index = self._now if self._hover is None else self._hover
        if 0 <= index < len(self._series.seconds):
            self.readout.setText(self._series.sentence(index))

    # Mouse

    def _date_at(self, position: Any) -> int | None:
        if self._series is None:
            return None
        for plot in self.plots.values():
            if plot.item.sceneBoundingRect().contains(position):
                x = plot.item.getViewBox().mapSceneToView(position).x()
                return int(np.argmin(np.abs(self._series.seconds - x)))
        return None

    def _on_move(self, position: Any) -> None:
        self._set_hover(self._date_at(position))

    def _on_click(self, event: Any) -> None:
        index = self._date_at(event.scenePos())
        if index is not None:
            event.accept()
            self.date_chosen.emit(index)

    def _set_hover(self, index: int | None) -> None:
        if index == self._hover:
            return
        self._hover = index
        for plot in self.plots.values():
            plot.hovered.setVisible(index is not None)
            if index is not None and self._series is not None:
                plot.hovered.setPos(self._series.seconds[index])
        self._read_out()

    # Looks

    def _arrange(self) -> None:
        font = QFont()
        font.setPointSize(7)
        first = self.plots[TITLES[0]].item
        for name, plot in self.plots.items():
            left, bottom = plot.item.getAxis("left"), plot.item.getAxis("bottom")
            left.setWidth(40)
            left.setStyle(tickFont=font, tickTextOffset=3, tickLength=-4, maxTickLevel=0)
            left.enableAutoSIPrefix(False)
            bottom.setStyle(tickFont=font, tickTextOffset=2, tickLength=-4)
            if name == TITLES[-1]:
                bottom.setHeight(26)
                left.setTicks([[(v, f"{v:g}") for v in (0.0, POOR_NCC, GOOD_NCC, 1.0)]])
            else:
                plot.item.hideAxis("bottom")
            if plot.item is not first:
                plot.item.setXLink(first)
        ncc = self.plots["ncc"].item
        self._bands = [
            pg.LinearRegionItem((low, high), orientation="horizontal", movable=False, pen=pg.mkPen(None))
            for low, high in ((-2.0, POOR_NCC), (POOR_NCC, GOOD_NCC), (GOOD_NCC, 2.0))
        ]
        for band in self._bands:
            band.setZValue(-10)
            ncc.addItem(band, ignoreBounds=True)

    def restyle(self, _event: Any = None) -> None:
        """Take the colours of napari's theme."""
        theme = get_theme(self._viewer.theme)
        background, text = theme.background.as_hex(), theme.text.as_hex()
        dark = QColor(background).lightness() < 128
        self._text = text
        self.canvas.setBackground(background)
        faint, fainter = QColor(text), QColor(text)
        faint.setAlpha(150)
        fainter.setAlpha(45)
        chip = colours.CHIP if dark else QColor(colours.CHIP).darker(125)
        for plot in self.plots.values():
            for side in ("left", "bottom"):
                axis = plot.item.getAxis(side)
                axis.setPen(pg.mkPen(fainter))
                axis.setTextPen(pg.mkPen(faint))
            plot.zero.setPen(pg.mkPen(fainter))
            plot.now.setPen(pg.mkPen(chip, width=1.2))
            plot.hovered.setPen(pg.mkPen(faint, width=1))
            plot.spans.setPen(pg.mkPen(colours.MATCH, width=1.2))
            plot.line.setPen(pg.mkPen(colours.MATCH, width=1.2))
            plot.bars.setData(pen=pg.mkPen(colours.MATCH, width=1.4))
            for part, face in ((plot.found, colours.MATCH), (plot.start, chip), (plot.stable, colours.STABLE)):
                part.setPen(pg.mkPen(background, width=0.6))
                part.setBrush(pg.mkBrush(face))
            plot.difference.setPen(pg.mkPen(text, width=1.3))
            plot.difference.setBrush(pg.mkBrush(None))
            plot.lost.setPen(pg.mkPen(colours.LOST, width=1.3))
            plot.lost.setBrush(pg.mkBrush(None))
        for band, shade in zip(self._bands, (10, 22, 36), strict=True):
            colour = QColor(text)
            colour.setAlpha(shade)
            band.setBrush(colour)
            for line in band.lines:
                line.setPen(pg.mkPen(fainter))
        self._stale = True
        self._catch_up()


LABELS = {"displacement": "Displacement", "speed": "Speed", "ncc": "Peak NCC"}

"""Displacement, speed and peak correlation of a track against date."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from napari.utils.theme import get_theme
from numpy.typing import NDArray
from qtpy.QtCore import Signal
from qtpy.QtGui import QColor, QFont
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_icenet.gui import colours
from napari_icenet.gui.pace import Pace
from napari_icenet.gui.track_series import TrackSeries

#: The paper calls correlations above 0.7 good and below 0.3 poor.
GOOD_NCC, POOR_NCC = 0.7, 0.3
#: While something is dragged, the plots follow this often.
REPAINT_SECONDS, REPAINT_FRAMES = 0.2, 4
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
        self.titled = ("", "")
        self.title.setParentItem(item.getViewBox())
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
        self._dated = np.zeros(0, "datetime64[s]")
        self._text = "#ffffff"
        self.readout = QLabel(self)
        self.readout.setStyleSheet("QLabel {font-size: 11px;}")
        self.canvas = pg.GraphicsLayoutWidget(self)
        self.canvas.setFrameShape(self.canvas.Shape.NoFrame)
        self.canvas.ci.layout.setSpacing(2)
        self.canvas.ci.layout.setContentsMargins(0, 0, 4, 0)
        self.plots: dict[str, _Plot] = {}
        for row, name in enumerate(TITLES):
            self.plots[name] = _Plot(self.canvas.addPlot(row=row, col=0))
        self._arrange()
        self._pace = Pace(self._catch_up, seconds=REPAINT_SECONDS, every=REPAINT_FRAMES)
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
        """Show a track; repaints at most five times a second, and always the last state."""
        before, self._series = self._series, series
        same = before is not None and series is not None and before.track is series.track
        if not same or before.ground is not series.ground:  # type: ignore[union-attr]
            self._now, self._stale = now, True
            self._pace.ask()
        elif now != self._now:
            self.set_now(now)

    def set_now(self, now: int) -> None:
        """Mark another date."""
        self._now = now
        if self._series is not None and not self._stale:
            self._mark()
        self._read_out()

    def release(self) -> None:
        """Disconnect from the viewer."""
        self._pace.stop()
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
            # Room below zero for the lost, and above for the title where it does not stand at the bottom.
            plot.item.setYRange(-0.2 * top, (1.08 if name == "ncc" else 1.45) * top, padding=0)
            found = np.isfinite(values) & series.valid
            found[series.origin] = False
            plot.found.setData(x[found], values[found])
            start = slice(series.origin, series.origin + (name == "displacement"))
            plot.start.setData(x[start], np.zeros(x[start].size))
            lost = series.lost
            plot.lost.setData(x[lost], np.full(int(lost.sum()), -0.1 * top))
            self._draw_details(name, plot, series, x, values)
            title = (self._title(name, series), self._text)
            if plot.titled != title:  # laying out text takes longer than the curves
                plot.titled = title
                plot.title.setText(title[0], color=self._text, size="8pt")
        if not np.array_equal(series.times, self._dated):
            self._dated = series.times
            self.plots[TITLES[-1]].item.getAxis("bottom").setTicks(date_ticks(series.times))
        self._mark()
        self._read_out()

    def _draw_details(self, name: str, plot: _Plot, series: TrackSeries, x: Any, values: Any) -> None:
        if name == "speed":
            start, known = series.interval(), np.isfinite(values)
            plot.spans.setData(np.stack([start[known], x[known]], 1).ravel(), np.repeat(values[known], 2))
            plot.bars.setData(x=x[known], y=values[known], height=2 * np.nan_to_num(series.speed_error[known]))
        else:
            known = np.isfinite(values) & series.valid
            plot.line.setData(x[known], values[known])
        for part, other in (
            (plot.stable, series.stable_values(name)),
            (plot.difference, series.difference_values(name)),
        ):
            shown = np.zeros(len(x), bool) if other is None else np.isfinite(other)
            part.setData(x[shown], np.zeros(0) if other is None else other[shown])

    def _title(self, name: str, series: TrackSeries) -> str:
        unit = series.unit(name)
        title = f"{LABELS[name]}{', ' + unit if unit else ''}"
        if series.ground is None or name != "speed":
            return title
        return (
            f"{title} &nbsp; <span style='color:{colours.MATCH}'>●</span> ice "
            f"<span style='color:{colours.STABLE}'>■</span> ground ◇ ice − ground"
        )

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
            corner = (0, 1) if name == "ncc" else (0, 0)
            plot.title.anchor(corner, corner, offset=(2, -10 if name == "ncc" else -3))
            left, bottom = plot.item.getAxis("left"), plot.item.getAxis("bottom")
            left.setWidth(40)
            left.setStyle(tickFont=font, tickTextOffset=3, tickLength=-4, maxTickLevel=0)
            left.enableAutoSIPrefix(False)
            bottom.setStyle(tickFont=font, tickTextOffset=2, tickLength=-4)
            if name == TITLES[-1]:
                bottom.setHeight(20)
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


def date_ticks(times: NDArray[np.datetime64]) -> list[list[tuple[float, str]]]:
    """Labelled and small ticks of an axis of dates in seconds: days, months or years, at most eight labels."""
    first, last = times.min().astype("datetime64[D]"), times.max().astype("datetime64[D]")
    days = int((last - first).astype(int))
    if days < 75:
        step = max(1, -(-days // 6))
        major = np.arange(first, last + 1, step)
        return [[(_seconds(d), _text(d, "%d %b")) for d in major], []]
    months = np.arange(first.astype("datetime64[M]"), last.astype("datetime64[M]") + 2)
    step = next((s for s in (1, 2, 3, 6, 12) if len(months) / s <= 8), 12 * -(-len(months) // 96))
    number = months.astype(int)  # months since January 1970
    labelled = number % step == 0
    texts = [
        (_seconds(m), _text(m, "%Y") if step >= 12 else _text(m, "%b %Y" if k == 0 or n % 12 == 0 else "%b"))
        for k, (m, n) in enumerate(zip(months[labelled], number[labelled], strict=True))
    ]
    small = [] if step >= 12 else [(_seconds(m), "") for m in months[~labelled]]
    return [texts, small]


def _seconds(when: np.datetime64) -> float:
    return float(when.astype("datetime64[s]").astype(int))


def _text(when: np.datetime64, form: str) -> str:
    return str(when.astype("datetime64[D]").item().strftime(form)).lstrip("0")

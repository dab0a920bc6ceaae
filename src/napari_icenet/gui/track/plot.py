"""One quantity of a track against date: displacement, speed or peak correlation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtGui import QColor

from napari_icenet.common import palette
from napari_icenet.gui.track.series import TrackSeries
from napari_icenet.gui.widgets.plot import Inks, make_plain

#: The paper calls correlations above 0.7 good and below 0.3 poor.
GOOD_NCC, POOR_NCC = 0.7, 0.3
LABELS = {"displacement": "Displacement", "speed": "Speed", "ncc": "Peak NCC"}


class TrackPlot:
    """Items of one plot, made once and updated in place.

    Parameters
    ----------
    item : pyqtgraph.PlotItem
    name : str
        Of :data:`LABELS`.
    """

    def __init__(self, item: Any, name: str) -> None:
        self.item, self.name = item, name
        make_plain(item)
        item.getAxis("left").setStyle(maxTickLevel=0)
        item.getAxis("bottom").setStyle(tickTextOffset=2)
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
        self.bands: list[Any] = []
        self.title = pg.LabelItem("", justify="left")
        self.titled = ("", "")
        self.title.setParentItem(item.getViewBox())
        corner = (0, 1) if name == "ncc" else (0, 0)
        self.title.anchor(corner, corner, offset=(2, -10 if name == "ncc" else -3))
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
        if name == "ncc":
            self._add_bands()

    def show_series(self, series: TrackSeries, text: str) -> None:
        """Draw a track.

        Parameters
        ----------
        series : TrackSeries
        text : str
            Colour of the theme's text.
        """
        name, x = self.name, series.seconds
        margin = max(0.03 * (x[-1] - x[0]), 86400.0)
        values = series.values(name)
        top = 1.0 if name == "ncc" else series.top(name)
        self.item.setXRange(x[0] - margin, x[-1] + margin, padding=0)
        # Room below zero for the lost, and above for the title where it does not stand at the bottom.
        self.item.setYRange(-0.2 * top, (1.08 if name == "ncc" else 1.45) * top, padding=0)
        found = np.isfinite(values) & series.valid
        found[series.origin] = False
        self.found.setData(x[found], values[found])
        start = slice(series.origin, series.origin + (name == "displacement"))
        self.start.setData(x[start], np.zeros(x[start].size))
        lost = series.lost
        self.lost.setData(x[lost], np.full(int(lost.sum()), -0.1 * top))
        self._show_details(series, x, values)
        title = (self._words(series), text)
        if self.titled != title:  # laying out text takes longer than the curves
            self.titled = title
            self.title.setText(title[0], color=text, size="8pt")

    def clear(self) -> None:
        """Show no track; its title and axes stay."""
        for part in (self.found, self.start, self.stable, self.difference, self.lost):
            part.setData([], [])
        for line in (self.spans, self.line):
            line.setData([], [])
        self.bars.setData(x=np.zeros(0), y=np.zeros(0), height=np.zeros(0))
        self.now.hide()

    def mark_now(self, seconds: float) -> None:
        """Mark the date that the picture shows."""
        self.now.setPos(seconds)
        self.now.show()

    def mark_hovered(self, seconds: float | None) -> None:
        """Mark the date under the mouse; None for none."""
        self.hovered.setVisible(seconds is not None)
        if seconds is not None:
            self.hovered.setPos(seconds)

    def dress(self, inks: Inks) -> None:
        """Take the colours of a theme, all but the axes."""
        chip = palette.CHIP if inks.dark else QColor(palette.CHIP).darker(125)
        self.zero.setPen(pg.mkPen(inks.fainter))
        self.now.setPen(pg.mkPen(chip, width=1.2))
        self.hovered.setPen(pg.mkPen(inks.faint, width=1))
        self.spans.setPen(pg.mkPen(palette.MATCH, width=1.2))
        self.line.setPen(pg.mkPen(palette.MATCH, width=1.2))
        self.bars.setData(pen=pg.mkPen(palette.MATCH, width=1.4))
        for part, face in ((self.found, palette.MATCH), (self.start, chip), (self.stable, palette.STABLE)):
            part.setPen(pg.mkPen(inks.background, width=0.6))
            part.setBrush(pg.mkBrush(face))
        self.difference.setPen(pg.mkPen(inks.text, width=1.3))
        self.difference.setBrush(pg.mkBrush(None))
        self.lost.setPen(pg.mkPen(palette.LOST, width=1.3))
        self.lost.setBrush(pg.mkBrush(None))
        for band, shade in zip(self.bands, (10, 22, 36), strict=False):
            colour = QColor(inks.text)
            colour.setAlpha(shade)
            band.setBrush(colour)
            for line in band.lines:
                line.setPen(pg.mkPen(inks.fainter))

    def _show_details(self, series: TrackSeries, x: NDArray[np.float64], values: NDArray[np.float64]) -> None:
        if self.name == "speed":
            start, known = series.interval(), np.isfinite(values)
            self.spans.setData(np.stack([start[known], x[known]], 1).ravel(), np.repeat(values[known], 2))
            self.bars.setData(x=x[known], y=values[known], height=2 * np.nan_to_num(series.speed_error[known]))
        else:
            known = np.isfinite(values) & series.valid
            self.line.setData(x[known], values[known])
        for part, other in (
            (self.stable, series.stable_values(self.name)),
            (self.difference, series.difference_values(self.name)),
        ):
            shown = np.zeros(len(x), bool) if other is None else np.isfinite(other)
            part.setData(x[shown], np.zeros(0) if other is None else other[shown])

    def _words(self, series: TrackSeries) -> str:
        unit = series.unit(self.name)
        title = f"{LABELS[self.name]}{', ' + unit if unit else ''}"
        if series.ground is None or self.name != "speed":
            return title
        return (
            f"{title} &nbsp; <span style='color:{palette.MATCH}'>●</span> ice "
            f"<span style='color:{palette.STABLE}'>■</span> ground ◇ ice − ground"
        )

    def _add_bands(self) -> None:
        """Shade poor, fair and good correlations."""
        self.item.getAxis("left").setTicks([[(v, f"{v:g}") for v in (0.0, POOR_NCC, GOOD_NCC, 1.0)]])
        for low, high in ((-2.0, POOR_NCC), (POOR_NCC, GOOD_NCC), (GOOD_NCC, 2.0)):
            band = pg.LinearRegionItem((low, high), orientation="horizontal", movable=False, pen=pg.mkPen(None))
            band.setZValue(-10)
            self.item.addItem(band, ignoreBounds=True)
            self.bands.append(band)

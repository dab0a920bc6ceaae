"""Plot of a run's losses on a logarithmic axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor

from napari_icenet.common.types import Series
from napari_icenet.gui.train.runs.reader import RunView
from napari_icenet.gui.train.runs.words import CORRELATIONS, CURVE_COLOURS, CURVE_WORDS
from napari_icenet.gui.widgets.log_axis import above, extent, log_ticks, logarithm

#: Lines of the first of two runs, and of the second.
STROKES: Final = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine)


class LossCurves:
    """The losses of one run, or of two over each other, in one plot.

    Parameters
    ----------
    plot : pyqtgraph.PlotItem
    """

    def __init__(self, plot: Any) -> None:
        self._plot = plot
        self._pairs: dict[tuple[int, str], _Pair] = {}
        self._names: tuple[str, ...] = ()
        self._several = False
        self._text = "#ffffff"

    def show_views(self, views: Sequence[RunView], text: str) -> None:
        """Draw the losses of these runs.

        Parameters
        ----------
        views : sequence of RunView
        text : str
            Colour of the theme's text, which is that of losses without a colour of their own.
        """
        # Correlations of a batch are no losses, and what goes below zero has no logarithm: they are told in words.
        wanted = {
            (k, name)
            for k, view in enumerate(views)
            for name, (_, values) in view.smooth.items()
            if above(values) and name not in CORRELATIONS
        }
        self._names = tuple(
            dict.fromkeys(name for view in views for name in view.raw if any(name == one for _, one in wanted))
        )
        self._several = len(views) > 1
        if text != self._text:
            self._text = text
            for (_, name), pair in self._pairs.items():
                pair.set_colour(self._colour(name))
        for key, pair in self._pairs.items():
            if key not in wanted:
                pair.show_series(None, None)
        low, high = np.inf, -np.inf
        for k, name in sorted(wanted):
            if (k, name) not in self._pairs:
                self._pairs[k, name] = _Pair(self._plot, self._colour(name), STROKES[k])
            view = views[k]
            self._pairs[k, name].show_series(None if self._several else view.raw[name], view.smooth[name])
            # Nearly all of the noise has room as well, below the title.
            for found in (extent(view.smooth[name][1]), extent(view.raw[name][1], 2)):
                low, high = min(low, found[0]), max(high, found[1])
        if np.isfinite(low):
            margin = max(0.06 * (high - low), 0.05)
            # Room above for the title.
            self._plot.setYRange(low - margin, high + 3.5 * margin, padding=0)
            self._plot.getAxis("left").setTicks(log_ticks(low - margin, high + margin))

    @property
    def title(self) -> str:
        """Title with the colours of the losses, in rich text."""
        words = [
            f"<span style='color:{self._colour(name)}'>━</span> {CURVE_WORDS.get(name, name)}" for name in self._names
        ]
        second = " &nbsp; ┅ second run" if self._several else ""
        return f"{'Losses' if len(words) != 1 else 'Loss'} &nbsp; {' '.join(words)}{second}"

    def _colour(self, name: str) -> str:
        return CURVE_COLOURS.get(name, self._text)


class _Pair:
    """A curve as logged, faint, and its running mean."""

    def __init__(self, item: Any, colour: str, style: Qt.PenStyle) -> None:
        self._style = style
        self.raw = pg.PlotCurveItem(connect="finite", antialias=False)
        self.smooth = pg.PlotCurveItem(connect="finite", antialias=True)
        item.addItem(self.raw, ignoreBounds=True)
        item.addItem(self.smooth, ignoreBounds=True)
        self.smooth.setZValue(2)
        self.set_colour(colour)

    def set_colour(self, colour: str) -> None:
        """Draw both in a colour."""
        faint = QColor(colour)
        faint.setAlpha(70)
        self.raw.setPen(pg.mkPen(faint, width=1))
        self.smooth.setPen(pg.mkPen(colour, width=1.8, style=self._style))

    def show_series(self, raw: Series | None, smooth: Series | None) -> None:
        """Show a curve; None for none."""
        for item, series in ((self.raw, raw), (self.smooth, smooth)):
            if series is not None:
                item.setData(*logarithm(series))
            elif item.xData is not None and len(item.xData):
                item.setData([], [])

"""Plot of held-out correlations at t2 as a run learns, against persistence's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import Qt

from napari_icenet.common.palette import colour_of
from napari_icenet.gui.train.runs.losses import STROKES
from napari_icenet.gui.train.runs.reader import RunView


class ScoreItems(NamedTuple):
    """Items of one run: its correlations, the level of persistence, and its best validation."""

    run: Any
    persistence: Any
    best: Any


class ScoreCurves:
    """The correlations of one run, or of two over each other, in one plot.

    Parameters
    ----------
    plot : pyqtgraph.PlotItem

    Attributes
    ----------
    items : tuple of ScoreItems
        Of the first run and the second.
    """

    def __init__(self, plot: Any) -> None:
        self._plot = plot
        self._shown: tuple[Any, ...] = ()
        self._models: tuple[str, ...] = ()
        self.items = tuple(_add_items(plot) for _ in STROKES)

    def show_views(self, views: Sequence[RunView], models: Sequence[str], of: int, text: str) -> None:
        """Draw the correlations of these runs.

        Parameters
        ----------
        views : sequence of RunView
        models : sequence of str
            Name of each run's network, which gives its colour.
        of : int
            Steps that there will be.
        text : str
            Colour of the theme's text.
        """
        # Validations are rare, and the same object until there is another one.
        shown = (tuple(view.validation for view in views), tuple(models), of, text)
        if shown == self._shown:
            return
        self._shown, self._models = shown, tuple(models)
        values = []
        for k, items in enumerate(self.items):
            found = views[k].validation if k < len(views) else None
            if found is None or not len(found.step):
                for item in items:
                    item.setData([], [])
                continue
            colour = colour_of(models[k])
            items.run.setData(found.step, found.t2)
            items.run.setPen(pg.mkPen(colour, width=2, style=STROKES[k]))
            items.run.setSymbol("o")
            items.run.setSymbolSize(5)
            items.run.setSymbolBrush(pg.mkBrush(colour))
            items.run.setSymbolPen(pg.mkPen(None))
            ends = np.array([0.0, max(of, found.step[-1])])
            level = float(np.nanmean(found.persistence_t2)) if np.isfinite(found.persistence_t2).any() else np.nan
            items.persistence.setData(ends, np.array([level, level]))
            items.persistence.setPen(pg.mkPen(colour_of("persistence"), width=1.6, style=Qt.PenStyle.DotLine))
            at = np.flatnonzero(found.best)[-1:]
            items.best.setData(found.step[at], found.t2[at])
            items.best.setPen(pg.mkPen(text, width=1.4))
            values += [found.t2, np.array([level])]
        every = np.concatenate(values) if values else np.array([0.0, 1.0])
        every = every[np.isfinite(every)]
        low, high = (float(every.min()), float(every.max())) if len(every) else (0.0, 1.0)
        margin = max(0.12 * (high - low), 0.01)
        self._plot.setYRange(low - margin, high + 3 * margin, padding=0)

    @property
    def title(self) -> str:
        """Title with the colours of the runs, in rich text."""
        marks = [
            f"<span style='color:{colour_of(model)}'>{stroke}</span> {words}"
            for model, stroke, words in zip(self._models, "━┅", ("this run", "second"), strict=False)
        ]
        persistence = f"<span style='color:{colour_of('persistence')}'>┅</span> persistence"
        return f"NCC at t2, held-out ice &nbsp; {' '.join([*marks, persistence])}"


def _add_items(plot: Any) -> ScoreItems:
    items = ScoreItems(
        run=pg.PlotDataItem(connect="finite", antialias=True),
        persistence=pg.PlotCurveItem(connect="finite"),
        best=pg.ScatterPlotItem(size=11, pxMode=True, brush=pg.mkBrush(None)),
    )
    for item, level in ((items.persistence, 1), (items.run, 2), (items.best, 3)):
        item.setZValue(level)
        plot.addItem(item, ignoreBounds=True)
    return items

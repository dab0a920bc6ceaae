"""The curves of a run as it learns: what is minimised, and how well held-out chips are foreseen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from napari.utils.theme import get_theme
from qtpy.QtCore import QPointF, Qt, Signal
from qtpy.QtGui import QColor, QFont
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_icenet.gui.curve_scale import above, at_step, extent, log_ticks, logarithm
from napari_icenet.gui.readout import SEPARATOR, grouped
from napari_icenet.gui.runs_words import CORRELATIONS, CURVE_COLOURS, CURVE_WORDS
from napari_icenet.gui.steady_line import SteadyLine
from napari_icenet.gui.theme import quiet
from napari_icenet.gui.train_reading import RunView, Series
from napari_icenet.gui.velocity_words import hundredths
from napari_icenet.predictors.colours import colour_of

EMPTY = "Curves appear with the first step."
#: Losses of the first of two runs; the second one's are dashed.
_DASH = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine)


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


class RunCurves(QWidget):
    """Losses on a logarithmic axis, and below them correlations at t2 against persistence's.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose theme is followed.
    parent : QWidget, optional

    Attributes
    ----------
    step_hovered : Signal(object)
        The step under the mouse; None when it has left.
    drawn : int
        How often the curves were drawn.
    """

    step_hovered = Signal(object)

    def __init__(self, viewer: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._views: tuple[RunView, ...] = ()
        self._models: tuple[str, ...] = ()
        self._names: tuple[str, ...] = ()
        self._pairs: dict[tuple[int, str], _Pair] = {}
        self._hover: float | None = None
        self._stale, self._of = False, 0
        self.drawn = 0
        self._scores_of: tuple[Any, ...] = ()
        self._said: dict[Any, tuple[str, str]] = {}
        self._text, self._background = "#ffffff", "#000000"
        self.readout = quiet(EMPTY, self)
        # Room for two lines, so that the plots do not jump while the mouse moves over them.
        self.readout.setMinimumHeight(28)
        self.canvas = pg.GraphicsLayoutWidget(self)
        self.canvas.setFrameShape(self.canvas.Shape.NoFrame)
        self.canvas.ci.layout.setSpacing(2)
        self.canvas.ci.layout.setContentsMargins(0, 0, 6, 0)
        self.canvas.setMinimumHeight(150)
        self.losses, self.scores = self.canvas.addPlot(row=0, col=0), self.canvas.addPlot(row=1, col=0)
        self._titles = {plot: pg.LabelItem("", justify="left") for plot in (self.losses, self.scores)}
        self._marks = [pg.InfiniteLine(angle=90, movable=False) for _ in range(2)]
        self._scored = [self._score_items() for _ in range(2)]
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(SteadyLine(self.readout, self))
        layout.addWidget(self.canvas, 1)
        # Takes the room while there is nothing to draw.
        layout.addStretch(0)
        self._arrange()
        self.canvas.scene().sigMouseMoved.connect(self._on_move)
        viewer.events.theme.connect(self.restyle)
        self.restyle()

    def show_views(self, views: Sequence[RunView], models: Sequence[str], of: int = 0) -> None:
        """Show the curves of one run, or of two over each other.

        Parameters
        ----------
        views : sequence of RunView
        models : sequence of str
            Name of each run's network.
        of : int
            Steps that there will be.
        """
        before = self._views, self._models, self._of
        self._views, self._models, self._of = tuple(views), tuple(models), of
        if before[1:] != (self._models, of) or not same_curves(before[0], self._views):
            self._stale = True
            self._catch_up()
        elif not self._stale:
            self._read_out()

    def release(self) -> None:
        """Disconnect from the viewer."""
        self._viewer.events.theme.disconnect(self.restyle)

    def showEvent(self, event: Any) -> None:  # noqa: N802  (Qt's name)
        """Draw what was left out while hidden."""
        super().showEvent(event)
        self._catch_up()

    def leaveEvent(self, event: Any) -> None:  # noqa: N802  (Qt's name)
        """Say again what the run came to."""
        super().leaveEvent(event)
        self._set_hover(None)

    # Drawing

    def _catch_up(self) -> None:
        if self._stale and self.isVisible():
            self._stale = False
            self.drawn += 1
            self._draw()
            # What the items put off until they are painted would have them painted a second time.
            self.canvas.scene().prepareForPaint()

    def _draw(self) -> None:
        # Axes without curves say nothing.
        self.canvas.setVisible(any(view.raw or len(view.validation.step) for view in self._views))
        # Correlations of a batch are no losses, and what goes below zero has no logarithm: they are told in words.
        wanted = {
            (k, name)
            for k, view in enumerate(self._views)
            for name, (_, values) in view.smooth.items()
            if above(values) and name not in CORRELATIONS
        }
        self._names = tuple(
            dict.fromkeys(name for view in self._views for name in view.raw if any(name == one for _, one in wanted))
        )
        for key, pair in self._pairs.items():
            if key not in wanted:
                pair.show_series(None, None)
        low, high = np.inf, -np.inf
        for k, name in sorted(wanted):
            if (k, name) not in self._pairs:
                self._pairs[k, name] = _Pair(self.losses, self._colour(name), _DASH[k])
            view = self._views[k]
            self._pairs[k, name].show_series(view.raw[name] if len(self._views) == 1 else None, view.smooth[name])
            # Nearly all of the noise has room as well, below the title.
            for found in (extent(view.smooth[name][1]), extent(view.raw[name][1], 2)):
                low, high = min(low, found[0]), max(high, found[1])
        last = max([self._of, *(view.steps for view in self._views)], default=0) or 1
        self.losses.setXRange(0, last, padding=0.01)
        if np.isfinite(low):
            margin = max(0.06 * (high - low), 0.05)
            # Room above for the title.
            self.losses.setYRange(low - margin, high + 3.5 * margin, padding=0)
            self.losses.getAxis("left").setTicks(log_ticks(low - margin, high + margin))
        self._draw_scores()
        self._write_titles()
        self._read_out()

    def _draw_scores(self) -> None:
        # Validations are rare, and the same object until there is another one.
        shown = (tuple(view.validation for view in self._views), self._models, self._of, self._text)
        if shown == self._scores_of:
            return
        self._scores_of = shown
        values = []
        for k, items in enumerate(self._scored):
            found = self._views[k].validation if k < len(self._views) else None
            run, persistence, best = items
            if found is None or not len(found.step):
                for item in items:
                    item.setData([], [])
                continue
            colour = colour_of(self._models[k])
            run.setData(found.step, found.t2)
            run.setPen(pg.mkPen(colour, width=2, style=_DASH[k]))
            run.setSymbol("o")
            run.setSymbolSize(5)
            run.setSymbolBrush(pg.mkBrush(colour))
            run.setSymbolPen(pg.mkPen(None))
            ends = np.array([0.0, max(self._of, found.step[-1])])
            level = float(np.nanmean(found.persistence_t2)) if np.isfinite(found.persistence_t2).any() else np.nan
            persistence.setData(ends, np.array([level, level]))
            persistence.setPen(pg.mkPen(colour_of("persistence"), width=1.6, style=Qt.PenStyle.DotLine))
            at = np.flatnonzero(found.best)[-1:]
            best.setData(found.step[at], found.t2[at])
            best.setPen(pg.mkPen(self._text, width=1.4))
            values += [found.t2, np.array([level])]
        every = np.concatenate(values) if values else np.array([0.0, 1.0])
        every = every[np.isfinite(every)]
        low, high = (float(every.min()), float(every.max())) if len(every) else (0.0, 1.0)
        margin = max(0.12 * (high - low), 0.01)
        self.scores.setYRange(low - margin, high + 3 * margin, padding=0)

    def _write_titles(self) -> None:
        words = [
            f"<span style='color:{self._colour(name)}'>━</span> {CURVE_WORDS.get(name, name)}" for name in self._names
        ]
        second = " &nbsp; ┅ second run" if len(self._views) > 1 else ""
        self._title(self.losses, f"{'Losses' if len(words) != 1 else 'Loss'} &nbsp; {' '.join(words)}{second}")
        marks = [
            f"<span style='color:{colour_of(model)}'>{stroke}</span> {words}"
            for model, stroke, words in zip(self._models, "━┅", ("this run", "second"), strict=False)
        ]
        persistence = f"<span style='color:{colour_of('persistence')}'>┅</span> persistence"
        self._title(self.scores, f"NCC at t2, held-out ice &nbsp; {' '.join([*marks, persistence])}")

    def _title(self, plot: Any, html: str) -> None:
        if self._said.get(plot) != (html, self._text):
            self._said[plot] = html, self._text
            self._titles[plot].setText(html, color=self._text, size="8pt")

    # Reading

    def _read_out(self) -> None:
        if not self._views:
            self.readout.setText(EMPTY)
            return
        view = self._views[0]
        if not view.raw:
            self.readout.setText(view.notices[-1][1] if view.notices else EMPTY)
            return
        step = float(view.steps) if self._hover is None else self._hover
        parts = [f"step {grouped(step)}"]
        for name, series in view.smooth.items():
            value = at_step(series, step)
            if value is not None:
                parts.append(f"{CURVE_WORDS.get(name, name)} {value:.3g}")
        found = view.validation
        if len(found.step):
            k = max(int(np.searchsorted(found.step, step, side="right")) - 1, 0)
            parts.append(f"NCC {hundredths(found.t2[k])} against {hundredths(found.persistence_t2[k])}")
        self.readout.setText(SEPARATOR.join(parts))

    def _on_move(self, position: QPointF) -> None:
        for plot in (self.losses, self.scores):
            box = plot.getViewBox()
            if self._views and box.sceneBoundingRect().contains(position):
                last = max(view.steps for view in self._views)
                self._set_hover(float(np.clip(round(box.mapSceneToView(position).x()), 0, last)))
                return
        self._set_hover(None)

    def _set_hover(self, step: float | None) -> None:
        if step == self._hover:
            return
        self._hover = step
        for mark in self._marks:
            mark.setVisible(step is not None)
            if step is not None:
                mark.setPos(step)
        self._read_out()
        self.step_hovered.emit(step)

    # Looks

    def _score_items(self) -> tuple[Any, Any, Any]:
        run = pg.PlotDataItem(connect="finite", antialias=True)
        persistence = pg.PlotCurveItem(connect="finite")
        best = pg.ScatterPlotItem(size=11, pxMode=True, brush=pg.mkBrush(None))
        for item, level in ((persistence, 1), (run, 2), (best, 3)):
            item.setZValue(level)
            self.scores.addItem(item, ignoreBounds=True)
        return run, persistence, best

    def _colour(self, name: str) -> str:
        return CURVE_COLOURS.get(name, self._text)

    def _arrange(self) -> None:
        font = QFont()
        font.setPointSize(7)
        for plot, mark in zip((self.losses, self.scores), self._marks, strict=True):
            plot.setMenuEnabled(False)
            plot.hideButtons()
            plot.setMouseEnabled(False, False)
            plot.getViewBox().setDefaultPadding(0.0)
            self._titles[plot].setParentItem(plot.getViewBox())
            self._titles[plot].anchor((0, 0), (0, 0), offset=(2, -3))
            for side in ("left", "bottom"):
                axis = plot.getAxis(side)
                axis.setStyle(tickFont=font, tickTextOffset=3, tickLength=-4)
                axis.enableAutoSIPrefix(False)
            plot.getAxis("left").setWidth(40)
            plot.addItem(mark, ignoreBounds=True)
            mark.setZValue(-1)
            mark.hide()
        self.losses.hideAxis("bottom")
        self.scores.getAxis("left").setStyle(maxTickLevel=0)
        self.scores.getAxis("bottom").setHeight(20)
        self.scores.setXLink(self.losses)

    def restyle(self, _event: Any = None) -> None:
        """Take the colours of napari's theme."""
        theme = get_theme(self._viewer.theme)
        self._background, self._text = theme.background.as_hex(), theme.text.as_hex()
        self.canvas.setBackground(self._background)
        faint, fainter = QColor(self._text), QColor(self._text)
        faint.setAlpha(150)
        fainter.setAlpha(45)
        for plot in (self.losses, self.scores):
            for side in ("left", "bottom"):
                plot.getAxis(side).setPen(pg.mkPen(fainter))
                plot.getAxis(side).setTextPen(pg.mkPen(faint))
        for mark in self._marks:
            mark.setPen(pg.mkPen(faint, width=1))
        for (_, name), pair in self._pairs.items():
            pair.set_colour(self._colour(name))
        self._stale = True
        self._catch_up()


def same_curves(before: Sequence[RunView], now: Sequence[RunView]) -> bool:
    """Whether views of the same runs hold no step and no validation that those before did not."""
    return len(before) == len(now) and all(
        one.raw is other.raw and one.smooth is other.smooth and one.validation is other.validation
        for one, other in zip(before, now, strict=True)
    )

"""The curves of a run as it learns: what is minimised, and how well held-out chips are foreseen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QPointF, Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_icenet.common.text import grouped, hundredths
from napari_icenet.gui.session.readout import SEPARATOR
from napari_icenet.gui.train.runs.losses import LossCurves
from napari_icenet.gui.train.runs.reader import RunView
from napari_icenet.gui.train.runs.scores import ScoreCurves
from napari_icenet.gui.train.runs.words import CURVE_WORDS
from napari_icenet.gui.widgets.fixed_label import SteadyLine
from napari_icenet.gui.widgets.log_axis import at_step
from napari_icenet.gui.widgets.plot import Inks, ThemedPlot, make_plain
from napari_icenet.gui.widgets.theme import quiet

EMPTY = "Curves appear with the first step."


class RunCurves(ThemedPlot):
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
        super().__init__(viewer, parent)
        self._views: tuple[RunView, ...] = ()
        self._models: tuple[str, ...] = ()
        self._hover: float | None = None
        self._of = 0
        self.drawn = 0
        self._said: dict[Any, tuple[str, str]] = {}
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
        self.loss_curves, self.score_curves = LossCurves(self.losses), ScoreCurves(self.scores)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(SteadyLine(self.readout, self))
        layout.addWidget(self.canvas, 1)
        # Takes the room while there is nothing to draw.
        layout.addStretch(0)
        self._arrange()
        self.canvas.scene().sigMouseMoved.connect(self._on_move)
        self._follow_theme(self.canvas, (self.losses, self.scores))

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

    # Drawing

    def _draw(self) -> None:
        self.drawn += 1
        # Axes without curves say nothing.
        self.canvas.setVisible(any(view.raw or len(view.validation.step) for view in self._views))
        text = self._inks.text
        self.loss_curves.show_views(self._views, text)
        self.score_curves.show_views(self._views, self._models, self._of, text)
        last = max([self._of, *(view.steps for view in self._views)], default=0) or 1
        self.losses.setXRange(0, last, padding=0.01)
        self._title(self.losses, self.loss_curves.title)
        self._title(self.scores, self.score_curves.title)
        self._read_out()
        # What the items put off until they are painted would have them painted a second time.
        self.canvas.scene().prepareForPaint()

    def _title(self, plot: Any, html: str) -> None:
        text = self._inks.text
        if self._said.get(plot) != (html, text):
            self._said[plot] = html, text
            self._titles[plot].setText(html, color=text, size="8pt")

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

    def _arrange(self) -> None:
        for plot, mark in zip((self.losses, self.scores), self._marks, strict=True):
            make_plain(plot)
            self._titles[plot].setParentItem(plot.getViewBox())
            self._titles[plot].anchor((0, 0), (0, 0), offset=(2, -3))
            plot.addItem(mark, ignoreBounds=True)
            mark.setZValue(-1)
            mark.hide()
        self.losses.hideAxis("bottom")
        self.scores.getAxis("left").setStyle(maxTickLevel=0)
        self.scores.getAxis("bottom").setHeight(20)
        self.scores.setXLink(self.losses)

    def _dress(self, inks: Inks) -> None:
        for mark in self._marks:
            mark.setPen(pg.mkPen(inks.faint, width=1))


def same_curves(before: Sequence[RunView], now: Sequence[RunView]) -> bool:
    """True if views of the same runs hold no step and no validation that those before did not."""
    return len(before) == len(now) and all(
        one.raw is other.raw and one.smooth is other.smooth and one.validation is other.validation
        for one, other in zip(before, now, strict=True)
    )

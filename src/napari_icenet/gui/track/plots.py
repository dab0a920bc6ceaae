"""Displacement, speed and peak correlation of a track against date."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_icenet.gui.track.plot import TrackPlot
from napari_icenet.gui.track.series import TrackSeries
from napari_icenet.gui.widgets.date_ticks import date_ticks
from napari_icenet.gui.widgets.plot import Inks, ThemedPlot
from napari_icenet.gui.widgets.throttle import Throttle

#: While something is dragged, the plots follow this often.
REPAINT_SECONDS, REPAINT_FRAMES = 0.2, 4
TITLES = ("displacement", "speed", "ncc")


class TrackPlots(ThemedPlot):
    """Three plots over one axis of dates, updated in place.

    Attributes
    ----------
    date_chosen : Signal(int)
        Index of the date that was clicked.
    """

    date_chosen = Signal(int)

    def __init__(self, viewer: Any, parent: QWidget | None = None) -> None:
        super().__init__(viewer, parent)
        self._series: TrackSeries | None = None
        self._now = 0
        self._hover: int | None = None
        self._dated = np.zeros(0, "datetime64[s]")
        self.readout = QLabel(self)
        self.readout.setStyleSheet("QLabel {font-size: 11px;}")
        self.canvas = pg.GraphicsLayoutWidget(self)
        self.canvas.setFrameShape(self.canvas.Shape.NoFrame)
        self.canvas.ci.layout.setSpacing(2)
        self.canvas.ci.layout.setContentsMargins(0, 0, 4, 0)
        self.plots: dict[str, TrackPlot] = {}
        for row, name in enumerate(TITLES):
            self.plots[name] = TrackPlot(self.canvas.addPlot(row=row, col=0), name)
        self._arrange()
        self._pace = Throttle(self._catch_up, seconds=REPAINT_SECONDS, every=REPAINT_FRAMES)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.readout)
        layout.addWidget(self.canvas)
        self.canvas.scene().sigMouseMoved.connect(self._on_move)
        self.canvas.scene().sigMouseClicked.connect(self._on_click)
        self._follow_theme(self.canvas, [plot.item for plot in self.plots.values()])

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
        super().release()

    # Drawing

    def _draw(self) -> None:
        series = self._series
        if series is None:
            for plot in self.plots.values():
                plot.clear()
            self._read_out()
            return
        for plot in self.plots.values():
            plot.show_series(series, self._inks.text)
        if not np.array_equal(series.times, self._dated):
            self._dated = series.times
            self.plots[TITLES[-1]].item.getAxis("bottom").setTicks(date_ticks(series.times))
        self._mark()
        self._read_out()

    def _mark(self) -> None:
        if self._series is None or not 0 <= self._now < len(self._series.seconds):
            return
        for plot in self.plots.values():
            plot.mark_now(self._series.seconds[self._now])

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
        seconds = None if index is None or self._series is None else self._series.seconds[index]
        for plot in self.plots.values():
            plot.mark_hovered(seconds)
        self._read_out()

    # Looks

    def _arrange(self) -> None:
        first, last = self.plots[TITLES[0]].item, self.plots[TITLES[-1]].item
        for plot in self.plots.values():
            if plot.item is last:
                plot.item.getAxis("bottom").setHeight(20)
            else:
                plot.item.hideAxis("bottom")
            if plot.item is not first:
                plot.item.setXLink(first)

    def _dress(self, inks: Inks) -> None:
        for plot in self.plots.values():
            plot.dress(inks)

"""Plots beside the picture: in the colours of napari's theme, and drawn only while they are seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pyqtgraph as pg
from napari.utils.theme import get_theme
from qtpy.QtGui import QColor, QFont
from qtpy.QtWidgets import QWidget

SIDES = ("left", "bottom")


class Inks(NamedTuple):
    """Colours of a plot in one of napari's themes."""

    background: str
    text: str
    faint: QColor
    fainter: QColor
    dark: bool

    @classmethod
    def of_theme(cls, name: str) -> Inks:
        """The inks of a theme, by its name."""
        theme = get_theme(name)
        background, text = theme.background.as_hex(), theme.text.as_hex()
        faint, fainter = QColor(text), QColor(text)
        faint.setAlpha(150)
        fainter.setAlpha(45)
        return cls(background, text, faint, fainter, QColor(background).lightness() < 128)


class ThemedPlot(QWidget):
    """A canvas of plots that follows the theme, and is drawn when it is seen and out of date.

    A kind of plot makes its canvas, hands it to :meth:`_follow_theme`, sets :attr:`_stale` and calls
    :meth:`_catch_up` whenever there is something else to draw, and says in :meth:`_draw` what that is.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose theme is followed.
    parent : QWidget, optional
    """

    def __init__(self, viewer: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._inks = Inks.of_theme(viewer.theme)
        self._stale = False
        self._themed_canvas: Any = None
        self._themed_plots: tuple[Any, ...] = ()

    def release(self) -> None:
        """Disconnect from the viewer."""
        self._viewer.events.theme.disconnect(self.restyle)

    def restyle(self, _event: Any = None) -> None:
        """Take the colours of napari's theme."""
        self._inks = inks = Inks.of_theme(self._viewer.theme)
        self._themed_canvas.setBackground(inks.background)
        for plot in self._themed_plots:
            for side in SIDES:
                plot.getAxis(side).setPen(pg.mkPen(inks.fainter))
                plot.getAxis(side).setTextPen(pg.mkPen(inks.faint))
        self._dress(inks)
        self._stale = True
        self._catch_up()

    def showEvent(self, event: Any) -> None:  # noqa: N802  (Qt's name)
        """Draw what was left out while hidden."""
        super().showEvent(event)
        self._catch_up()

    def leaveEvent(self, event: Any) -> None:  # noqa: N802  (Qt's name)
        """Say again what is said while the mouse is elsewhere."""
        super().leaveEvent(event)
        self._set_hover(None)

    def _follow_theme(self, canvas: Any, plots: Sequence[Any]) -> None:
        self._themed_canvas, self._themed_plots = canvas, tuple(plots)
        self._viewer.events.theme.connect(self.restyle)
        self.restyle()

    def _catch_up(self) -> None:
        if self._stale and self.isVisible():
            self._stale = False
            self._draw()

    # What each kind of plot says for itself

    def _draw(self) -> None:
        """Draw all there is."""
        raise NotImplementedError

    def _dress(self, inks: Inks) -> None:
        """Put what is drawn in other colours, but the canvas and its axes."""
        raise NotImplementedError

    def _set_hover(self, hover: Any) -> None:
        """Say what is under the mouse; None for nothing."""
        raise NotImplementedError


def make_plain(plot: Any) -> None:
    """Take menu, buttons and mouse away from a plot, and make its axes small."""
    font = QFont()
    font.setPointSize(7)
    plot.setMenuEnabled(False)
    plot.hideButtons()
    plot.setMouseEnabled(False, False)
    plot.getViewBox().setDefaultPadding(0.0)
    for side in SIDES:
        axis = plot.getAxis(side)
        axis.setStyle(tickFont=font, tickTextOffset=3, tickLength=-4)
        axis.enableAutoSIPrefix(False)
    plot.getAxis("left").setWidth(40)

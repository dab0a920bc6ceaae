"""The pictures of a film strip: chips in grey, correlation in colour, and how far each template missed."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QFont, QImage, QPainter, QPalette, QPen

from napari_icenet.common.palette import NCC_STOPS, SEARCH
from napari_icenet.common.types import F32
from napari_icenet.evaluation.compare.comparison import Comparison, Judged
from napari_icenet.evaluation.compare.track_frames import Target
from napari_icenet.gui.widgets.chip_image import MISSING, rgb_image

#: Radii of the outer ring of a target, px of the picture.
RINGS_PX = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
_DARK = "#101418"


def surface_image(values: F32) -> QImage:
    """Correlation in the colours that it has everywhere, −1 to 1; missing is dark blue."""
    known = np.isfinite(values)
    rgb = _ncc_colours()[np.clip(np.where(known, (values + 1) * 127.5, 0), 0, 255).astype(np.uint8)]
    rgb[~known] = MISSING
    return rgb_image(rgb)


def paint_places(painter: QPainter, place: QRectF, judged: Judged, target: Target, colour: str) -> None:
    """On a surface: a cross where the template is found, and a ring where the ice is."""
    match = judged.match
    if match is None:
        return
    height, width = match.surface.values.shape

    def at(row: float, col: float) -> QPointF:
        # The middle of a surface's pixel lies half a pixel in.
        y, x = row - match.surface.row0 + 0.5, col - match.surface.col0 + 0.5
        return QPointF(place.left() + x / width * place.width(), place.top() + y / height * place.height())

    painter.save()
    painter.setClipRect(place)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if target.reference is not None:
        for pen in (QPen(QColor(_DARK), 2), _reference_pen(target)):
            painter.setPen(pen)
            painter.drawEllipse(at(*target.reference), 6, 6)
    if judged.placed:
        # The cross leaves its middle free: the peak is what is to be seen.
        centre = at(match.row, match.col)
        for pen in (QPen(QColor(_DARK), 3), QPen(QColor(colour), 2)):
            painter.setPen(pen)
            for step in (QPointF(1, 0), QPointF(-1, 0), QPointF(0, 1), QPointF(0, -1)):
                painter.drawLine(centre + 8 * step, centre + 12 * step)
    painter.restore()


def paint_misses(painter: QPainter, place: QRectF, made: Comparison, target: int, palette: QPalette) -> None:
    """A target: where each template lies from where the ice is, in the picture's directions."""
    frame = made.at(target)
    if frame is None or frame.reference is None:
        return
    row, col = frame.reference
    misses = [
        (one.entry.colour, judged.match.row - row, judged.match.col - col)
        for one in made.compared
        if (judged := one.at(target)) is not None and judged.match is not None and judged.placed
    ]
    outer = next((r for r in RINGS_PX if r >= max((np.hypot(*m[1:]) for m in misses), default=0)), RINGS_PX[-1])
    radius = min(place.width(), place.height()) / 2 - 3
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    grey = palette.color(QPalette.ColorRole.Mid)
    for share in (1.0, 0.5):
        painter.setPen(QPen(grey, 1))
        painter.drawEllipse(place.center(), share * radius, share * radius)
    painter.setPen(_reference_pen(frame, grey))
    painter.drawEllipse(place.center(), 2.5, 2.5)
    for colour, drow, dcol in reversed(misses):
        away = min(1.0, outer / max(float(np.hypot(drow, dcol)), 1e-9))
        at = place.center() + QPointF(dcol, drow) * (away * radius / outer)
        painter.setPen(QPen(QColor(_DARK), 1))
        painter.setBrush(QColor(colour))
        painter.drawEllipse(at, 4, 4)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    font = QFont(painter.font())
    font.setPixelSize(10)
    painter.setFont(font)
    painter.setPen(palette.color(QPalette.ColorRole.WindowText))
    painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom, f"{outer:g} px")
    painter.restore()


def _reference_pen(target: Target, colour: QColor | None = None) -> QPen:
    """Solid where the truth is known, dashed where it is the track."""
    style = Qt.PenStyle.DotLine if target.known is None else Qt.PenStyle.SolidLine
    return QPen(QColor(SEARCH) if colour is None else colour, 1.5, style)


@cache
def _ncc_colours() -> NDArray[np.uint8]:
    stops = np.array([QColor(stop).getRgb()[:3] for stop in NCC_STOPS], float)
    at = np.linspace(0, 1, len(stops))
    return np.stack([np.interp(np.linspace(0, 1, 256), at, c) for c in stops.T], axis=1).round().astype(np.uint8)

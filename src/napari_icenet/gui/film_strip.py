"""Chips side by side: what was seen, what each predictor expected, and what came."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QRectF, QSize, Qt
from qtpy.QtGui import QColor, QFont, QImage, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_icenet.evaluation.comparison import Compared, Comparison, Frame, Judged
from napari_icenet.gui.colours import LOST
from napari_icenet.predictors.colours import colour_of

F32 = NDArray[np.float32]

#: Screen pixels: a chip, the gaps between chips and between rows, the words beside them, and a line of words.
CHIP_PX, GAP_PX, ROW_GAP_PX, WORDS_PX, LINE_PX = 88, 6, 10, 150, 15
#: Each chip is stretched by itself between these percentiles.
STRETCH = (2.0, 98.0)


class FilmStrip(QWidget):
    """Rows of chips: the past three, what came, and a row for each predictor with how right it was.

    Parameters
    ----------
    parent : QWidget, optional
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._made: Comparison | None = None
        self._images: dict[int, QImage] = {}
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Film strip")

    @property
    def comparison(self) -> Comparison | None:
        """What is shown."""
        return self._made

    def show_comparison(self, made: Comparison | None) -> None:
        """Show another comparison, or none."""
        self._made, self._images = made, {}
        self.setFixedHeight(self.sizeHint().height())
        self.setAccessibleDescription("" if made is None else "; ".join(row_words(one) for one in made.compared))
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Wide enough for three chips, high enough for all rows."""
        rows = 0 if self._made is None else 2 + len(self._made.compared)
        width = WORDS_PX + 2 * (CHIP_PX + GAP_PX)
        return QSize(width, rows * (CHIP_PX + ROW_GAP_PX) + 2 * LINE_PX)

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Draw all rows."""
        if self._made is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        top = self._paint_seen(painter, self._made.past[-3:])
        top = self._paint_came(painter, top, self._made.ahead)
        for one in self._made.compared:
            top = self._paint_row(painter, top, one)
        painter.end()

    def _paint_seen(self, painter: QPainter, past: Sequence[Frame]) -> float:
        left = self.width() - 3 * (CHIP_PX + GAP_PX)
        self._words(painter, 0, LINE_PX, "Seen", bold=True)
        for k, frame in enumerate(past):
            x = left + (k + 3 - len(past)) * (CHIP_PX + GAP_PX)
            name = "t0" if frame is past[-1] else f"{frame.days:+.0f} d".replace("-", "−")
            self._words(painter, x, 0, name)
            self._chip(painter, x, LINE_PX, frame.chip, lost=not frame.found)
        return LINE_PX + CHIP_PX + ROW_GAP_PX

    def _paint_came(self, painter: QPainter, top: float, ahead: Sequence[Frame]) -> float:
        self._words(painter, 0, top + LINE_PX, "Came", bold=True)
        if not ahead:
            self._words(painter, 0, top + 2 * LINE_PX, "The series ends here.")
        for k, frame in enumerate(ahead):
            x = self._column(k)
            self._words(painter, x, top, f"t{k + 1}  +{frame.days:.0f} d")
            self._chip(painter, x, top + LINE_PX, frame.chip, lost=not frame.found)
        return top + LINE_PX + CHIP_PX + ROW_GAP_PX

    def _paint_row(self, painter: QPainter, top: float, one: Compared) -> float:
        painter.fillRect(QRectF(0, top, 4, CHIP_PX), QColor(colour_of(one.name)))
        self._words(painter, 10, top, one.title, bold=True)
        for k, words in enumerate(judged_words(one.judged)):
            self._words(painter, 10, top + (k + 1) * LINE_PX, words)
        for k, judged in enumerate(one.judged):
            self._chip(painter, self._column(k), top, None if judged.prediction is None else judged.prediction.template)
        return top + CHIP_PX + ROW_GAP_PX

    def _column(self, k: int) -> float:
        return self.width() - (2 - k) * (CHIP_PX + GAP_PX)

    def _chip(self, painter: QPainter, x: float, y: float, chip: F32 | None, *, lost: bool = False) -> None:
        place = QRectF(x, y, CHIP_PX, CHIP_PX)
        if chip is None or not np.isfinite(chip).any():
            painter.setPen(QPen(self.palette().mid().color()))
            painter.drawRect(place)
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, "no template" if chip is None else "missing")
            return
        image = self._images.setdefault(id(chip), grey_image(chip))
        painter.drawImage(place, image)
        if lost:
            # Hollow grey, as lost positions are drawn on the picture.
            painter.setPen(QPen(QColor(LOST), 2, Qt.PenStyle.DashLine))
            painter.drawRect(place)

    def _words(self, painter: QPainter, x: float, y: float, text: str, *, bold: bool = False) -> None:
        font = QFont(self.font())
        font.setPixelSize(11)
        font.setBold(bold)
        painter.setFont(font)
        painter.setPen(self.palette().windowText().color())
        width = WORDS_PX if x < WORDS_PX else CHIP_PX + GAP_PX
        painter.drawText(QRectF(x, y, width, LINE_PX), Qt.AlignmentFlag.AlignVCenter, text)


def grey_image(chip: F32) -> QImage:
    """A chip in grey, stretched between its percentiles; missing pixels are dark blue."""
    low, high = np.nanpercentile(chip, STRETCH)
    known = np.isfinite(chip)
    scaled = np.clip((np.where(known, chip, low) - low) / max(high - low, 1e-9), 0, 1)
    grey = np.round(255 * scaled).astype(np.uint8)
    rgb = np.repeat(grey[..., None], 3, axis=2)
    rgb[~known] = (20, 24, 40)
    height, width, _ = rgb.shape
    # A copy: the image must not outlive the array it looks at.
    return QImage(rgb.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def judged_words(judged: Sequence[Judged]) -> list[str]:
    """Correlation, peak ratio and miss for t1 and t2, a line each."""
    if not judged:
        return ["nothing came yet"]

    def line(name: str, values: Sequence[str]) -> str:
        return f"{name} " + " · ".join(values)

    return [
        line("NCC", [_number(one.ncc, 2) for one in judged]),
        line("Peak ratio", [_number(one.peak_ratio, 1) for one in judged]),
        line("Off", [_number(float(np.hypot(one.drow, one.dcol)), 1, " px") for one in judged]),
    ]


def row_words(one: Compared) -> str:
    """A row in words, for those who hear it."""
    return f"{one.title}: {', '.join(judged_words(one.judged))}"


def _number(value: float, digits: int, unit: str = "") -> str:
    return "–" if not np.isfinite(value) else f"{value:.{digits}f}{unit}".replace("-", "−")

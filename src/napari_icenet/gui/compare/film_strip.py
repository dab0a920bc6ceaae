"""Chips side by side, as in the paper's figure 3: what was seen, what each predictor expected, and what came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from qtpy.QtCore import QEvent, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QFont, QHelpEvent, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QScrollArea, QSizePolicy, QToolTip, QWidget

from napari_icenet.common.palette import LOST
from napari_icenet.common.types import F32
from napari_icenet.evaluation.compare.comparison import Compared, Comparison
from napari_icenet.evaluation.compare.track_frames import Frame
from napari_icenet.gui.compare.film_strip_images import paint_misses, paint_places, surface_image
from napari_icenet.gui.compare.film_strip_words import days, judged_words, row_tip, row_words
from napari_icenet.gui.widgets.chip_image import grey_image
from napari_icenet.predictors.predictor_set import PredictorSpec

#: Screen pixels: gaps between chips and between rows, the words beside them, and a line of words.
GAP_PX, ROW_GAP_PX, WORDS_PX, LINE_PX = 5, 8, 118, 14
#: Sides of a chip: the least, and the most; between them rows fill the height there is.
CHIP_PX = 58, 110
_COLUMNS = 3


class FilmStrip(QWidget):
    """Rows of chips: the past three, what came, and a row for each predictor with how right it was.

    Parameters
    ----------
    parent : QWidget, optional

    Attributes
    ----------
    picked : Signal(str)
        The user picked a predictor, by the key of its entry.
    """

    picked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._made: Comparison | None = None
        self._images: dict[int, QImage] = {}
        self._focus = ""
        self._target = 2
        self._room = QSize(360, 500)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Film strip")

    @property
    def comparison(self) -> Comparison | None:
        """Comparison that is shown."""
        return self._made

    @property
    def focus(self) -> str:
        """Key of the predictor that is picked."""
        return self._focus

    @property
    def chip_px(self) -> float:
        """Side of a chip on the screen."""
        wide = (self._room.width() - WORDS_PX - _COLUMNS * GAP_PX) / _COLUMNS
        high = (self._room.height() - 2 * LINE_PX) / max(self._rows, 1) - ROW_GAP_PX
        return float(np.clip(min(wide, high), *CHIP_PX))

    @property
    def _rows(self) -> int:
        return 0 if self._made is None else 2 + len(self._made.predictor_set.entries)

    def show_comparison(self, made: Comparison | None) -> None:
        """Show another comparison, or none; what is not worked out yet has an empty place."""
        if made is None or self._made is None or made.past is not self._made.past:
            # Parts of one comparison share their arrays; those of another may lie where old ones lay.
            self._images = {}
        self._made = made
        if made is None or made.whole:
            words = [] if made is None else [row_words(one) for one in made.compared]
            self.setAccessibleDescription("; ".join(words))
        self._settle()

    def pick(self, key: str) -> None:
        """Mark the row of a predictor."""
        self._focus = key
        self.update()

    def show_target(self, target: int) -> None:
        """Show surfaces and misses of t1 (1) or t2 (2)."""
        self._target = target
        self.update()

    def fit(self, room: QSize) -> None:
        """Fill the room there is, in width and height."""
        if room != self._room:
            self._room = room
            self._settle()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """High enough for all rows."""
        return QSize(self._room.width(), round(2 * LINE_PX + self._rows * (self.chip_px + ROW_GAP_PX)))

    def place_of(self, key: str) -> QRectF:
        """Rectangle of a predictor's row; empty where there is none."""
        if self._made is None or key not in self._made.predictor_set.keys:
            return QRectF()
        row = 2 + self._made.predictor_set.keys.index(key)
        top = 2 * LINE_PX + row * (self.chip_px + ROW_GAP_PX)
        return QRectF(0, top, self.width(), self.chip_px)

    # What the user does

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Pick the predictor under the mouse."""
        entry = None if event is None else self._entry_at(event.position().y())
        if entry is not None:
            self._pick(entry.key)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Pick the predictor above or below."""
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()) if event is not None else Qt.Key.Key_No)
        if step is None or self._made is None or not self._made.predictor_set.entries:
            super().keyPressEvent(event)
            return
        keys = self._made.predictor_set.keys
        at = keys.index(self._focus) + step if self._focus in keys else 0
        self._pick(keys[min(max(at, 0), len(keys) - 1)])

    def event(self, event: QEvent | None) -> bool:
        """Explain the row under the mouse."""
        if isinstance(event, QHelpEvent) and self._made is not None:
            entry = self._entry_at(event.pos().y())
            one = None if entry is None else self._made.of(entry.key)
            QToolTip.showText(event.globalPos(), "" if one is None else row_tip(one, self._made), self)
            return True
        return super().event(event)

    def _pick(self, key: str) -> None:
        self.pick(key)
        self.picked.emit(key)

    def _entry_at(self, y: float) -> PredictorSpec | None:
        entries: Sequence[PredictorSpec] = () if self._made is None else self._made.predictor_set.entries
        return next((e for e in entries if self.place_of(e.key).top() <= y <= self.place_of(e.key).bottom()), None)

    def _settle(self) -> None:
        self.setFixedHeight(self.sizeHint().height())
        self.update()

    # Drawing

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Draw all rows."""
        made = self._made
        if made is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        self._paint_seen(painter, made.past[-_COLUMNS:])
        self._paint_came(painter, made)
        for entry in made.predictor_set.entries:
            self._paint_row(painter, made, entry)
        painter.end()

    def _paint_seen(self, painter: QPainter, past: Sequence[Frame]) -> None:
        self._words(painter, 10, LINE_PX, "Seen", bold=True)
        self._words(painter, 10, 2 * LINE_PX, "The last dates.")
        for k, frame in enumerate(past, _COLUMNS - len(past)):
            self._words(painter, self._column(k), 0, "t0" if frame is past[-1] else days(frame))
            self._chip(painter, self._column(k), LINE_PX, frame.chip, lost=not frame.found)

    def _paint_came(self, painter: QPainter, made: Comparison) -> None:
        top = LINE_PX + self.chip_px + ROW_GAP_PX
        self._words(painter, 10, top + LINE_PX, "Came", bold=True)
        if not made.targets:
            self._words(painter, 10, top + 2 * LINE_PX, "The series ends.")
            return
        for k, frame in enumerate(made.targets):
            self._words(painter, self._column(k), top, f"t{k + 1}  {days(frame)}")
            self._chip(painter, self._column(k), top + LINE_PX, frame.chip, lost=not frame.found)
        target = min(self._target, len(made.targets))
        shown = made.targets[target - 1]
        about = "from the truth" if shown.known is not None else "from the track"
        self._words(painter, 10, top + 2 * LINE_PX, f"Right: miss at t{target}")
        self._words(painter, 10, top + 3 * LINE_PX, about if shown.reference else "unknown: track lost")
        self._words(painter, self._column(2), top, f"miss t{target}")
        place = QRectF(self._column(2), top + LINE_PX, self.chip_px, self.chip_px)
        paint_misses(painter, place, made, target, self.palette())

    def _paint_row(self, painter: QPainter, made: Comparison, entry: PredictorSpec) -> None:
        place, one = self.place_of(entry.key), made.of(entry.key)
        if entry.key == self._focus:
            tint = QColor(entry.colour)
            tint.setAlpha(50)
            painter.fillRect(place.adjusted(0, -3, 0, 3), tint)
        painter.fillRect(QRectF(0, place.top(), 4, self.chip_px), QColor(entry.colour))
        self._words(painter, 10, place.top(), entry.title, bold=True)
        if one is None or one.trouble:
            self._paragraph(painter, place, "…" if one is None else one.trouble)
            return
        for line, words in enumerate(judged_words(one.judged), 1):
            self._words(painter, 10, place.top() + line * LINE_PX, words)
        for k, judged in enumerate(one.judged):
            template = None if judged.prediction is None else judged.prediction.template
            self._chip(painter, self._column(k), place.top(), template)
        self._surface(painter, place.top(), made, one)

    def _surface(self, painter: QPainter, top: float, made: Comparison, one: Compared) -> None:
        target = min(self._target, len(one.judged))
        if not target or (match := one.judged[target - 1].match) is None:
            return
        values = match.surface.values
        place = QRectF(self._column(2), top, self.chip_px, self.chip_px)
        if id(values) not in self._images:
            self._images[id(values)] = surface_image(values)
        painter.drawImage(place, self._images[id(values)])
        paint_places(painter, place, one.judged[target - 1], made.targets[target - 1], one.entry.colour)

    def _column(self, k: int) -> float:
        return self.width() - (_COLUMNS - k) * (self.chip_px + GAP_PX)

    def _chip(self, painter: QPainter, x: float, y: float, chip: F32 | None, *, lost: bool = False) -> None:
        place = QRectF(x, y, self.chip_px, self.chip_px)
        if chip is None or not np.isfinite(chip).any():
            painter.setPen(QPen(self.palette().mid().color()))
            painter.drawRect(place)
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, "no template" if chip is None else "missing")
            return
        if id(chip) not in self._images:
            self._images[id(chip)] = grey_image(chip)
        painter.drawImage(place, self._images[id(chip)])
        if lost:
            # Hollow grey, as lost positions are drawn on the picture.
            painter.setPen(QPen(QColor(LOST), 2, Qt.PenStyle.DashLine))
            painter.drawRect(place)

    def _words(self, painter: QPainter, x: float, y: float, text: str, *, bold: bool = False) -> None:
        width = WORDS_PX if x < WORDS_PX else self.chip_px + GAP_PX
        self._set_font(painter, bold=bold)
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(width))
        painter.drawText(QRectF(x, y, width, LINE_PX), Qt.AlignmentFlag.AlignVCenter, shown)

    def _paragraph(self, painter: QPainter, place: QRectF, text: str) -> None:
        self._set_font(painter, bold=False)
        flags: Any = Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
        painter.drawText(place.adjusted(10, LINE_PX, -GAP_PX, 0), flags, text)

    def _set_font(self, painter: QPainter, *, bold: bool) -> None:
        font = QFont(self.font())
        font.setPixelSize(11)
        font.setBold(bold)
        painter.setFont(font)
        painter.setPen(self.palette().windowText().color())


class StripScrollArea(QScrollArea):
    """Holds a film strip, and tells it how much room there is.

    Parameters
    ----------
    strip : FilmStrip
    parent : QWidget, optional
    """

    def __init__(self, strip: FilmStrip, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._strip = strip
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(strip)

    def resizeEvent(self, event: Any) -> None:  # noqa: N802 (Qt's name)
        """Hand the room on."""
        super().resizeEvent(event)
        self._strip.fit(self.maximumViewportSize())

"""A few sequences as small chips, and the dates of a dataset in the colours of their splits."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QEvent, QRectF, QSize, Qt, QTimer
from qtpy.QtGui import QColor, QHelpEvent, QImage, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

from napari_icenet.datasets.sequences import Sequences
from napari_icenet.gui.train.setup.planner import PREVIEW
from napari_icenet.gui.train.setup.split_layer import COLOURS, WORDS
from napari_icenet.gui.widgets.chip_image import grey_image

#: Screen pixels between chips; side of a chip; the line of its split below.
_GAP, _MOST, _LINE = 4, 62, 4
#: Between two dates of the film, ms.
_FRAME_MS = 350


class SequencePreview(QWidget):
    """Sequences side by side; under the mouse they run through their dates, and well-tracked ice stands still.

    Parameters
    ----------
    parent : QWidget, optional
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._images: list[list[QImage]] = []
        self._splits: list[str] = []
        self._tips: list[str] = []
        self._frame = 0
        self._timer = QTimer(self)
        self._timer.setInterval(_FRAME_MS)
        self._timer.timeout.connect(self._advance)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Preview of sequences")

    @property
    def count(self) -> int:
        """Sequences that are shown."""
        return len(self._images)

    @property
    def frame(self) -> int:
        """Index of their date that is shown."""
        return self._frame

    def show_sequences(self, found: Sequences | None) -> None:
        """Show a few sequences; None empties it."""
        count = 0 if found is None else min(len(found), PREVIEW)
        self._images, self._splits, self._tips, self._frame = [], [], [], 0
        for i in range(count):
            assert found is not None
            chips = found.chips[i]
            self._images.append([grey_image(chip) for chip in chips])
            self._splits.append(str(found.split[i]))
            lost = int((~found.valid[i]).sum())
            self._tips.append(
                f"{found.band[i]}, row {found.rows[i, 0]} col {found.cols[i, 0]}, for {WORDS[str(found.split[i])]}: "
                f"{len(chips)} dates over {found.days[i, -1]:.0f} days"
                + (f", {lost} of them lost." if lost else ".")
                + " Hold the mouse here to see them one after the other."
            )
        if count:
            self._frame = len(self._images[0]) - 1
        self.setVisible(bool(count))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """As high as a chip and its line."""
        return QSize(340, round(self._side()) + _LINE + 2)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """The same height, whatever the width."""
        return QSize(120, self.sizeHint().height())

    def enterEvent(self, event: Any) -> None:  # noqa: N802 (Qt's name)
        """Run the film."""
        super().enterEvent(event)
        if self._images:
            self._timer.start()

    def leaveEvent(self, event: Any) -> None:  # noqa: N802 (Qt's name)
        """Stop it at its last date."""
        super().leaveEvent(event)
        self._timer.stop()
        if self._images:
            self._frame = len(self._images[0]) - 1
            self.update()

    def event(self, event: Any) -> bool:
        """Tell which chip is under the mouse."""
        if event is not None and event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            at = int(event.pos().x() // (self._side() + _GAP))
            if 0 <= at < len(self._tips):
                QToolTip.showText(event.globalPos(), self._tips[at], self)
                return True
        return bool(super().event(event))

    def paintEvent(self, _event: QPaintEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Draw the chips of the date."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        side = self._side()
        for k, images in enumerate(self._images):
            left = k * (side + _GAP)
            painter.drawImage(QRectF(left, 0, side, side), images[min(self._frame, len(images) - 1)])
            painter.fillRect(QRectF(left, side + 1, side, _LINE - 1), QColor(COLOURS[self._splits[k]]))
            if self._timer.isActive():
                # How far the film is.
                share = (self._frame + 1) / len(images)
                painter.fillRect(QRectF(left, side - 2, side * share, 2), QColor("#F0E442"))
        painter.end()

    def _side(self) -> float:
        return min(_MOST, (max(self.width(), 120) - (PREVIEW - 1) * _GAP) / PREVIEW)

    def _advance(self) -> None:
        self._frame = (self._frame + 1) % len(self._images[0]) if self._images else 0
        self.update()


class DateStrip(QWidget):
    """The dates of a stack in the colours of the periods they are in."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._days: tuple[str, ...] = ()
        self._labels: tuple[str, ...] = ()
        self.setFixedHeight(12)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Dates by split")
        self.show_days((), ())

    def show_days(self, days: tuple[str, ...], labels: tuple[str, ...]) -> None:
        """Show the period of each date; hidden where there are none."""
        self._days, self._labels = days, labels
        self.setVisible(bool(days))
        self.update()

    def event(self, event: Any) -> bool:
        """Tell which date is under the mouse."""
        if event is not None and event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent) and self._days:
            at = min(int(event.pos().x() / max(self.width(), 1) * len(self._days)), len(self._days) - 1)
            QToolTip.showText(event.globalPos(), f"{self._labels[at]}: {WORDS[self._days[at]]}", self)
            return True
        return bool(super().event(event))

    def paintEvent(self, _event: QPaintEvent | None) -> None:  # noqa: N802 (Qt's name)
        """A block for each date."""
        painter = QPainter(self)
        painter.setPen(QPen(Qt.PenStyle.NoPen))
        wide = self.width() / max(len(self._days), 1)
        for k, day in enumerate(self._days):
            painter.fillRect(QRectF(k * wide, 1, max(wide - 1, 1), 10), QColor(COLOURS[day]))
        painter.end()

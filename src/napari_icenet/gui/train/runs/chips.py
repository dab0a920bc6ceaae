"""A few held-out chips, and how the network foresaw them as it learned."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qtpy.QtCore import QRect, QSize, Qt
from qtpy.QtGui import QPixmap
from qtpy.QtWidgets import QHBoxLayout, QLabel, QScrollArea, QSizePolicy, QSlider, QToolButton, QVBoxLayout, QWidget

from napari_icenet.common.text import grouped
from napari_icenet.gui.widgets.theme import quiet
from napari_icenet.training.loop.sample_images import LAST_COLUMNS

EMPTY = "The first held-out chips appear with the first validation."
LEGEND = "Held-out chips: the last one seen, what came at t1 and t2, and what the network expected, with its NCC."


class RunChips(QWidget):
    """The pictures of the validations, one at a time, with a slider through them.

    Parameters
    ----------
    parent : QWidget, optional
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._paths: tuple[Path, ...] = ()
        self._shown: tuple[Path, float] | None = None
        self._pixmap = QPixmap()
        self._whole = False
        self.legend = quiet(EMPTY, self)
        self.slider = QSlider(Qt.Orientation.Horizontal, self)
        self.slider.setToolTip("Validations from the first to the last; at the end it follows the run.")
        self.slider.setAccessibleName("Validation")
        self.slider.valueChanged.connect(self._show)
        self.step = QLabel(self)
        self.step.setStyleSheet("QLabel {font-size: 11px;}")
        self.past = QToolButton(self)
        self.past.setText("Past")
        self.past.setCheckable(True)
        self.past.setToolTip("Show all past frames that the network sees, smaller.")
        self.past.toggled.connect(self._on_past)
        self.picture = QLabel(self)
        self.picture.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.picture.setAccessibleName("Held-out chips and predictions")
        self.view = QScrollArea(self)
        self.view.setWidgetResizable(True)
        self.view.setWidget(self.picture)
        self.view.setFrameShape(QScrollArea.Shape.NoFrame)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._row = QWidget(self)
        row = QHBoxLayout(self._row)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.slider, 1)
        row.addWidget(self.step)
        row.addWidget(self.past)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addWidget(self.legend)
        layout.addWidget(self._row)
        layout.addWidget(self.view, 1)
        self.show_samples(())

    def show_samples(self, paths: Sequence[Path]) -> None:
        """Offer the pictures of a run, oldest first; the newest is shown where the newest was before."""
        paths = tuple(paths)
        if paths == self._paths and paths:
            return
        same_run = bool(paths and self._paths) and paths[0].parent == self._paths[0].parent
        at_end = self.slider.value() >= len(self._paths) - 1 or not same_run
        self._paths = paths
        for widget in (self._row, self.view):
            widget.setVisible(bool(paths))
        self.legend.setText(LEGEND if paths else EMPTY)
        self.slider.blockSignals(True)
        self.slider.setRange(0, max(len(paths) - 1, 0))
        if at_end:
            self.slider.setValue(len(paths) - 1)
        self.slider.blockSignals(False)
        self.slider.setEnabled(len(paths) > 1)
        self._show()

    def resizeEvent(self, event: Any) -> None:  # noqa: N802 (Qt's name)
        """Fill the width there is."""
        super().resizeEvent(event)
        self._show()

    def showEvent(self, event: Any) -> None:  # noqa: N802 (Qt's name)
        """Read the picture that was left unread while hidden."""
        super().showEvent(event)
        self._show()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """All the room there is."""
        return QSize(340, 300)

    def _on_past(self, whole: bool) -> None:
        self._whole = whole
        self._show()

    def _show(self, *_: Any) -> None:
        at = self.slider.value()
        if not self.isVisible() or not 0 <= at < len(self._paths):
            return
        path, ratio = self._paths[at], self.devicePixelRatioF()
        wide = max(self.view.contentsRect().width(), 100)
        key = (path, wide * ratio + self._whole / 2)
        if key == self._shown:
            return
        if self._shown is None or self._shown[0] != path:
            self._pixmap = QPixmap(str(path))  # some tenths of a megabyte: milliseconds
        self._shown = key
        # step-00000300.png
        number = path.stem.rpartition("-")[2]
        self.step.setText(f"step {grouped(int(number))}" if number.isdigit() else path.stem)
        if self._pixmap.isNull():
            self.picture.setText("This picture cannot be read; the next validation makes another.")
            return
        whole = self._pixmap.rect()
        wanted = min(whole.width(), LAST_COLUMNS)
        part = whole if self._whole else QRect(whole.width() - wanted, 0, wanted, whole.height())
        scaled = self._pixmap.copy(part).scaledToWidth(
            round(wide * ratio), Qt.TransformationMode.SmoothTransformation
        )  # fmt: skip
        scaled.setDevicePixelRatio(ratio)
        self.picture.setPixmap(scaled)

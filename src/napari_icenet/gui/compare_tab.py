"""The Compare tab: what each predictor expects of the selected chip, live, beside what came."""

from __future__ import annotations

from typing import Any

from qtpy.compat import isalive
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QGridLayout, QLabel, QScrollArea, QStackedLayout, QToolButton, QVBoxLayout, QWidget

from napari_icenet.errors import IceNetError
from napari_icenet.evaluation.comparison import Comparison, compare
from napari_icenet.gui.empty_page import EmptyPage
from napari_icenet.gui.film_strip import FilmStrip
from napari_icenet.gui.settings import Remembered
from napari_icenet.gui.track_control import TrackControl
from napari_icenet.predictors.colours import colour_of
from napari_icenet.predictors.registry import fitting, names, predictor, title
from napari_icenet.tracking.pictures import Pictures
from napari_icenet.tracking.templates import Predictor
from napari_icenet.tracking.track import Track
from napari_icenet.tracking.worker import LatestWorker

#: Shown when nothing was chosen yet.
FIRST_SHOWN = ("persistence", "high-pass", "consensus", "svg-lp", "icenet")
#: Buttons of predictors in a row.
_ABREAST = 4
_TIP = "Show what {} expects of the next two dates, and how right it was."
_NO_WEIGHTS = "{} has no weights for chips of this size; choose a chip of 128 px."


class CompareTab(QWidget):
    """Follows the selected track and the date shown; computes on a thread of its own, newest first.

    Parameters
    ----------
    control : TrackControl
    parent : QWidget, optional

    Attributes
    ----------
    track_wanted : Signal()
        The button of the empty page: a chip is to be tracked first.
    shown : Signal(object)
        A comparison was drawn.
    """

    track_wanted = Signal()
    shown = Signal(object)
    _made = Signal(object, object)

    def __init__(self, control: TrackControl, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.control = control
        self._memory = Remembered("compare")
        self._asked: tuple[Any, ...] | None = None
        self._chip: int | None = None
        self._fit: tuple[str, ...] = ()
        self._predictors: dict[str, Predictor] = {}
        self._worker = LatestWorker("icenet-compare", lambda _busy: None)
        self.buttons: dict[str, QToolButton] = {}
        self._lay_out()
        self._made.connect(self._show)
        control.frame.connect(self.refresh)
        control.tracker_changed.connect(self.refresh)
        self.destroyed.connect(self._worker.close)
        self.refresh()

    def _lay_out(self) -> None:
        self.pages = QStackedLayout(self)
        empty = EmptyPage(
            "Track a chip, then see what each predictor expects of it.",
            "Track a chip",
            "Goes to the Track tab; the film strip follows the selected chip and the date shown.",
            self,
        )
        empty.button.clicked.connect(self.track_wanted)
        self.pages.addWidget(empty)
        page = QWidget(self)
        self.pages.addWidget(page)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(6, 6, 6, 4)
        grid = QGridLayout()
        grid.setSpacing(3)
        chosen = self._memory.get("predictors", ",".join(FIRST_SHOWN)).split(",")
        for k, name in enumerate(names()):
            button = self.buttons[name] = self._button(name)
            button.setChecked(name in chosen)
            grid.addWidget(button, k // _ABREAST, k % _ABREAST)
        layout.addLayout(grid)
        self.headline = QLabel(page)
        self.headline.setWordWrap(True)
        self.message = QLabel(page)
        self.message.setWordWrap(True)
        self.strip = FilmStrip()
        scroll = QScrollArea(page)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(self.strip)
        for widget, stretch in ((self.headline, 0), (self.message, 0), (scroll, 1)):
            layout.addWidget(widget, stretch)

    def _button(self, name: str) -> QToolButton:
        button = QToolButton(self)
        button.setText(title(name))
        button.setCheckable(True)
        colour = colour_of(name)
        button.setStyleSheet(
            f"QToolButton {{ border-left: 4px solid {colour}; padding: 3px 6px; background: transparent; }}"
            f"QToolButton:checked {{ background: rgba{(*QColor(colour).getRgb()[:3], 90)}; }}"
            "QToolButton:disabled { border-left-color: palette(mid); color: palette(mid); }"
        )
        button.toggled.connect(self._on_chosen)
        return button

    def chosen(self) -> tuple[str, ...]:
        """Names of the predictors that are shown."""
        return tuple(name for name, button in self.buttons.items() if button.isChecked())

    def _on_chosen(self) -> None:
        self._memory.set("predictors", ",".join(self.chosen()))
        self.refresh()

    def showEvent(self, event: Any) -> None:  # noqa: N802 (Qt's name)
        """Catch up with what changed while the tab was hidden."""
        super().showEvent(event)
        self.refresh()

    def refresh(self) -> None:
        """Compare anew if the track, the date or the choice has changed."""
        track = self.control.selected_track()
        self.pages.setCurrentIndex(0 if track is None else 1)
        tracker = self.control.tracker
        if track is None or tracker is None or not self.isVisible():
            return
        self._suit(track.settings.chip)
        shown = tuple(name for name in self.chosen() if name in self._fit)
        asked = (track, tracker.time, shown)
        if self._asked is not None and self._asked[0] is track and self._asked[1:] == asked[1:]:
            return
        self._asked = asked
        pictures = tracker.pictures()
        self._worker.submit("compare", lambda: self._compare(asked, pictures))

    def _suit(self, chip: int) -> None:
        """Offer the predictors that know chips of this size; cards are read when it changes, not at every frame."""
        if chip == self._chip:
            return
        self._chip, self._fit = chip, fitting(chip)
        for name, button in self.buttons.items():
            button.setEnabled(name in self._fit)
            button.setToolTip(_TIP.format(title(name)) if name in self._fit else _NO_WEIGHTS.format(title(name)))

    def _compare(self, asked: tuple[Track, int, tuple[str, ...]], pictures: Pictures) -> None:
        track, time, shown = asked
        try:
            made: object = compare(
                pictures,
                track,
                time,
                [self._predictor(name) for name in shown],
                still_wanted=lambda: self._asked is asked,
            )
        except IceNetError as error:
            made = error
        if made is not None and isalive(self):  # type: ignore[no-untyped-call]
            self._made.emit(asked, made)

    def _predictor(self, name: str) -> Predictor:
        if name not in self._predictors:
            self._predictors[name] = predictor(name)
        return self._predictors[name]

    def _show(self, asked: object, made: object) -> None:
        tracker = self.control.tracker
        if asked is not self._asked or tracker is None:
            return
        if isinstance(made, Comparison):
            labels = tracker.stack.labels
            self.headline.setText(f"Track {made.track} · t0 {labels[made.past[-1].time]}")
            self.message.setText("")
            self.strip.show_comparison(made)
            self.shown.emit(made)
        else:
            self.message.setText(str(made))
            self.strip.show_comparison(None)

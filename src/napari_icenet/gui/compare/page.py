"""The Compare tab's first page: the film strip of the selected chip, and what of it lies on the picture."""

from __future__ import annotations

from typing import Any

from qtpy.compat import isalive
from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from napari_icenet.common.text import capital
from napari_icenet.errors import IceNetError
from napari_icenet.evaluation.compare.background import CompareTool
from napari_icenet.evaluation.compare.comparison import Comparison
from napari_icenet.gui.compare.film_strip import FilmStrip, StripScrollArea
from napari_icenet.gui.compare.film_strip_words import headline
from napari_icenet.gui.compare.layers import CompareLayers
from napari_icenet.gui.compare.overlay_buttons import OverlayButtons
from napari_icenet.gui.compare.predictor_chooser import PredictorChooser
from napari_icenet.gui.compare.side_by_side import SideBySide
from napari_icenet.gui.track.control import TrackControl
from napari_icenet.gui.widgets.empty_page import EmptyPage
from napari_icenet.gui.widgets.main_thread import on_main_thread
from napari_icenet.gui.widgets.preferences import Remembered
from napari_icenet.gui.widgets.tab import Tab
from napari_icenet.gui.widgets.theme import quiet, toggle

#: Parts of a comparison are drawn where the whole takes longer than this.
PART_MS = 150
_TARGET_TIP = "Judge what is expected of the {} date after t0: on the picture, on the right of the strip, side by side."


class ChipPage(Tab):
    """Follows the selected track, the date shown and the chosen predictor set.

    Parameters
    ----------
    control : TrackControl
    chooser : PredictorChooser
    parent : QWidget, optional

    Attributes
    ----------
    track_wanted : Signal()
        The button of the empty page: a chip is to be tracked first.
    shown : Signal(Comparison)
        A whole comparison was drawn.
    """

    track_wanted = Signal()
    shown = Signal(object)

    def __init__(self, control: TrackControl, chooser: PredictorChooser, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.control, self.chooser = control, chooser
        self._memory = Remembered("compare")
        self.tool = CompareTool()
        self.layers = CompareLayers(control.viewer, control.session.shown_layers, self._roof)
        self.side_by_side = SideBySide(control.viewer, control.session.shown_layers)
        self._target = 1 if self._memory.get("target", 2) == 1 else 2
        self._part: Comparison | None = None
        # Each drawing of the window costs as much as some predictors.
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(PART_MS)
        self._lay_out()
        self._connect()
        self._on_tracker()

    # Layout

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
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        self.overlays = OverlayButtons(self.layers, self._memory, page)
        self.aside = toggle(
            "Side by side",
            "Shows what came and what each predictor expected in views of their own, which move together.",
            page,
        )
        self.aside.toggled.connect(self._on_aside)
        self.overlays.append(self.aside)
        layout.addWidget(self.overlays)
        self.headline = quiet(parent=page)
        self.message = QLabel(page)
        self.message.setWordWrap(True)
        self.message.hide()
        self.strip = FilmStrip()
        self.strip.show_target(self._target)
        self.strip.pick(self._memory.get("picked", "icenet"))
        self.room = StripScrollArea(self.strip, page)
        layout.addLayout(self._target_row(page))
        layout.addWidget(self.message)
        layout.addWidget(self.room, 1)

    def _target_row(self, page: QWidget) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(3)
        row.addWidget(self.headline, 1)
        self.targets = QButtonGroup(page)
        for target, word in ((1, "next"), (2, "second")):
            button = toggle(f"t{target}", _TARGET_TIP.format(word), page)
            button.setChecked(target == self._target)
            button.setFixedWidth(34)
            self.targets.addButton(button, target)
            row.addWidget(button)
        self.targets.idToggled.connect(self._on_target)
        return row

    def _connect(self) -> None:
        self._wait.timeout.connect(lambda: self._show(self._part))
        self.tool.compared.connect(self._take)
        self.tool.failed.connect(self._take)
        self.strip.picked.connect(self._on_picked)
        self.layers.changed.connect(self._on_shown)
        self.side_by_side.switched.connect(self._on_side_by_side)
        self.control.frame.connect(self.refresh)
        # Before the new date is drawn, which takes as long as the answer.
        self.control.session.time_changed.connect(self._on_time)
        self.control.tracker_changed.connect(self._on_tracker)
        self.chooser.changed.connect(self.refresh)
        self.closing(self.tool.close, self.layers.close, self.side_by_side.close)

    @property
    def target(self) -> int:
        """What is judged: t1 (1) or t2 (2)."""
        return self._target

    def show_target(self, target: int) -> None:
        """Judge t1 (1) or t2 (2)."""
        button = self.targets.button(target)
        if button is not None:
            button.setChecked(True)

    # What is asked

    def showEvent(self, event: Any) -> None:  # noqa: N802 (Qt's name)
        """Catch up with what changed while the page was hidden."""
        super().showEvent(event)
        self.overlays.lay_on()
        self.tool.prepare(self.chooser.predictor_set)
        self.refresh()

    def hideEvent(self, event: Any) -> None:  # noqa: N802 (Qt's name)
        """Take the overlays off the picture: other tabs have their own."""
        super().hideEvent(event)
        self.side_by_side.leave()
        self.overlays.take_off()

    def refresh(self) -> None:
        """Compare anew if the track, the date or the predictor set has changed."""
        track, tracker = self.control.selected_track(), self.control.tracker
        self.pages.setCurrentIndex(0 if track is None else 1)
        if track is None or tracker is None:
            self._clear()
        elif self.isVisible():
            self.chooser.suit(track.settings.chip)
            self.tool.ask(tracker.pictures(), track, tracker.time, self.chooser.predictor_set)

    def _clear(self) -> None:
        if self.strip.comparison is not None:
            self.tool.forget()
            self._wait.stop()
            self.strip.show_comparison(None)
            self.side_by_side.show(None, self._target)
            self.layers.show(None, self.strip.focus, self._target)

    # What is shown

    @on_main_thread
    def _take(self, told: object) -> None:
        """Show what the tool told: the whole at once, parts where the whole lets wait for itself."""
        if isinstance(told, Comparison) and not told.whole:
            self._part = told
            if not self._wait.isActive():
                self._wait.start()
            return
        self._wait.stop()
        self._show(told)

    def _show(self, told: object) -> None:
        tracker = self.control.tracker
        if tracker is None or self.control.selected_track() is None:
            return
        if isinstance(told, IceNetError):
            self._say(str(told))
            self.strip.show_comparison(None)
            self.layers.show(None, self.strip.focus, self._target)
        elif isinstance(told, Comparison):
            self._say("" if told.predictor_set.entries else "No predictor is chosen; choose one above.")
            self.headline.setText(headline(told, tracker.stack.labels))
            self.strip.show_comparison(told)
            self._draw(told)
            if told.whole:
                self.shown.emit(told)

    def _draw(self, made: Comparison) -> None:
        if self.strip.focus not in made.predictor_set.keys and made.predictor_set.keys:
            self.strip.pick(made.predictor_set.keys[-1])
        if not self.side_by_side.on:
            self.layers.show(made, self.strip.focus, self._target)
        self.side_by_side.show(made, self._target)

    def _redraw(self) -> None:
        if self.strip.comparison is not None:
            self._draw(self.strip.comparison)

    def _say(self, sentence: str) -> None:
        self.message.setText(capital(sentence))
        self.message.setVisible(bool(sentence))

    def _roof(self) -> list[Any]:
        track = self.control.layers.layers
        return [track[kind] for kind in ("path", "chip") if kind in track]

    # What the user does

    def _on_time(self, _index: int) -> None:
        if isalive(self):  # type: ignore[no-untyped-call]
            self.refresh()

    def _on_tracker(self) -> None:
        if self.control.tracker is not None:
            placement = self.control.session.placement(self.control.tracker.stack, axes=2)
            self.layers.place(placement)
            self.side_by_side.place(placement)
        self.refresh()

    def _on_shown(self) -> None:
        if self.isVisible() and not self.side_by_side.on:
            self.overlays.follow()

    def _on_target(self, target: int, on: bool) -> None:
        if on:
            self._target = target
            self._memory.set("target", target)
            self.strip.show_target(target)
            self._redraw()

    def _on_picked(self, key: str) -> None:
        self._memory.set("picked", key)
        self._redraw()

    def _on_aside(self, on: bool) -> None:
        (self.side_by_side.enter if on else self.side_by_side.leave)()
        self._on_side_by_side(self.side_by_side.on)

    def _on_side_by_side(self, on: bool) -> None:
        self.aside.blockSignals(True)
        self.aside.setChecked(on)
        self.aside.blockSignals(False)
        if not on:
            self._redraw()

"""The Compare tab: one chip in a film strip, or a map of many, for the same predictor set of predictors."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLabel, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from napari_icenet.evaluation.data_leakage import seen_ice
from napari_icenet.gui.compare.page import ChipPage
from napari_icenet.gui.compare.predictor_chooser import PredictorChooser
from napari_icenet.gui.correlation_map.page import MapPage
from napari_icenet.gui.track.control import TrackControl
from napari_icenet.gui.widgets.tab import Tab
from napari_icenet.gui.widgets.theme import quiet

CHIP, MAP = 0, 1


class CompareTab(Tab):
    """Predictors and their weights above; below what they give for a chip, or on a map.

    Parameters
    ----------
    control : TrackControl
    parent : QWidget, optional

    Attributes
    ----------
    track_wanted : Signal()
        A chip is to be tracked first.
    scenes_wanted : Signal()
        Scenes are to be opened first.
    page_changed : Signal()
        The chip or the map is shown.
    """

    track_wanted = Signal()
    scenes_wanted = Signal()
    page_changed = Signal()

    def __init__(self, control: TrackControl, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.control = control
        self.chooser = PredictorChooser(self)
        self.chip = ChipPage(control, self.chooser, self)
        self.bar = QTabBar(self)
        self.bar.setDocumentMode(True)
        self.bar.setExpanding(True)
        self.bar.addTab("This chip")
        self.bar.setTabToolTip(CHIP, "A film strip of the selected chip around the date shown.")
        self.bar.addTab("Map")
        self.bar.setTabToolTip(MAP, "How well each predictor foresees the ice, place by place.")
        self.map = MapPage(control.viewer, control.session, lambda: self.chooser.predictor_set, self)
        self.pages = QStackedWidget(self)
        self.pages.addWidget(self.chip)
        self.pages.addWidget(self.map)
        self.seen = quiet(parent=self)
        self.seen.setToolTip("What a network was trained on it knows better than other ice: see its card.")
        self.seen.hide()
        self.message = QLabel(self)
        self.message.setWordWrap(True)
        self.message.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 4)
        layout.setSpacing(4)
        layout.addWidget(self.chooser)
        layout.addWidget(self.seen)
        layout.addWidget(self.message)
        layout.addWidget(self.bar)
        layout.addWidget(self.pages, 1)
        self.bar.currentChanged.connect(self._on_page)
        self.chip.track_wanted.connect(self.track_wanted)
        self.map.scenes_wanted.connect(self.scenes_wanted)
        self.map.chip_wanted.connect(self._on_cell)
        self.map.form.changed.connect(self._suit)
        self.chooser.changed.connect(self._on_line_up)
        self.chooser.failed.connect(self._say)
        self.chooser.device_changed.connect(self.chip.tool.give_back)
        control.tracker_changed.connect(self._tell_seen)
        self._tell_seen()

    @property
    def places_chips(self) -> bool:
        """True if a click on the picture places a chip while this tab is in front."""
        return self.pages.currentIndex() == CHIP

    def show_page(self, page: int) -> None:
        """Show the chip (0) or the map (1)."""
        self.bar.setCurrentIndex(page)

    def _on_page(self, page: int) -> None:
        self.pages.setCurrentIndex(page)
        self._suit()
        self.page_changed.emit()

    def _suit(self) -> None:
        """Offer the predictors for the size of chip that is mapped, or followed."""
        if self.pages.currentIndex() == MAP:
            self.chooser.suit(self.map.form.editors["chip"].value())

    def _on_line_up(self) -> None:
        self._say("")
        self._tell_seen()
        self.map.refresh()

    def _tell_seen(self) -> None:
        stack = self.control.session.stack
        sentence = "" if stack is None else seen_ice(stack, self.chooser.predictor_set)
        self.seen.setText(sentence)
        self.seen.setVisible(bool(sentence))

    def _on_cell(self, row: float, col: float, time: int) -> None:
        """Show the film strip of a cell: its chip is followed as one of its own, moved at the next click."""
        maps = self.map.control.maps
        if maps is None:
            return
        settings = maps.settings
        # The strip is to show what the map says: the same chip, search window and way of tracking.
        changed = {"chip": settings.chip, "scale": settings.scale, "tracking": settings.tracking}
        self.control.session.time = time
        if self.control.change(**changed, band=settings.band) and self.control.place_one(row, col, time):
            self.show_page(CHIP)

    def _say(self, sentence: Any) -> None:
        self.message.setText(str(sentence))
        self.message.setVisible(bool(sentence))

"""The Train tab: a run is set up on the open stack or a dataset, and followed as it learns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QStackedWidget, QTabBar, QVBoxLayout, QWidget

from napari_icenet.gui.session.session import Session
from napari_icenet.gui.train.closing import Closing
from napari_icenet.gui.train.runs.follower import RunFollower
from napari_icenet.gui.train.runs.page import RunsPage
from napari_icenet.gui.train.setup.page import SetupPage
from napari_icenet.gui.widgets.dialogs import window_of
from napari_icenet.gui.widgets.tab import Tab

NEW, RUNS = 0, 1


class TrainTab(Tab):
    """Two pages: a new run, and the runs there are.

    Parameters
    ----------
    viewer : napari.Viewer
    session : Session
    parent : QWidget, optional

    Attributes
    ----------
    scenes_wanted : Signal()
        The user wants to open scenes first.
    compare_wanted : Signal(object)
        The weights of a run, a Path, are to be compared on the picture.
    """

    scenes_wanted = Signal()
    compare_wanted = Signal(object)

    def __init__(self, viewer: Any, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.viewer, self.session = viewer, session
        self.follower = RunFollower(self)
        self.setup = SetupPage(viewer, session, self.follower, self)
        self.runs = RunsPage(viewer, self.follower, self)
        self.bar = QTabBar(self)
        self.bar.setDocumentMode(True)
        self.bar.setExpanding(True)
        self.bar.addTab("New run")
        self.bar.addTab("Runs")
        self.bar.setTabToolTip(NEW, "Choose the ice, the held-out ice and the settings, and start.")
        self.bar.setTabToolTip(RUNS, "Follow, pause, stop, resume, compare and export runs.")
        self.pages = QStackedWidget(self)
        self.pages.addWidget(self.setup)
        self.pages.addWidget(self.runs)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.bar)
        layout.addWidget(self.pages, 1)
        self.bar.currentChanged.connect(self.pages.setCurrentIndex)
        self.setup.scenes_wanted.connect(self.scenes_wanted)
        self.setup.started.connect(self._on_started)
        self.runs.setup_wanted.connect(lambda: self.show_page(NEW))
        self.runs.settings_wanted.connect(self._use_again)
        self.runs.compare_wanted.connect(self.compare_wanted)
        self.follower.runs_changed.connect(self._on_runs)
        self._found_before = False
        window = window_of(viewer)
        self._closing = None if window is None else Closing(window, self.follower, lambda: self.setup.busy)
        self.closing(self.runs.curves.release, self.follower.close)
        self.follower.look()

    def show_page(self, page: int) -> None:
        """Show what sets up a new run (0), or the runs there are (1)."""
        self.bar.setCurrentIndex(page)

    def showEvent(self, event: Any) -> None:  # noqa: N802 (Qt's name)
        """Follow closely while it is seen."""
        super().showEvent(event)
        self.follower.set_seen(True)

    def hideEvent(self, event: Any) -> None:  # noqa: N802 (Qt's name)
        """And from afar while it is not."""
        self.follower.set_seen(False)
        super().hideEvent(event)

    def _on_started(self, folder: Path) -> None:
        self.runs.choose((folder,))
        self.runs.show_panel("Curves")
        self.show_page(RUNS)

    def _use_again(self, settings: Any) -> None:
        self.setup.show_settings(settings)
        self.show_page(NEW)

    def _on_runs(self) -> None:
        count = len(self.follower.active)
        title = f"Runs · {count} going on" if count else "Runs"
        if title != self.bar.tabText(RUNS):
            # The bar lays itself and all around it out anew, whatever the words are.
            self.bar.setTabText(RUNS, title)
        if not self._found_before:
            # What was going on when the last window closed is shown at once.
            self._found_before = True
            if count:
                self.show_page(RUNS)

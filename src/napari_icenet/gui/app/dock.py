"""The IceNet dock: one column, five tabs in the order of the work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qtpy.QtCore import QSize
from qtpy.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from napari_icenet.errors import IceNetError
from napari_icenet.gui.app.drop_target import take_drops
from napari_icenet.gui.session.session import Session
from napari_icenet.gui.widgets.dialogs import window_of
from napari_icenet.predictors.learned import forget_networks

PLUGIN = "napari-icenet"
TITLE = "IceNet"
WIDTH = 380


def show_dock(viewer: Any) -> IceNetDock | None:
    """The window's dock, opened at the right if it is not yet; None without a window."""
    window = getattr(viewer, "window", None)
    if window is None:
        return None
    _, widget = window.add_plugin_dock_widget(PLUGIN, TITLE)
    return widget if isinstance(widget, IceNetDock) else None


class IceNetDock(QWidget):
    """Scenes → Track → Velocity → Compare → Train, over one viewer."""

    def __init__(self, napari_viewer: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        from napari_icenet.gui.compare.tab import CompareTab
        from napari_icenet.gui.scenes.tab import ScenesTab
        from napari_icenet.gui.track.tab import TrackTab
        from napari_icenet.gui.train.tab import TrainTab
        from napari_icenet.gui.velocity.tab import VelocityTab

        self.session = Session.of(napari_viewer)
        self.tabs = QTabWidget(self)
        self.tabs.setDocumentMode(True)
        self.scenes = ScenesTab(napari_viewer, self.session)
        self.scenes.session_to_save.connect(self.save_session)
        self.scenes.session_to_open.connect(self.open_session)
        self.track = TrackTab(self.session.viewer, self.session)
        self.velocity = VelocityTab(self.session.viewer, self.session)
        self.velocity.scenes_wanted.connect(lambda: self.tabs.setCurrentWidget(self.scenes))
        self.tabs.addTab(self.scenes, "Scenes")
        self.tabs.addTab(self.track, "Track")
        self.tabs.addTab(self.velocity, "Velocity")
        self.compare = CompareTab(self.track.control)
        self.compare.track_wanted.connect(lambda: self.tabs.setCurrentWidget(self.track))
        self.compare.scenes_wanted.connect(lambda: self.tabs.setCurrentWidget(self.scenes))
        self.compare.page_changed.connect(self._on_tab)
        self.track.control.compare_wanted.connect(lambda: self.tabs.setCurrentWidget(self.compare))
        self.tabs.addTab(self.compare, "Compare")
        self.train = TrainTab(self.session.viewer, self.session)
        self.train.scenes_wanted.connect(lambda: self.tabs.setCurrentWidget(self.scenes))
        self.train.compare_wanted.connect(self._compare_weights)
        self.tabs.addTab(self.train, "Train")
        self.tabs.currentChanged.connect(self._on_tab)
        # Templates of the Track tab are computed here, and may lie on a graphics processor.
        self.destroyed.connect(_forget_networks)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.tabs)
        self.setMinimumWidth(340)
        window = window_of(self.session.viewer)
        if window is not None:
            take_drops(window, self.session.open, self.open_session, self)

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """Wide enough for plots and table, narrow enough for the picture on a small screen."""
        return QSize(WIDTH, super().sizeHint().height())

    def save_session(self, path: Path) -> None:
        """Write the whole state of the window: stacks by their place, tracks, maps and choices."""
        from napari_icenet.gui.app.session_io import save_session

        try:
            save_session(self, path)
        except IceNetError as error:
            self.session.report(error)

    def open_session(self, path: Path) -> None:
        """Open the stacks of a saved session, and put back what was done with them."""
        from napari_icenet.gui.app.session_io import open_session

        open_session(self, path)

    def _on_tab(self) -> None:
        """Clicks on the picture place chips in two tabs; the Track tab sees to itself."""
        shown, tool = self.tabs.currentWidget(), self.track.control.tool
        if shown is not self.track:
            chips = shown is self.compare and self.compare.places_chips
            tool.enabled = chips and self.track.control.tracker is not None

    def _compare_weights(self, weights: Path) -> None:
        """Show what a network that was trained here expects, beside the others."""
        self.tabs.setCurrentWidget(self.compare)
        self.compare.chooser.add_weights(weights)


def _forget_networks(*_: Any) -> None:
    forget_networks()

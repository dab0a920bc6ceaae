"""A window with the Track tab, and a hand on it."""

from __future__ import annotations

from napari_icenet.gui.session.session import Session
from napari_icenet.gui.track.tab import TrackTab
from tests.gui.ice import Hand

AT = (100.0, 140.0)
CHIP = 32


class Desk:
    """A window with the Track tab, and what tests do with it."""

    def __init__(self, viewer, qtbot):
        self.viewer, self.qtbot = viewer, qtbot
        viewer.window._qt_window.resize(1500, 900)
        self.session = Session.of(viewer)
        self.tab = TrackTab(viewer, self.session)
        viewer.window.add_dock_widget(self.tab, name="IceNet")
        self.control = self.tab.control
        self.hand = Hand(viewer, self.session)

    def open(self, stack):
        self.session.add_stack(stack)
        self.control.change(chip=CHIP, scale=2.0)
        self.qtbot.wait(100)
        self.viewer.reset_view()

    @property
    def tracker(self):
        return self.control.tracker

    @property
    def track(self):
        return self.control.selected_track()

    def settle(self):
        """Wait until the window shows all that is computed."""

        def done():
            assert not self.tracker.busy
            number = self.tracker.selected
            if number is not None:
                track, mark = self.tracker.tracks[number], self.tracker.marks[number]
                assert (track.origin_row, track.origin_col) == (mark.row, mark.col)
                if track.valid.any():
                    assert self.control.live.surface(track, self.tracker.time) is not None

        self.qtbot.waitUntil(done, timeout=60_000)
        self.qtbot.wait(50)
        # The frame that shows it, and what lags behind frames.
        self.qtbot.waitUntil(lambda: not self.control.live.waiting, timeout=60_000)
        paces = (self.control.layers._slow, self.tab.plots._pace, self.tab._tables)
        self.qtbot.waitUntil(lambda: not any(pace.waiting for pace in paces), timeout=60_000)

    def place(self, row=AT[0], col=AT[1]):
        self.hand.click(row, col)
        self.settle()
        return self.track

    def layer(self, kind):
        return self.control.layers.layers[kind]

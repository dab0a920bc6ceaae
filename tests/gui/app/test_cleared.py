"""All layers taken away at once: what is done next is drawn again, and nothing raises."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_icenet.gui.app.dock import IceNetDock
from napari_icenet.gui.session.session import Session
from napari_icenet.velocity.settings import VelocitySettings
from tests.gui.ice import Hand, moving_ice
from tests.gui.velocity.ready import known_map

AT = (100.0, 140.0)
CHIP = 32


class Desk:
    """A window with the whole dock, its Track tab in front."""

    def __init__(self, viewer, qtbot):
        self.viewer, self.qtbot = viewer, qtbot
        viewer.window._qt_window.resize(1500, 900)
        self.session = Session.of(viewer)
        self.dock = IceNetDock(viewer)
        viewer.window.add_dock_widget(self.dock, name="IceNet", area="right")
        self.dock.tabs.setCurrentWidget(self.dock.track)
        self.control = self.dock.track.control
        self.hand = Hand(viewer, self.session)

    def open(self, stack):
        self.session.add_stack(stack)
        self.control.change(chip=CHIP, scale=2.0)
        self.qtbot.wait(100)
        self.viewer.reset_view()

    def place(self):
        """Click, and wait for the chip's surface: the last thing to be drawn."""
        self.control.tool.enabled = True
        self.hand.click(*AT)
        self.qtbot.waitUntil(self.drawn, timeout=60_000)

    def drawn(self):
        tracker, layers = self.control.tracker, self.control.layers.layers
        assert tracker.selected in tracker.tracks
        assert {"surface", "chip", "path", "dates"} <= set(layers)
        assert np.isfinite(layers["surface"].data).any()
        assert all(layer in self.viewer.layers for layer in layers.values())

    def map(self):
        stack, layers = self.session.stack, self.dock.velocity.control.layers
        self.dock.velocity.control.mapper.take([known_map(stack, 0, 1, VelocitySettings())])
        self.qtbot.waitUntil(lambda: layers.settled and "speed" in layers.layers, timeout=60_000)
        assert np.isfinite(layers.layers["speed"].data).any()
        assert layers.layers["speed"] in self.viewer.layers


@pytest.fixture
def desk(make_napari_viewer, qtbot):
    desk = Desk(make_napari_viewer(show=True), qtbot)
    yield desk
    desk.dock.track.control.close()


def clear(desk):
    desk.viewer.layers.clear()


def select_all_and_delete(desk):
    layers = desk.viewer.window._qt_viewer.layers
    layers.setFocus()
    QTest.keyClick(layers, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert len(desk.viewer.layers.selection) == len(desk.viewer.layers)
    QTest.keyClick(layers, Qt.Key.Key_Delete)


def press_the_bin(desk):
    desk.viewer.layers.select_all()
    desk.viewer.window._qt_viewer.layerButtons.deleteButton.click()


def picture_first(desk):
    for layer in list(desk.viewer.layers):
        if layer in desk.viewer.layers:
            desk.viewer.layers.remove(layer)


def assert_bare(desk):
    desk.qtbot.wait(100)
    assert desk.session.stack is None
    assert not desk.session.stacks
    assert [layer.name for layer in desk.viewer.layers] == []
    assert desk.dock.scenes.pages.currentIndex() == 0
    desk.viewer.screenshot(canvas_only=True, flash=False)


@pytest.mark.parametrize("how", [clear, select_all_and_delete, press_the_bin])
def test_after_all_layers_were_deleted_a_new_chip_and_a_new_map_are_drawn(desk, how):
    desk.open(moving_ice())
    desk.session.layers.show_mask = True
    desk.place()
    desk.map()
    how(desk)
    assert_bare(desk)
    desk.open(moving_ice(seed=2))
    desk.place()
    desk.map()


@pytest.mark.parametrize("how", [clear, select_all_and_delete])
def test_after_all_layers_of_two_stacks_were_deleted_a_new_chip_is_drawn(desk, how):
    for seed in (1, 2):
        desk.open(moving_ice(seed=seed, name=f"ice {seed}"))
        desk.session.layers.show_mask = True
        desk.place()
    how(desk)
    assert_bare(desk)
    desk.open(moving_ice(seed=3))
    desk.place()


def test_pictures_that_are_removed_before_what_lies_on_them(desk):
    desk.open(moving_ice())
    desk.place()
    desk.map()
    picture_first(desk)
    desk.qtbot.wait(100)
    assert desk.session.stack is None
    desk.open(moving_ice(seed=2))
    desk.place()
    desk.map()


def test_a_stack_that_stayed_open_is_shown_and_drawn_on(desk):
    first = moving_ice(name="first")
    desk.open(first)
    desk.place()
    desk.open(moving_ice(name="second", seed=2))
    desk.place()
    desk.viewer.layers.selection = {desk.session.image, *desk.control.layers.layers.values()}
    desk.viewer.layers.remove_selected()
    desk.qtbot.wait(100)
    assert desk.session.stack is first
    assert desk.session.image.visible
    desk.place()

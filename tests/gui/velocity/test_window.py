"""Velocity from the empty dock to a map of real matches, and a window that closes meanwhile."""

from __future__ import annotations

import threading

import numpy as np
from qtpy.QtCore import Qt

from napari_icenet.gui.app.dock import show_dock
from napari_icenet.gui.widgets.run_bar import MAP
from tests.gui.ice import STEP, moving_ice


def test_a_window_without_scenes_leads_to_them_maps_real_ice_and_ends_its_thread(make_napari_viewer, qtbot):
    viewer = make_napari_viewer(show=True)
    dock = show_dock(viewer)
    dock.tabs.setCurrentWidget(dock.velocity)
    tab = dock.velocity
    assert tab.pages.currentIndex() == 0
    tab.open_scenes.click()
    assert dock.tabs.currentWidget() is dock.scenes
    dock.session.add_stack(moving_ice())
    dock.tabs.setCurrentWidget(tab)
    tab.form.search.number.setValue(8)
    qtbot.mouseClick(tab.run.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(tab.control.shown or tab.message.text()), timeout=60_000)
    found = tab.control.shown
    assert found is not None, tab.message.text()
    qtbot.waitUntil(lambda: tab.run.button.text() == MAP, timeout=60_000)
    assert found.valid.mean() > 0.6
    np.testing.assert_allclose(np.median(found.drow[found.valid]), STEP[0], atol=0.02)
    np.testing.assert_allclose(np.median(found.dcol[found.valid]), STEP[1], atol=0.02)
    assert "% valid" in tab.result.summary.text()
    # A fine map takes long: closing the window must end it.
    tab.form.editors["spacing"].widget.setValue(2)
    qtbot.mouseClick(tab.run.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: tab.run.progress.value() > 0)
    viewer.close()
    qtbot.waitUntil(lambda: not any(t.name == "icenet-velocity" for t in threading.enumerate()), timeout=60_000)

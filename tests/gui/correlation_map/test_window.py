"""Real correlation maps in a window of their own: mapped, clicked, reported, and closed while they are made."""

from __future__ import annotations

import json
import os
import threading

import numpy as np
from qtpy.QtCore import Qt

from napari_icenet.evaluation.correlation_map.maps import CellState
from napari_icenet.gui.correlation_map.page import MAP, MapPage
from napari_icenet.gui.session.session import Session
from napari_icenet.gui.widgets.run_bar import CANCEL
from napari_icenet.predictors.predictor_set import PredictorSet
from tests.gui.ice import CLOUDY, STEP, Hand, moving_ice

CHIP, STRIDE = 32, 24


def alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


def test_real_ice_is_mapped_clicked_and_reported_and_nothing_outlives_the_window(make_napari_viewer, qtbot, tmp_path):
    viewer = make_napari_viewer(show=True)
    viewer.window._qt_window.resize(1500, 900)
    session = Session.of(viewer)
    page = MapPage(viewer, session, lambda: PredictorSet.of_names("persistence", "consensus"))
    viewer.window.add_dock_widget(page, name="IceNet", area="right")
    session.add_stack(moving_ice())
    qtbot.wait(50)
    viewer.reset_view()
    session.time = 1
    page.form.editors["chip"].widget.setValue(CHIP)
    page.form.editors["stride"].widget.setValue(STRIDE)
    page.form.where.setCurrentText("Whole frame")
    qtbot.waitUntil(page.run.button.isEnabled)
    qtbot.mouseClick(page.run.button, Qt.MouseButton.LeftButton)
    assert page.run.button.text() == CANCEL
    qtbot.waitUntil(lambda: page.run.button.text() == MAP, timeout=90_000)
    qtbot.waitUntil(lambda: page.control.layers.settled and not page.control._draw_soon.waiting, timeout=60_000)
    maps = page.control.maps
    assert maps.done == 1
    assert not page.said.text()
    # Of ice that only moves, the last chip is what comes, but for the cloudy date (t2 of this t0).
    layer = page.control.layers.layers["persistence"]
    page.result.chooser.targets[1].click()
    page.control.choose("persistence", 1)  # a hidden map waits until it is shown
    np.testing.assert_array_equal(layer.data, maps.values["persistence"][0])
    scored = maps.state_of(1) == CellState.SCORED
    assert scored.mean() > 0.6
    assert np.median(layer.data[scored]) > 0.99
    assert session.time + 2 == CLOUDY
    assert abs(np.nanmedian(maps.values["persistence"][1])) < 0.3
    qtbot.waitUntil(
        lambda: page.result.table.item(0, 6).text() == str(maps.table()["t1"]["persistence"]["n"]), timeout=60_000
    )

    r, c = (int(v) for v in np.argwhere(scored)[len(np.argwhere(scored)) // 2])
    asked = []
    page.chip_wanted.connect(lambda *at: asked.append(at))
    Hand(viewer, session).click(maps.rows[r], maps.cols[c])
    assert asked == [(maps.rows[r] + STEP[0], maps.cols[c] + STEP[1], 1)]

    page.write_to("report", tmp_path / "report")
    qtbot.waitUntil(lambda: session.job is None, timeout=90_000)
    table = json.loads((tmp_path / "report" / "table.json").read_text())
    assert "persistence" in json.dumps(table)

    # A fine map takes long: closing the window must end it.
    page.form.editors["stride"].widget.setValue(4)
    qtbot.waitUntil(page.run.button.isEnabled)
    qtbot.mouseClick(page.run.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.run.progress.value() > 0, timeout=60_000)
    processes = page.control.tool.processes
    assert processes
    assert all(alive(number) for number in processes)
    viewer.close()
    qtbot.waitUntil(lambda: not any(alive(number) for number in processes), timeout=60_000)
    qtbot.waitUntil(lambda: not any(t.name.startswith("icenet-map") for t in threading.enumerate()), timeout=60_000)

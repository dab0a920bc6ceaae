"""The Compare tab's two pages together, with maps made by real processes."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_icenet.gui.app.dock import IceNetDock
from napari_icenet.gui.compare.tab import CHIP, MAP
from napari_icenet.gui.session.drawn_areas import WHOLE
from napari_icenet.gui.session.session import Session
from napari_icenet.predictors.predictor_set import PredictorSet
from tests.gui.ice import Hand, moving_ice

SIDE = 32
T0 = 2


@pytest.fixture
def desk(make_napari_viewer, qtbot):
    viewer = make_napari_viewer(show=True)
    viewer.window._qt_window.resize(1500, 900)
    dock = IceNetDock(viewer)
    viewer.window.add_dock_widget(dock, name="IceNet", area="right")
    dock.session.add_stack(moving_ice())
    viewer.reset_view()
    dock.tabs.setCurrentWidget(dock.compare)
    yield dock
    dock.track.control.close()


@pytest.fixture
def mapped(desk, qtbot):
    """A map of the whole frame, three dates in."""
    compare = desk.compare
    compare.chooser.show_line_up(PredictorSet.of_names("persistence", "high-pass", "median"))
    desk.session.time = T0
    compare.show_page(MAP)
    compare.map.form.editors["chip"].widget.setValue(SIDE)
    compare.map.form.editors["stride"].widget.setValue(40)
    compare.map.form.where.setCurrentText(WHOLE)
    qtbot.wait(300)
    qtbot.mouseClick(compare.map.run.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(
        lambda: (
            compare.map.control.maps is not None and not compare.map.control.busy and compare.map.control.maps.done == 1
        ),
        timeout=120000,
    )
    return desk


def test_clicks_place_chips_on_one_page_and_mean_cells_on_the_other(desk):
    tool = desk.track.control.tool
    assert tool.enabled
    desk.compare.show_page(MAP)
    assert not tool.enabled
    assert desk.compare.map.pointer.enabled
    desk.compare.show_page(CHIP)
    assert tool.enabled
    assert not desk.compare.map.pointer.enabled


def test_a_click_on_a_cell_shows_its_film_strip_with_the_map_s_numbers(mapped, qtbot):
    compare, session = mapped.compare, mapped.session
    maps = compare.map.control.maps
    i, j = np.argwhere(np.isfinite(maps.values["persistence"][1]))[4]
    hand = Hand(session.viewer, session)
    hand.click(maps.rows[i], maps.cols[j])
    assert compare.bar.currentIndex() == CHIP

    def drawn():
        made = compare.chip.strip.comparison
        assert made is not None
        assert made.whole
        assert made.time == T0

    qtbot.waitUntil(drawn, timeout=60000)
    made, chip = compare.chip.strip.comparison, maps.chip_of(i, j)
    assert (made.past[-1].row, made.past[-1].col) == (round(chip.row), round(chip.col))
    for key in maps.predictor_set.keys:
        assert made.of(key).judged[1].ncc == pytest.approx(maps.values[key][1, i, j], abs=1e-4)


def test_the_next_cell_moves_the_same_chip(mapped, qtbot):
    compare, control = mapped.compare, mapped.track.control
    maps = compare.map.control.maps
    hand = Hand(mapped.session.viewer, mapped.session)
    for i, j in np.argwhere(np.isfinite(maps.values["persistence"][1]))[[3, 7]]:
        compare.show_page(MAP)
        hand.click(maps.rows[i], maps.cols[j])
    assert len(control.tracker.marks) == 1
    mark = control.tracker.marks[control.tracker.selected]
    assert (mark.row, mark.col) == pytest.approx((maps.chip_of(i, j).row, maps.chip_of(i, j).col), abs=0.5)


def test_the_line_up_serves_both_pages(mapped, qtbot):
    mapped.compare.chooser.buttons["blurred"].setChecked(True)
    qtbot.waitUntil(lambda: "4 predictors" in mapped.compare.map.run.line.text(), timeout=60_000)


def test_closing_the_stack_ends_everything(mapped, qtbot):
    mapped.session.close_stack(mapped.session.stack)
    assert mapped.compare.map.control.maps is None
    assert mapped.compare.map.pages.currentIndex() == 0
    assert Session.of(mapped.session.viewer).stack is None

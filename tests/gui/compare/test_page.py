"""The Compare tab's film strip and overlays in real windows: they follow the chip, the date and the line-up."""

from __future__ import annotations

import os
import threading

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt

from napari_icenet.evaluation.scoring.ncc import Image, correlation
from napari_icenet.gui.app.dock import IceNetDock
from napari_icenet.gui.compare.layers import KINDS
from napari_icenet.gui.session.session import Session
from napari_icenet.predictors.predictor_set import PredictorSet
from tests.gui.ice import CLOUDY, DATES, STEP, Hand, moving_ice

AT = (100.0, 140.0)
CHIP = 32


@pytest.fixture
def desk(make_napari_viewer, qtbot):
    """A window with the dock, a stack, and the Compare tab in front."""
    viewer = make_napari_viewer(show=True)
    viewer.window._qt_window.resize(1500, 900)
    session = Session.of(viewer)
    dock = IceNetDock(viewer)
    viewer.window.add_dock_widget(dock, name="IceNet", area="right")
    session.add_stack(moving_ice())
    dock.track.control.change(chip=CHIP, scale=2.0)
    qtbot.wait(100)
    viewer.reset_view()
    dock.tabs.setCurrentWidget(dock.compare)
    yield dock
    dock.track.control.close()


@pytest.fixture
def page(desk):
    return desk.compare.chip


def shown(dock, qtbot, time):
    """The comparison of a date, once all of it is drawn."""
    page = dock.compare.chip

    def drawn():
        made = page.strip.comparison
        assert made is not None
        assert made.time == time
        assert made.whole
        assert made.predictor_set == dock.compare.chooser.predictor_set

    qtbot.waitUntil(drawn, timeout=60_000)
    return page.strip.comparison


def placed(dock, qtbot, at=AT):
    hand = Hand(dock.session.viewer, dock.session)
    hand.click(*at)
    qtbot.waitUntil(lambda: dock.track.control.selected_track() is not None, timeout=60_000)
    return hand


def pixel(dock, layer):
    """Row and column of the stack that a layer's first pixel lies on."""
    return tuple(np.round(dock.session.world_to_pixel(*layer.translate), 6))


def test_without_a_chip_it_leads_to_the_track_tab(desk, page):
    assert page.pages.currentIndex() == 0
    page.track_wanted.emit()
    assert desk.tabs.currentWidget() is desk.track


def test_a_click_shows_what_each_predictor_expects(desk, page, qtbot):
    placed(desk, qtbot)
    made = shown(desk, qtbot, 0)
    assert len(made.past) == 1
    assert len(made.targets) == 2
    assert page.strip.height() == page.strip.sizeHint().height() > 300


def test_it_follows_the_date_and_tells_cloud_from_ice(desk, page, qtbot):
    placed(desk, qtbot)
    desk.session.time = CLOUDY
    made = shown(desk, qtbot, CLOUDY)
    assert made.of("consensus").judged[0].ncc > 0.5 > made.of("persistence").judged[0].ncc
    assert "t0 2020-02-18" in page.headline.text()


def test_dragging_the_chip_compares_what_is_under_it(desk, page, qtbot):
    hand = placed(desk, qtbot)
    shown(desk, qtbot, 0)
    hand.drag(AT, (AT[0] - 24, AT[1] - 30))
    qtbot.waitUntil(lambda: page.strip.comparison.past[-1].row == AT[0] - 24, timeout=60_000)
    assert page.strip.comparison.past[-1].col == AT[1] - 30


def test_changing_c_changes_the_search_window(desk, page, qtbot):
    placed(desk, qtbot)
    before = shown(desk, qtbot, 0).compared[0].judged[0].match.surface.values.shape
    desk.track.control.change(scale=1.5)
    qtbot.waitUntil(
        lambda: (
            page.strip.comparison.compared[:1] != ()
            and page.strip.comparison.compared[0].judged[0].match.surface.values.shape == (17, 17)
        ),
        timeout=60_000,
    )
    assert before == (33, 33)


def test_a_predictor_is_taken_out_and_put_back(desk, qtbot):
    placed(desk, qtbot)
    before = shown(desk, qtbot, 0)
    button = desk.compare.chooser.buttons["high-pass"]
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    fewer = shown(desk, qtbot, 0)
    assert set(before.predictor_set.keys) - set(fewer.predictor_set.keys) == {"high-pass"}
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert shown(desk, qtbot, 0).predictor_set == before.predictor_set


def test_the_end_of_the_series_is_shown_without_judgement(desk, page, qtbot):
    placed(desk, qtbot)
    desk.session.time = DATES - 1
    made = shown(desk, qtbot, DATES - 1)
    assert made.targets == ()
    page.strip.grab()
    assert not [layer for layer in page.layers.layers.values() if np.isfinite(np.asarray(layer.data)).all()][1:]


def test_nothing_is_computed_behind_another_tab(desk, page, qtbot):
    desk.tabs.setCurrentWidget(desk.track)
    placed(desk, qtbot)
    qtbot.wait(300)
    assert page.strip.comparison is None
    desk.tabs.setCurrentWidget(desk.compare)
    shown(desk, qtbot, 0)


# Overlays


def test_the_expected_chip_lies_where_the_one_that_came_does(desk, page, qtbot):
    placed(desk, qtbot)
    qtbot.mouseClick(page.overlays.buttons["came"], Qt.MouseButton.LeftButton)
    made = shown(desk, qtbot, 0)
    expected, came = page.layers.layers["expected"], page.layers.layers["came"]
    one = made.of(page.strip.focus).judged[1]
    np.testing.assert_array_equal(expected.data, one.prediction.template)
    np.testing.assert_array_equal(came.data, one.chip)
    corner = AT[0] + 2 * STEP[0] - CHIP // 2, AT[1] + 2 * STEP[1] - CHIP // 2
    assert pixel(desk, expected) == pixel(desk, came) == corner
    assert tuple(expected.scale) == tuple(desk.session.image.scale[-2:])
    assert expected.metadata["predictor"]["name"] == page.strip.focus
    assert expected.metadata["settings"]["chip"] == CHIP
    assert correlation(Image.of(expected.data), Image.of(came.data)) == pytest.approx(one.ncc, abs=1e-6)


def test_every_kind_shows_what_the_comparison_holds(desk, page, qtbot):
    placed(desk, qtbot)
    desk.session.time = 2
    made = shown(desk, qtbot, 2)
    page.strip.pick("consensus")
    for button in page.overlays.buttons.values():
        if not button.isChecked():
            qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    page.targets.button(1).click()
    judged, layers = made.of("consensus").judged[0], page.layers.layers
    assert set(layers) == set(KINDS)
    np.testing.assert_array_equal(layers["surface"].data, judged.match.surface.values)
    assert pixel(desk, layers["surface"]) == (judged.match.surface.row0, judged.match.surface.col0)
    standard = [(c - c.mean()) / c.std() for c in (judged.chip.astype(float), judged.prediction.template.astype(float))]
    np.testing.assert_allclose(layers["difference"].data, standard[0] - standard[1], atol=1e-4)
    assert tuple(layers["difference"].contrast_limits) == (-2, 2)
    assert (layers["spread"].data >= 0).all()
    assert abs(layers["high-pass"].data.mean()) < 0.3 * layers["high-pass"].data.std()
    assert pixel(desk, layers["high-pass"]) == (made.past[-1].row - CHIP // 2, made.past[-1].col - CHIP // 2)


def test_places_are_drawn_where_templates_were_found(desk, page, qtbot):
    placed(desk, qtbot)
    made = shown(desk, qtbot, 0)
    layer = page.layers.layers["places"]
    # Four sides and a cross for each predictor; then the track's, in dashes.
    first = made.compared[0].judged[1].match
    np.testing.assert_allclose(layer.data[0, 0], [first.row - CHIP / 2 - 0.5, first.col - CHIP / 2 - 0.5])
    assert len(layer.data) > 6 * len(made.compared)
    assert first.row == pytest.approx(AT[0] + 2 * STEP[0], abs=0.1)


def test_a_click_on_a_row_lays_that_predictor_on_the_picture(desk, page, qtbot):
    placed(desk, qtbot)
    made = shown(desk, qtbot, 0)
    at = page.strip.place_of("high-pass").center().toPoint()
    qtbot.mouseClick(page.strip, Qt.MouseButton.LeftButton, pos=QPoint(20, at.y()))
    np.testing.assert_array_equal(
        page.layers.layers["expected"].data, made.of("high-pass").judged[1].prediction.template
    )
    qtbot.keyClick(page.strip, Qt.Key.Key_Up)
    assert page.strip.focus == "persistence"
    assert page.layers.layers["expected"].name == "compare · expected t2 · Persistence"


def test_a_layer_that_is_removed_stays_away_until_it_is_asked_for(desk, page, qtbot):
    placed(desk, qtbot)
    shown(desk, qtbot, 0)
    viewer = desk.session.viewer
    viewer.layers.remove(page.layers.layers["expected"])
    assert not page.overlays.buttons["expected"].isChecked()
    desk.session.time = 1
    shown(desk, qtbot, 1)
    assert "expected" not in page.layers.layers
    qtbot.mouseClick(page.overlays.buttons["expected"], Qt.MouseButton.LeftButton)
    assert page.layers.layers["expected"] in viewer.layers


def test_a_layer_that_is_hidden_or_renamed_stays_so(desk, page, qtbot):
    placed(desk, qtbot)
    shown(desk, qtbot, 0)
    layer = page.layers.layers["expected"]
    layer.name = "mine"
    layer.contrast_limits = (900, 1100)
    page.layers.layers["places"].visible = False
    assert not page.overlays.buttons["places"].isChecked()
    desk.session.time = 1
    shown(desk, qtbot, 1)
    assert (layer.name, tuple(layer.contrast_limits)) == ("mine", (900, 1100))
    assert not page.layers.layers["places"].visible


def test_overlays_leave_with_the_tab_and_come_back(desk, page, qtbot):
    placed(desk, qtbot)
    shown(desk, qtbot, 0)
    desk.tabs.setCurrentWidget(desk.track)
    assert not any(layer.visible for layer in page.layers.layers.values())
    desk.tabs.setCurrentWidget(desk.compare)
    assert page.layers.layers["expected"].visible
    assert page.overlays.buttons["expected"].isChecked()


def test_closing_the_stack_empties_everything(desk, page, qtbot):
    placed(desk, qtbot)
    shown(desk, qtbot, 0)
    desk.session.close_stack(desk.session.stack)
    assert page.strip.comparison is None
    assert page.pages.currentIndex() == 0
    assert not np.isfinite(page.layers.layers["expected"].data).any()


def test_places_may_become_fewer_while_they_are_hidden(desk, page, qtbot):
    placed(desk, qtbot)
    many = len(shown(desk, qtbot, 0).predictor_set.keys)
    desk.tabs.setCurrentWidget(desk.track)
    desk.compare.chooser.show_line_up(PredictorSet.of_names("persistence"))
    desk.tabs.setCurrentWidget(desk.compare)
    shown(desk, qtbot, 0)
    assert many > 1
    assert len(page.layers.layers["places"].data) < 6 * many + 64


# Side by side


def test_side_by_side_and_back(desk, page, qtbot):
    placed(desk, qtbot)
    made = shown(desk, qtbot, 0)
    viewer = desk.session.viewer
    before = [layer for layer in viewer.layers if layer.visible]
    zoom = viewer.scene.camera.zoom
    qtbot.mouseClick(page.aside, Qt.MouseButton.LeftButton)
    views = page.side_by_side.layers
    assert set(views) == {"came", *made.predictor_set.keys}
    assert [layer for layer in viewer.layers if layer.visible] == list(views.values())
    assert viewer.canvas.grid.enabled
    np.testing.assert_array_equal(views["came"].data, made.targets[1].chip)
    np.testing.assert_array_equal(views["icenet"].data, made.of("icenet").judged[1].prediction.template)
    desk.session.time = 1
    later = shown(desk, qtbot, 1)
    np.testing.assert_array_equal(views["came"].data, later.targets[1].chip)
    qtbot.mouseClick(page.aside, Qt.MouseButton.LeftButton)
    assert not viewer.canvas.grid.enabled
    assert viewer.scene.camera.zoom == zoom
    assert all(layer.visible for layer in before)
    assert not set(views.values()) & set(viewer.layers)


def test_side_by_side_ends_with_napari_s_own_button(desk, page, qtbot):
    placed(desk, qtbot)
    shown(desk, qtbot, 0)
    qtbot.mouseClick(page.aside, Qt.MouseButton.LeftButton)
    desk.session.viewer.canvas.grid.enabled = False
    assert not page.side_by_side.on
    assert not page.aside.isChecked()
    assert desk.session.image.visible


def test_a_view_that_the_user_removes_or_hides_troubles_nothing(desk, page, qtbot):
    placed(desk, qtbot)
    shown(desk, qtbot, 0)
    viewer = desk.session.viewer
    qtbot.mouseClick(page.aside, Qt.MouseButton.LeftButton)
    viewer.layers.remove(page.side_by_side.layers["came"])
    page.side_by_side.layers["icenet"].visible = False
    desk.session.time = 1
    shown(desk, qtbot, 1)
    assert "came" not in page.side_by_side.layers
    page.show_target(1)
    viewer.layers.remove(desk.session.layers.layers["picture"])
    assert not page.side_by_side.on
    assert not page.side_by_side.layers
    assert not viewer.canvas.grid.enabled
    page.side_by_side.enter()
    assert not page.side_by_side.on


def test_side_by_side_shows_all_views_again_the_next_time(desk, page, qtbot):
    placed(desk, qtbot)
    made = shown(desk, qtbot, 0)
    qtbot.mouseClick(page.aside, Qt.MouseButton.LeftButton)
    for layer in page.side_by_side.layers.values():
        desk.session.viewer.layers.remove(layer)
    assert page.side_by_side.on
    page.side_by_side.leave()
    page.side_by_side.enter()
    assert set(page.side_by_side.layers) == {"came", *made.predictor_set.keys}
    page.side_by_side.close()
    assert not page.side_by_side.layers


# What goes wrong


def test_no_predictor_is_told(desk, page, qtbot):
    placed(desk, qtbot)
    shown(desk, qtbot, 0)
    for button in desk.compare.chooser.buttons.values():
        button.setChecked(False)
    qtbot.waitUntil(lambda: "No predictor is chosen" in page.message.text(), timeout=60_000)


def test_a_device_that_is_not_there_is_told_in_the_row(desk, page, qtbot):
    placed(desk, qtbot)
    chooser = desk.compare.chooser
    shown(desk, qtbot, 0)
    chooser.device.addItem("cuda:7", "cuda:7")
    chooser.device.setCurrentIndex(chooser.device.count() - 1)
    chooser.device.activated.emit(chooser.device.count() - 1)
    made = shown(desk, qtbot, 0)
    assert "device" in made.of("icenet").trouble
    assert made.of("persistence").judged
    page.strip.grab()


def test_its_thread_and_process_end_with_it(desk, page, qtbot):
    placed(desk, qtbot)
    shown(desk, qtbot, 0)
    pid = page.tool.pid
    assert pid is not None
    page.tool.close()
    assert page.tool.pid is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert "icenet-compare" not in {thread.name for thread in threading.enumerate()}


def test_another_device_gives_the_memory_back(desk, page, qtbot):
    placed(desk, qtbot)
    shown(desk, qtbot, 0)
    before = page.tool.pid
    desk.compare.chooser.device_changed.emit()
    assert page.tool.wait(20)
    assert page.tool.pid is None
    desk.session.time = 1
    assert shown(desk, qtbot, 1).of("icenet").judged
    assert page.tool.pid not in (None, before)

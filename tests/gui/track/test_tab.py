"""The Track tab in real windows, by real mouse and key events; what layers hold against the model's numbers."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_icenet.gui.track.layers import LABEL_POINTS
from napari_icenet.gui.track.tab import TrackTab
from napari_icenet.gui.widgets.shortcuts import SHORTCUTS, KeyList
from napari_icenet.predictors.registry import names
from tests.gui.ice import CLOUDY, DATES, STEP, moving_ice
from tests.gui.track.ready import AT, CHIP, Desk


@pytest.fixture
def desk(make_napari_viewer, qtbot):
    desk = Desk(make_napari_viewer(show=True), qtbot)
    desk.open(moving_ice())
    yield desk
    desk.control.close()


def edges(vectors):
    """Top, left, bottom, right of four vectors."""
    ends = np.concatenate([vectors[:, 0], vectors.sum(axis=1)])
    return (*ends.min(axis=0), *ends.max(axis=0))


def test_a_click_places_a_chip_that_is_followed_through_all_dates(desk):
    track = desk.place()
    assert (track.origin_row, track.origin_col) == pytest.approx(AT, abs=0.6)  # a screen pixel
    found = [i for i in range(DATES) if i != CLOUDY]
    assert list(np.flatnonzero(track.valid)) == found
    for i in found:
        expected = np.array([track.origin_row, track.origin_col]) + i * np.array(STEP)
        np.testing.assert_allclose((track.rows[i], track.cols[i]), expected, atol=0.05)


def test_what_cannot_be_right_is_said_below_the_form(desk):
    assert desk.tab.caution.isHidden()
    desk.place()
    assert desk.tab.caution.isHidden()
    desk.control.change(chip=96, scale=1.5)
    desk.settle()
    assert "A chip of 96 px is wider than a third of the frame of 200 × 240 px" in desk.tab.caution.text()
    desk.control.change(chip=CHIP)
    desk.settle()
    assert desk.tab.caution.isHidden()
    # The middle alone lies on the ice.
    mask = np.ones((200, 240), bool)
    mask[95:105, 135:145] = False
    desk.control.set_stable_mask(mask)
    desk.settle()
    assert desk.tab.caution.text() == (
        "Track 1: 90 % of the chip of 32 px lies on ground that does not move, which it will follow: "
        "choose a smaller chip."
    )


def test_the_layers_hold_what_the_model_measured(desk):
    track = desk.place()
    desk.session.time = 1
    desk.settle()
    vectors = desk.layer("chip").data
    before, now = track.observations[0], track.observations[1]
    half = CHIP / 2

    def box(row, col, half):
        return row - half - 0.5, col - half - 0.5, row + half - 0.5, col + half - 0.5

    np.testing.assert_allclose(edges(vectors[-8:-4]), box(before.row, before.col, half))
    np.testing.assert_allclose(edges(vectors[-4:]), box(now.row, now.col, half))
    window = edges(vectors[:-8])
    np.testing.assert_allclose(window[:2], box(*now.centre, CHIP)[:2])  # c = 2: half the window is one chip
    surface, layer = desk.tracker.surface(track.number, 1), desk.layer("surface")
    np.testing.assert_array_equal(layer.data, surface.values)
    corner = desk.session.pixel_to_world(surface.row0, surface.col0)
    np.testing.assert_allclose(layer.data_to_world((0, 0))[-2:], corner)
    peak = np.unravel_index(np.nanargmax(layer.data), layer.data.shape)
    world = layer.data_to_world(peak)
    np.testing.assert_allclose(desk.session.world_to_pixel(*world[-2:]), np.round((now.row, now.col)), atol=1e-6)
    dates = desk.layer("dates").data[LABEL_POINTS:]
    known = track.valid
    np.testing.assert_allclose(dates, np.stack([track.rows[known], track.cols[known]], 1))


def test_every_layer_lies_as_the_picture_does(desk):
    desk.place()
    placement = desk.session.placement(axes=2)
    for kind, layer in desk.control.layers.layers.items():
        np.testing.assert_allclose(layer.scale, placement["scale"])
        assert tuple(str(u) for u in layer.units) == ("meter", "meter")
        if kind != "surface":
            np.testing.assert_allclose(layer.translate, placement["translate"])


def test_a_lost_date_is_drawn_as_lost_and_never_as_motion(desk):
    track = desk.place()
    desk.session.time = CLOUDY
    desk.settle()
    assert not track.observations[CLOUDY].valid
    assert edges(desk.layer("chip").data[-4:]) == (0, 0, 0, 0)  # no match
    np.testing.assert_allclose(desk.layer("lost").data, [track.observations[CLOUDY].centre])
    assert desk.layer("lost").face_color[0][3] == 0  # hollow
    assert len(desk.layer("dates").data) - LABEL_POINTS == DATES - 1
    assert any("lost" in text for text in desk.layer("dates").features["label"])
    path = desk.layer("path").data
    last, following = track.rows[CLOUDY - 1], track.rows[CLOUDY + 1]
    over = [v for v in path if last <= v[0, 0] <= following and abs(v[1, 0]) < 0.9 * (following - last)]
    assert len(over) > 1  # dashes, no line
    plot = desk.tab.plots.plots["speed"]
    assert plot.lost.getData()[1][0] < 0
    assert len(plot.found.getData()[0]) == DATES - 2


def test_clicks_add_tracks_and_no_layers(desk):
    desk.place()
    desk.place(60, 60)
    count = len(desk.viewer.layers)
    for row, col in ((60, 180), (150, 60)):
        desk.place(row, col)
    assert len(desk.tracker.tracks) == 4
    assert len(desk.viewer.layers) == count
    assert desk.viewer.layers.selection.active is desk.session.image
    assert desk.layer("chip").name == "track 4 · chip"


def test_a_removed_layer_stays_away_and_choices_stay(desk):
    desk.place()
    desk.layer("surface").colormap = "viridis"
    desk.layer("chip").opacity = 0.5
    desk.viewer.layers.remove(desk.layer("path"))
    desk.place(60, 60)
    assert "path" not in desk.control.layers.layers
    assert desk.layer("surface").colormap.name == "viridis"
    assert desk.layer("chip").opacity == 0.5
    desk.tab.restore.click()
    assert desk.layer("path") in desk.viewer.layers


def test_dragging_the_chip_moves_it_and_one_undo_takes_it_back(desk):
    desk.place()
    mark = desk.tracker.marks[1]
    desk.hand.drag(AT, (AT[0] - 20, AT[1] + 10))
    desk.settle()
    moved = desk.tracker.marks[1]
    assert (moved.row - mark.row, moved.col - mark.col) == pytest.approx((-20, 10), abs=1)
    np.testing.assert_allclose(edges(desk.layer("chip").data[-8:-4])[0], moved.row - CHIP / 2 - 0.5)
    assert len(desk.tracker.marks) == 1
    QTest.keyClick(desk.hand.native, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    desk.settle()
    assert desk.tracker.marks[1] == mark


def test_a_drag_beside_the_chip_pans_and_places_nothing(desk):
    desk.place()
    before = np.array(desk.viewer.scene.camera.center)
    desk.hand.drag((40, 40), (60, 70))
    desk.qtbot.wait(100)  # the camera follows with the next frame
    assert np.abs(np.array(desk.viewer.scene.camera.center) - before).max() > 100
    assert len(desk.tracker.marks) == 1


def test_alt_and_wheel_change_c_and_nothing_else(desk):
    desk.place()
    zoom, active = desk.viewer.scene.camera.zoom, desk.viewer.layers.selection.active
    desk.hand.wheel(*AT, True, Qt.KeyboardModifier.AltModifier)
    desk.settle()
    assert desk.tracker.settings.scale == pytest.approx(2.1)
    assert desk.viewer.scene.camera.zoom == zoom
    assert desk.viewer.layers.selection.active is active
    assert desk.tab.form.scale.value() == pytest.approx(2.1)
    desk.hand.wheel(*AT, True, Qt.KeyboardModifier.NoModifier)
    assert desk.viewer.scene.camera.zoom > zoom


def test_dragging_c_redraws_the_window(desk):
    desk.place()
    desk.tab.form.scale.setValue(3.0)
    desk.settle()
    top, _, bottom, _ = edges(desk.layer("chip").data[:-8])
    assert bottom - top == pytest.approx(3 * CHIP, abs=3)  # the last dash of a side ends before its corner
    assert desk.layer("surface").data.shape == (2 * CHIP + 1, 2 * CHIP + 1)


def test_keys(desk):
    native = desk.hand.native
    assert desk.control.tool.enabled
    QTest.keyClick(native, Qt.Key.Key_T)
    assert not desk.control.tool.enabled
    desk.hand.click(*AT)
    assert not desk.tracker.marks
    QTest.keyClick(native, Qt.Key.Key_T)
    desk.place()
    QTest.keyClick(native, Qt.Key.Key_BracketRight)
    assert desk.tracker.settings.scale == pytest.approx(2.1)
    # The keys of a selected points layer would come first.
    desk.viewer.layers.selection.active = desk.layer("dates")
    QTest.keyClick(native, Qt.Key.Key_S)
    assert desk.control.stable_armed
    assert desk.layer("dates").mode == "pan_zoom"
    QTest.keyClick(native, Qt.Key.Key_Escape)
    assert not desk.control.stable_armed
    assert desk.control.tool.enabled
    QTest.keyClick(native, Qt.Key.Key_Delete)
    assert not desk.tracker.marks
    QTest.keyClick(native, Qt.Key.Key_Escape)
    assert not desk.control.tool.enabled


def test_the_list_of_keys_names_them_all(desk):
    keys = desk.control.show_keys()
    assert isinstance(keys, KeyList)
    text = " ".join(label.text() for label in keys.findChildren(type(desk.tab.hint)))
    assert all(shortcut.does in text for shortcut in SHORTCUTS)
    QTest.keyClick(keys, Qt.Key.Key_Question)
    assert not keys.isVisible()


def test_stable_ground_by_a_second_click(desk):
    desk.place()
    desk.tab.stable.click()
    desk.hand.click(50, 60)
    desk.settle()
    assert desk.tracker.stable == 2
    assert desk.tracker.selected == 1
    speed = desk.tab.plots.plots["speed"]
    # The ground of this stack moves with the ice, so that nothing is left.
    assert speed.stable.getData()[1][0] == pytest.approx(np.hypot(*STEP) * 30 / 16 * 365.25, rel=0.05)
    np.testing.assert_allclose(speed.difference.getData()[1], 0, atol=20)


def test_stable_ground_by_a_mask(desk):
    desk.place()
    mask = np.zeros((200, 240), np.uint8)
    mask[20:100, 20:100] = 1
    desk.viewer.add_labels(mask, name="rock", **desk.session.placement(axes=2))
    desk.tab.more.expand()
    desk.tab.mask_layer.setCurrentText("rock")
    desk.tab.mask_layer.activated.emit(desk.tab.mask_layer.currentIndex())
    desk.qtbot.waitUntil(lambda: desk.tracker.ground is not None, timeout=60_000)
    assert desk.tracker.ground.drow[1] == pytest.approx(STEP[0], abs=0.1)


def test_plots_tables_and_picture_follow_each_other(desk):
    track = desk.place()
    desk.tab.plots.date_chosen.emit(4)
    desk.settle()
    assert desk.session.time == desk.viewer.dims.current_step[0] == 4
    assert desk.tab.date_table.currentRow() == 4
    speed = desk.tab.plots.plots["speed"]
    x, y = speed.found.getData()
    known = np.flatnonzero(np.isfinite(track.speed))
    np.testing.assert_allclose(y, track.speed[known])
    assert x[0] == np.datetime64("2020-01-17T00:00:00", "s").astype(int)
    desk.tab.date_table.selectRow(1)
    assert desk.session.time == 1
    desk.place(60, 60)
    desk.tab.track_table.selectRow(0)
    desk.settle()
    assert desk.tracker.selected == 1
    centre = desk.session.world_to_pixel(*desk.viewer.scene.camera.center[-2:])
    np.testing.assert_allclose(centre, (track.rows[1], track.cols[1]), atol=0.01)
    assert f"/{DATES}" in desk.tab.track_table.item(0, 4).text()


@pytest.mark.parametrize("suffix", [".csv", ".geojson"])
def test_export_and_reopen_gives_the_same_tracks(desk, tmp_path, suffix):
    desk.place()
    desk.place(60, 60)
    path = tmp_path / f"tracks{suffix}"
    assert desk.control.export(path)
    tracks = desk.tracker.tracks
    desk.tab.clear.click()
    desk.control.change(scale=3.0, template="first")
    assert desk.control.reopen(path)
    desk.settle()
    assert desk.tracker.settings.scale == 2.0
    for number, track in tracks.items():
        np.testing.assert_allclose(desk.tracker.tracks[number].rows, track.rows, atol=1e-6)


def test_an_error_is_one_sentence_and_nothing_is_lost(desk, tmp_path):
    desk.place()
    desk.hand.click(3, 120)
    assert desk.tab.message.text().endswith(".")
    assert "crosses the edge" in desk.tab.message.text()
    assert not desk.control.export(tmp_path / "tracks.xls")
    assert "tracks.xls" in desk.tab.message.text()
    assert list(desk.tracker.marks) == [1]
    desk.control.scale_by(-0.1)
    assert desk.tab.message.text() == ""


def test_empty_states_teach(make_napari_viewer, qtbot):
    desk = Desk(make_napari_viewer(show=True), qtbot)
    assert desk.tab.pages.currentIndex() == 0
    qtbot.waitUntil(desk.tab.sample.isVisible)
    desk.open(moving_ice(georeferenced=False))
    assert desk.tab.hint.isVisible()
    assert not desk.tab.results.isVisible()
    track = desk.place()
    assert desk.tab.results.isVisible()
    assert track.speed_unit == "px/day"
    assert "px/day" in desk.tab.track_table.item(0, 1).text()
    desk.control.close()


def test_each_stack_keeps_its_tracks(desk):
    desk.place()
    first = desk.session.stack
    desk.session.add_stack(moving_ice(name="other", seed=2))
    assert not desk.tracker.marks
    desk.session.show(first)
    desk.settle()
    assert list(desk.tracker.marks) == [1]


def choose(editor, value):
    """As a user does, in a list."""
    editor.widget.setCurrentIndex(editor.widget.findData(value))


def test_settings_are_remembered(desk, make_napari_viewer):
    choose(desk.tab.form.editors["template"], "first")
    again = TrackTab(desk.viewer, desk.session)
    assert again.control.settings.template == "first"
    again.control.close()


def test_every_predictor_is_a_template(desk):
    box = desk.tab.form.editors["template"].widget
    assert set(names()) <= {box.itemData(i) for i in range(box.count())}
    plain = desk.place()
    choose(desk.tab.form.editors["template"], "median")
    desk.settle()
    assert desk.track.settings.template == "median"
    assert desk.track.valid.sum() >= plain.valid.sum()
    assert np.nanmax(np.abs(desk.track.cols - plain.cols)) < 1


def test_a_template_of_another_version_is_forgotten(desk, make_napari_viewer):
    choose(desk.tab.form.editors["template"], "median")
    desk.tab._memory.set("template", "gone")
    again = TrackTab(desk.viewer, desk.session)
    assert again.control.settings.template == "persistence"
    again.control.close()


def test_another_tab_gives_the_mouse_back(desk):
    assert desk.control.tool.enabled
    desk.tab.hide()
    assert not desk.control.tool.enabled
    desk.hand.click(*AT)
    assert not desk.tracker.marks
    desk.tab.show()
    assert desk.control.tool.enabled


def test_closing_leaves_no_thread(desk):
    desk.place()
    desk.control.close()
    ours = ("icenet-tracking", "icenet-match", "icenet-surface")
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith(ours)]
    assert "T" not in {str(key) for key in desk.viewer.keymap}

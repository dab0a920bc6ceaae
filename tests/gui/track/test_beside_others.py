"""The stack beside layers of others: its dates are those of its own axis, and the slider is the user's."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_icenet.gui.scenes.date_table import DateTable
from napari_icenet.gui.session.drawn_areas import in_view, start_drawing
from tests.gui.ice import DATES, moving_ice
from tests.gui.track.ready import AT, Desk


@pytest.fixture
def desk(make_napari_viewer, qtbot):
    desk = Desk(make_napari_viewer(show=True), qtbot)
    desk.open(moving_ice())
    yield desk
    desk.control.close()


def seen(desk) -> np.ndarray:
    """What of the stack napari has sliced for drawing."""
    return desk.session.image._slice.image.raw


def title(desk) -> str:
    return desk.viewer.canvas.overlays.text.text


def step(desk, axis, times=1):
    """Press the key of napari that goes on along an axis."""
    desk.viewer.dims.last_used = axis
    for _ in range(times):
        QTest.keyClick(desk.hand.native, Qt.Key.Key_Right)
    desk.qtbot.wait(50)


@pytest.mark.parametrize("first", [True, False])
def test_beside_a_layer_of_four_axes_a_chip_is_placed_on_the_date_that_is_seen(make_napari_viewer, qtbot, first):
    desk = Desk(make_napari_viewer(show=True), qtbot)
    others = np.zeros((5, 4, 64, 64), np.float32)
    if first:
        desk.viewer.add_image(others)
    desk.open(moving_ice())
    if not first:
        desk.viewer.add_image(others)
    stack = desk.session.stack
    desk.viewer.layers.selection.active = desk.session.image
    assert desk.viewer.dims.ndim == 4
    desk.session.time = 0
    step(desk, 0, 3)
    assert desk.viewer.dims.point[0] == 3 or first  # with the other first, napari began in its middle
    assert desk.session.time == 0
    step(desk, 1, 2)
    assert desk.session.time == 2
    np.testing.assert_array_equal(seen(desk), stack.read(2, 1))
    assert title(desk).startswith(stack.labels[2])
    desk.place()
    assert desk.tracker.marks[1].time == 2
    assert desk.viewer.dims.point[1] == 2
    desk.session.time = 4
    np.testing.assert_array_equal(seen(desk), stack.read(4, 1))
    desk.control.close()


def test_a_layer_of_finer_steps_leaves_the_dates_where_they_are(desk):
    desk.viewer.add_image(np.zeros((20, 64, 64), np.float32), scale=(0.5, 1, 1), translate=(0.2, 0, 0))
    for step in (1, 2, 3, 7, 9):
        desk.viewer.dims.set_current_step(0, step)
        assert desk.session.time == round(0.5 * step)  # half a step is rounded as napari rounds it: to the even one
        np.testing.assert_array_equal(seen(desk), desk.session.stack.read(round(0.5 * step), 1))
    desk.session.time = 2
    assert desk.viewer.dims.point[0] == 2


def test_frames_of_others_are_reached_and_no_chip_is_placed_on_them(desk, qtbot):
    table = DateTable(desk.session)
    qtbot.addWidget(table)
    desk.viewer.add_image(np.random.default_rng(1).random((200, 64, 64)), name="movie")
    desk.viewer.layers.selection.active = desk.session.image
    desk.viewer.dims.set_current_step(0, 120)
    desk.qtbot.wait(50)
    assert desk.viewer.dims.current_step[0] == 120
    assert title(desk).startswith("no date of ice at frame 120")
    assert table.currentRow() == -1
    desk.hand.move(*AT)
    desk.hand.click(*AT)
    desk.qtbot.wait(50)
    assert not desk.tracker.marks
    assert desk.tab.message.text() == (
        f"Frame 120 is none of the dates of ice; move the slider to one of 0 to {DATES - 1}."
    )
    assert desk.session.readout.at_cursor().startswith("no date of ice at frame 120 · x ")
    assert desk.viewer.dims.current_step[0] == 120
    desk.viewer.dims.set_current_step(0, DATES)
    assert desk.session.unseen
    desk.viewer.dims.set_current_step(0, DATES - 1)
    assert (desk.session.time, table.currentRow()) == (DATES - 1, DATES - 1)
    assert desk.tab.message.text() == ""
    assert title(desk).startswith(desk.session.stack.labels[-1])
    desk.place()
    assert desk.tracker.marks[1].time == DATES - 1


def test_a_chip_is_neither_taken_nor_moved_on_frames_of_others(desk):
    desk.place()
    before = dict(desk.tracker.marks)
    desk.viewer.add_image(np.zeros((200, 64, 64)), name="movie")
    desk.viewer.layers.selection.active = desk.session.image
    desk.viewer.dims.set_current_step(0, 150)
    desk.hand.drag(AT, (AT[0] + 30, AT[1] - 20))
    desk.hand.click(60, 60)
    assert desk.tracker.marks == before


def test_a_stack_opened_while_the_slider_stands_far_out_is_seen_at_its_nearest_date(make_napari_viewer, qtbot):
    desk = Desk(make_napari_viewer(show=True), qtbot)
    desk.viewer.add_image(np.zeros((200, 64, 64)), name="movie")
    desk.viewer.dims.set_current_step(0, 100)
    desk.open(moving_ice())
    assert not desk.session.unseen
    assert desk.session.time == DATES - 1
    np.testing.assert_array_equal(seen(desk), desk.session.stack.read(DATES - 1, 1))
    desk.control.close()


def test_without_the_long_layer_the_last_date_is_seen(desk):
    movie = desk.viewer.add_image(np.zeros((200, 64, 64)), name="movie")
    desk.viewer.dims.set_current_step(0, 120)
    desk.viewer.layers.remove(movie)
    assert not desk.session.unseen
    assert desk.session.time == desk.viewer.dims.current_step[0] == DATES - 1
    np.testing.assert_array_equal(seen(desk), desk.session.stack.read(DATES - 1, 1))


def test_turned_views_refuse_a_chip_with_one_sentence_and_scatter_nothing(desk):
    desk.place()
    buttons = desk.viewer.window._qt_viewer.viewerButtons
    corner = desk.layer("chip").data[-8].copy()
    desk.viewer.layers.selection.active = desk.session.image
    for _ in range(2):
        QTest.keyClick(desk.hand.native, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
        desk.qtbot.wait(50)
        assert "seen at once" in desk.session.unseen
        assert title(desk) == f"{desk.session.stack.labels[0]} to {desk.session.stack.labels[-1]}"
        QTest.mouseClick(desk.hand.native, Qt.MouseButton.LeftButton, pos=desk.hand.native.rect().center())
        desk.qtbot.wait(50)
        assert list(desk.tracker.marks) == [1]
        assert desk.tab.message.text().startswith("Several dates of ice are seen at once; leave the 3-D view")
    QTest.keyClick(desk.hand.native, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    desk.qtbot.wait(50)
    assert not desk.session.unseen
    assert desk.tab.message.text() == ""
    buttons.ndisplayButton.click()
    desk.viewer.screenshot(canvas_only=True, flash=False)
    assert desk.session.unseen
    buttons.ndisplayButton.click()
    buttons.gridViewButton.click()
    desk.viewer.screenshot(canvas_only=True, flash=False)
    desk.session.time = 2
    desk.settle()
    buttons.gridViewButton.click()
    desk.viewer.screenshot(canvas_only=True, flash=False)
    assert not desk.session.unseen
    np.testing.assert_array_equal(desk.layer("chip").data[-8, 1], corner[1])


def test_a_transposed_picture_is_clicked_where_it_is_seen(desk):
    areas = start_drawing(desk.session, "stable ground", "#ff0000", "40")
    areas.add_polygons(np.array([[10, 10], [10, 60], [60, 60.0]]))
    areas.mode = "pan_zoom"
    buttons = desk.viewer.window._qt_viewer.viewerButtons
    for ndisplay in (3, 2):
        desk.viewer.dims.ndisplay = ndisplay
        buttons.transposeDimsButton.click()
        desk.viewer.screenshot(canvas_only=True, flash=False)
    buttons.transposeDimsButton.click()
    desk.viewer.layers.selection.active = desk.session.image
    desk.viewer.reset_view()
    desk.qtbot.wait(50)
    assert tuple(desk.viewer.dims.displayed) == (2, 1)
    assert not desk.session.unseen
    y, x = desk.session.pixel_to_world(*AT)
    camera, view = desk.viewer.scene.camera, desk.hand.canvas.view
    middle = np.array(view.rect.size) / 2 + np.array(view.rect.pos)
    at = QPoint(*(int(v) for v in middle + (np.array([y, x]) - np.array(camera.center[-1:-3:-1])) * camera.zoom))
    QTest.mouseClick(desk.hand.native, Qt.MouseButton.LeftButton, pos=at)
    desk.settle()
    assert (desk.track.origin_row, desk.track.origin_col) == pytest.approx(AT, abs=1.6)
    desk.control.select(1, centre=True)
    centre = desk.session.pixel_to_world(desk.track.origin_row, desk.track.origin_col)
    np.testing.assert_allclose(desk.viewer.scene.camera.center[-2:], centre[::-1], atol=1e-6)
    whole = in_view(desk.session)
    assert whole is None or whole.any()


def test_hidden_layers_of_a_track_outlive_dates_chips_and_stacks(desk):
    desk.place()
    desk.place(60, 60)
    for kind in ("dates", "other tracks", "lost"):
        desk.layer(kind).visible = False
    for time in (3, 5, 0):
        desk.session.time = time
        desk.settle()
    desk.control.remove()
    desk.settle()
    for kind in ("dates", "other tracks", "lost"):
        desk.layer(kind).visible = True
        desk.viewer.screenshot(canvas_only=True, flash=False)
    assert not np.asarray(desk.layer("other tracks").data).any()
    lost = desk.layer("lost")
    assert len(lost.data) == 1
    lost.visible = False
    # The last stack goes, then one of the layers that stay; what is shown then is empty.
    desk.session.close_stack(desk.session.stack)
    desk.qtbot.wait(100)
    desk.viewer.layers.remove(desk.layer("surface"))
    lost.visible = True
    for _ in range(3):
        desk.viewer.scene.camera.zoom *= 1.2
        desk.viewer.screenshot(canvas_only=True, flash=False)
    assert len(lost.data) == 0
    later = moving_ice(seed=2, name="later")
    desk.open(later)
    assert desk.session.stacks == (later,)
    desk.place()
    assert desk.layer("chip").name == "track 1 · chip"

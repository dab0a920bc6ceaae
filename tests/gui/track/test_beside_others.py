"""The stack beside layers of others: its dates are those of its own axis, and the slider is the user's."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_icenet.gui.scenes.date_table import DateTable
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

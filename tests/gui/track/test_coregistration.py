"""The Track tab on pictures that are shifted: measured in the background, and taken off the tracks."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from tests.gui.track.test_tab import Desk
from tests.tracking.glacier import moving
from tests.valley import FLOW, PATHS, SHIFTS, valley


@pytest.fixture
def desk(make_napari_viewer, qtbot):
    desk = Desk(make_napari_viewer(show=True), qtbot)
    yield desk
    desk.control.close()


def open_valley(desk):
    stack, rock = valley(SHIFTS[:4], paths=PATHS)
    desk.open(stack)
    desk.control.change(chip=64, scale=1.5)
    desk.place(160, 130)
    return stack, rock


def click(desk, *, until):
    desk.tab.more.expand()
    QTest.mouseClick(desk.tab.coregister, Qt.MouseButton.LeftButton)
    desk.qtbot.waitUntil(until, timeout=60_000)
    desk.settle()


def test_tracks_are_less_the_shifts_and_with_them_again(desk):
    stack, _ = open_valley(desk)
    assert np.abs(desk.track.dcol[1] - FLOW[1]) > 4
    click(desk, until=lambda: desk.session.job is None and stack.shifts is not None)
    desk.qtbot.waitUntil(lambda: desk.track.shifts is stack.shifts, timeout=60_000)
    np.testing.assert_allclose(desk.track.dcol[1:], FLOW[1], atol=0.15)
    assert desk.tab.coregister.isChecked()
    assert "path/row 012/115: +6.1" in desk.tab.message.text()
    click(desk, until=lambda: stack.shifts is None)
    desk.qtbot.waitUntil(lambda: desk.track.shifts is None, timeout=60_000)
    assert np.abs(desk.track.dcol[1] - FLOW[1]) > 4
    assert not desk.tab.coregister.isChecked()


def test_the_mask_of_stable_ground_is_what_stands_still(desk):
    stack, rock = open_valley(desk)
    desk.control.set_stable_mask(rock)
    desk.settle()
    click(desk, until=lambda: desk.session.job is None and stack.shifts is not None)
    assert stack.shifts.source == "mask"


def test_where_nothing_stands_still_that_is_said_and_nothing_changes(desk, monkeypatch):
    said = []
    monkeypatch.setattr(desk.session, "report", lambda error: said.append(str(error)))
    stack = moving([(0, 0), (0.4, 1.5), (0.8, 3)])
    desk.open(stack)
    click(desk, until=lambda: bool(said) and desk.session.job is None)
    assert "give a mask of stable ground" in said[0]
    assert stack.shifts is None
    assert not desk.tab.coregister.isChecked()
    assert desk.tab.coregister.isEnabled()

"""The table of dates keeps what it has read, for as long as its stack is there."""

from __future__ import annotations

import gc

import pytest

from napari_icenet.errors import SceneError
from napari_icenet.gui.scenes import date_table
from napari_icenet.gui.scenes.date_table import FILL, DateTable, percent
from tests.gui.conftest import make_stack


@pytest.fixture
def table(session, qtbot):
    table = DateTable(session)
    qtbot.addWidget(table)
    yield table
    table.stop()


def fills(table):
    return [table.item(row, FILL).text() for row in range(table.rowCount())]


def test_what_was_read_of_a_stack_is_there_at_once(table, session, qtbot):
    session.add_stack(make_stack("first"))
    # 4 of 60 rows are fill.
    qtbot.waitUntil(lambda: fills(table) == [percent(4 / 60)] * 4, timeout=60_000)
    first = session.stack
    session.add_stack(make_stack("second"))
    session.show(first)
    assert fills(table) == [percent(4 / 60)] * 4


def test_nothing_is_kept_of_a_stack_that_is_gone(table, qtbot):
    table._fill_in(make_stack())
    qtbot.waitUntil(lambda: "…" not in fills(table), timeout=60_000)
    assert len(table._found) == 1
    table._fill_in(None)
    qtbot.waitUntil(lambda: gc.collect() >= 0 and len(table._found) == 0, timeout=20_000)


def test_a_date_that_cannot_be_read_says_why_and_the_others_are_read(table, qtbot, monkeypatch):
    read = date_table.shares

    def shares(stack, time):
        if time == 1:
            raise SceneError("this file is broken; fetch it again.")
        return read(stack, time)

    monkeypatch.setattr(date_table, "shares", shares)
    table._fill_in(make_stack())
    qtbot.waitUntil(lambda: "…" not in fills(table), timeout=60_000)
    there = percent(4 / 60)
    assert fills(table) == [there, "–", there, there]
    assert table.item(1, FILL).toolTip() == "this file is broken; fetch it again."

"""Repaints lag behind, and always catch up."""

from __future__ import annotations

from napari_icenet.gui.widgets.throttle import Throttle


def test_the_first_request_is_met_at_once_and_the_last_one_always(qtbot):
    calls = []
    pace = Throttle(lambda: calls.append(len(asked)), seconds=0.02, every=3)
    asked = []
    for i in range(5):
        asked.append(i)
        pace.ask()
    assert calls[0] == 1
    assert len(calls) < 5
    qtbot.waitUntil(lambda: calls[-1] == 5)
    assert not pace.waiting


def test_what_was_asked_for_can_be_dropped(qtbot):
    calls = []
    pace = Throttle(lambda: calls.append(1), seconds=0.01, every=10**9)
    pace.ask()
    pace.ask()
    assert pace.waiting
    pace.stop()
    qtbot.wait(40)
    assert calls == [1]

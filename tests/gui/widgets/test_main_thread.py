"""Methods that are called on any thread and run on Qt's."""

from __future__ import annotations

import threading

import pytest
from qtpy.compat import isalive
from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QApplication, QLabel

from napari_icenet.gui.widgets.main_thread import on_main_thread


class Told(QLabel):
    def __init__(self):
        super().__init__()
        self.heard = []

    @on_main_thread
    def hear(self, word, *, loud=False):
        self.setText(word)
        self.heard.append((word, loud, threading.current_thread() is threading.main_thread()))


@pytest.fixture
def told(qtbot):
    label = Told()
    yield label
    label.deleteLater()


def on_a_thread(work):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def test_calls_of_another_thread_run_on_this_one_in_their_order(told, qtbot):
    on_a_thread(lambda: [told.hear(str(k), loud=k == 1) for k in range(3)])
    assert told.heard == []
    qtbot.waitUntil(lambda: len(told.heard) == 3)
    assert told.heard == [("0", False, True), ("1", True, True), ("2", False, True)]


def test_a_call_of_this_thread_runs_at_once(told):
    told.hear("now")
    assert told.heard == [("now", False, True)]


def test_a_call_that_arrives_after_the_widget_is_gone_does_nothing(qtbot):
    label = Told()
    on_a_thread(lambda: label.hear("late"))
    label.deleteLater()
    QApplication.sendPostedEvents(label, QEvent.Type.DeferredDelete.value)
    assert not isalive(label)
    on_a_thread(lambda: label.hear("later"))
    heard = label.heard
    qtbot.wait(20)
    assert heard == []

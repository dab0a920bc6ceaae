"""What is done when a tab is gone."""

from __future__ import annotations

import gc
import weakref

from napari.utils.events import EventEmitter
from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QApplication

from napari_icenet.gui.widgets.tab import Tab


def gone(widget):
    widget.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


class Viewer:
    """Something that a widget listens to, and that refers to the widget."""


def test_what_a_widget_listens_to_is_whole_until_it_is_deleted(qapp):
    told, viewer, widget = [], Viewer(), Tab()
    viewer.widget, viewer.scene, widget.viewer = widget, "whole", viewer
    kept = weakref.ref(viewer)
    widget.closing(lambda viewer=viewer: told.append(viewer.scene))
    widget.deleteLater()
    del viewer, widget
    gc.collect()
    assert kept() is not None
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert told == ["whole"]
    gc.collect()
    assert kept() is None


def test_all_parts_end_in_their_order_though_one_fails(qtbot):
    told, widget = [], Tab()

    def fail():
        told.append("fails")
        raise ValueError("no")

    widget.closing(lambda: told.append("first"))
    widget.closing(lambda: told.append("second"), fail, lambda: told.append("third"))
    with qtbot.captureExceptions() as failures:
        gone(widget)
    assert told == ["second", "fails", "third", "first"]
    assert [str(value) for _kind, value, _trace in failures] == ["no"]


def test_it_listens_until_it_is_gone(qapp):
    told, widget, emitter = [], Tab(), EventEmitter(type_name="moved")
    widget.listen(emitter, told.append)
    emitter(value=1)
    assert len(told) == 1
    gone(widget)
    emitter(value=2)
    assert len(told) == 1

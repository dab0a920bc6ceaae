"""What is done when a widget is gone."""

from __future__ import annotations

import gc
import weakref

from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QApplication, QWidget

from napari_icenet.gui.widgets.cleanup import when_destroyed


class Viewer:
    """Something that a widget listens to, and that refers to the widget."""


def test_what_a_widget_listens_to_is_whole_until_it_is_deleted(qapp):
    told, viewer, widget = [], Viewer(), QWidget()
    viewer.widget, viewer.scene, widget.viewer = widget, "whole", viewer
    kept = weakref.ref(viewer)
    when_destroyed(widget, lambda viewer=viewer: told.append(viewer.scene))
    widget.deleteLater()
    del viewer, widget
    gc.collect()
    assert kept() is not None
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert told == ["whole"]
    gc.collect()
    assert kept() is None

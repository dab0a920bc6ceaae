"""Scenes dropped on the picture open at once, without napari's question which reader to take."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QDropEvent
from qtpy.QtWidgets import QWidget

from napari_icenet.scenes.detect import SESSION_SUFFIX, looks_like_scenes

Open = Callable[[Path], object]


class DropTarget(QObject):
    """Takes what looks like scenes from a widget's drops, and leaves the rest to the widget.

    Parameters
    ----------
    widget : QWidget
    open_scenes, open_session : callable
        Called with the path of scenes, or of a saved session.
    parent : QObject
        With it the watch ends.
    """

    def __init__(self, widget: QWidget, open_scenes: Open, open_session: Open, parent: QObject) -> None:
        super().__init__(parent)
        self._open_scenes, self._open_session = open_scenes, open_session
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 (Qt's name)
        """Open a single dropped folder or file of scenes; with Alt napari asks, as always."""
        if not isinstance(event, QDropEvent) or event.type() != QEvent.Type.Drop:
            return False
        mime = event.mimeData()
        urls = [] if mime is None else mime.urls()
        if len(urls) != 1 or not urls[0].isLocalFile() or event.modifiers() & Qt.KeyboardModifier.AltModifier:
            return False
        path = Path(urls[0].toLocalFile())
        if not looks_like_scenes(path):
            return False
        event.acceptProposedAction()
        # The program that the folder comes from waits for this to return.
        (self._open_session if path.suffix == SESSION_SUFFIX else self._open_scenes)(path)
        return True


def take_drops(window: QWidget, open_scenes: Open, open_session: Open, parent: QObject) -> None:
    """Watch the picture of a napari window for dropped scenes, as long as ``parent`` lives."""
    for widget in window.findChildren(QWidget):
        if type(widget).__name__ == "QtViewer":
            DropTarget(widget, open_scenes, open_session, parent)

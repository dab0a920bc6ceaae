"""Scenes dropped on the picture open at once, without napari's question which reader to take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QDropEvent
from qtpy.QtWidgets import QWidget

from napari_icenet.gui.app.reader import SESSION, looks_like_scenes

if TYPE_CHECKING:
    from napari_icenet.gui.session.session import Session


class DropTarget(QObject):
    """Takes what looks like scenes from a widget's drops, and leaves the rest to the widget.

    Parameters
    ----------
    widget : QWidget
    session : Session
    """

    def __init__(self, widget: QWidget, session: Session) -> None:
        super().__init__(widget)
        self._session = session
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 (Qt's name)
        """Open a single dropped folder or file of scenes; with Alt napari asks, as always."""
        from napari_icenet.gui.app.dock import show_dock

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
        dock = show_dock(self._session.viewer) if path.suffix == SESSION else None
        if dock is None:
            self._session.open(path)
        else:
            dock.open_session(path)
        return True


def take_drops(window: QWidget, session: Session) -> None:
    """Watch the picture of a napari window for dropped scenes."""
    for widget in window.findChildren(QWidget):
        if type(widget).__name__ == "QtViewer":
            DropTarget(widget, session)

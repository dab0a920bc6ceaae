"""Any (time, y, x) image layer of napari as a stack, its dates typed or pasted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_icenet.errors import IceNetError, StackError
from napari_icenet.gui.scenes.facts import count
from napari_icenet.gui.session.placement import Placement
from napari_icenet.gui.session.session import Session
from napari_icenet.gui.widgets.theme import make_primary, quiet
from napari_icenet.scenes.dates import parse_dates
from napari_icenet.scenes.stack import SceneStack


def usable_layers(session: Session) -> list[Any]:
    """Image layers that can be a stack: (time, y, x), in one colour, and not of a stack already."""
    mine = {layer for layers in session.all_layers for layer in layers.layers.values()}
    return [
        layer
        for layer in session.viewer.layers
        if layer not in mine and layer._type_string == "image" and layer.ndim == 3 and not layer.rgb
    ]


def stack_from_layer(layer: Any, times: list[datetime]) -> SceneStack:
    """A stack over an image layer's pictures; nothing is copied.

    Lengths are counted in pixels: where on the Earth a layer lies, napari does not know.

    Raises
    ------
    StackError
        The layer has other axes, or another number of pictures than there are dates.
    """
    data = layer.data[0] if layer.multiscale else layer.data
    if len(times) != data.shape[0]:
        raise StackError(
            f"{layer.name} has {count(data.shape[0], 'picture')} and here {'is' if len(times) == 1 else 'are'} "
            f"{count(len(times), 'date')}; give one date for each picture."
        )
    if not isinstance(data, np.ndarray) and not hasattr(data, "dask"):
        import dask.array as da

        # Other arrays, of zarr among them, cannot all be sliced as numpy's are.
        data = da.asarray(data)  # type: ignore[no-untyped-call]
    return SceneStack.from_array(data, times, name=layer.name)


class DatesDialog(QDialog):
    """Choose a layer, give its dates; what is wrong is said in the dialog.

    Parameters
    ----------
    session : Session
    parent : QWidget, optional
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.setWindowTitle("Use layer as stack")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(420)
        self.layer = QComboBox(self)
        for layer in usable_layers(session):
            self.layer.addItem(f"{layer.name}: {count(layer.data.shape[0], 'picture')}", layer)
        self.dates = QPlainTextEdit(self)
        self.dates.setPlaceholderText("2020-01-31, 2020-02-16, 2020-03-03 …")
        self.problem = QLabel(self)
        self.problem.setWordWrap(True)
        self.problem.hide()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self.use = make_primary(QPushButton("Use as stack", self))
        buttons.addButton(self.use, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(QLabel("Layer with axes (time, y, x)", self))
        layout.addWidget(self.layer)
        layout.addWidget(QLabel("Date of each picture, in the layer's order", self))
        layout.addWidget(self.dates)
        layout.addWidget(quiet("ISO (2020-01-31, 2020-01-31T14:03) or 20200131; between them commas, blanks or lines."))
        layout.addWidget(self.problem)
        layout.addWidget(buttons)
        if not self.layer.count():
            self.use.setEnabled(False)
            self._complain("No image layer has the axes (time, y, x); open one in napari first.")

    def accept(self) -> None:
        """Make the stack and close, or say what is wrong."""
        layer = self.layer.currentData()
        try:
            stack = stack_from_layer(layer, parse_dates(self.dates.toPlainText()))
            placed = Placement.of_layer(layer)
        except IceNetError as error:
            self._complain(str(error))
            return
        self._session.add_stack(stack, placed=placed)
        layer.visible = False
        super().accept()

    def _complain(self, sentence: str) -> None:
        self.problem.setText(sentence)
        self.problem.show()

"""Buttons for the overlays of a comparison, one for each kind of layer; they follow the layers."""

from __future__ import annotations

from collections.abc import Iterable

from qtpy.QtWidgets import QGridLayout, QToolButton, QWidget

from napari_icenet.gui.compare.layers import FIRST_SHOWN, KINDS, CompareLayers
from napari_icenet.gui.widgets.preferences import Remembered
from napari_icenet.gui.widgets.theme import toggle

#: Buttons in a row.
_ABREAST = 4


class OverlayButtons(QWidget):
    """Shows and hides kinds of layers, and remembers which.

    Parameters
    ----------
    layers : CompareLayers
    memory : Remembered
    parent : QWidget, optional

    Attributes
    ----------
    buttons : dict of str to QToolButton
        By kind.
    """

    def __init__(self, layers: CompareLayers, memory: Remembered, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layers, self._memory = layers, memory
        self.buttons: dict[str, QToolButton] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(3)
        chosen = memory.get("layers", ",".join(FIRST_SHOWN)).split(",")
        for kind, (word, tip) in KINDS.items():
            button = self.buttons[kind] = toggle(word, f"{tip} It is a layer on the picture.", self)
            button.setChecked(kind in chosen)
            button.toggled.connect(lambda on, kind=kind: self._on_toggled(kind, on))
            self.append(button)

    @property
    def chosen(self) -> tuple[str, ...]:
        """The kinds that are to lie on the picture."""
        return tuple(kind for kind, button in self.buttons.items() if button.isChecked())

    def append(self, button: QToolButton) -> None:
        """Put a button behind the others."""
        count = self._grid.count()
        self._grid.addWidget(button, count // _ABREAST, count % _ABREAST)

    def choose(self, kinds: Iterable[str]) -> None:
        """Lay these kinds on the picture, and no others."""
        wanted = set(kinds)
        for kind, button in self.buttons.items():
            button.setChecked(kind in wanted)

    def lay_on(self) -> None:
        """Lay what is chosen on the picture."""
        # Read before the first is shown: the buttons follow the layers.
        chosen = self.chosen
        for kind in KINDS:
            self._layers.set_shown(kind, kind in chosen)

    def take_off(self) -> None:
        """Take all off the picture; what is chosen stays so."""
        chosen = self.chosen
        for kind in KINDS:
            self._layers.set_shown(kind, False)
        for kind in chosen:
            self._check(kind, True)

    def follow(self) -> None:
        """Choose what lies on the picture: layers are also hidden, shown and removed in their list."""
        for kind in KINDS:
            self._check(kind, kind in self._layers.shown)

    def _on_toggled(self, kind: str, on: bool) -> None:
        self._memory.set("layers", ",".join(self.chosen))
        self._layers.set_shown(kind, on)

    def _check(self, kind: str, on: bool) -> None:
        button = self.buttons[kind]
        button.blockSignals(True)
        button.setChecked(on)
        button.blockSignals(False)

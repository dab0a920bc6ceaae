"""Legend of a map's colours that are no correlation: states of cells, and the best predictor."""

from __future__ import annotations

import numpy as np
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from napari_icenet.evaluation.correlation_map.maps import CellState, CorrelationMaps
from napari_icenet.gui.correlation_map.layer_kinds import BEST, FIRST_PREDICTOR, STATE_COLOURS, STATE_TIPS, STATE_WORDS
from napari_icenet.gui.correlation_map.picture import best_codes, state_codes
from napari_icenet.gui.widgets.theme import quiet


class MapLegend(QWidget):
    """Shares of the cells that are not scored, by why; of the best-predictor map, of each predictor's too."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = quiet(parent=self)
        self._text.setToolTip("\n".join(STATE_TIPS.values()))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._text)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)

    @property
    def text(self) -> str:
        """The legend, as rich text."""
        return str(self._text.text())

    def show_maps(self, maps: CorrelationMaps | None, kind: str, target: int) -> None:
        """List what there is to see beside numbers."""
        self._text.setText("" if maps is None else legend_text(maps, kind, target))
        self.setVisible(bool(self._text.text()))


def legend_text(maps: CorrelationMaps, kind: str, target: int) -> str:
    """Colours and shares of the cells that were asked for, as rich text: ``■ lost 4 %``."""
    asked = int((maps.state_of(target) != CellState.OUTSIDE).sum())
    if not asked:
        return ""
    codes = best_codes(maps, target) if kind == BEST else state_codes(maps, kind, target)
    counts = np.bincount(codes.ravel(), minlength=FIRST_PREDICTOR + len(maps.predictor_set.entries))
    parts = []
    if kind == BEST:
        for k, entry in enumerate(maps.predictor_set.entries):
            parts.append(_part(entry.colour, entry.title, counts[FIRST_PREDICTOR + k] / asked))
    for state, colour in STATE_COLOURS.items():
        if counts[state]:
            # What waits is dimmed on the picture: black on a dark dock would not be seen.
            shade = "" if state == CellState.WAITING else colour[:7]
            parts.append(_part(shade, STATE_WORDS[state], counts[state] / asked))
    return " &nbsp;".join(parts)


def _part(colour: str, words: str, share: float) -> str:
    text = f"{100 * share:.0f} %" if share >= 0.01 or share == 0 else "&lt; 1 %"
    label = f" {words} {text}".replace(" ", "&nbsp;").replace("-", "\N{NON-BREAKING HYPHEN}")
    return f"<span style='color:{QColor(colour).name()}'>■</span>{label}" if colour else f"□{label}"

"""The paper's Table 1 of a correlation map, a row for each predictor, filled in while it grows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QWidget

from napari_icenet.common.text import decimal_text, grouped, interval_text, mean_text, percent_text
from napari_icenet.gui.widgets.number_table import ROW_PX, NumberTable, swatch
from napari_icenet.predictors.predictor_set import PredictorSet

HEADINGS = (
    ("predictor", "Whose template is compared with the chip that came. Click a row to see its map."),
    (
        "mean NCC",
        "Mean correlation at zero shift over all chips that count, ± half of its 95 % interval, from a bootstrap over "
        "blocks of neighbouring ice.",
    ),
    ("< 0.3", "Share of the chips with a correlation below 0.3, which the paper calls poor."),
    ("> 0.7", "Share of the chips with a correlation above 0.7, which the paper calls good."),
    ("ratio", "Median peak ratio: height of the peak over that of its best rival. Near 1 is ambiguous."),
    ("error px", "Median displacement error, in pixels: how far tracking with this template misses the chip."),
    ("n", "Chips that count; the same for all predictors."),
)
_WIDTHS = {1: 70, 2: 35, 3: 35, 4: 30, 5: 45, 6: 41}
#: Rows that are seen without scrolling, however small the screen.
ROWS = 3


class MapTable(NumberTable):
    """Mean correlation, shares, peak ratio and displacement error of each predictor."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(list(HEADINGS), parent)
        self._fix_widths(_WIDTHS)
        self.setAccessibleName("Correlation of each predictor")
        self.keys: tuple[str, ...] = ()

    def show_rows(self, predictor_set: PredictorSet, rows: Mapping[str, Mapping[str, Any]], chosen: str) -> None:
        """Fill the table.

        Parameters
        ----------
        predictor_set : PredictorSet
        rows : mapping
            By key of the predictor, as :func:`napari_icenet.evaluation.scoring.table.target_table` makes them.
        chosen : str
            Key of the predictor whose map is shown.
        """
        self.keys = predictor_set.keys
        self._set_rows(len(self.keys))
        for row, entry in enumerate(predictor_set.entries):
            values = rows.get(entry.key, {})
            first = self._set(row, 0, entry.title, tip=_difference(values) or entry.title)
            if first.data(Qt.ItemDataRole.UserRole) != entry.colour:
                first.setData(Qt.ItemDataRole.UserRole, entry.colour)
                first.setIcon(swatch(entry.colour))
            ends = values.get("interval")
            self._set(row, 1, mean_text(values.get("mean"), ends), tip=f"95 %: {interval_text(ends)}" if ends else "")
            self._set(row, 2, percent_text(values.get("low")))
            self._set(row, 3, percent_text(values.get("high")))
            self._set(row, 4, decimal_text(values.get("peak_ratio"), 1))
            self._set(row, 5, decimal_text(values.get("error_px"), 2))
            self._set(row, 6, grouped(values["n"]) if values.get("n") else "")
        self.mark(self.keys.index(chosen) if chosen in self.keys else -1)
        self.setMinimumHeight(ROW_PX * (min(len(self.keys), ROWS) + 1) + 6)
        self.setMaximumHeight(ROW_PX * (len(self.keys) + 1) + 6)


def _difference(values: Mapping[str, Any]) -> str:
    if values.get("difference") is None:
        return ""
    words = f"{decimal_text(values['difference'], signed=True)} against persistence on the same chips"
    ends = values.get("difference_interval")
    return f"{words}, 95 %: {interval_text(ends)}." if ends else f"{words}."

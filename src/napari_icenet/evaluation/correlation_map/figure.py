"""Correlation maps as a figure like the paper's Figure 4."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common import palette
from napari_icenet.evaluation.correlation_map.maps import CellState, CorrelationMaps
from napari_icenet.evaluation.correlation_map.words import STATE_WORDS, dates_words
from napari_icenet.evaluation.report.correlation_figure import Layout, Row, draw_maps
from napari_icenet.evaluation.report.markdown import number
from napari_icenet.evaluation.settings import TARGETS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CELL_COLOURS = {CellState[name]: colour for name, colour in palette.CELL.items()}


def maps_figure(maps: CorrelationMaps) -> Figure:
    """Rows for t2 and t1, a column for each predictor, one scale of colours; cells without a number say why."""
    settings, ground = maps.settings, maps.ground
    shown = [k for k in (1, 0) if any(np.isfinite(values[k]).any() for values in maps.values.values())] or [1]
    table = maps.table()
    rows = [
        Row(
            TARGETS[k],
            [maps.values[key][k] for key in maps.keys],
            [f"mean {number(table[TARGETS[k]][key]['mean'])}" for key in maps.keys],
            [_marked(maps.states[key][k]) for key in maps.keys],
        )
        for k in shown
    ]
    here = {state for row in rows for marked in row.marked for state in marked}
    layout = Layout(
        maps.predictor_set.titles, maps.cells, int(maps.rows[0]), int(maps.cols[0]), settings.stride,
        {words: CELL_COLOURS[state] for state, words in STATE_WORDS.items() if words in here},
        label="NCC" if len(maps.windows) == 1 else "mean NCC",
    )  # fmt: skip
    part = "" if maps.done >= 1 else f"; {100 * maps.done:.0f} % done"
    words = (
        f"Correlation of predictions with what came — {ground.name}",
        f"band {ground.band}, {dates_words(maps)}, tracking {settings.tracking}, at zero shift; "
        f"a cell is {settings.stride} px, its chip {settings.chip} px{part}",
    )
    return draw_maps(rows, layout, ground, words)


def _marked(states: NDArray[np.uint8]) -> dict[str, NDArray[np.bool_]]:
    return {STATE_WORDS[state]: states == state for state in CELL_COLOURS if (states == state).any()}

"""Correlation maps in words: a cell, the work ahead, numbers of the table."""

from __future__ import annotations

import numpy as np

from napari_icenet.common.text import hundredths
from napari_icenet.errors import IceNetError
from napari_icenet.evaluation.correlation_map.maps import CellState, CorrelationMaps
from napari_icenet.gui.correlation_map.layer_kinds import BEST, STATE_TIPS, STATE_WORDS
from napari_icenet.gui.session.readout import SEPARATOR


def sentence_at(maps: CorrelationMaps, row: float, col: float, target: int) -> str:
    """Sentence on a pixel position of the maps' stack; empty outside.

    For instance ``NCC at t2: Persistence .12, IceNet .61``, or why there is none.
    """
    at = maps.cell_at(row, col)
    if at is None:
        return ""
    states = [CellState(int(maps.state_of(target, key)[at])) for key in maps.keys]
    if set(states) == {CellState.OUTSIDE}:
        return ""
    if len(set(states)) == 1 and states[0] != CellState.SCORED:
        return f"NCC at t{target}: {why(states[0])}"
    values = [float(maps.values[key][target - 1][at]) for key in maps.keys]
    said = [hundredths(v) if np.isfinite(v) else STATE_WORDS[s] for v, s in zip(values, states, strict=True)]
    return f"NCC at t{target}: " + ", ".join(
        " ".join(pair) for pair in zip(maps.predictor_set.titles, said, strict=True)
    )


def why(state: CellState) -> str:
    """Reason why a cell has no number, in a few words."""
    tip = STATE_TIPS.get(state, "")
    return tip[:1].lower() + tip[1:].rstrip(".")


def place_text(maps: CorrelationMaps, row: float, col: float, target: int) -> str:
    """The same for the page, with the place of the cell's chip."""
    at, said = maps.cell_at(row, col), sentence_at(maps, row, col, target)
    if at is None or not said:
        return ""
    return f"row {maps.rows[at[0]]:.0f} col {maps.cols[at[1]]:.0f}{SEPARATOR}{said}"


def title(maps: CorrelationMaps, kind: str, target: int, *, side_by_side: bool) -> str:
    """Title over the picture: ``NCC of IceNet at t2``."""
    if side_by_side:
        return f"NCC at t{target}"
    if kind == BEST:
        return f"best predictor at t{target}"
    return f"NCC of {dict(zip(maps.keys, maps.predictor_set.titles, strict=True))[kind]} at t{target}"


def failure_text(error: Exception) -> str:
    """Sentence on what went wrong while mapping."""
    if isinstance(error, IceNetError):
        return str(error)
    if isinstance(error, MemoryError):
        return "there is not enough memory for this map; take a larger stride, or a smaller area."
    return f"the map stopped ({type(error).__name__}: {error}); what was done is kept, start it again to go on."

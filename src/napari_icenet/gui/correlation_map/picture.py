"""Pictures of correlation maps: placement of cells, their states, the best predictor."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_icenet.evaluation.correlation_map import words as map_words
from napari_icenet.evaluation.correlation_map.maps import CellState, CorrelationMaps
from napari_icenet.gui.correlation_map.layer_kinds import FIRST_PREDICTOR
from napari_icenet.gui.session.placement import Placement


def placement_of(maps: CorrelationMaps, place: Placement) -> dict[str, Any]:
    """``scale``, ``translate``, ``units``, ``axis_labels`` of a layer with a pixel for each cell.

    Parameters
    ----------
    maps : CorrelationMaps
    place : Placement
        Where the stack's pixels lie.
    """
    stride = maps.settings.stride
    # The centre of an even chip is the corner that its position's pixel shares with the one before.
    return place.part(float(maps.rows[0]) - 0.5, float(maps.cols[0]) - 0.5, (stride, stride)).layer_choices(2)


def state_codes(maps: CorrelationMaps, key: str, target: int) -> NDArray[np.uint8]:
    """States of cells without a number in one predictor's map: :class:`CellState`, 0 where they need none.

    Parameters
    ----------
    maps : CorrelationMaps
    key : str
        Of the predictor; any other: what holds for all of them.
    target : {1, 2}
    """
    if key in maps.states:
        states = maps.state_of(target, key)
    else:
        waiting = np.any([maps.state_of(target, one) == CellState.WAITING for one in maps.keys], axis=0)
        states = np.where(waiting, CellState.WAITING, maps.state_of(target))
    shown = (states != CellState.SCORED) & (states != CellState.OUTSIDE)
    return np.where(shown, states, 0).astype(np.uint8)


def best_codes(maps: CorrelationMaps, target: int) -> NDArray[np.uint8]:
    """The best predictor of each cell, from :data:`FIRST_PREDICTOR` on; elsewhere why there is none."""
    best = maps.best(target)
    return np.where(best >= 0, best + FIRST_PREDICTOR, state_codes(maps, "", target)).astype(np.uint8)


def layer_record(maps: CorrelationMaps, kind: str, target: int) -> dict[str, Any]:
    """Record of a layer, enough to make it again."""
    return {"shows": kind, "target": f"t{target}", **map_words.record(maps)}

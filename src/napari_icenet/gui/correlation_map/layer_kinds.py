"""The kinds of layers on which correlation maps are drawn, and how each is made."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Image, Layer
from napari.utils import Colormap

from napari_icenet.common import palette
from napari_icenet.evaluation.correlation_map.maps import CellState
from napari_icenet.predictors.predictor_set import PredictorSet

#: Kinds beside the maps of single predictors, whose kinds are their keys.
CELLS, BEST = "cells", "best predictor"
#: Codes of predictors start here; below are those of the states of cells.
FIRST_PREDICTOR = len(CellState)
#: States as they are drawn, with their opacity; what is scored or not asked for is clear. What waits is dimmed.
_OPACITY = {CellState.WAITING: "60", CellState.LOST: "F2", CellState.NO_TEMPLATE: "D9"}
STATE_COLOURS = {state: palette.CELL[state.name] + opacity for state, opacity in _OPACITY.items()}
STATE_WORDS: dict[CellState, str] = {
    CellState.OUTSIDE: "outside the area",
    CellState.WAITING: "not yet",
    CellState.LOST: "lost",
    CellState.NO_TEMPLATE: "no template",
    CellState.SCORED: "scored",
}
STATE_TIPS: dict[CellState, str] = {
    CellState.WAITING: "Not yet: these cells are still to be computed, or the map was cancelled before.",
    CellState.LOST: "Lost: the ice was not tracked through to the date, or too little of it is seen to judge.",
    CellState.NO_TEMPLATE: "No template: the predictor had too little to go by.",
}


def layer_name(kind: str, predictor_set: PredictorSet) -> str:
    """Name of a layer in the list of layers."""
    titles = dict(zip(predictor_set.keys, predictor_set.titles, strict=True))
    return f"map · {titles.get(kind, kind)}"


def kinds(predictor_set: PredictorSet) -> tuple[str, ...]:
    """The layers of a predictor set, from bottom to top."""
    return (CELLS, *predictor_set.keys, BEST)


def make(kind: str, predictor_set: PredictorSet) -> Layer:
    """Make the layer of a kind, empty and hidden."""
    if kind in (CELLS, BEST):
        return _categories(predictor_set if kind == BEST else PredictorSet(entries=()))
    return _correlation()


def code_colours(predictor_set: PredictorSet) -> Colormap:
    """Colour of each code: of the states of cells, then of the predictors from :data:`FIRST_PREDICTOR` on."""
    shades = [STATE_COLOURS.get(state, "#00000000") for state in CellState]
    shades += [entry.colour for entry in predictor_set.entries]
    edges = np.linspace(0, 1, len(shades) + 1)
    return Colormap(shades, name="best predictor", controls=edges, interpolation="zero")


def code_limits(predictor_set: PredictorSet) -> tuple[float, float]:
    """Contrast limits that give each code the middle of its colour."""
    return -0.5, FIRST_PREDICTOR + len(predictor_set.entries) - 0.5


def _correlation() -> Layer:
    """Correlation from −1 to 1 on a diverging map with 0 in the middle; clear where there is none."""
    layer = _image(np.float32(np.nan), Colormap(list(palette.NCC_STOPS), name="NCC"), (-1.0, 1.0))
    bar = layer.colorbar
    bar.position, bar.size, bar.visible = "bottom_right", (16.0, 150.0), True
    return layer


def _categories(predictor_set: PredictorSet) -> Layer:
    """An image rather than labels: those take seconds to show for the first time."""
    return _image(np.uint8(0), code_colours(predictor_set), code_limits(predictor_set))


def _image(nothing: Any, colormap: Colormap, limits: tuple[float, float]) -> Layer:
    return Image(
        np.full((2, 2), nothing),
        colormap=colormap,
        contrast_limits=limits,
        opacity=0.85,
        blending="translucent_no_depth",
        interpolation2d="nearest",
        visible=False,
    )

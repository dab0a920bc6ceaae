"""The kinds of layers that a comparison is drawn on, and how each is made."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Image, Layer, Vectors
from napari.utils import Colormap

from napari_icenet.common import palette
from napari_icenet.common.software import software
from napari_icenet.evaluation.compare.comparison import Comparison

#: What can be laid on the picture, from bottom to top, with its button's word and what that does.
KINDS = {
    "high-pass": ("High-pass t0", "The last chip less its broad shape, where it was seen: the paper's baseline."),
    "came": ("Came", "The chip that came, where tracking found it."),
    "expected": ("Expected", "The chip that this predictor expects, where the one that came lies."),
    "difference": (
        "Difference",
        "What came less what was expected, in standard deviations: blue is darker, orange lighter.",
    ),
    "spread": ("Spread", "How sure the predictor is: one deviation of its samples or frames, in those of the chip."),
    "surface": ("Surface", "Correlation of this template with every place of the search window: a sharp peak is good."),
    "places": ("Places", "Where each template would place the chip, in its colour; white is where the ice is."),
}
#: Shown when nothing was chosen yet.
FIRST_SHOWN = ("expected", "places")
LINE_PX = 1.8
_NCC = Colormap(list(palette.NCC_STOPS), name="NCC")


def layer_name(kind: str, target: int, title: str) -> str:
    """Name of a layer; ``title`` is that of the predictor, ``target`` 0 for t1."""
    if kind == "high-pass":
        return "compare · high-pass t0"
    of = "" if kind in ("came", "places") or not title else f" · {title}"
    return f"compare · {kind} t{target + 1}{of}"


def make_layer(kind: str, **placement: Any) -> Layer:
    """An empty layer of a kind; ``placement`` is ``scale``, ``translate``, ``units``, ``axis_labels`` of (y, x)."""
    return _vectors(**placement) if kind == "places" else _image(kind, placement)


def record(made: Comparison, key: str, target: int) -> dict[str, Any]:
    """Metadata of a layer, enough to make it again."""
    one = made.of(key)
    entry = next((e for e in made.predictor_set.entries if e.key == key), None) if one is None else one.entry
    return {
        "software": software(),
        "predictor": None if entry is None else entry.model_dump(mode="json"),
        "device": made.predictor_set.device,
        "samples": made.predictor_set.samples,
        "target": f"t{target + 1}",
        "t0": made.time,
        "place": (made.past[-1].row, made.past[-1].col),
        "settings": made.track.settings.model_dump(mode="json"),
    }


def _image(kind: str, placement: dict[str, Any]) -> Layer:
    colormap: Any = {"difference": _NCC, "surface": _NCC, "spread": "magma"}.get(kind, "gray")
    return Image(
        np.full((2, 2), np.nan, np.float32),
        colormap=colormap,
        contrast_limits=(-1.0, 1.0),
        opacity=0.6 if kind == "surface" else 1.0,
        blending="translucent_no_depth",
        interpolation2d="nearest",
        **placement,
    )


def _vectors(**placement: Any) -> Layer:
    return Vectors(
        np.zeros((0, 2, 2)), ndim=2, vector_style="line", opacity=1.0, blending="translucent_no_depth", **placement
    )

"""The kinds of layers on which a velocity map is drawn, and how each is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from napari.layers import Image, Labels, Layer, Vectors
from napari.utils import Colormap, DirectLabelColormap

from napari_icenet.common import palette
from napari_icenet.matching.lost_reason import REASONS, LostReason

#: From bottom to top.
ORDER = ("speed", "ncc", "validity", "arrows")
#: In which order they are made: what is seen comes first.
FIRST = ("speed", "arrows", "ncc", "validity")
#: Units that a map can have.
UNITS = ("m/yr", "px/day")
#: Width of the arrows in screen pixels, whatever the zoom.
ARROW_PX = 3.6
_NAMES = {"ncc": "velocity · NCC", "validity": "velocity · validity", "arrows": "velocity · arrows"}


def layer_name(kind: str, unit: str) -> str:
    """What a layer is called in the list of layers."""
    return _NAMES.get(kind, f"velocity · speed, {unit}")


def reason_colour(reason: LostReason) -> str:
    """The colour that stands for a reason, in the layer and its legend."""
    return palette.REASON.get(reason.name, palette.OTHER_REASON)


def make_speed(**placement: Any) -> Layer:
    """Speed from zero on, perceptually uniform, with its colour bar; clear where there is none."""
    layer = _image(palette.SPEED_COLORMAP, (0.0, 1.0), True, placement)
    layer.opacity = 0.75
    return layer


def make_ncc(**placement: Any) -> Layer:
    """Correlation, −1 to 1 on a diverging map with 0 in the middle."""
    return _image(Colormap(list(palette.NCC_STOPS), name="NCC"), (-1.0, 1.0), False, placement)


def make_validity(**placement: Any) -> Layer:
    """Why cells are not valid, a colour for each reason; clear where they are."""
    named: dict[int | None, str] = {None: "transparent", 0: "transparent"}
    named |= {code: reason_colour(reason) for code, reason in enumerate(REASONS) if reason is not None}
    layer = Labels(
        np.zeros((2, 2), np.uint8),
        colormap=DirectLabelColormap(color_dict=named),
        opacity=0.85,
        blending="translucent_no_depth",
        visible=False,
        **placement,
    )
    layer.editable = False
    return layer


def make_arrows(**placement: Any) -> Layer:
    """Direction and speed, thinned; readable on every colour of the speed."""
    return Vectors(
        np.zeros((0, 2, 2)),
        ndim=2,
        edge_color=palette.ARROW,
        vector_style="arrow",
        opacity=1.0,
        blending="translucent_no_depth",
        **placement,
    )


def _image(colormap: Any, limits: tuple[float, float], visible: bool, placement: dict[str, Any]) -> Layer:
    layer = Image(
        np.full((2, 2), np.nan, np.float32),
        colormap=colormap,
        contrast_limits=limits,
        blending="translucent_no_depth",
        interpolation2d="nearest",
        visible=visible,
        **placement,
    )
    bar = layer.colorbar
    bar.position, bar.size, bar.visible = "bottom_right", (16.0, 150.0), True
    return layer


#: How each layer is made, by what it shows.
MAKERS: dict[str, Callable[..., Layer]] = {
    "speed": make_speed,
    "ncc": make_ncc,
    "validity": make_validity,
    "arrows": make_arrows,
}

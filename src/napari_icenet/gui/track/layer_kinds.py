"""The kinds of layers on which a track is drawn, and how each is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from napari.layers import Image, Layer, Points, Vectors
from napari.utils import Colormap

from napari_icenet.common import palette
from napari_icenet.gui.track.shapes import DASHES_PER_SIDE

#: From bottom to top.
ORDER = ("surface", "other tracks", "path", "chip", "lost", "dates")
#: Line widths in screen pixels, whatever the zoom.
LINE_PX = {"other tracks": 1.5, "path": 1.6, "chip": 2.0}
#: Labels never drawn in greater number; each is drawn four times in dark, shifted by a screen pixel, and then
#: in white: readable on ice and on rock.
LABELS = 6
SHIFTS_PX = np.array([(-1, -1), (-1, 1), (1, -1), (1, 1), (0, 0)], float)
LABEL_POINTS = LABELS * len(SHIFTS_PX)
#: Vectors of the chip's layer: the search window in dashes, the chip, its match.
CHIP_COLOURS = [palette.SEARCH] * (4 * DASHES_PER_SIDE) + [palette.CHIP] * 4 + [palette.MATCH] * 4


def layer_name(kind: str, number: int) -> str:
    """What a layer is called in the list of layers."""
    # The other tracks belong to no single one.
    return kind if kind == "other tracks" else f"track {number} · {kind}"


def make_surface(**placement: Any) -> Layer:
    """Correlation, −1 to 1 on a diverging map with 0 in the middle."""
    return Image(
        np.full((2, 2), np.nan, np.float32),
        colormap=Colormap(list(palette.NCC_STOPS), name="NCC"),
        contrast_limits=(-1.0, 1.0),
        opacity=0.55,
        blending="translucent_no_depth",
        interpolation2d="nearest",
        **placement,
    )


def make_chip(**placement: Any) -> Layer:
    """Search window, chip and match; vectors that are not to be seen have no length."""
    return _vectors(len(CHIP_COLOURS), CHIP_COLOURS, placement)


def make_path(**placement: Any) -> Layer:
    """The way of the selected track."""
    return _vectors(0, palette.MATCH, placement)


def make_others(**placement: Any) -> Layer:
    """Chips and ways of the tracks that are not selected."""
    return _vectors(0, "#FFFFFF", placement)


def make_dates(**placement: Any) -> Layer:
    """Labels, carried by points that are not seen, and after them the points where the chip was found."""
    clear = ["transparent"] * LABEL_POINTS
    layer = Points(
        np.zeros((LABEL_POINTS, 2)),
        size=1,
        canvas_size_limits=(7, 7),
        face_color=clear,
        border_color=clear,
        border_width=0,
        features={"label": np.full(LABEL_POINTS, "", dtype=str)},
        text={
            "string": "{label}",
            "size": 10,
            "anchor": "upper_left",
            "color": ["#101418"] * (LABEL_POINTS - LABELS) + ["#FFFFFF"] * LABELS,
        },
        **placement,
    )
    # What is added later takes these, or what the user chooses.
    layer.current_face_color = layer.current_border_color = palette.MATCH
    return layer


def make_lost(**placement: Any) -> Layer:
    """Where the chip was looked for in vain: hollow, so that nobody takes it for a position."""
    layer = Points(np.zeros((0, 2)), ndim=2, size=1, border_width=0.2, canvas_size_limits=(10, 10), **placement)
    layer.current_face_color, layer.current_border_color = "transparent", palette.LOST
    return layer


def _vectors(count: int, colour: Any, placement: dict[str, Any]) -> Layer:
    return Vectors(
        np.zeros((count, 2, 2)),
        ndim=2,
        edge_color=colour,
        vector_style="line",
        opacity=1.0,
        blending="translucent_no_depth",
        **placement,
    )


#: How each layer is made, by what it shows.
MAKERS: dict[str, Callable[..., Layer]] = {
    "surface": make_surface,
    "other tracks": make_others,
    "path": make_path,
    "chip": make_chip,
    "lost": make_lost,
    "dates": make_dates,
}

"""Draws on the picture which ice is learned from, and which is held out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import numpy as np
from napari.layers import Image, Layer
from napari.utils import Colormap
from numpy.typing import NDArray

from napari_icenet.gui.session.placement import Placement
from napari_icenet.gui.train.setup.planner import UNUSED
from napari_icenet.gui.widgets.layer_data import fill, lay
from napari_icenet.gui.widgets.layer_group import LayerGroup, LayerKind

NAME = "training · splits"
#: Colour of each split, told apart by colour-blind eyes; the gap is dark, and ground that is not used is clear.
COLOURS: Final[dict[str, str]] = {
    "train": "#56B4E9",
    "validation": "#E69F00",
    "test": "#CC79A7",
    "none": "#101010",
}
WORDS: Final[dict[str, str]] = {"train": "training", "validation": "validation", "test": "test", "none": "gap"}
_OPACITY = 0.4


class SplitLayer(LayerGroup):
    """One layer, made once and updated in place.

    Parameters
    ----------
    viewer : napari.Viewer
    below : callable
        Layers of the stack, above which it is drawn.
    """

    def __init__(self, viewer: Any, below: Callable[[], Iterable[Layer]]) -> None:
        super().__init__(viewer, {NAME: LayerKind(_make)}, below)
        self._shown: tuple[NDArray[np.uint8], int, Placement] | None = None

    @property
    def layer(self) -> Any:
        """The layer; None while there is none."""
        return self._layers.get(NAME)

    def show(self, codes: NDArray[np.uint8] | None, step: int, placement: Placement | None) -> None:
        """Draw splits; None hides the layer.

        Parameters
        ----------
        codes : array of uint8, optional
            Every ``step``-th pixel of the frame.
        step : int
        placement : Placement, optional
            Where the frame's pixels lie.
        """
        if codes is None or placement is None:
            self.hide()
            return
        self._shown = codes, step, placement
        self.draw()
        if self.layer is not None:
            self.layer.visible = True

    def hide(self) -> None:
        """Take it out of sight, not away."""
        self._shown = None
        if self.layer is not None:
            self.layer.visible = False

    def _needs(self, kind: str) -> bool:
        return self._shown is not None

    def _fill(self, kind: str, layer: Any) -> None:
        if self._shown is None:
            fill(layer, np.full((2, 2), UNUSED, np.uint8))
            return
        codes, step, placement = self._shown
        lay(layer, _placed(step, placement))
        fill(layer, codes)


def _make() -> Layer:
    # An image rather than labels: those take seconds to show for the first time.
    shades = [*COLOURS.values(), "#00000000"]
    return Image(
        np.full((2, 2), UNUSED, np.uint8),
        colormap=Colormap(shades, name="splits", controls=np.linspace(0, 1, len(shades) + 1), interpolation="zero"),
        contrast_limits=(-0.5, UNUSED + 0.5),
        opacity=_OPACITY,
        blending="translucent_no_depth",
        interpolation2d="nearest",
    )


def _placed(step: int, placement: Placement) -> dict[str, Any]:
    """Placement of the picture of the splits: every so-manieth pixel of the frame's."""
    # The middle of the first coarse pixel lies half a coarse pixel from the frame's edge.
    shift = (step - 1) / 2
    return placement.part(shift, shift, (step, step)).layer_choices(axes=2)

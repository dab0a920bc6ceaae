"""Draws on the picture which ice is learned from, and which is held out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from napari.layers import Image, Layer
from napari.utils import Colormap
from numpy.typing import NDArray

from napari_icenet.gui.session.placement import Placement
from napari_icenet.gui.train.setup.planner import UNUSED
from napari_icenet.gui.widgets.layer_insert import insert_above

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


class SplitLayer:
    """One layer, made once and updated in place; one that the user removed stays away until :meth:`restore`.

    Parameters
    ----------
    viewer : napari.Viewer
    below : callable
        Layers of the stack, above which it is drawn.
    """

    def __init__(self, viewer: Any, below: Callable[[], Sequence[Layer]]) -> None:
        self._viewer, self._below = viewer, below
        self.layer: Any = None
        self.removed = False
        viewer.layers.events.removed.connect(self._note_removed)

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
        if self.removed:
            return
        place = _placed(step, placement)
        if self.layer is None:
            self._make(codes, place)
        else:
            for key, value in place.items():
                if tuple(map(str, getattr(self.layer, key))) != tuple(map(str, value)):
                    setattr(self.layer, key, value)
            if self.layer.data.shape != codes.shape or not np.array_equal(self.layer.data, codes):
                self.layer.data = codes
        self.layer.visible = True

    def hide(self) -> None:
        """Take it out of sight, not away."""
        if self.layer is not None:
            self.layer.visible = False

    def restore(self) -> None:
        """Let a removed layer come again."""
        self.removed = False

    def close(self) -> None:
        """Disconnect from the viewer; the layer stays."""
        self._viewer.layers.events.removed.disconnect(self._note_removed)

    def _make(self, codes: NDArray[np.uint8], place: dict[str, Any]) -> None:
        # An image rather than labels: those take seconds to show for the first time.
        shades = [*COLOURS.values(), "#00000000"]
        colormap = Colormap(
            shades, name="splits", controls=np.linspace(0, 1, len(shades) + 1), interpolation="zero"
        )  # fmt: skip
        self.layer = Image(
            codes, name=NAME, colormap=colormap, contrast_limits=(-0.5, UNUSED + 0.5), opacity=_OPACITY,
            blending="translucent_no_depth", interpolation2d="nearest", **place,
        )  # fmt: skip
        insert_above(self._viewer, self.layer, self._below())

    def _note_removed(self, event: Any) -> None:
        if event.value is self.layer:
            self.layer, self.removed = None, True


def _placed(step: int, placement: Placement) -> dict[str, Any]:
    """Where the picture of the splits lies: every so-manieth pixel of the frame's."""
    (y, x), (height, width) = placement.origin, placement.size
    # The middle of the first coarse pixel lies half a coarse pixel from the frame's edge.
    shift = (step - 1) / 2
    place = Placement((y + shift * height, x + shift * width), (height * step, width * step), placement.unit)
    return place.layer_choices(axes=2)

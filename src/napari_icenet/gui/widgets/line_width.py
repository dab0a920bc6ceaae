"""Widths of lines in screen pixels, the same at every zoom."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from napari.layers import Layer, Shapes

#: Widths that differ by less than this share are left: to set them is costly, most of all on shapes.
NEAR, NEAR_SHAPES = 0.04, 0.1


class LineWidths:
    """Keeps lines as wide as they are on the screen; a width that the user chose stays.

    Parameters
    ----------
    viewer : napari.Viewer
    """

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._given: WeakKeyDictionary[Layer, float] = WeakKeyDictionary()

    def set(self, layer: Any, screen_px: float) -> None:
        """Give the lines of a layer of vectors or shapes a width on the screen, at the zoom there is."""
        before, now = self._given.get(layer), np.atleast_1d(layer.edge_width)
        if before is not None and len(now) and not np.allclose(now, before):
            return  # the user chose a width of their own
        width = screen_px / float(self._viewer.scene.camera.zoom) / float(abs(layer.scale[-1]))
        shapes = isinstance(layer, Shapes)
        if before is not None and abs(width / before - 1) < (NEAR_SHAPES if shapes else NEAR):
            return
        self._given[layer] = width
        if not shapes:
            layer.edge_width = width
            return
        if len(now):
            layer.edge_width = [width] * len(now)
        # With the event it would be set on the selected shapes once more.
        with layer.block_update_properties():
            layer.current_edge_width = width

    def forget(self, layer: Layer) -> None:
        """Set the width of a layer anew, whatever it is now: its lines are others, or on another grid."""
        self._given.pop(layer, None)

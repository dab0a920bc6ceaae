"""Data and place of a layer, set without more work for the viewer than they need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from napari.layers import Layer
from numpy.typing import NDArray


def lay(layer: Layer, placement: Mapping[str, Any]) -> None:
    """Set ``scale``, ``translate``, ``units``, ``axis_labels`` of a layer where they are others: each draws anew.

    And ``affine``: none given is upright.
    """
    for key, value in placement.items():
        if key != "affine" and tuple(map(str, getattr(layer, key))) != tuple(map(str, value)):
            setattr(layer, key, value)
    if placement:
        affine = np.asarray(placement.get("affine", np.eye(layer.ndim + 1)), float)
        if not np.array_equal(layer.affine.affine_matrix, affine):
            layer.affine = affine


def fill(layer: Any, data: NDArray[Any], *, thumbnail: bool = True) -> None:
    """Set the data of a layer, in place where they fit: other data make the viewer work out its axes anew."""
    if layer.data.shape != data.shape or layer.data.dtype != data.dtype:
        layer.data = np.array(data)
    elif not np.array_equal(layer.data, data, equal_nan=data.dtype.kind == "f"):
        layer.data[...] = data
        layer.refresh(extent=False, thumbnail=thumbnail, highlight=False)

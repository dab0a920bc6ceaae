"""Insert a layer without changing the selection."""

from __future__ import annotations

from typing import Any

from napari.layers import Layer


def insert_layer(viewer: Any, layer: Layer, index: int | None = None) -> None:
    """Insert a layer, by default on top. It does not take the selection: the user's tools stay on the picture."""
    layers = viewer.layers
    selected = set(layers.selection)
    layers.insert(len(layers) if index is None else index, layer)
    if selected:
        layers.selection = selected

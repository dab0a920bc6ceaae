"""Insert a layer above or below others without changing the selection."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from napari.layers import Layer


def insert_layer(viewer: Any, layer: Layer, index: int | None = None) -> None:
    """Insert a layer, by default on top. It does not take the selection: the user's tools stay on the picture."""
    layers = viewer.layers
    selected = set(layers.selection)
    layers.insert(len(layers) if index is None else index, layer)
    if selected:
        layers.selection = selected


def insert_above(viewer: Any, layer: Layer, others: Iterable[Layer]) -> None:
    """Insert a layer right above the topmost of others; on top where none of them is in the list."""
    layers = viewer.layers
    insert_layer(viewer, layer, 1 + max((layers.index(o) for o in others if o in layers), default=len(layers) - 1))


def insert_below(viewer: Any, layer: Layer, others: Iterable[Layer]) -> None:
    """Insert a layer right below the lowest of others; on top where none of them is in the list."""
    layers = viewer.layers
    insert_layer(viewer, layer, min((layers.index(o) for o in others if o in layers), default=len(layers)))

"""Pictures in: products, dated folders, one map grid, masks, simulation."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_icenet.scenes.grid import Grid, Window
    from napari_icenet.scenes.open import open_stack
    from napari_icenet.scenes.scene import Flag, Notice, Scene
    from napari_icenet.scenes.stack import SceneStack

_HOMES = {
    "Flag": "scene",
    "Grid": "grid",
    "Notice": "scene",
    "Scene": "scene",
    "SceneStack": "stack",
    "Window": "grid",
    "open_stack": "opening",
}

__all__ = ["Flag", "Grid", "Notice", "Scene", "SceneStack", "Window", "open_stack"]


def __getattr__(name: str) -> Any:
    # rasterio and numpy load only when something of this room is used: `icenet --help` stays quick.
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""What napari and vispy do again and again with each layer, done once."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np


@cache
def keep_mesh_shaders() -> None:
    """Let a mesh that gets new vertices keep its shader, once per process.

    vispy makes a new, identical colour function with each new set of vertices, and so compiles and
    links the program again: several milliseconds of each frame in which an outline is dragged.
    Functions of a mesh that is coloured by values, not by colours, are left as they are.
    """
    from vispy.visuals import MeshVisual
    from vispy.visuals.shaders import Function

    build = MeshVisual._build_color_transform
    kept = "_icenet_color_transform"

    def build_once(self: Any, colors: Any) -> Any:
        if np.ndim(colors) == 2 and np.shape(colors)[1] == 1:
            self.__dict__.pop(kept, None)
            return build(self, colors)
        function = self.__dict__.get(kept)
        if function is None:
            function = self.__dict__[kept] = build(self, colors)
            assert isinstance(function, Function)
        return function

    MeshVisual._build_color_transform = build_once


@cache
def tell_units_once() -> None:
    """Let napari say once, not with each layer that comes or goes, that layers beside a map count in other units.

    Lengths are then shown without a unit, no more: a layer without units beside a stack in metres is no mistake.
    """
    from napari._vispy import canvas

    tell = canvas.show_warning
    told = set[str]()

    def tell_once(message: str) -> None:
        if message.startswith("Inconsistent units"):
            if message in told:
                return
            told.add(message)
        tell(message)

    canvas.show_warning = tell_once

"""Where a viewer's sliders and sides stand to a stack's axes: napari aligns the last axes of all layers."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Layer

from napari_icenet.gui.session.placement import AXES

#: A layer takes this part of the picture, as by napari's own fit.
_FILLED = 0.95


def date_axis(viewer: Any) -> int | None:
    """The viewer's axis on which dates of a stack lie; None while no layer has one."""
    axis = int(viewer.dims.ndim) - len(AXES)
    return axis if axis >= 0 else None


def frame_at(viewer: Any) -> int | None:
    """Frame of a stack at which the slider stands, perhaps beyond its dates; None without such an axis."""
    axis = date_axis(viewer)
    # As napari itself rounds: the step of the slider is that of the finest layer, not of the stack.
    return None if axis is None else int(np.round(viewer.dims.point[axis]))


def go_to_frame(viewer: Any, frame: int) -> None:
    """Move the slider to a frame of a stack."""
    axis = date_axis(viewer)
    if axis is not None:
        viewer.dims.set_point(axis, float(frame))


def shows_one_picture(viewer: Any) -> bool:
    """True if rows and columns are the two sides of what is seen, in either order: not in 3-D, not with rolled axes."""
    dims = viewer.dims
    return bool(dims.ndisplay == 2) and set(dims.displayed) == {dims.ndim - 2, dims.ndim - 1}


def seen_sides(viewer: Any, y: float, x: float) -> tuple[float, float]:
    """World (y, x) in the order of the sides that are seen, down and right; and the other way round."""
    upright = tuple(viewer.dims.displayed[-2:]) == tuple(sorted(viewer.dims.displayed[-2:]))
    return (y, x) if upright else (x, y)


def bring_into_view(viewer: Any, layer: Layer) -> None:
    """Have a layer fill the picture, beside layers of more axes too: there napari's own fit fails."""
    dims = viewer.dims
    sides = [side - (dims.ndim - layer.ndim) for side in dims.displayed]
    if layer.ndim == dims.ndim or dims.ndisplay != 2 or min(sides) < 0:
        viewer.fit_to_view(layers=[layer] if layer.ndim == dims.ndim else None)
        return
    low, high = layer.extent.world[:, sides]
    camera, canvas = viewer.scene.camera, np.asarray(viewer.canvas.viewbox_size(viewer.layers), float)
    camera.center = tuple(float(v) for v in (low + high) / 2)
    camera.zoom = _FILLED * float(np.min(canvas / np.where(high > low, high - low, 1.0)))

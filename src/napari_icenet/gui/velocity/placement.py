"""Placement of a velocity map in napari's world, on its scenes or beside others of the same map grid."""

from __future__ import annotations

from typing import Any

from napari_icenet.errors import TrackingError
from napari_icenet.gui.session.placement import Placement
from napari_icenet.gui.velocity.picture import cell_offset
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.velocity.velocity_map import VelocityMap


def frame_placement(found: VelocityMap, stack: SceneStack, place: Placement) -> Placement:
    """Placement of the frame of a map.

    Parameters
    ----------
    found : VelocityMap
    stack : SceneStack
        Open scenes.
    place : Placement
        Where they lie.

    Raises
    ------
    TrackingError
        The map lies on another map grid than the scenes.
    """
    frame, grid = found.frame, stack.grid
    if frame == grid or (grid.crs is None and frame.crs is None and frame.shape == grid.shape):
        return place
    if frame.crs is None or frame.crs != grid.crs:
        raise TrackingError(
            f"the map of {found.labels[0]} → {found.labels[1]} lies on another map grid than {stack.name}; "
            "open the scenes it was made from."
        )
    row, col = (float(v) for v in grid.rowcol(*(float(v) for v in frame.xy(0, 0))))
    down, right = (a / b for a, b in zip(frame.pixel_size, grid.pixel_size, strict=True))
    return place.part(row, col, (down, right))


def cells_placement(place: Placement, spacing: int) -> dict[str, Any]:
    """Placement of a map of cells of spacing × spacing pixels, on a frame that lies at ``place``."""
    offset = cell_offset(spacing)
    return place.part(offset, offset, (spacing, spacing)).layer_choices(2)

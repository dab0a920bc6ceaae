"""Group scenes that see the same ground, and choose the grid they are laid on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from affine import Affine
from rasterio.crs import CRS
from rasterio.warp import calculate_default_transform, transform

from napari_icenet.common.ground import share_body
from napari_icenet.errors import StackError
from napari_icenet.scenes.align.warp import frame_on
from napari_icenet.scenes.grid import Grid, Window, crs_name
from napari_icenet.scenes.scene import Scene

Extent = Literal["intersection", "union"]

#: Frames that miss a pixel border by less than this part of a pixel lie on it.
BORDER_TOLERANCE_PX = 1e-3
#: Two coordinate systems are the same if they place every corner within this part of a pixel.
SAME_PLACE_PX = 1e-3

Box = tuple[float, float, float, float]


def describe_place(scene: Scene) -> str:
    """Id, coordinate system and extent of a scene, in one line."""
    grid = scene.grid
    if not grid.georeferenced:
        return f"{scene.id}: {grid.height} × {grid.width} pixels, no coordinate system"
    x, y = grid.xy(np.array([-0.5, grid.height - 0.5]), np.array([-0.5, grid.width - 0.5]))
    digits = 4 if grid.crs is not None and grid.crs.is_geographic else 0
    return (
        f"{scene.id}: {grid.crs_name}, x {min(x):.{digits}f} to {max(x):.{digits}f}, "
        f"y {min(y):.{digits}f} to {max(y):.{digits}f}"
    )


def unify_crs(scenes: Sequence[Scene]) -> list[Scene]:
    """Give scenes whose coordinate systems differ in wording alone the same one.

    Antarctic scenes of different years spell polar stereographic differently.
    """
    known: list[CRS] = []
    unified = []
    for scene in scenes:
        crs = scene.grid.crs
        if crs is None:
            unified.append(scene)
            continue
        same = next((other for other in known if other == crs or _same_place(scene.grid, other)), None)
        if same is None:
            known.append(crs)
            same = crs
        unified.append(scene if same is crs else replace(scene, grid=replace(scene.grid, crs=same)))
    return unified


def _same_place(grid: Grid, other: CRS) -> bool:
    if not share_body(grid.crs, other):
        return False
    x, y = grid.xy(np.array([0, grid.height, 0, grid.height]), np.array([0, 0, grid.width, grid.width]))
    u, v = (np.array(values) for values in transform(grid.crs, other, x, y))
    if not (np.isfinite(u).all() and np.isfinite(v).all()):
        return False
    rows, cols = grid.rowcol(u, v)
    ours, theirs = grid.rowcol(x, y)
    return bool(np.abs(np.concatenate([rows - ours, cols - theirs])).max() < SAME_PLACE_PX)


def reference_grid(scenes: Sequence[Scene], crs: CRS | None = None) -> Grid:
    """The grid that most scenes share (coordinate system, pixel size and phase); of equals, the oldest.

    Parameters
    ----------
    scenes : sequence of Scene
        Oldest first, all georeferenced.
    crs : CRS, optional
        The coordinate system asked for; where no scene has it, a grid is made in it with the
        pixel size of the one that most scenes share.

    Raises StackError: the scenes cannot be brought to that coordinate system.
    """
    groups: list[list[Grid]] = []
    for scene in scenes:
        group = next((g for g in groups if g[0].offset_of(scene.grid) is not None), None)
        if group is None:
            groups.append([scene.grid])
        else:
            group.append(scene.grid)
    # max() keeps the first of equals, and groups are in the order of their oldest scene.
    best = max([g for g in groups if crs is None or g[0].crs == crs] or groups, key=len)[0]
    return best if crs is None or best.crs == crs else _grid_in(best, crs)


def _grid_in(grid: Grid, crs: CRS) -> Grid:
    if not share_body(grid.crs, crs):
        raise StackError(
            f"The scenes lie on {grid.crs_name}, which cannot be brought to {crs_name(crs)} because one is local or "
            "of another body; leave the coordinate system out."
        )
    x, y = grid.xy(np.array([-0.5, grid.height - 0.5]), np.array([-0.5, grid.width - 0.5]))
    bounds = {"left": min(x), "bottom": min(y), "right": max(x), "top": max(y)}
    keep_size = bool(grid.crs is not None and grid.crs.is_projected and crs.is_projected)
    size = grid.pixel_size
    corner, width, height = calculate_default_transform(
        grid.crs,
        crs,
        grid.width,
        grid.height,
        **bounds,
        **({"resolution": (size[1], size[0])} if keep_size else {}),
    )
    # Borders on whole pixels, so that two stacks of one place share their phase.
    left = np.floor(corner.c / corner.a) * corner.a
    top = np.ceil(corner.f / -corner.e) * -corner.e
    return Grid(height + 1, width + 1, Affine(corner.a, 0, left, 0, corner.e, top), crs)


def frames(reference: Grid, scenes: Sequence[Scene]) -> list[Box | None]:
    """Borders of each scene's frame on the reference grid, px: top, left, bottom, right."""
    found: list[Box | None] = []
    for scene in scenes:
        offset = reference.offset_of(scene.grid)
        if offset is not None:
            row, col = offset
            found.append((float(row), float(col), float(row + scene.grid.height), float(col + scene.grid.width)))
        else:
            found.append(frame_on(reference, scene.grid))
    return found


def sharing(boxes: Sequence[Box | None], extent: Extent) -> list[int]:
    """The largest group of frames that share ground.

    Parameters
    ----------
    boxes : sequence of (top, left, bottom, right) or None
    extent : {"intersection", "union"}
        For an intersection all must hold one common place; for a union each must overlap another.

    Returns
    -------
    list of int
        Indices, ascending; of groups of the same size the one with the larger common ground,
        then the first.
    """
    reach = [i for i, box in enumerate(boxes) if box is not None]
    array = np.array([boxes[i] for i in reach], float).reshape(-1, 4)
    if len(reach) == 0:
        return []
    groups = _connected(array) if extent == "union" else _with_common_place(array)
    return [reach[i] for i in max(groups, key=lambda group: (len(group), _common_area(array[group]), -group[0]))]


def _common_area(boxes: np.ndarray) -> float:
    height = boxes[:, 2].min() - boxes[:, 0].max()
    width = boxes[:, 3].min() - boxes[:, 1].max()
    return float(max(height, 0) * max(width, 0))


def _with_common_place(boxes: np.ndarray) -> list[list[int]]:
    """The largest groups of boxes with a common place, each once."""
    # A common place of rectangles has its top on some rectangle's top, its left on some left; an
    # overlap of less than a pixel is none.
    groups: dict[tuple[int, ...], None] = {}
    largest = 1
    for top in np.unique(boxes[:, 0]):
        here = np.flatnonzero((boxes[:, 0] <= top) & (boxes[:, 2] >= top + 1))
        if here.size < largest:
            continue
        left, right = boxes[here, 1], boxes[here, 3]
        places = np.unique(left)[:, None]
        inside = (left <= places) & (right >= places + 1)
        counts = inside.sum(axis=1)
        if counts.max() > largest:
            largest = int(counts.max())
            groups.clear()
        groups |= {tuple(here[row].tolist()): None for row in inside[counts == largest]}
    return [list(group) for group in groups]


def _connected(boxes: np.ndarray) -> list[list[int]]:
    from scipy.sparse.csgraph import connected_components

    rows = np.minimum(boxes[:, None, 2], boxes[None, :, 2]) - np.maximum(boxes[:, None, 0], boxes[None, :, 0])
    cols = np.minimum(boxes[:, None, 3], boxes[None, :, 3]) - np.maximum(boxes[:, None, 1], boxes[None, :, 1])
    touching = (rows >= 1) & (cols >= 1)
    count, group = connected_components(touching, directed=False)
    return [np.flatnonzero(group == k).tolist() for k in range(count)]


def common_window(boxes: Sequence[Box], extent: Extent) -> Window:
    """The window on the reference grid that all frames hold, or that holds all frames.

    Raises StackError: the common ground is smaller than a pixel.
    """
    array = np.array(boxes, float)
    if extent == "union":
        top, left = np.floor(array[:, :2].min(axis=0) + BORDER_TOLERANCE_PX)
        bottom, right = np.ceil(array[:, 2:].max(axis=0) - BORDER_TOLERANCE_PX)
    else:
        top, left = np.ceil(array[:, :2].max(axis=0) - BORDER_TOLERANCE_PX)
        bottom, right = np.floor(array[:, 2:].min(axis=0) + BORDER_TOLERANCE_PX)
    if bottom <= top or right <= left:
        raise StackError("The scenes share less than a pixel of ground; leave the outlying ones out, or use the union.")
    return Window(int(top), int(left), int(bottom - top), int(right - left))

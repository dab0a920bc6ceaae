"""From scenes, each on its own grid, to scenes on one declared grid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.errors import CRSError

from napari_icenet.common.ground import share_body
from napari_icenet.errors import StackError, UsageError
from napari_icenet.scenes.align.common_grid import (
    Extent,
    common_window,
    describe_place,
    frames,
    reference_grid,
    sharing,
    unify_crs,
)
from napari_icenet.scenes.align.flip import flipped, is_south_up, north_up
from napari_icenet.scenes.align.shift import ShiftedBand, ShiftedMask
from napari_icenet.scenes.align.warp import WarpedBand, WarpedMask
from napari_icenet.scenes.grid import Grid, Window, crs_name
from napari_icenet.scenes.scene import Flag, MaskSource, Notice, Scene

#: An intersection that keeps less than this part of the smallest scene is told.
SMALL_SHARE = 0.5
#: Grids that differ less lie as one another: a pixel in a frame of more than a hundred thousand.
_TURNED_DEGREES = 5e-4
_INSIDE = np.uint8(0)


@dataclass(frozen=True)
class Alignment:
    """Scenes on one grid.

    Attributes
    ----------
    scenes : list of Scene
        Oldest first, all on ``grid``.
    grid : Grid
    area : array of bool, (height, width), or None
        Area of interest on ``grid``.
    notices : list of Notice
        Scenes left out or reprojected, one sentence each.
    """

    scenes: list[Scene]
    grid: Grid
    area: NDArray[np.bool_] | None
    notices: list[Notice]


def align(
    scenes: Sequence[Scene],
    *,
    extent: Extent = "intersection",
    crs: str | CRS | None = None,
    area: tuple[NDArray[np.bool_], Grid] | None = None,
) -> Alignment:
    """Lay scenes on one grid, the one that most of them share.

    Scenes whose rows run north are turned, so that pictures lie as on the map. Scenes whose grids
    differ from the common one by whole pixels are read by window, untouched; all others
    are reprojected (cubic, masks nearest), and each of those is told in a notice.

    Parameters
    ----------
    scenes : sequence of Scene
    extent : {"intersection", "union"}
        Ground that all scenes hold, or that any holds.
    crs : str or CRS, optional
        Coordinate system of the grid, as in ``EPSG:3031``; needed where the scenes have several.
    area : (array of bool, Grid), optional
        Area of interest, and the grid that it lies on.

    Raises
    ------
    UsageError
        ``extent`` or ``crs`` is unknown.
    StackError
        The scenes share no ground, or come in several coordinate systems and ``crs`` is not given.
    """
    if extent not in get_args(Extent):
        raise UsageError(f"There is no extent {extent}; choose intersection or union.")
    if not scenes:
        raise StackError("There is no scene to make a stack of; name a folder with dated scenes.")
    target = None if crs is None else coordinate_system(crs)
    ordered = unify_crs([north_up(scene) for scene in sorted(scenes, key=lambda scene: (scene.time, scene.id))])
    kept, notices = _one_kind(ordered)
    if not kept[0].grid.georeferenced:
        if target is not None:
            raise StackError(
                f"The scenes carry no coordinate system, and cannot be brought to {crs_name(target)}; leave it out."
            )
        own = kept[0].grid
        return Alignment(kept, own, area[0] if area is not None and area[0].shape == own.shape else None, notices)
    kept, more = _sharing_ground(kept, extent)
    notices += more
    reference = _reference(kept, target)
    boxes = [box for box in frames(reference, kept) if box is not None]
    if len(boxes) < len(kept):
        raise StackError(f"{reference.crs_name} does not reach all scenes; choose a coordinate system that does.")
    grid = reference.window(common_window(boxes, extent))
    notices += _small_shared_ground(kept, grid, extent)
    aligned = []
    for scene in kept:
        moved, notice = _lay(scene, grid)
        aligned.append(moved)
        notices += [] if notice is None else [notice]
    return Alignment(aligned, grid, _lay_area(area, grid), notices)


def coordinate_system(crs: str | CRS) -> CRS:
    """The coordinate system of a code or a definition.

    Raises UsageError: there is none of that name.
    """
    try:
        with rasterio.Env():  # inside it GDAL's complaints are exceptions, and not printed
            return CRS.from_user_input(crs)
    except CRSError as error:
        named = str(crs).strip() or "An empty name"
        raise UsageError(f"{named} is no coordinate system; write a code such as EPSG:3031.") from error


def _one_kind(scenes: list[Scene]) -> tuple[list[Scene], list[Notice]]:
    """The larger part of the scenes: those on a map, or those without one that have one size."""
    kinds = [None if scene.grid.georeferenced else scene.grid.shape for scene in scenes]
    # most_common keeps the order of the oldest among equals.
    kind, _ = Counter(kinds).most_common(1)[0]
    kept = [scene for scene, own in zip(scenes, kinds, strict=True) if own == kind]
    notices = []
    for scene, own in zip(scenes, kinds, strict=True):
        if own == kind:
            continue
        if kind is None:
            reason = "carries no coordinate system, unlike the other scenes"
        elif own is None:
            reason = "lies on a map, unlike the other scenes"
        else:
            reason = f"has {own[0]} × {own[1]} pixels and no map, the other scenes {kind[0]} × {kind[1]}"
        notices.append(Notice(f"{scene.id} {reason}, and is left out.", scene.id))
    return kept, notices


def _sharing_ground(scenes: list[Scene], extent: Extent) -> tuple[list[Scene], list[Notice]]:
    boxes = frames(reference_grid(scenes), scenes)
    group = sharing(boxes, extent)
    if len(scenes) > 1 and 2 * len(group) <= len(scenes):
        places = "".join(f"\n  {describe_place(scene)}" for scene in scenes)
        raise StackError(f"The scenes share no ground; open those of one place together:{places}")
    notices = []
    for i, scene in enumerate(scenes):
        if i in group:
            continue
        touches = any(len(sharing([boxes[i], boxes[j]], "intersection")) == 2 for j in group)
        if touches:
            message = (
                f"holds nothing of the ground that the other {len(group)} share, and is left out of the intersection"
            )
        else:
            message = f"shares no ground with the other {len(group)} scenes, and is left out"
        notices.append(Notice(f"{scene.id} {message} ({describe_place(scene).split(': ', 1)[1]}).", scene.id))
    return [scenes[i] for i in group], notices


def _reference(scenes: list[Scene], target: CRS | None) -> Grid:
    systems = Counter(scene.grid.crs_name for scene in scenes)
    distinct = {scene.grid.crs.to_wkt() for scene in scenes if scene.grid.crs is not None}
    if target is None and len(distinct) > 1:
        places = "".join(f"\n  {scene.id}: {scene.grid.crs_name}" for scene in scenes)
        raise StackError(
            f"The scenes come in {len(distinct)} coordinate systems; "
            f"choose one for all (crs), for example {systems.most_common(1)[0][0]}:{places}"
        )
    return reference_grid(scenes, target)


def _small_shared_ground(scenes: list[Scene], grid: Grid, extent: Extent) -> list[Notice]:
    own = [np.prod(scene.grid.shape) * np.prod(scene.grid.pixel_size) for scene in scenes]
    share = float(np.prod(grid.shape) * np.prod(grid.pixel_size) / min(own))
    several = len({scene.grid.crs.to_wkt() for scene in scenes if scene.grid.crs is not None}) > 1
    if extent == "union" or several or share >= SMALL_SHARE:
        return []
    return [
        Notice(
            f"The scenes share {grid.height} × {grid.width} pixels, {100 * share:.0f} % of the smallest; "
            "the union of their extents keeps all."
        )
    ]


def _lay(scene: Scene, grid: Grid) -> tuple[Scene, Notice | None]:
    offset = grid.offset_of(scene.grid)
    if offset == (0, 0) and scene.grid.shape == grid.shape:
        return replace(scene, grid=grid), None
    if offset is not None:
        return _shifted(scene, grid, offset), None
    own = scene.grid
    warped = replace(
        scene,
        grid=grid,
        bands={name: WarpedBand(band, own, grid) for name, band in scene.bands.items()},
        mask=None if scene.mask is None else WarpedMask(scene.mask, own, grid),
    )
    return warped, Notice(
        f"{scene.id} is reprojected (cubic, its mask nearest) because {_why(own, grid)}; "
        "interpolation can bias sub-pixel matches.",
        scene.id,
    )


def _shifted(scene: Scene, grid: Grid, offset: tuple[int, int]) -> Scene:
    return replace(
        scene,
        grid=grid,
        bands={name: ShiftedBand(band, grid.shape, offset) for name, band in scene.bands.items()},
        mask=None if scene.mask is None else ShiftedMask(scene.mask, scene.grid.shape, offset),
    )


def _why(own: Grid, grid: Grid) -> str:
    if own.crs != grid.crs:
        if own.crs_name == grid.crs_name:
            return "its coordinate system is another, though of the same name"
        return f"its coordinate system is {own.crs_name}, not {grid.crs_name}"
    if not np.allclose(own.pixel_size, grid.pixel_size, rtol=1e-6):
        mine, theirs = (f"{height:.6g} × {width:.6g}" for height, width in (own.pixel_size, grid.pixel_size))
        return f"its pixels are {mine}, not {theirs}"
    if turned := _how_turned(own, grid):
        return turned
    row, col = (float(v) for v in grid.rowcol(*own.xy(0, 0)))
    return f"its pixels lie {abs(row - round(row)):.2f} rows and {abs(col - round(col)):.2f} columns off the grid"


def _how_turned(own: Grid, grid: Grid) -> str | None:
    """How the rows and columns of a grid run against those of another with pixels of that size; None if alike."""
    if own.transform.determinant * grid.transform.determinant < 0:
        return "it is mirrored against the grid"
    along = [np.degrees(np.arctan2(one.transform.d, one.transform.a)) for one in (own, grid)]
    angle = abs((along[0] - along[1] + 180) % 360 - 180)
    if angle > _TURNED_DEGREES:
        return f"it is turned by {angle:.3g}° against the grid"
    mine, theirs = ((one.transform.b, one.transform.e) for one in (own, grid))
    if not np.allclose(mine, theirs, rtol=1e-6, atol=1e-6 * max(grid.pixel_size)):
        return "its rows and columns do not cross as those of the grid do"
    return None


def _lay_area(area: tuple[NDArray[np.bool_], Grid] | None, grid: Grid) -> NDArray[np.bool_] | None:
    """The area of interest on the stack's grid; outside its own it is False."""
    if area is None:
        return None
    inside, own = area
    if is_south_up(own):
        inside, own = inside[::-1], flipped(own)
    if not share_body(own.crs, grid.crs):
        return None
    mask: MaskSource = _AreaFlags(inside)
    offset = grid.offset_of(own)
    mask = WarpedMask(mask, own, grid) if offset is None else ShiftedMask(mask, own.shape, offset)
    return np.asarray(mask.read(grid.full_window) == _INSIDE)


class _AreaFlags:
    """The area of interest as flags, which move and warp like any mask."""

    def __init__(self, inside: NDArray[np.bool_]) -> None:
        self._inside = inside

    def read(self, window: Window) -> NDArray[np.uint8]:
        return np.where(self._inside[window.slices], _INSIDE, np.uint8(Flag.FILL))

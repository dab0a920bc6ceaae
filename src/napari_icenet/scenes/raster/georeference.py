"""Whether pictures give metres, decided in one place for all that is opened.

A grid gets a coordinate system here only if displacements on it mean metres, so every output asks
``grid.georeferenced``, and ``grid.on_earth`` before it speaks of WGS84.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from affine import Affine
from rasterio.crs import CRS

from napari_icenet.common.ground import ground_of
from napari_icenet.common.text import brief
from napari_icenet.scenes.grid import Grid, crs_name

#: What follows from a fault where nobody gives the size of a pixel.
IN_PIXELS = ", so positions are in pixels and velocities in px/day"


#: No picture of the Earth has smaller or larger pixels, m.
SMALLEST, LARGEST = 1e-3, 1e6
#: Nor smaller ones where its map begins: there a transform in degrees puts it.
SMALLEST_AT_ORIGIN = 0.02


class NoMap(NamedTuple):
    """What a file carries that gives no metres, and the way out."""

    fault: str
    remedy: str

    def said_of(self, called: str) -> str:
        """The warning, of a subject with its verb: ``20200101.tif carries``."""
        return f"{called} {self.fault}{IN_PIXELS}; {self.remedy}."


CONTROL_POINTS = NoMap("control points but no transform", "lay such files on a map with gdalwarp")
POLYNOMIALS = NoMap("rational polynomials (RPC) but no transform", "lay such files on a map with gdalwarp -rpc")
NO_SYSTEM = NoMap("map coordinates without a coordinate system", "add a .prj file")


def no_map(height: int, width: int, transform: Affine, crs: CRS) -> NoMap | None:
    """Why a transform and a coordinate system give no metres; None if they do."""
    name = crs_name(crs)
    if transform.is_identity or transform.is_degenerate or not np.isfinite(list(transform)).all():
        return NoMap(
            f"a coordinate system ({name}) but no transform",
            "write where the corners lie, for example with gdal_edit.py -a_ullr",
        )
    wrong = NoMap(f"a coordinate system ({name}) that does not reach there", "correct it with gdal_edit.py -a_srs")
    try:
        ground_of(crs.to_wkt())
    except ValueError:
        return NoMap(f"a coordinate system ({name}) without metres", "name another with gdal_edit.py -a_srs")
    grid, row, col = Grid(height, width, transform, crs), (height - 1) / 2, (width - 1) / 2
    if crs.is_geographic:
        _, latitude = grid.xy(np.array([0, 0, height - 1, height - 1]), np.array([0, width - 1, 0, width - 1]))
        if np.abs(latitude).max() > 90:
            return wrong
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = grid.map_scale(row, col)
    if not (np.isfinite(scale).all() and min(scale) > 0):
        return wrong
    return _implausible(grid, scale, name) if grid.on_earth else None


def _implausible(grid: Grid, scale: tuple[float, float], name: str) -> NoMap | None:
    """Why pixels of the Earth are too small or too large; None if they are not."""
    height, width = grid.pixel_size
    sizes = height / scale[1], width / scale[0]
    smallest, largest = min(sizes), max(sizes)
    if smallest < SMALLEST or (smallest < SMALLEST_AT_ORIGIN and _within_degrees(grid)):
        return NoMap(
            f"a coordinate system ({name}) with pixels of {1000 * smallest:.2g} mm (is the transform in degrees?)",
            "correct it with gdal_edit.py -a_ullr or -a_srs",
        )
    if largest > LARGEST:
        return NoMap(
            f"a coordinate system ({name}) with pixels of {brief(f'{largest / 1000:.0f}')} km",
            "correct its transform with gdal_edit.py -a_ullr",
        )
    return None


def _within_degrees(grid: Grid) -> bool:
    """True if the corners of a map that is not in degrees could be longitudes and latitudes."""
    if grid.crs is None or grid.crs.is_geographic:
        return False
    x, y = grid.xy(np.array([0, 0, grid.height, grid.height]), np.array([0, grid.width, 0, grid.width]))
    return bool(np.abs(x).max() <= 360 and np.abs(y).max() <= 90)


def on_map(height: int, width: int, transform: Affine, crs: CRS | None) -> tuple[Grid, NoMap | None]:
    """The grid of pictures: on its map where that gives metres, else of pixels alone, and why.

    Returns
    -------
    (Grid, NoMap or None)
    """
    if crs is None:
        return Grid(height, width), None if transform.is_identity else NO_SYSTEM
    why = no_map(height, width, transform, crs)
    return (Grid(height, width, transform, crs), None) if why is None else (Grid(height, width), why)


def checked(grid: Grid, called: str) -> tuple[Grid, str | None]:
    """A grid that came with pictures: as it is where it gives metres, else of pixels alone, and what to say."""
    if grid.crs is None:
        return grid, None
    placed, why = on_map(grid.height, grid.width, grid.transform, grid.crs)
    return placed, None if why is None else why.said_of(f"{called} carries")

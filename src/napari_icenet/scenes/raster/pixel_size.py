"""Metres for pictures that lie on no map: the size of a pixel, as a person gives it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from affine import Affine

from napari_icenet.common.ground import given_plane
from napari_icenet.common.text import brief
from napari_icenet.errors import UsageError
from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.raster.georeference import IN_PIXELS
from napari_icenet.scenes.scene import Notice

#: No pixel that a person gives is smaller or larger, m.
SMALLEST, LARGEST = 1e-6, 1e6
#: Sizes that differ by less than this part are equal.
_SAME = 1e-6


def metres_per_pixel(given: float | str) -> float:
    """The size of a pixel as typed, m.

    Raises UsageError: it is no number, or none from 1 µm to 1000 km.
    """
    try:
        metres = float(given)
    except (TypeError, ValueError, OverflowError):
        metres = math.nan
    if not (math.isfinite(metres) and metres > 0):
        raise UsageError(f"{brief(given)} is no pixel size; give the metres from one pixel to the next, as in 30.")
    if not SMALLEST <= metres <= LARGEST:
        raise UsageError(f"{brief(given)} m is no pixel size of a picture; give one from 1 µm to 1000 km, as in 30.")
    return metres


def with_pixel_size(grid: Grid, metres: float, called: str) -> Grid:
    """The same pixels with metres: x and y from the upper left corner, y upward; no longitude and latitude.

    Parameters
    ----------
    grid : Grid
    metres : float
        Side of a pixel, m.
    called : str
        What lies on the grid, for the message.

    Returns
    -------
    Grid
        The one given where its pixels have this size anyway.

    Raises
    ------
    UsageError
        The grid has metres of its own, and others.
    """
    if grid.crs is None:
        return replace(grid, transform=Affine(metres, 0, 0, 0, -metres, 0), crs=given_plane(metres))
    # Of a geographic map it is NaN, and never equal.
    height, width = (side * grid.ground.metres_per_unit for side in grid.pixel_size)
    if np.allclose((height, width), metres, rtol=_SAME, atol=0):
        return grid
    own = f"{width:.6g} m" if math.isclose(height, width, rel_tol=_SAME) else f"{height:.6g} × {width:.6g} m"
    if grid.pixel_size_note is not None:
        own = f"has a {grid.pixel_size_note} already"
    elif math.isfinite(width):
        own = f"lies on a map ({grid.crs_name}) with pixels of {own}"
    else:
        own = f"lies on a map ({grid.crs_name}), which has its own metres"
    raise UsageError(f"{called} {own}; leave the pixel size of {metres:.12g} m out.")


def with_metres(notices: Sequence[Notice], metres: float) -> list[Notice]:
    """Notices, those of a lost map without saying that lengths are in pixels."""
    instead = f"; metres are by the pixel size of {metres:.12g} m."
    return [
        replace(notice, message=notice.message.split(IN_PIXELS)[0] + instead) if IN_PIXELS in notice.message else notice
        for notice in notices
    ]

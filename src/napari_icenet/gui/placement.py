"""Where a stack's pixels lie in napari's world: metres of the map where it has one, rows downward."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_icenet.scenes.grid import Grid

#: The axes of every layer of a stack; time is the number of the frame, as gaps are irregular.
AXES = ("time", "y", "x")


def unit(grid: Grid) -> str:
    """The world's unit: metre, degree, or pixel without a map."""
    if grid.crs is None:
        return "pixel"
    return "degree" if grid.crs.is_geographic else "metre"


def pixel_in_world(grid: Grid) -> tuple[float, float]:
    """(height, width) of a pixel in the world's unit."""
    if grid.crs is None:
        return 1.0, 1.0
    factor = 1.0 if grid.crs.is_geographic else float(grid.crs.linear_units_factor[1])
    height, width = grid.pixel_size
    return height * factor, width * factor


def origin_in_world(grid: Grid, reference: Grid) -> tuple[float, float]:
    """World (y, x) of the centre of pixel (0, 0); the origin is that pixel of ``reference``.

    Stacks on one map lie truly beside each other; without a common map, each starts at the
    origin. Offsets stay small, so that single precision on the graphics card is exact enough.
    """
    if grid.crs is None or grid.crs != reference.crs:
        return 0.0, 0.0
    row, col = (float(v) for v in reference.rowcol(*(float(v) for v in grid.xy(0, 0))))
    height, width = pixel_in_world(reference)
    return row * height, col * width


def placement(grid: Grid, reference: Grid | None = None) -> dict[str, Any]:
    """``scale``, ``translate``, ``units`` and ``axis_labels`` of a layer (time, y, x) over ``grid``."""
    y, x = origin_in_world(grid, reference or grid)
    return {
        "scale": (1.0, *pixel_in_world(grid)),
        "translate": (0.0, y, x),
        "units": ("pixel", unit(grid), unit(grid)),
        "axis_labels": AXES,
    }


def pixel_to_world(grid: Grid, row: ArrayLike, col: ArrayLike, reference: Grid | None = None) -> NDArray[np.float64]:
    """World (y, x) of pixel positions; shape (…, 2)."""
    origin, size = origin_in_world(grid, reference or grid), pixel_in_world(grid)
    pixels = np.stack(np.broadcast_arrays(np.asarray(row, float), np.asarray(col, float)), axis=-1)
    world: NDArray[np.float64] = np.asarray(origin) + pixels * np.asarray(size)
    return world


def world_to_pixel(grid: Grid, y: ArrayLike, x: ArrayLike, reference: Grid | None = None) -> NDArray[np.float64]:
    """(row, col), fractional, of world positions; shape (…, 2)."""
    origin, size = origin_in_world(grid, reference or grid), pixel_in_world(grid)
    world = np.stack(np.broadcast_arrays(np.asarray(y, float), np.asarray(x, float)), axis=-1)
    result: NDArray[np.float64] = (world - np.asarray(origin)) / np.asarray(size)
    return result

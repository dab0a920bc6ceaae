"""Placement of a stack's pixels in napari's world: metres of the map where it has one, rows downward."""

from __future__ import annotations

from dataclasses import dataclass
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
    factor = 1.0 if grid.crs.is_geographic else grid.ground.metres_per_unit
    height, width = grid.pixel_size
    return height * factor, width * factor


def origin_in_world(grid: Grid, reference: Grid) -> tuple[float, float]:
    """World (y, x) of the centre of pixel (0, 0); the origin is that pixel of ``reference``.

    Stacks on one map lie truly beside each other; without a common map, each starts at the
    origin. Offsets stay small, so that single precision on the graphics card is exact enough.
    """
    if not (grid.on_map and reference.on_map) or grid.crs != reference.crs:
        return 0.0, 0.0
    row, col = (float(v) for v in reference.rowcol(*(float(v) for v in grid.xy(0, 0))))
    height, width = pixel_in_world(reference)
    return row * height, col * width


@dataclass(frozen=True)
class Placement:
    """Placement of the pixels of one grid in the world.

    Attributes
    ----------
    origin : (float, float)
        World (y, x) of the centre of pixel (0, 0).
    size : (float, float)
        Height and width of a pixel.
    unit : str
        Of both.
    """

    origin: tuple[float, float]
    size: tuple[float, float]
    unit: str

    @classmethod
    def of_grid(cls, grid: Grid, reference: Grid | None = None) -> Placement:
        """On the map of ``reference``, or by itself."""
        return cls(origin_in_world(grid, reference or grid), pixel_in_world(grid), unit(grid))

    @classmethod
    def of_layer(cls, layer: Any) -> Placement:
        """As a napari layer (…, y, x) lies."""
        (y, x), (height, width) = layer.translate[-2:], layer.scale[-2:]
        return cls((float(y), float(x)), (float(height), float(width)), str(layer.units[-1]))

    @classmethod
    def of_choices(cls, choices: dict[str, Any]) -> Placement:
        """As a layer with these :meth:`layer_choices` would lie."""
        (y, x), (height, width) = choices["translate"][-2:], choices["scale"][-2:]
        return cls((y, x), (height, width), choices["units"][-1])

    def layer_choices(self, axes: int = 3) -> dict[str, Any]:
        """``scale``, ``translate``, ``units`` and ``axis_labels`` of a layer (time, y, x), or (y, x)."""
        found = {
            "scale": (1.0, *self.size),
            "translate": (0.0, *self.origin),
            "units": ("pixel", self.unit, self.unit),
            "axis_labels": AXES,
        }
        return {key: value[-axes:] for key, value in found.items()}

    def to_world(self, row: ArrayLike, col: ArrayLike) -> NDArray[np.float64]:
        """World (y, x) of pixel positions; shape (…, 2)."""
        pixels = np.stack(np.broadcast_arrays(np.asarray(row, float), np.asarray(col, float)), axis=-1)
        world: NDArray[np.float64] = np.asarray(self.origin) + pixels * np.asarray(self.size)
        return world

    def to_pixel(self, y: ArrayLike, x: ArrayLike) -> NDArray[np.float64]:
        """(row, col), fractional, of world positions; shape (…, 2)."""
        world = np.stack(np.broadcast_arrays(np.asarray(y, float), np.asarray(x, float)), axis=-1)
        pixels: NDArray[np.float64] = (world - np.asarray(self.origin)) / np.asarray(self.size)
        return pixels

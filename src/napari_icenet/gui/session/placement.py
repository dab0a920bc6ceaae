"""Placement of a stack's pixels in napari's world: metres of the map where it has one, rows downward."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_icenet.errors import StackError
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


#: World (y, x) of an upright (y, x): a row of factors and a shift for each.
Turn = tuple[tuple[float, float, float], tuple[float, float, float]]


@dataclass(frozen=True)
class Placement:
    """Placement of the pixels of one grid in the world.

    Attributes
    ----------
    origin : (float, float)
        Upright (y, x) of the centre of pixel (0, 0): of the world, unless it is turned.
    size : (float, float)
        Height and width of a pixel; negative where rows go up, or columns to the left.
    unit : str
        Of both.
    turn : tuple of 2 × 3 float, optional
        From the upright to the world, of a picture that is rotated or sheared. Default: the world is upright.
    """

    origin: tuple[float, float]
    size: tuple[float, float]
    unit: str
    turn: Turn | None = None

    @classmethod
    def of_grid(cls, grid: Grid, reference: Grid | None = None) -> Placement:
        """On the map of ``reference``, or by itself."""
        return cls(origin_in_world(grid, reference or grid), pixel_in_world(grid), unit(grid))

    @classmethod
    def of_layer(cls, layer: Any) -> Placement:
        """As a napari layer (…, y, x) lies, rotated, mirrored or sheared in its plane as it may be.

        Raises
        ------
        StackError
            It is turned out of its plane.
        """
        start, step = np.zeros(layer.ndim), np.eye(layer.ndim)
        origin = np.asarray(layer.data_to_world(start))
        matrix = np.stack([np.asarray(layer.data_to_world(along)) - origin for along in step], axis=1)
        nothing = 1e-9 * np.abs(matrix).max()
        if max(np.abs(matrix[:-2, -2:]).max(initial=0), np.abs(matrix[-2:, :-2]).max(initial=0)) > nothing:
            raise StackError(
                f"{layer.name} is turned or sheared out of the plane of its pictures, so that none is seen by itself; "
                "reset its transform."
            )
        plane, (y, x), unit = matrix[-2:, -2:], (float(v) for v in origin[-2:]), str(layer.units[-1])
        if max(abs(plane[0, 1]), abs(plane[1, 0])) <= nothing:
            return cls((y, x), (float(plane[0, 0]), float(plane[1, 1])), unit)
        height, width = (float(v) for v in np.hypot(*plane))
        (a, b), (c, d) = (plane / (height, width)).tolist()
        return cls((0.0, 0.0), (height, width), unit, ((a, b, y), (c, d, x)))

    @classmethod
    def of_choices(cls, choices: dict[str, Any]) -> Placement:
        """As a layer with these :meth:`layer_choices` would lie."""
        (y, x), (height, width) = choices["translate"][-2:], choices["scale"][-2:]
        turn = None
        if "affine" in choices:
            down, right = (tuple(row[-3:]) for row in choices["affine"][-3:-1])
            turn = (down, right)
        return cls((y, x), (height, width), choices["units"][-1], turn)

    def part(self, row: float, col: float, ratio: tuple[float, float] = (1.0, 1.0)) -> Placement:
        """Placement of a grid whose pixel (0, 0) lies at (row, col), its pixels ``ratio`` times as high and wide."""
        (y, x), (height, width) = self.origin, self.size
        at, size = (y + row * height, x + col * width), (height * ratio[0], width * ratio[1])
        return replace(self, origin=at, size=size)

    def layer_choices(self, axes: int = 3) -> dict[str, Any]:
        """``scale``, ``translate``, ``units`` and ``axis_labels`` of a layer (time, y, x), or (y, x).

        And ``affine``, where it is turned: nested lists, square.
        """
        found: dict[str, Any] = {
            "scale": (1.0, *self.size),
            "translate": (0.0, *self.origin),
            "units": ("pixel", self.unit, self.unit),
            "axis_labels": AXES,
        }
        found = {key: value[-axes:] for key, value in found.items()}
        if self.turn is not None:
            affine = np.eye(axes + 1)
            affine[-3:-1, -3:] = self.turn
            found["affine"] = affine.tolist()
        return found

    def to_world(self, row: ArrayLike, col: ArrayLike) -> NDArray[np.float64]:
        """World (y, x) of pixel positions; shape (…, 2)."""
        pixels = np.stack(np.broadcast_arrays(np.asarray(row, float), np.asarray(col, float)), axis=-1)
        upright: NDArray[np.float64] = np.asarray(self.origin) + pixels * np.asarray(self.size)
        if self.turn is None:
            return upright
        turn = np.asarray(self.turn)
        world: NDArray[np.float64] = upright @ turn[:, :2].T + turn[:, 2]
        return world

    def to_pixel(self, y: ArrayLike, x: ArrayLike) -> NDArray[np.float64]:
        """(row, col), fractional, of world positions; shape (…, 2)."""
        world = np.stack(np.broadcast_arrays(np.asarray(y, float), np.asarray(x, float)), axis=-1)
        if self.turn is not None:
            turn = np.asarray(self.turn)
            world = (world - turn[:, 2]) @ np.linalg.inv(turn[:, :2]).T
        pixels: NDArray[np.float64] = (world - np.asarray(self.origin)) / np.asarray(self.size)
        return pixels


def of_plane(choices: dict[str, Any]) -> dict[str, Any]:
    """Choices of a layer (y, x), from those of one (time, y, x)."""
    return Placement.of_choices(choices).layer_choices(2)

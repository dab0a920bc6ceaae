"""Picture of a velocity map: placement of its cells, arrows that can be read, limits of colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_icenet.velocity.velocity_map import VelocityMap

#: Arrows along the longer side of a map, about.
ARROWS = 32
#: Length of the arrow of the fastest ice, in distances between arrows.
LONGEST = 1.25
#: Faster than all but this share of the map is drawn in the last colour.
TOP_PERCENTILE = 99.0
#: So many speeds say where that is.
SAMPLE = 200_000


@dataclass(frozen=True)
class Arrows:
    """Vectors of a map, thinned.

    Attributes
    ----------
    data : array of float64, (n, 2, 2)
        Start and extent (row, col) of each, in pixels of the frame.
    speed : array of float64, (n,)
        In the map's unit.
    px_per_unit : float
        Length of an arrow, in pixels of the frame, per unit of speed.
    """

    data: NDArray[np.float64]
    speed: NDArray[np.float64]
    px_per_unit: float


def cell_offset(spacing: int) -> float:
    """Row and column, in pixels of the frame, of the centre of a map's first cell."""
    return (spacing - 1) / 2


def speed_of(found: VelocityMap) -> NDArray[np.float32]:
    """Speed where the vector is accepted, NaN elsewhere."""
    return np.where(found.valid, found.v, np.float32(np.nan))


def ncc_of(found: VelocityMap) -> NDArray[np.float32]:
    """Height of the peaks, valid or not."""
    return np.array(found.ncc, np.float32)


def top_speed(maps: Sequence[VelocityMap]) -> float:
    """A round number that nearly all speeds of some maps lie below; 1 where there is none."""
    known = [found.v[found.valid & np.isfinite(found.v)] for found in maps]
    speed = np.concatenate([np.zeros(0, np.float32), *known])
    speed = speed[:: max(1, speed.size // SAMPLE)]
    if not speed.size:
        return 1.0
    top = float(np.percentile(speed, TOP_PERCENTILE))
    return nice(top, up=True) if top > 0 else 1.0


def nice(value: float, *, up: bool = False) -> float:
    """The next round number (1, 1.5, 2, 3, 4, 5, 6, 8 times a power of ten) below, or above."""
    steps = np.array([1, 1.5, 2, 3, 4, 5, 6, 8, 10])
    power = 10.0 ** np.floor(np.log10(value))
    share = value / power
    chosen = steps[steps >= share - 1e-9][0] if up else steps[steps <= share + 1e-9][-1]
    return float(chosen * power)


def arrows_of(found: VelocityMap, top: float) -> Arrows:
    """Every k-th vector of a map, so that arrows can be told apart.

    Parameters
    ----------
    found : VelocityMap
    top : float
        Speed whose arrow is the longest, in the map's unit.
    """
    k = max(1, -(-max(found.shape) // ARROWS))
    px_per_unit = LONGEST * k * found.settings.spacing / top
    part = (slice(k // 2, None, k), slice(k // 2, None, k))
    speed = speed_of(found)[part].astype(np.float64)
    drow, dcol = (component[part].astype(np.float64) * np.sign(found.days) for component in found.moved)
    length = np.hypot(drow, dcol)
    rows, cols = np.meshgrid(found.rows[part[0]], found.cols[part[1]], indexing="ij")
    shown = np.isfinite(speed) & (length > 0)
    # Arrows are as long as the speed on the ground, which the map's own lengths are not quite.
    extent = speed[shown] * px_per_unit / length[shown]
    start = np.stack([rows[shown], cols[shown]], axis=-1)
    step = np.stack([drow[shown] * extent, dcol[shown] * extent], axis=-1)
    return Arrows(np.stack([start, step], axis=1), speed[shown], px_per_unit)


def cell_at(found: VelocityMap, row: float, col: float) -> tuple[int, int] | None:
    """The cell in which a pixel position of the frame lies; None outside the map."""
    s = found.settings.spacing
    i, j = int(np.floor((row + 0.5) / s)), int(np.floor((col + 0.5) / s))
    return (i, j) if 0 <= i < found.shape[0] and 0 <= j < found.shape[1] else None

"""Density of points in the plane and its width, GLAFT's measure for strain rates and static terrain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.types import F64
from napari_icenet.tracking.track import DAYS_PER_YEAR
from napari_icenet.velocity.velocity_map import VelocityMap

Pair = tuple[float, float]
Range = tuple[float, float]

#: Fewer points than this have no density worth naming.
LEAST_POINTS = 20
#: Level of the density, as a share of its peak, at which a normal one is two sigma wide.
LEVEL = float(np.exp(-2.0))
#: Rule-of-thumb bandwidth of the Epanechnikov kernel in the plane, in deviations times points to the -1/6.
_BANDWIDTH = 2.1991
#: Cells of the grid per bandwidth; more make no difference.
_FINE = 8
_LARGEST_SIDE = 600
_RESAMPLES = 120


@dataclass(frozen=True)
class Density:
    """Density of points (x, y), its peak, and its half-widths at two sigma.

    Attributes
    ----------
    x, y : array of float64, (n,), (m,)
        Where the density is given.
    values : array of float64, (m, n)
        Points per unit area, over the number of points.
    bandwidth : float
        Radius of the kernel.
    peak : (float, float)
        Where it is highest: the bias, where the truth is 0.
    half_width : (float, float)
        Half the extent along x and y of where it is at least e⁻² of its peak.
    peak_range, half_width_range : ((float, float), (float, float))
        95 % intervals of both along x and y, by resampling blocks of neighbours.
    count : int
        Points.
    outside : float
        Share of the points outside the two extents.
    """

    x: F64
    y: F64
    values: F64
    bandwidth: float
    peak: Pair
    half_width: Pair
    peak_range: tuple[Range, Range]
    half_width_range: tuple[Range, Range]
    count: int
    outside: float


def density_of(x: F64, y: F64, blocks: NDArray[np.integer] | None = None) -> Density | None:
    """Kernel density of points, measured as GLAFT does (Zheng et al. 2023, The Cryosphere 17, 4063).

    An Epanechnikov kernel of the rule-of-thumb bandwidth 2.1991 s n^(−1/6), s the geometric mean of
    both standard deviations. The density is worked out on a grid by convolution.

    Parameters
    ----------
    x, y : array of float64, (n,)
        Finite.
    blocks : array of int, (n,), optional
        Number of the block each point belongs to; blocks are resampled whole, as neighbours share
        their errors. Default: every point its own.

    Returns
    -------
    Density or None
        None with fewer than 20 points, or where all are the same.
    """
    count = len(x)
    if count < LEAST_POINTS:
        return None
    deviation = float(np.sqrt(np.std(x, ddof=1) * np.std(y, ddof=1)))
    if deviation == 0:
        return None
    bandwidth = _BANDWIDTH * deviation * count ** (-1 / 6)
    step = bandwidth / _FINE
    middle = float(np.median(x)), float(np.median(y))
    # Three deviations about the median, as GLAFT, and room for the kernel.
    side = min(int(np.ceil((3 * deviation + bandwidth) / step)), _LARGEST_SIDE // 2)
    i, j = (
        np.rint((y - middle[1]) / step).astype(np.int64) + side,
        np.rint((x - middle[0]) / step).astype(np.int64) + side,
    )
    inside = (i >= 0) & (j >= 0) & (i <= 2 * side) & (j <= 2 * side)
    place, shape = i[inside] * (2 * side + 1) + j[inside], (2 * side + 1, 2 * side + 1)
    axis_x, axis_y = (m + step * np.arange(-side, side + 1) for m in middle)
    smooth = _Smoother(shape, bandwidth / step)

    values = smooth(np.bincount(place, minlength=shape[0] * shape[1]).reshape(shape))
    peak, half, (x_range, y_range) = _measured(values, axis_x, axis_y)
    block = (np.arange(count) if blocks is None else np.unique(blocks, return_inverse=True)[1])[inside]
    rng, found = np.random.default_rng(0), []
    for _ in range(_RESAMPLES):
        weight = np.bincount(rng.integers(0, block.max() + 1, block.max() + 1), minlength=block.max() + 1)
        counts = np.bincount(place, weight[block], shape[0] * shape[1]).reshape(shape)
        found.append(np.ravel(_measured(smooth(counts), axis_x, axis_y)[:2]))
    low, high = np.percentile(np.array(found), (2.5, 97.5), axis=0)
    ranges = [(float(a), float(b)) for a, b in zip(low, high, strict=True)]
    away = (x < x_range[0]) | (x > x_range[1]) | (y < y_range[0]) | (y > y_range[1])
    return Density(
        axis_x, axis_y, values / (count * step**2), bandwidth, peak, half,
        (ranges[0], ranges[1]), (ranges[2], ranges[3]), count, float(away.mean()),
    )  # fmt: skip


class _Smoother:
    """Convolution with the kernel, its transform worked out once."""

    def __init__(self, shape: tuple[int, int], radius: float) -> None:
        from scipy.fft import next_fast_len, rfft2

        reach = int(np.ceil(radius))
        steps = np.arange(-reach, reach + 1)
        kernel = np.maximum(1 - (steps[:, None] ** 2 + steps[None, :] ** 2) / radius**2, 0)
        self.shape, self.reach = shape, reach
        self.padded = tuple(next_fast_len(n + 2 * reach, real=True) for n in shape)
        self.transform = rfft2(kernel / kernel.sum(), self.padded)

    def __call__(self, counts: NDArray[np.generic]) -> F64:
        from scipy.fft import irfft2, rfft2

        full = irfft2(rfft2(counts.astype(np.float64), self.padded) * self.transform, self.padded)
        (height, width), r = self.shape, self.reach
        return np.asarray(np.maximum(full[r : r + height, r : r + width], 0))


def _measured(values: F64, x: F64, y: F64) -> tuple[Pair, Pair, tuple[Range, Range]]:
    """Peak, half-widths and extents of a density."""
    row, col = divmod(int(values.argmax()), values.shape[1])
    level = LEVEL * values[row, col]
    extents = _extent(values.max(axis=0), x, level), _extent(values.max(axis=1), y, level)
    half = (extents[0][1] - extents[0][0]) / 2, (extents[1][1] - extents[1][0]) / 2
    return (float(x[col]), float(y[row])), half, extents


def _extent(profile: F64, at: F64, level: float) -> Range:
    """First and last place where a profile reaches a level, between the grid's steps."""
    above = np.flatnonzero(profile >= level)
    ends = []
    for inner, step in ((int(above[0]), -1), (int(above[-1]), 1)):
        outer = min(max(inner + step, 0), len(at) - 1)
        drop = float(profile[inner] - profile[outer])
        share = float(profile[inner] - level) / drop if drop > 0 else 0.0
        ends.append(float(at[inner] + share * (at[outer] - at[inner])))
    return ends[0], ends[1]


def blocks_of(rows: NDArray[np.intp], cols: NDArray[np.intp], side: float) -> NDArray[np.intp]:
    """Numbers of the square blocks of cells, ``side`` cells wide, that cells belong to."""
    size = max(round(side), 1)
    return np.asarray((rows // size) * (1 << 20) + cols // size)


def static_density(velocity_map: VelocityMap) -> Density | None:
    """Density of displacements (dcol, drow) in px over stable ground; None with too few points.

    Less the scenes' offset where that is removed from the velocities, so that it describes what the
    map gives. x is along the columns, y down the rows; u and v have their widths.
    """
    if velocity_map.stable is None:
        return None
    used = velocity_map.stable & velocity_map.valid
    drow, dcol = (d[used].astype(float) for d in velocity_map.moved)
    rows, cols = np.nonzero(used)
    side = float(np.median(velocity_map.chip_size[used])) / velocity_map.settings.spacing if used.any() else 1.0
    return density_of(dcol, drow, blocks_of(rows, cols, side))


def per_pixel(velocity_map: VelocityMap) -> tuple[float, float]:
    """(u, v): velocity in the map's unit of one px along the columns and down the rows, in the middle.

    v has the sign of the grid's y. On a grid that is turned on its map both are lengths.
    """
    if not velocity_map.frame.georeferenced:
        return 1 / velocity_map.days, 1 / velocity_map.days
    t = velocity_map.frame.transform
    kx, ky = (float(np.median(k)) for k in velocity_map.ground_scale)
    per_year = DAYS_PER_YEAR / velocity_map.days
    if t.b == 0 and t.d == 0:
        return t.a / kx * per_year, t.e / ky * per_year
    return float(np.hypot(t.a / kx, t.d / ky)) * per_year, float(np.hypot(t.b / kx, t.e / ky)) * per_year

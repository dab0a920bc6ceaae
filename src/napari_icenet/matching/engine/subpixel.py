"""Sub-pixel positions of correlation peaks, both axes at once, many peaks at a time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from napari_icenet.common.types import F64

#: Newton steps from the highest pixel.
STEPS = 3
#: The longest step, px; how far from its pixel a peak may lie; how short the last step must be.
LONGEST, FARTHEST, SETTLED = 0.6, 1.0, 0.1
#: Factors of the products in a step, counted as in :func:`_derivatives`.
_LEFT, _RIGHT = np.array([4, 2, 4, 6, 6, 4]), np.array([1, 3, 3, 1, 2, 4])


@dataclass(frozen=True)
class Summits:
    """Sub-pixel peaks; every array has the shape (n,).

    Attributes
    ----------
    row, col : array of float64
        Offset from the highest pixel, −1 … 1 px.
    height : array of float64
        Height of the surface there.
    bend_row, bend_col, bend_cross : array of float64
        Second derivatives −∂²/∂r², −∂²/∂c² and −∂²/∂r∂c, per square pixel; 0 where there is no
        proper peak.
    """

    row: F64
    col: F64
    height: F64
    bend_row: F64
    bend_col: F64
    bend_cross: F64


@cache
def weights_through(side: int) -> F64:
    """From powers of an offset to what each of ``side`` samples counts: (powers, 3 · side).

    Three blocks side by side: for the value, the first and the second derivative of the polynomial
    through the samples.
    """
    value = np.linalg.inv(np.vander(np.arange(side) - side // 2, increasing=True).astype(np.float64))
    blocks = [value]
    for _ in range(2):
        blocks.append(np.zeros_like(value))
        blocks[-1][:-1] = np.arange(1, side)[:, None] * blocks[-2][1:]
    return np.concatenate(blocks, axis=1)


def _derivatives(patches: F64, offsets: F64) -> F64:
    """Value and derivatives (9, n) at ``offsets`` (2, n): [3 i + j] is the i-th by row, j-th by column."""
    side = patches.shape[1]
    powers = np.empty((side, *offsets.shape))
    powers[0] = 1
    for k in range(1, side):
        np.multiply(powers[k - 1], offsets, out=powers[k])
    weights = (powers.reshape(side, -1).T @ weights_through(side)).reshape(*offsets.shape, 3, side)
    values = weights[0] @ patches @ weights[1].swapaxes(1, 2)
    return np.ascontiguousarray(values.reshape(-1, 9).T)


def climb(patches: F64) -> Summits:
    """The peaks of the interpolated surfaces, from their middle pixels by Newton's method.

    The surface between the pixels is the polynomial through all samples of a patch, in both
    coordinates jointly. A separable parabola is not used: correlation peaks over ice are oblique,
    and it is off by a tenth of a pixel there. Nor is the surface smoothed: that shifts peaks where a
    chip is brighter on one side. Noise is better taken from the pictures (``band`` of
    :mod:`~napari_icenet.matching.prefilter`).

    Parameters
    ----------
    patches : array of float64, (n, side, side)
        Surroundings of the highest pixels, side odd, at least 3. NaN where not defined: such a patch has no peak.

    Returns
    -------
    Summits
        Offset 0, the pixel's own height and no curvature where there is no proper peak near the pixel.
    """
    at, step = np.zeros((2, 2, len(patches)))
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        for _ in range(STEPS):
            d = _derivatives(patches, at)
            # Cramer's rule: minus the inverse of the second derivatives times the first.
            products = d.take(_LEFT, axis=0) * d.take(_RIGHT, axis=0)
            minors = products[0::2] - products[1::2]
            determinant = minors[2]
            np.divide(minors[:2], determinant, out=step)
            np.maximum(np.minimum(step, LONGEST, out=step), -LONGEST, out=step)
            at += step
        f, g_c, h_cc, g_r, h_rc, _, h_rr, _, _ = d
        # What the last step gained; its curvature is as good as a new one.
        height = f + 0.5 * (g_r * step[0] + g_c * step[1])
        near = np.maximum(np.abs(at), np.abs(step) * (FARTHEST / SETTLED)).max(axis=0) <= FARTHEST
        proper = near & (h_rr < 0) & (determinant > 0)
    summits = Summits(at[0], at[1], height, -h_rr, -h_cc, -h_rc)
    if not proper.all():
        middle, none = patches.shape[1] // 2, ~proper
        for numbers in vars(summits).values():
            numbers[none] = 0
        height[none] = patches[none, middle, middle]
    return summits

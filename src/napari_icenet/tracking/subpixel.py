"""Where between the pixels a correlation peak lies, both axes at once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Curvature = tuple[tuple[float, float], tuple[float, float]]

#: Steps per pixel of the up-sampled neighbourhood.
UPSAMPLING = 16


@dataclass(frozen=True)
class Peak:
    """A sub-pixel peak.

    Attributes
    ----------
    row, col : float
        Position in the surface's pixels.
    value : float
        Height of the surface there.
    curvature : ((float, float), (float, float))
        Second derivatives −∂²/∂x² of the surface, per square pixel; positive definite at a true peak.
    """

    row: float
    col: float
    value: float
    curvature: Curvature


@cache
def _upsampler() -> tuple[NDArray[np.float64], list[float]]:
    """Matrix (n, 5) from five samples at −2 … 2 to the quartic through them, at n steps in −1 … 1."""
    steps = np.arange(-UPSAMPLING, UPSAMPLING + 1) / UPSAMPLING
    powers = np.vander(np.arange(-2.0, 3.0), 5)
    return np.vander(steps, 5) @ np.linalg.inv(powers), steps.tolist()


@cache
def _quadric() -> NDArray[np.float64]:
    """Least-squares matrix (6, 9) of a + b·y + c·x + d·y² + e·xy + f·x² on a 3 × 3 neighbourhood."""
    y, x = (g.ravel() for g in np.mgrid[-1:2, -1:2].astype(float))
    return np.linalg.pinv(np.stack([np.ones(9), y, x, y * y, x * y, x * x], axis=1))


def refine(surface: NDArray[np.float32], row: int, col: int) -> Peak:
    """The peak near the surface's highest pixel.

    The 5 × 5 neighbourhood is up-sampled × 16 by the quartic through its samples along both axes,
    and a joint quadric finds the peak between the steps. Near the surface's edge, or next to missing
    values, a joint 3 × 3 quadric is used; where that fails too the pixel itself is the peak. A
    separable parabola is not used: correlation peaks over ice are oblique, and it is off by a tenth
    of a pixel there.

    Parameters
    ----------
    surface : array, (height, width)
    row, col : int
        Highest pixel.
    """
    height, width = surface.shape
    if not (1 <= row < height - 1 and 1 <= col < width - 1):
        return _pixel(surface, row, col)
    near = surface[row - 1 : row + 2, col - 1 : col + 2].astype(np.float64)
    a, b, c, d, e, f = (_quadric() @ near.ravel()).tolist()
    if not math.isfinite(a):
        return _pixel(surface, row, col)
    curvature = ((-2 * d, -e), (-e, -2 * f))
    if 2 <= row < height - 2 and 2 <= col < width - 2:
        patch = surface[row - 2 : row + 3, col - 2 : col + 3].astype(np.float64)
        if math.isfinite(patch.sum()):
            matrix, steps = _upsampler()
            fine = matrix @ patch @ matrix.T
            i, j = divmod(int(fine.argmax()), fine.shape[1])
            dy, dx = _between_steps(fine, i, j)
            return Peak(row + steps[i] + dy, col + steps[j] + dx, float(fine[i, j]), curvature)
    determinant = 4 * d * f - e * e
    if determinant > 0 and d < 0:
        dy = max(-1.0, min(1.0, (e * c - 2 * f * b) / determinant))
        dx = max(-1.0, min(1.0, (e * b - 2 * d * c) / determinant))
        return Peak(row + dy, col + dx, a + b * dy + c * dx + d * dy * dy + e * dx * dy + f * dx * dx, curvature)
    return _pixel(surface, row, col, curvature)


def _pixel(surface: NDArray[np.float32], row: int, col: int, curvature: Curvature = ((0.0, 0.0), (0.0, 0.0))) -> Peak:
    return Peak(float(row), float(col), float(surface[row, col]), curvature)


def _between_steps(fine: NDArray[np.float64], i: int, j: int) -> tuple[float, float]:
    """What a joint quadric adds to the highest step of the up-sampled surface, in pixels."""
    if not (0 < i < fine.shape[0] - 1 and 0 < j < fine.shape[1] - 1):
        return 0.0, 0.0
    _, b, c, d, e, f = (_quadric() @ fine[i - 1 : i + 2, j - 1 : j + 2].ravel()).tolist()
    determinant = 4 * d * f - e * e
    if determinant <= 0:
        return 0.0, 0.0
    dy, dx = (e * c - 2 * f * b) / determinant, (e * b - 2 * d * c) / determinant
    return max(-0.5, min(0.5, dy)) / UPSAMPLING, max(-0.5, min(0.5, dx)) / UPSAMPLING


def formal_error(peak: Peak, pixels: float) -> tuple[float, float]:
    """One-sigma error of the peak along row and column, in pixels.

    Least squares: the residual's share of the variance, 1 − CI², spread over the independent
    pixels, against the peak's curvature: Σ = (1 − CI²)/n · (K/CI)⁻¹.

    Parameters
    ----------
    peak : Peak
    pixels : float
        Number n of independent pixels in the chip.

    Returns
    -------
    row, col : float
        NaN where the surface has no proper peak.
    """
    height = max(peak.value, 1e-3)
    a, b, d = peak.curvature[0][0] / height, peak.curvature[0][1] / height, peak.curvature[1][1] / height
    determinant = a * d - b * b
    if determinant <= 0 or a <= 0:
        return math.nan, math.nan
    # The inverse of the curvature has d and a, over the determinant, on its diagonal.
    spread = max(1 - peak.value**2, 0.0) / max(pixels, 1.0) / determinant
    return math.sqrt(spread * d), math.sqrt(spread * a)

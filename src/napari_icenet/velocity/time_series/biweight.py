"""Tukey's biweight in the plane, and what it makes of normal errors."""

from __future__ import annotations

from functools import cache

import numpy as np

from napari_icenet.common.types import F64

#: Length of a scaled residual in the plane beyond which there is no weight: 95 % efficiency for normal errors.
CUTOFF = 5.12


def biweight(square: F64) -> F64:
    """Weights 0 … 1 for squared lengths of scaled residuals; NaN has none."""
    share = np.nan_to_num(square, nan=np.inf) / CUTOFF**2
    return np.where(share < 1, (1 - np.minimum(share, 1)) ** 2, 0.0)


@cache
def _table() -> tuple[F64, F64]:
    """Freedom per pair (k,), and for normal errors in the plane what the biweight makes of them (3, k).

    The mean weight, the weighted square of a component over the square, and the variance of the
    estimate over the inverse of the weighted normal matrix. With little freedom residuals are
    smaller than errors, and so the weights nearer to one.
    """
    freedom = np.linspace(0, 1, 51)
    t = (np.arange(20000) + 0.5) / 20000
    table = [(1.0, 1.0, 1.0)]
    for share in freedom[1:]:
        # The square of the length, over the cutoff's, has an exponential distribution.
        half = CUTOFF**2 / share / 2
        density = half * np.exp(-half * t) / t.size
        weight, square, slope = (1 - t) ** 2, 2 * half * t, -(1 - t) / half
        mean, weighted = float((density * weight).sum()), float((density * weight * square / 2).sum())
        spread = float((density * weight**2 * square / 2).sum())
        steep = float((density * (weight + square * slope)).sum())
        table.append((mean, weighted, 1 + share * (spread / steep**2 * mean - 1)))
    return freedom, np.array(table).T


def expected(share: F64) -> tuple[F64, F64, F64]:
    """Mean weight, mean weighted square, and variance of the estimate, for residuals smaller than errors.

    Parameters
    ----------
    share : array of float64
        Variance of the residuals over that by which they are judged: 1 where errors are known and
        many, less with little freedom or where small contradictions are let pass.

    Returns
    -------
    tuple of array of float64
        The mean weight; the weighted square of a component over its error's square, divided by
        ``share``; the variance of the estimate over the inverse of the weighted normal matrix.
    """
    at, table = _table()
    mean, square, variance = (np.interp(share, at, row) for row in table)
    return mean, square, variance

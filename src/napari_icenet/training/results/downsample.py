"""Long curves as few points, with their extremes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.types import F64


def downsampled(x: F64, y: F64, most: int) -> tuple[F64, F64]:
    """At most so many points of a curve, in order: the least and the greatest of each stretch.

    Parameters
    ----------
    x, y : array of float64, (n,)
        NaN in ``y`` is a gap: it is kept where a stretch holds nothing else.
    most : int
        Points, at least 4.
    """
    if len(x) <= most:
        return x, y
    # The first and the last point are kept as they are.
    cuts = np.linspace(1, len(x) - 1, (most - 2) // 2 + 1).astype(np.intp)
    starts = cuts[:-1]
    where = np.repeat(np.arange(len(starts)), np.diff(cuts))
    inner = y[1:-1]
    low = _first(np.where(np.isnan(inner), np.inf, inner), where, starts - 1)
    high = _first(-np.where(np.isnan(inner), -np.inf, inner), where, starts - 1)
    kept = np.unique(np.concatenate([[0], 1 + np.minimum(low, high), 1 + np.maximum(low, high), [len(x) - 1]]))
    return x[kept], y[kept]


def _first(values: F64, where: NDArray[np.intp], starts: NDArray[np.intp]) -> NDArray[np.intp]:
    """Index of the least value of each stretch, the first of equal ones."""
    least = np.minimum.reduceat(values, starts)
    found = np.flatnonzero(values == least[where])
    _, first = np.unique(where[found], return_index=True)
    return found[first]


def smoothed(y: F64, window: int) -> F64:
    """Mean over so many values up to each one, without those that are missing; NaN where all are."""
    known = np.isfinite(y)
    sums = np.cumsum(np.concatenate([[0.0], np.where(known, y, 0.0)]))
    counts = np.cumsum(np.concatenate([[0], known]))
    first = np.maximum(np.arange(1, len(y) + 1) - window, 0)
    last = np.arange(1, len(y) + 1)
    count = counts[last] - counts[first]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(count > 0, (sums[last] - sums[first]) / count, np.nan), np.float64)

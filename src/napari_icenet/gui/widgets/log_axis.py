"""Curves on a logarithmic axis: what has a logarithm, where it lies, and where its ticks are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.types import Series

_TINY = 1e-12


def logarithm(series: Series) -> Series:
    """A curve on a logarithmic axis; what is not above zero is a gap."""
    steps, values = series
    return steps, np.log10(np.where(values > _TINY, values, np.nan))


def extent(values: NDArray[np.float64], outside: float = 0) -> tuple[float, float]:
    """Extent of a curve's logarithms, without the first steps' outliers and so many percent at either end."""
    known = values[np.isfinite(values) & (values > _TINY)]
    if not len(known):
        return np.inf, -np.inf
    low, high = np.percentile(known, [outside, 99 - outside]) if len(known) > 50 else (known.min(), known.max())
    return float(np.log10(low)), float(np.log10(high))


def above(values: NDArray[np.float64]) -> bool:
    """True if a curve stays above zero, all but a few of its values."""
    known = values[np.isfinite(values)]
    return bool(len(known)) and bool((known > _TINY).mean() > 0.98)


def log_ticks(low: float, high: float) -> list[list[tuple[float, str]]]:
    """Ticks at 1, 2 and 5 of each decade, or of fewer where there are many."""
    decades = range(int(np.floor(low)), int(np.ceil(high)) + 1)
    span = high - low
    steps: tuple[float, ...] = (1,) if span > 3 else (1, 3) if span > 1.5 else (1, 2, 5)
    if span < 0.4:
        steps = (1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9)
    found = [(float(np.log10(step) + decade), step * 10.0**decade) for decade in decades for step in steps]
    if span > 8:
        found = found[:: max(1, len(found) // 6)]
    return [[(at, f"{value:.3g}") for at, value in found if low <= at <= high], []]


def at_step(series: Series, step: float) -> float | None:
    """The value of a curve at a step, or the last one before it."""
    steps, values = series
    k = int(np.searchsorted(steps, step, side="right")) - 1
    return float(values[k]) if k >= 0 and np.isfinite(values[k]) else None

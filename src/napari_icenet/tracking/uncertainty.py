"""Scatter of a track's positions about smooth motion.

A match's formal error says how well two pictures fit onto each other. It cannot know by how much a
scene as a whole is shifted (co-registration, a few tenths of a pixel on Landsat) or how changing
light moves a pattern. Both show as scatter of the positions about smooth motion, and are measured
here from the track itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.robust import NORMAL_MAD

#: Fewer valid dates than this say nothing of the scatter.
LEAST_DATES = 5


def position_scatter(days: NDArray[np.float64], positions: NDArray[np.float64]) -> float:
    """One-sigma scatter of positions about smooth motion, along one axis.

    Each position is compared with the straight line in time between the two valid ones around it,
    so that a slow change of speed does not count. With independent errors of one size σ, that
    difference has the standard deviation σ·√(1 + w² + (1 − w)²), where w is the share of the time
    elapsed; the median of the scaled differences is not led astray by one bad date.

    Parameters
    ----------
    days : array of float64, (time,)
    positions : array of float64, (time,)
        Pixels; NaN where lost.

    Returns
    -------
    float
        Pixels; NaN with fewer than ``LEAST_DATES`` valid positions at different times.
    """
    known = np.isfinite(positions)
    t, p = days[known], positions[known]
    _, first = np.unique(t, return_index=True)
    t, p = t[first], p[first]
    if t.size < LEAST_DATES:
        return float("nan")
    share = (t[1:-1] - t[:-2]) / (t[2:] - t[:-2])
    off = p[1:-1] - ((1 - share) * p[:-2] + share * p[2:])
    return float(NORMAL_MAD * np.median(np.abs(off) / np.sqrt(1 + share**2 + (1 - share) ** 2)))

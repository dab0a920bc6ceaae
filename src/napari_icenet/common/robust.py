"""Robust deviation of numbers: by the median, so that a few wild ones do not count."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Standard deviation of a normal distribution over its median absolute deviation.
NORMAL_MAD = 1.4826


def robust_deviation(values: NDArray[np.floating]) -> float:
    """Standard deviation that normal numbers of this median absolute deviation have; at least one, none missing."""
    return NORMAL_MAD * float(np.median(np.abs(values - np.median(values))))

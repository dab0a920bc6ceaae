"""Stored values whose texture float32 does not hold: a large offset, or numbers of extreme size.

Correlation does not depend on offset and gain, so such pictures are matched less an offset and times a power of
two. All others are left as they are, to the byte.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_icenet.scenes.grid import Window
from napari_icenet.scenes.stack import SceneStack

#: An offset of so many times the texture leaves it less than three digits in float32.
_LARGEST_OFFSET = 1e4
#: Products of larger or smaller numbers leave float32.
_LARGEST, _SMALLEST = 1e15, 1e-15
#: Powers of two come in steps, so that dates of about one brightness have one.
_STEP = 32
#: Side of the windows that are looked at, and how many there are along each axis.
_SAMPLE_PX, _SAMPLES = 64, 3
#: Types that hold no such values.
_PLAIN = frozenset({"bool", "int8", "uint8", "int16", "uint16", "float16"})


@dataclass(frozen=True)
class OddScale:
    """What is done to stored values before they become float32.

    Attributes
    ----------
    offset : float
        Subtracted first.
    exponent : int
        Of the power of two that the rest is multiplied by.
    """

    offset: float
    exponent: int

    def applied(self, values: NDArray[Any], fill: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Values as float32; NaN where they are fill."""
        shifted = np.where(fill, np.nan, np.asarray(values, np.float64)) - self.offset
        with np.errstate(over="ignore"):
            return np.ldexp(shifted, self.exponent).astype(np.float32)


def odd_scale(stack: SceneStack, time: int, band: str) -> OddScale | None:
    """What a band of a date needs before it becomes float32; None where it needs nothing.

    The middle of the picture is looked at, and the rest only where that is odd.
    """
    if band not in stack.scenes[time].bands or stack.scenes[time].bands[band].dtype.name in _PLAIN:
        return None
    windows = _windows(stack.grid.shape)
    for window in windows:
        known = _known(stack, time, band, window)
        if not known.size:
            continue
        if scale_of(known) is None:
            return None
        return scale_of(np.concatenate([known, *(_known(stack, time, band, other) for other in windows)]))
    return None


def scale_of(values: NDArray[np.float64]) -> OddScale | None:
    """What finite values need; None where they are of a size and spread that float32 holds, or all alike."""
    low, middle, high = (float(v) for v in np.percentile(values, [1, 50, 99]))
    spread = high - low
    if not spread > 0:
        return None
    offset = middle if abs(middle) > _LARGEST_OFFSET * spread else 0.0
    size = max(abs(low - offset), abs(high - offset))
    exponent = 0 if _SMALLEST <= size <= _LARGEST else -_STEP * round(float(np.log2(size)) / _STEP)
    return OddScale(offset, exponent) if offset or exponent else None


def _windows(shape: tuple[int, int]) -> Iterator[Window]:
    """Windows over a frame, that in its middle first."""
    corners = [[round((n - _SAMPLE_PX) * k / (_SAMPLES - 1)) for k in range(_SAMPLES)] for n in shape]
    middle = _SAMPLES // 2
    for i, j in sorted(np.ndindex(_SAMPLES, _SAMPLES), key=lambda at: at != (middle, middle)):
        yield Window(corners[0][i], corners[1][j], _SAMPLE_PX, _SAMPLE_PX).clipped(shape)


def _known(stack: SceneStack, time: int, band: str, window: Window) -> NDArray[np.float64]:
    """Finite values of a window, as stored."""
    stored = stack.read_stored(time, band, window) if window.height and window.width else None
    if stored is None:
        return np.empty(0)
    values = np.asarray(stored[0], np.float64)[~stored[1]]
    return values[np.isfinite(values)]

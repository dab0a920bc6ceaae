"""Equation 1 of the paper at zero shift: how alike a template and a chip are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_icenet.common.types import F32, F64
from napari_icenet.matching.zncc import FLAT

#: Least share of a chip's pixels that it must show to be judged.
MIN_KNOWN = 0.5
#: Least share of a chip's pixels that template and chip must both know.
MIN_OVERLAP = 0.25


@dataclass(frozen=True, eq=False)
class Image:
    """A chip or template made ready to be compared with many others.

    Attributes
    ----------
    values : array of float64, (C·C,)
        NaN is missing.
    unit : array of float64, (C·C,), or None
        Of zero mean and unit length, where every pixel is known and they are not flat.
    known : float
        Share of the pixels that are known.
    flat : bool
        Whether the known pixels are all alike, or there is none.
    """

    values: F64
    unit: F64 | None
    known: float
    flat: bool

    @classmethod
    def of(cls, chip: F32) -> Image:
        """Make a chip (C, C) ready."""
        values = chip.ravel().astype(np.float64)
        total = float(values.sum())
        if np.isfinite(total):
            unit = _unit(values)
            return cls(values, unit, 1.0, unit is None)
        known = values[np.isfinite(values)]
        return cls(values, None, known.size / values.size, _unit(known) is None)

    @property
    def usable(self) -> bool:
        """True if it shows enough to be judged: half of its pixels, and not all alike."""
        return self.known >= MIN_KNOWN and not self.flat


def correlation(first: Image, second: Image) -> float:
    """Zero-mean normalised correlation of two images in place.

    Over the pixels known in both, with means and deviations of these pixels alone.

    Returns
    -------
    float
        −1 … 1; NaN where fewer than a quarter of the pixels are known in both, or either is flat there.
    """
    if first.unit is not None and second.unit is not None:
        return _clipped(_dot(first.unit, second.unit))
    both = np.isfinite(first.values) & np.isfinite(second.values)
    if np.count_nonzero(both) < MIN_OVERLAP * both.size:
        return float("nan")
    one, other = _unit(first.values[both]), _unit(second.values[both])
    if one is None or other is None:
        return float("nan")
    return _clipped(_dot(one, other))


def _unit(values: F64) -> F64 | None:
    """Values of zero mean and unit length; None where they are flat to float32 precision."""
    if not values.size:
        return None
    mean = float(values.mean())
    centred = values - mean
    length = _dot(centred, centred) ** 0.5
    # No pixel is brighter than the mean and the length together.
    if length <= FLAT * (abs(mean) + length) * values.size**0.5:
        level = max(float(values.max()), -float(values.min()))
        if length <= FLAT * level * values.size**0.5 or length == 0:
            return None
    return np.asarray(centred / length, np.float64)


def _dot(first: F64, second: F64) -> float:
    # Not by BLAS, whose threads would get in each other's way in small sums.
    return float(np.einsum("i,i->", first, second))


def _clipped(value: float) -> float:
    return min(max(value, -1.0), 1.0)

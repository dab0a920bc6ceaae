"""Frames of one track made comparable: of unit deviation, those with ice, and back to the unit of the last."""

from __future__ import annotations

import math
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.types import F32
from napari_icenet.matching.template import Past
from napari_icenet.matching.zncc import FLAT

#: Least share of a frame's pixels that must be known.
MIN_KNOWN = 0.5


@dataclass(frozen=True, eq=False)
class Level:
    """Mean and standard deviation of a frame's known pixels, float64, and their share of the frame."""

    mean: float
    deviation: float
    known: float = 1.0

    @classmethod
    def of(cls, frame: F32) -> Level | None:
        """The level of a frame (C, C); None where it is flat or holds no pixel."""
        mask, share = None, 1.0
        mean, deviation = _mean_and_deviation(frame, None)
        if not math.isfinite(mean):
            mask = np.isfinite(frame).astype(np.uint8)
            share = cv2.countNonZero(mask) / mask.size
            if not share:
                return None
            mean, deviation = _mean_and_deviation(frame, mask)
        return cls(mean, deviation, share) if deviation > FLAT * cv2.norm(frame, cv2.NORM_INF, mask) else None

    def scaled(self, values: F32) -> F32:
        """Values of unit deviation in the unit of the frame."""
        return np.asarray(values * np.float32(self.deviation), np.float32)

    def restored(self, values: F32) -> F32:
        """Values of zero mean and unit deviation at the level of the frame."""
        return self.scaled(values) + np.float32(self.mean)


def _mean_and_deviation(frame: F32, mask: NDArray[np.uint8] | None) -> tuple[float, float]:
    mean, deviation = cv2.meanStdDev(frame, mask=mask)
    return float(mean[0, 0]), float(deviation[0, 0])


#: Levels of the frames of a past, for all who ask; forgotten with the past itself.
_known: WeakKeyDictionary[Past, tuple[Level | None, ...]] = WeakKeyDictionary()


def levels(past: Past) -> tuple[Level | None, ...]:
    """The level of each frame of a past."""
    found = _known.get(past)
    if found is None:
        found = _known[past] = tuple(Level.of(chip) for chip in past.chips)
    return found


def usable(past: Past) -> NDArray[np.intp]:
    """Indices of the frames a template can be made of, oldest first; none if there are none.

    Valid ones that are known in half of their pixels and not flat; if no frame is valid, all of those.
    """
    shown = np.array([level is not None and level.known >= MIN_KNOWN for level in levels(past)])
    both = shown & past.valid
    return np.flatnonzero(both if both.any() else shown)


def normalised(frames: F32) -> F32:
    """Frames (n, C, C) of zero mean and unit deviation each; NaN where flat, for that says nothing."""
    out = np.empty_like(frames)
    for index, frame in enumerate(frames):
        level = Level.of(frame)
        if level is None:
            out[index] = np.nan
        else:
            np.subtract(frame, np.float32(level.mean), out=out[index])
            out[index] *= np.float32(1 / level.deviation)
    return out


def template_level(past: Past, index: NDArray[np.intp]) -> Level:
    """The level that a template is given: that of t0, or of the newest frame it is made of."""
    known = levels(past)
    level = known[-1] or known[int(index[-1])]
    assert level is not None
    return level

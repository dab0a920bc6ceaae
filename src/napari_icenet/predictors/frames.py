"""Frames of one track made comparable: of unit deviation, those with ice, and back to the unit of the last."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_icenet.tracking.templates import Past
from napari_icenet.tracking.zncc import FLAT

F32 = NDArray[np.float32]

#: Least share of a frame's pixels that must be known.
MIN_KNOWN = 0.5


@dataclass(frozen=True, eq=False)
class Level:
    """Mean and standard deviation of a frame's known pixels, float64."""

    mean: float
    deviation: float

    @classmethod
    def of(cls, frame: F32) -> Level | None:
        """The level of a frame (C, C); None where it is flat or holds no pixel."""
        known = None
        mean, deviation = (float(value[0, 0]) for value in cv2.meanStdDev(frame))
        if not np.isfinite(mean):
            known = np.isfinite(frame).astype(np.uint8)
            if not known.any():
                return None
            mean, deviation = (float(value[0, 0]) for value in cv2.meanStdDev(frame, mask=known))
        return cls(mean, deviation) if deviation > FLAT * cv2.norm(frame, cv2.NORM_INF, known) else None

    def scaled(self, values: F32) -> F32:
        """Values of unit deviation in the unit of the frame."""
        return np.asarray(values * np.float32(self.deviation), np.float32)

    def restored(self, values: F32) -> F32:
        """Values of zero mean and unit deviation at the level of the frame."""
        return self.scaled(values) + np.float32(self.mean)


def usable(past: Past) -> NDArray[np.intp]:
    """Indices of the frames a template can be made of, oldest first; none if there are none.

    Valid ones that are known in half of their pixels and not flat; if no frame is valid, all of those.
    """
    known = np.isfinite(past.chips).mean((1, 2)) >= MIN_KNOWN
    shown = known & np.array([Level.of(chip) is not None for chip in past.chips])
    both = shown & past.valid
    return np.flatnonzero(both if both.any() else shown)


def normalised(frames: F32) -> F32:
    """Frames (n, C, C) of zero mean and unit deviation each; NaN where flat, for that says nothing."""
    out = np.full_like(frames, np.nan)
    for index, frame in enumerate(frames):
        level = Level.of(frame)
        if level is not None:
            np.subtract(frame, np.float32(level.mean), out=out[index])
            out[index] *= np.float32(1 / level.deviation)
    return out


def template_level(past: Past, index: NDArray[np.intp]) -> Level:
    """The level that a template is given: that of t0, or of the newest frame it is made of."""
    level = Level.of(past.chips[-1]) or Level.of(past.chips[index[-1]])
    assert level is not None
    return level

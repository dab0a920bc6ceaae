"""Median of past chips, aligned to a fraction of a pixel."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from napari_icenet.common.robust import NORMAL_MAD
from napari_icenet.common.types import F32
from napari_icenet.matching.template import Past, Prediction
from napari_icenet.predictors.base import Options
from napari_icenet.predictors.normalise import normalised, template_level, usable
from napari_icenet.predictors.registration import aligned


class Median(Options):
    """Median of the valid past chips, aligned to t0, each of zero mean and unit deviation.

    The template has the mean and deviation of t0; its spread is 1.4826 times the median absolute deviation.

    Attributes
    ----------
    align : bool
        Whether frames are laid on t0 to a fraction of a pixel, or taken where they are.
    spread : bool
        Whether the spread is worked out, too.
    """

    name: ClassVar[str] = "median"
    title: ClassVar[str] = "Aligned median"

    align: bool = True
    spread: bool = True

    def __call__(self, past: Past) -> Prediction | None:
        """The median; None where no frame shows anything."""
        index = usable(past)
        if not index.size:
            return None
        frames = aligned(past).frames if self.align else normalised(past.chips[index])
        middle, deviation = median_and_deviation(frames) if self.spread else (_median(frames), None)
        level = template_level(past, index)
        return Prediction(level.restored(middle), None if deviation is None else level.scaled(NORMAL_MAD * deviation))


def median_and_deviation(frames: F32) -> tuple[F32, F32 | None]:
    """Median and median absolute deviation of each pixel, over the frames (n, C, C) that know it.

    The deviation is NaN where fewer than two frames know the pixel, and None for a single frame.
    """
    middle = _median(frames)
    if len(frames) == 1:
        return middle, None
    deviation = _median(np.abs(frames - middle))
    deviation[np.isfinite(frames).sum(0) < 2] = np.nan
    return middle, deviation


def _median(frames: F32) -> F32:
    # Few frames of many pixels: neighbours swapped until all are in order is ten times quicker than np.nanmedian.
    known = np.isfinite(frames)
    ordered = list(np.where(known, frames, np.float32(np.inf)))
    spare = np.empty_like(frames[0])
    for step in range(len(frames)):
        for k in range(step % 2, len(frames) - 1, 2):
            low, high = ordered[k], ordered[k + 1]
            np.minimum(low, high, out=spare)
            np.maximum(low, high, out=high)
            ordered[k], spare = spare, low
    middle = (ordered[(len(frames) - 1) // 2] + ordered[len(frames) // 2]) / 2
    # Missing pixels were put last.
    some = ~known.all(0)
    if some.any():
        rest, count = np.stack([frame[some] for frame in ordered]), known[:, some].sum(0)
        pixels = np.arange(rest.shape[1])
        lower, upper = rest[np.maximum(count - 1, 0) // 2, pixels], rest[count // 2, pixels]
        middle[some] = np.where(count > 0, (lower + upper) / 2, np.float32(np.nan))
    return np.asarray(middle, np.float32)

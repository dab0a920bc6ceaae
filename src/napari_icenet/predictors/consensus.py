"""Consensus of past chips: their mean, weighted by how well each agrees with the others."""

from __future__ import annotations

import math
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from napari_icenet.matching.template import Past, Prediction
from napari_icenet.predictors.base import Options
from napari_icenet.predictors.normalise import normalised, template_level, usable
from napari_icenet.predictors.registration import aligned

#: Keeps weights above zero, so that frames of which no two agree count alike.
_LEAST = 1e-6


class Consensus(Options):
    """Mean of the valid past chips, aligned to t0, each of zero mean and unit deviation.

    A frame weighs as much as it agrees with the others: the mean of its correlations with them,
    none counted below zero, to a power. They are taken band-passed (2–40 px), for broad haze
    correlates with broad haze. So a cloud that no mask knew weighs little.

    The template has the mean and deviation of t0; its spread is the weighted deviation of the frames.

    Attributes
    ----------
    power : float
        Sharpness of the weights; 0 is the plain mean.
    align : bool
        Whether frames are laid on t0 to a fraction of a pixel, or taken where they are.
    spread : bool
        Whether the spread is worked out, too.
    """

    name: ClassVar[str] = "consensus"
    title: ClassVar[str] = "Consensus"

    power: float = Field(default=2.0, ge=0, le=16)
    align: bool = True
    spread: bool = True

    def __call__(self, past: Past) -> Prediction | None:
        """The weighted mean; None where no frame shows anything."""
        index = usable(past)
        if not index.size:
            return None
        known = aligned(past)
        frames = known.frames if self.align else normalised(past.chips[index])
        weights = agreement(known.registration.ncc[np.ix_(index, index)]) ** self.power + _LEAST
        mean, deviation = (
            weighted_mean_and_deviation(frames, weights) if self.spread else (weighted_mean(frames, weights), None)
        )
        level = template_level(past, index)
        return Prediction(level.restored(mean), None if deviation is None else level.scaled(deviation))


def agreement(ncc: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean correlation of each frame with the others, from those of all pairs (n, n) with 0 on the diagonal; (n,)."""
    return np.asarray(ncc.sum(1) / max(len(ncc) - 1, 1))


def weighted_mean(frames: NDArray[np.float32], weights: NDArray[np.float64]) -> NDArray[np.float32]:
    """Weighted mean of each pixel, over the frames (n, C, C) that know it."""
    total, values = np.zeros((2, *frames.shape[1:]), np.float32)
    for frame, weight in zip(frames, (weights / weights.sum()).astype(np.float32), strict=True):
        if math.isfinite(cv2.sumElems(frame)[0]):
            total += weight
            values += weight * frame
        else:
            known = np.isfinite(frame)
            total += weight * known
            values += weight * np.where(known, frame, np.float32(0))
    return np.where(total > 0, values / np.where(total > 0, total, 1), np.float32(np.nan))


def weighted_mean_and_deviation(
    frames: NDArray[np.float32], weights: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Weighted mean and deviation of each pixel, over the frames (n, C, C) that know it.

    The deviation is unbiased for weights that say how reliable a frame is; NaN where fewer than two
    frames know the pixel, and None for a single frame.
    """
    known = np.isfinite(frames)
    weight = np.where(known, (weights / weights.sum()).astype(np.float32)[:, None, None], np.float32(0))
    values = np.where(known, frames, np.float32(0))
    total = weight.sum(0)
    safe = np.where(total > 0, total, 1)
    mean = np.where(total > 0, (weight * values).sum(0) / safe, np.float32(np.nan))
    if len(frames) == 1:
        return mean, None
    variance = (weight * np.square(np.where(known, values - mean, np.float32(0)))).sum(0) / safe
    independent = np.maximum(1 - np.square(weight).sum(0) / safe**2, np.float32(1e-4))
    several = known.sum(0) > 1
    deviation = np.sqrt(variance / np.where(several, independent, 1))
    return mean, np.where(several, deviation, np.float32(np.nan)).astype(np.float32)

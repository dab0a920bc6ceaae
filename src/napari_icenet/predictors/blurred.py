"""The last chip, blurred: what correlation alone rewards."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from napari_icenet.errors import UsageError
from napari_icenet.matching.template import Past, Prediction
from napari_icenet.matching.zncc import masked_zncc
from napari_icenet.predictors.base import Options

#: Deviations that are tried by :func:`choose_sigma`, px.
SIGMAS = (0.5, 1.0, 2.0, 4.0, 8.0)


class Blurred(Options):
    """The last chip t0 after a Gaussian; missing pixels stay missing and take no part.

    Attributes
    ----------
    sigma : float
        Standard deviation of the Gaussian, px; :func:`choose_sigma` finds the best for a data set.
    """

    name: ClassVar[str] = "blurred"
    title: ClassVar[str] = "Blurred"

    sigma: float = Field(default=2.0, gt=0, le=64)

    def __call__(self, past: Past) -> Prediction | None:
        """The blurred last chip; None where it holds no pixel."""
        last = past.chips[-1]
        total = cv2.sumElems(last)[0]
        if math.isfinite(total):
            level = np.float32(total / last.size)
            return Prediction(self._blur(last - level) / _weights(self, last.shape) + level)
        known = np.isfinite(last)
        if not known.any():
            return None
        level = np.float32(last[known].mean(dtype=np.float64))
        # A mean over the known pixels near by: blurred values over blurred weights.
        values = self._blur(np.where(known, last - level, np.float32(0)))
        weights = self._blur(known.astype(np.float32))
        return Prediction(np.where(known, values / np.where(known, weights, 1) + level, np.float32(np.nan)))

    def _blur(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        side = 2 * math.ceil(4 * self.sigma) + 1
        size = (side, side)
        return np.asarray(cv2.GaussianBlur(image, size, self.sigma, borderType=cv2.BORDER_CONSTANT), np.float32)


@lru_cache(maxsize=8)
def _weights(blurred: Blurred, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Share of the Gaussian that lies inside a chip, (C, C)."""
    return blurred._blur(np.ones(shape, np.float32))


def choose_sigma(
    pasts: Sequence[Past], targets: Sequence[NDArray[np.float32]], sigmas: Sequence[float] = SIGMAS
) -> float:
    """The σ whose templates correlate best with their targets, in the mean; hand over the training split alone.

    Parameters
    ----------
    pasts : sequence of Past
    targets : sequence of array of float32, (C, C)
        The chip that each past is to predict.
    sigmas : sequence of float
        Candidates, px.

    Returns
    -------
    float
        The smallest of them where several are best.

    Raises
    ------
    UsageError
        No past and target correlate at all.
    """
    means = []
    for sigma in sorted(sigmas):
        blurred = Blurred(sigma=sigma)
        made = [(blurred(past), target) for past, target in zip(pasts, targets, strict=True)]
        scores = [float(masked_zncc(target, p.template)[0, 0]) for p, target in made if p is not None]
        known = [score for score in scores if math.isfinite(score)]
        means.append((float(np.mean(known)) if known else -math.inf, -sigma))
    if not means or max(means)[0] == -math.inf:
        raise UsageError("no past chip correlates with its target, so no blur can be chosen; give σ yourself.")
    return -max(means)[1]

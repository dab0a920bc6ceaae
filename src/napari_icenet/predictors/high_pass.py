"""Only what is small stays: the high-pass of the last chip, as in the paper."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from napari_icenet.matching.prefilter import prefilter
from napari_icenet.matching.template import HIGH_PASS, Past, Prediction
from napari_icenet.predictors.base import Options


class HighPass(Options):
    """The last chip t0 less its Gaussian mean (σ 8 px), for the picture filtered likewise."""

    name: ClassVar[str] = "high-pass"
    title: ClassVar[str] = "High-pass"
    prefilter: ClassVar[str] = HIGH_PASS

    def __call__(self, past: Past) -> Prediction | None:
        """The filtered last chip; None where it holds no pixel."""
        last = past.chips[-1]
        return Prediction(prefilter(HIGH_PASS)(last)) if np.isfinite(last).any() else None

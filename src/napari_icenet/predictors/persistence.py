"""Nothing changes: the last chip, as in the paper."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from napari_icenet.matching.template import Past, Prediction
from napari_icenet.predictors.base import Options


class Persistence(Options):
    """The last chip t0, whatever it shows: where t0 is under cloud, the template is cloud."""

    name: ClassVar[str] = "persistence"
    title: ClassVar[str] = "Persistence"

    def __call__(self, past: Past) -> Prediction | None:
        """The last chip; None where it holds no pixel."""
        last = past.chips[-1]
        return Prediction(last) if np.isfinite(last).any() else None

"""Hand-made chips, and predictors whose templates are known."""

from typing import ClassVar

import numpy as np

from napari_icenet.matching.template import Prediction
from napari_icenet.predictors.base import Options
from tests.tracking.glacier import shifted, texture

SIDE = 32


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def moving_chips(moves, *, side=64, seed=0):
    """Chips (T, side, side) of one texture at ``moves`` (T, 2) from their place."""
    base = texture(2 * side, seed)
    part = slice(side // 2, side // 2 + side)
    return np.array([shifted(base, *move)[part, part] for move in moves], np.float32)


class Oldest(Options):
    """The oldest chip that is shown."""

    name: ClassVar[str] = "oldest"
    title: ClassVar[str] = "Oldest"

    def __call__(self, past):
        return Prediction(past.chips[0])


class Nothing(Options):
    """Never has a template."""

    name: ClassVar[str] = "nothing"
    title: ClassVar[str] = "Nothing"

    def __call__(self, past):
        return None


class Ahead(Options):
    """The last chip, brighter in one corner the further the target lies ahead."""

    name: ClassVar[str] = "ahead"
    title: ClassVar[str] = "Ahead"

    def __call__(self, past):
        template = past.chips[-1].copy()
        template[:8, :8] += past.horizon
        return Prediction(template)


class AheadTogether(Ahead):
    """The same for many at once."""

    def predict_many(self, pasts):
        return [self(past) for past in pasts]

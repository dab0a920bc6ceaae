"""Hand-made sequences, and predictors whose templates are known."""

from typing import ClassVar

import numpy as np

from napari_icenet.datasets.sequences import Sequences
from napari_icenet.matching.template import Prediction
from napari_icenet.predictors.base import Options
from tests.tracking.glacier import shifted, texture

SIDE = 32


def sequences(chips, *, days=None, rows=None, cols=None, cloud=None, valid=None, band="B1"):
    """Sequences of the chips (n, T, C, C), a date every 16 days."""
    chips = np.asarray(chips, np.float32)
    n, frames = chips.shape[:2]
    shape = n, frames
    days = np.tile(16.0 * np.arange(frames), (n, 1)) if days is None else np.broadcast_to(days, shape).astype(float)
    rows = np.broadcast_to(100 if rows is None else rows, shape).astype(np.int64)
    cols = np.broadcast_to(100 if cols is None else cols, shape).astype(np.int64)
    times = np.datetime64("2020-01-01", "s") + (days * 86400).astype("timedelta64[s]")
    nan = np.full(shape, np.nan, np.float32)
    return Sequences(
        chips=chips, times=times, days=days, rows=rows, cols=cols, track_rows=rows.astype(float),
        track_cols=cols.astype(float), ncc=nan, peak_ratio=nan,
        valid=np.ones(shape, bool) if valid is None else np.array(valid),
        cloud=nan if cloud is None else np.broadcast_to(cloud, shape).astype(np.float32),
        fill=np.isnan(chips).mean((2, 3)), stack=np.full(n, "ice"), band=np.full(n, band),
        split=np.full(n, "train"), block=np.zeros((n, 2), np.int64),
    )  # fmt: skip


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

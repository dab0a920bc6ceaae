"""Past chips with exactly known content and motion."""

import numpy as np

from napari_icenet.matching.template import Past
from tests.tracking.glacier import cloud, shifted, texture

SIDE = 64


def ice(moves, *, noise=1.0, seed=0, side=SIDE):
    """Chips (n, side, side) of one texture, displaced by ``moves`` (n, 2), each with its own noise."""
    rng = np.random.default_rng(seed)
    base = texture(2 * side, seed)
    part = slice(side // 2, side // 2 + side)
    chips = [shifted(base, *move)[part, part] + noise * rng.normal(size=(side, side)) for move in moves]
    return np.array(chips, np.float32)


def overcast(seed, side=SIDE):
    return cloud((side, side), seed).astype(np.float32)


def past(chips, *, valid=None, horizon=32.0):
    chips = np.asarray(chips, np.float32)
    days = 16.0 * np.arange(1 - len(chips), 1)
    return Past(chips, days, np.ones(len(chips), bool) if valid is None else np.array(valid), horizon)


def ncc(a, b):
    """Plain float64 correlation over the pixels known in both."""
    both = np.isfinite(a) & np.isfinite(b)
    return np.corrcoef(a[both].astype(float), b[both].astype(float))[0, 1]

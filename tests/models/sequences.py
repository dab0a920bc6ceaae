"""Small networks, and sequences in the unit range that move in a known way."""

import numpy as np
import torch

from napari_icenet.models.svg_lp.network import SvgLp
from napari_icenet.models.svg_lp.settings import SvgLpSettings
from tests.tracking.glacier import shifted, texture

SIDE = 32
SMALL = {"chip": SIDE, "channels": 8, "features": 16, "latent": 16, "hidden": 16, "past": 4}


def network(seed=0, **settings):
    torch.manual_seed(seed)
    return SvgLp(SvgLpSettings(**SMALL | settings))


def frames(count=3, dates=6, seed=0):
    """Frames (count, dates, SIDE, SIDE), without any order."""
    return torch.rand(count, dates, SIDE, SIDE, generator=torch.Generator().manual_seed(seed))


def drifting(count, dates=6, step=(1.0, 2.0)):
    """Chips (count, dates, SIDE, SIDE) of textures, each of which moves by ``step`` from date to date."""
    out = []
    for seed in range(count):
        base = texture(2 * SIDE, seed)
        out.append([shifted(base, step[0] * t, step[1] * t)[:SIDE, :SIDE] for t in range(dates)])
    return np.array(out, np.float32)

"""Small stacks with exactly known motion, in memory."""

from datetime import datetime, timedelta

import numpy as np
from scipy.ndimage import fourier_shift, gaussian_filter

from napari_icenet.scenes.stack import SceneStack

START = datetime(2020, 1, 1)


def texture(side=320, seed=0):
    """Ice-like texture: fine and coarse features, mean 100, deviation 20."""
    rng = np.random.default_rng(seed)
    fine, coarse = (gaussian_filter(rng.normal(size=(side, side)), s, mode="wrap") for s in (1.2, 8))
    picture = fine / fine.std() + coarse / coarse.std()
    return 100 + 20 * picture / picture.std()


def shifted(picture, drow, dcol):
    """The picture moved down and to the right by a fraction of a pixel, exactly (periodic)."""
    return np.fft.ifft2(fourier_shift(np.fft.fft2(picture), (drow, dcol))).real


def moving(positions, *, noise=1.0, seed=0, side=320, days=None, **kwargs):
    """A stack whose whole surface moves through ``positions`` (n, 2)."""
    rng = np.random.default_rng(seed + 1)
    base = texture(side, seed)
    frames = [shifted(base, *p) + noise * rng.normal(size=base.shape) for p in positions]
    days = days if days is not None else [16 * i for i in range(len(positions))]
    times = [START + timedelta(days=float(d)) for d in days]
    return SceneStack.from_array(np.array(frames, np.float32), times, name="ice", **kwargs)


def cloud(shape, seed):
    """A bright smooth blanket."""
    rng = np.random.default_rng(seed)
    blobs = gaussian_filter(rng.normal(size=shape), 12)
    return 220 + 15 * blobs / blobs.std()

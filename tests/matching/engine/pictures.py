"""Pictures that are hard to correlate, and a plain float64 correlation to compare with."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

CHIP = 24
RADIUS = 9


def texture(side: int = 96, seed: int = 0) -> np.ndarray:
    picture = gaussian_filter(np.random.default_rng(seed).normal(size=(side, side)), 1.2)
    return (picture / picture.std()).astype(np.float32)


def moved(picture: np.ndarray, seed: int = 1) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=picture.shape)
    return (np.roll(picture, (2, -3), (0, 1)) + 0.2 * picture.std() * noise).astype(np.float32)


def holed(picture: np.ndarray, seed: int, share: float = 0.15) -> np.ndarray:
    blobs = gaussian_filter(np.random.default_rng(seed).normal(size=picture.shape), 3)
    out = picture.copy()
    out[blobs > np.quantile(blobs, 1 - share)] = np.nan
    return out


def _random() -> tuple[np.ndarray, np.ndarray]:
    first = texture()
    return first, moved(first)


def _offset() -> tuple[np.ndarray, np.ndarray]:
    first, second = _random()
    return 20 * first + 30000, 20 * second + 29000


def _masked() -> tuple[np.ndarray, np.ndarray]:
    first, second = _random()
    return holed(first, 5), holed(second, 6)


def _striped() -> tuple[np.ndarray, np.ndarray]:
    first, second = _random()
    second = second.copy()
    second[::9] = np.nan
    return first, second


def _flat_half() -> tuple[np.ndarray, np.ndarray]:
    first, second = (picture.copy() for picture in _random())
    first[:, 48:] = 7
    second[40:] = 3
    return first, second


def _contrast() -> tuple[np.ndarray, np.ndarray]:
    """A cloud a thousand times as bright as the ice it hides."""
    first, second = (picture.copy() for picture in _random())
    second[:30, :30] += 3000 * np.abs(texture(30, 7))
    return first, second


def _masked_contrast() -> tuple[np.ndarray, np.ndarray]:
    first, second = _contrast()
    return holed(first, 8), holed(second, 9)


def _tiny() -> tuple[np.ndarray, np.ndarray]:
    first, second = _random()
    return first * np.float32(1e-12), second * np.float32(1e-12)


def _bytes() -> tuple[np.ndarray, np.ndarray]:
    return tuple(np.clip(np.rint(4 * picture + 250), 0, 255).astype(np.float32) for picture in _random())


PAIRS = {
    "random": _random,
    "large offset": _offset,
    "masked": _masked,
    "missing lines": _striped,
    "flat halves": _flat_half,
    "bright cloud": _contrast,
    "bright cloud, masked": _masked_contrast,
    "tiny values": _tiny,
    "saturated bytes": _bytes,
}


def reference(window: np.ndarray, chip: np.ndarray, min_overlap: float = 0.5) -> np.ndarray:
    """Equation 1 over the pixels known in both, placement by placement, in float64; NaN where flat."""
    side = len(chip)
    rows, cols = window.shape[0] - side + 1, window.shape[1] - side + 1
    out = np.full((rows, cols), np.nan)
    for i in range(rows):
        for j in range(cols):
            patch = window[i : i + side, j : j + side]
            known = np.isfinite(patch) & np.isfinite(chip)
            if known.sum() < min_overlap * chip.size:
                continue
            r, s = patch[known].astype(np.float64), chip[known].astype(np.float64)
            r, s = r - r.mean(), s - s.mean()
            if min(np.ptp(r), np.ptp(s)) > 0:
                out[i, j] = (r * s).sum() / np.sqrt((r * r).sum() * (s * s).sum())
    return out

"""Chips as grey pictures for Qt."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from qtpy.QtGui import QImage

from napari_icenet.common.types import F32

#: Each chip is stretched by itself between these percentiles.
STRETCH = (2.0, 98.0)


MISSING = (20, 24, 40)


def stretch(chip: F32) -> tuple[float, float]:
    """The values that are drawn black and white; 0 and 1 where nothing is known."""
    if not np.isfinite(chip).any():
        return 0.0, 1.0
    low, high = (float(v) for v in np.nanpercentile(chip, STRETCH))
    return low, max(high, low + 1e-9)


def grey_image(chip: F32) -> QImage:
    """A chip in grey, stretched between its percentiles; missing pixels are dark blue."""
    low, high = stretch(chip)
    known = np.isfinite(chip)
    scaled = np.clip((np.where(known, chip, low) - low) / (high - low), 0, 1)
    rgb = np.repeat(np.round(255 * scaled).astype(np.uint8)[..., None], 3, axis=2)
    rgb[~known] = MISSING
    return rgb_image(rgb)


def rgb_image(rgb: NDArray[np.uint8]) -> QImage:
    """Picture of uint8 colours, (height, width, 3), with memory of its own."""
    height, width, _ = rgb.shape
    # A copy: the image must not outlive the array it looks at.
    return QImage(rgb.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()

"""Find pixels without measurement where the file itself does not declare them."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

#: In JPEGs black is not exactly 0. Pixels up to CORE seed the border; around it, within the reach
#: of a block of 8 × 8 pixels, all up to RINGING belong to it. On Perito Moreno the artefacts end
#: at about 24 while the darkest ground lies above 40.
JPEG_CORE = 2
JPEG_RINGING = 16
JPEG_REACH_PX = 8

#: A black region that does not touch the frame's border is fill from this share of the frame on.
SOLID_SHARE = 0.01


def black_border(brightest: NDArray[Any], *, lossy: bool = False, solid: bool = True) -> NDArray[np.bool_]:
    """Black that surrounds a picture, without the dark shadows in it.

    Parameters
    ----------
    brightest : array, (height, width)
        The largest value over all bands at each pixel.
    lossy : bool
        The picture comes from a JPEG, whose black is only nearly 0.
    solid : bool
        Count large black regions too that do not touch the frame's border.

    Returns
    -------
    array of bool, (height, width)
        True where the picture holds no measurement.
    """
    core = np.ascontiguousarray(brightest <= (JPEG_CORE if lossy else 0))
    fill = _outer_regions(core, solid=solid)
    if lossy and fill.any():
        dark = (brightest <= JPEG_RINGING).astype(np.uint8)
        grown = fill.astype(np.uint8)
        neighbours = np.ones((3, 3), np.uint8)
        for _ in range(JPEG_REACH_PX):
            grown |= np.asarray(cv2.dilate(grown, neighbours), np.uint8) & dark
        fill = grown.astype(bool)
    return fill


def _outer_regions(black: NDArray[np.bool_], *, solid: bool) -> NDArray[np.bool_]:
    if not black.any() or black.all():
        return black
    count, labels, stats, _ = cv2.connectedComponentsWithStats(black.astype(np.uint8), connectivity=8)
    keep = np.zeros(count, bool)
    for edge in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        keep[edge] = True
    if solid:
        keep |= stats[:, cv2.CC_STAT_AREA] >= SOLID_SHARE * black.size
    keep[0] = False  # label 0 is all that is not black
    return np.asarray(keep[labels])

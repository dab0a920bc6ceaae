"""Find pixels without measurement where the file itself does not declare them."""

from __future__ import annotations

from collections.abc import Iterable
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

#: Zeros that hang together in at least so many pixels are a region; fewer may be dark pixels.
LEAST_REGION_PX = 25
#: Shadows that are cut off at 0 are dark around, too. A pixel is dark below this percentile of the
#: picture's magnitudes, and a region is shadow if more than this share of the pixels at its edge are dark.
DARK_PERCENTILE, SHADOW_SHARE = 10.0, 0.5
#: Pixels a side from which that percentile is taken.
_SAMPLE_SIDE_PX = 1000

#: No instrument measures this much; the least and greatest numbers of a type stand for nothing (float32: 3.4e38).
GREATEST_MEASUREMENT = np.float32(1e38)


def unmeasured(values: NDArray[Any]) -> NDArray[np.bool_]:
    """True where a value can be no measurement: NaN, infinite, or at the end of its floating type."""
    if values.dtype.kind != "f":
        return np.zeros(values.shape, bool)
    return np.asarray(~(np.abs(values) < GREATEST_MEASUREMENT))


def zero_regions(bands: Iterable[NDArray[Any]]) -> NDArray[np.bool_]:
    """Connected zeros of integer bands that declare no missing value.

    They touch the frame's border, or lie inside and end abruptly: a shadow that is cut off at 0 is
    surrounded by dark pixels, ground that was never measured is not.

    Parameters
    ----------
    bands : iterable of integer array, (height, width)
        All bands of the picture; zeros count where every band has them.

    Returns
    -------
    array of bool, (height, width)
        True where the picture is assumed to hold no measurement.
    """
    greatest: NDArray[Any] | None = None
    for values in bands:
        magnitude = np.abs(values).view(f"u{values.dtype.itemsize}") if values.dtype.kind == "i" else values
        greatest = magnitude if greatest is None else np.maximum(greatest, magnitude)
        if greatest.all():  # the other bands need not be decoded
            return np.zeros(greatest.shape, bool)
    if greatest is None:
        raise ValueError("a picture without bands")
    black = np.asarray(greatest == 0)
    if not black.any() or black.all():
        return black
    count, labels, stats, _ = cv2.connectedComponentsWithStats(black.astype(np.uint8), connectivity=8)
    keep = _at_the_frame(labels, count)
    inside = ~keep & (stats[:, cv2.CC_STAT_AREA] >= LEAST_REGION_PX)
    inside[0] = False
    if inside.any():
        keep |= inside & ~_shadows(greatest, np.asarray(labels), inside)
    keep[0] = False  # label 0 is all that is not black
    return np.asarray(keep[labels])


def _shadows(magnitude: NDArray[Any], labels: NDArray[Any], regions: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which regions, by label, have mostly dark pixels around them."""
    step = max(1, max(magnitude.shape) // _SAMPLE_SIDE_PX)
    sample = magnitude[::step, ::step]
    sample = sample[sample > 0]
    if not sample.size:
        sample = magnitude[magnitude > 0]
    limit = np.percentile(sample, DARK_PERCENTILE)
    edge, dark = np.zeros(regions.size, np.int64), np.zeros(regions.size, np.int64)
    behind, ahead = slice(None, -1), slice(1, None)
    whole = slice(None)
    for here, there in (((behind, whole), (ahead, whole)), ((whole, behind), (whole, ahead))):
        for own, other in ((here, there), (there, here)):
            beside = np.nonzero((labels[own] > 0) & (labels[other] == 0))
            owner = labels[own][beside]
            edge += np.bincount(owner, minlength=regions.size)
            dark += np.bincount(owner[magnitude[other][beside] <= limit], minlength=regions.size)
    return np.asarray(regions & (dark > SHADOW_SHARE * edge))


def black_border(brightest: NDArray[Any], *, lossy: bool = False) -> NDArray[np.bool_]:
    """Black that surrounds a picture, and large black regions in it, without its dark shadows.

    Parameters
    ----------
    brightest : array, (height, width)
        The largest value over all bands at each pixel.
    lossy : bool
        The picture comes from a JPEG, whose black is only nearly 0.

    Returns
    -------
    array of bool, (height, width)
        True where the picture holds no measurement.
    """
    core = np.ascontiguousarray(brightest <= (JPEG_CORE if lossy else 0))
    fill = _outer_regions(core)
    if lossy and fill.any():
        dark = (brightest <= JPEG_RINGING).astype(np.uint8)
        grown = fill.astype(np.uint8)
        neighbours = np.ones((3, 3), np.uint8)
        for _ in range(JPEG_REACH_PX):
            grown |= np.asarray(cv2.dilate(grown, neighbours), np.uint8) & dark
        fill = grown.astype(bool)
    return fill


def _outer_regions(black: NDArray[np.bool_]) -> NDArray[np.bool_]:
    if not black.any() or black.all():
        return black
    count, labels, stats, _ = cv2.connectedComponentsWithStats(black.astype(np.uint8), connectivity=8)
    keep = _at_the_frame(labels, count) | (stats[:, cv2.CC_STAT_AREA] >= SOLID_SHARE * black.size)
    keep[0] = False  # label 0 is all that is not black
    return np.asarray(keep[labels])


def _at_the_frame(labels: Any, count: int) -> NDArray[np.bool_]:
    """Which regions, by label, touch the frame's border."""
    touching = np.zeros(count, bool)
    for edge in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        touching[edge] = True
    return touching

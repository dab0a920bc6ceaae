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

#: No instrument measures this much; the least and greatest numbers of a type stand for nothing (float32: 3.4e38),
#: and so does netCDF's own 9.97e36.
GREATEST_MEASUREMENT = np.float32(9e36)
#: What programs write where nothing was measured; no signed band holds it by measurement.
STAND_INS = (-9999, -32768)


def unmeasured(values: NDArray[Any]) -> NDArray[np.bool_]:
    """True where a value can be no measurement: NaN, infinite, or at the end of its floating type."""
    if values.dtype.kind != "f":
        return np.zeros(values.shape, bool)
    return np.asarray(~(np.abs(values) < GREATEST_MEASUREMENT))


def assumed_missing(bands: Iterable[NDArray[Any]]) -> NDArray[np.bool_]:
    """Pixels of bands that declare no missing value and hold none by all appearance.

    Connected zeros that touch the frame's border, or lie inside and end abruptly: a shadow that is cut off at 0 is
    surrounded by dark pixels, ground that was never measured is not. Large regions of the greatest integer that end
    abruptly, too: saturated snow is surrounded by bright pixels. And ``STAND_INS`` wherever they are.

    Parameters
    ----------
    bands : iterable of array, (height, width)
        All bands of the picture; a value counts where every band has it.

    Returns
    -------
    array of bool, (height, width)
        True where the picture is assumed to hold no measurement.
    """
    alike: dict[float, NDArray[np.bool_]] = {}
    darkest: NDArray[Any] | None = None
    brightest: NDArray[Any] | None = None
    for values in bands:
        candidates = _candidates(values.dtype) if darkest is None else alike
        alike = {value: (values == value) & alike.get(value, True) for value in candidates}
        alike = {value: same for value, same in alike.items() if same.any()}
        if not alike:  # the other bands need not be decoded
            return np.zeros(values.shape, bool)
        magnitude = _magnitude(values)
        darkest = magnitude if darkest is None else np.minimum(darkest, magnitude)
        brightest = magnitude if brightest is None else np.maximum(brightest, magnitude)
    if darkest is None or brightest is None:
        raise ValueError("a picture without bands")
    missing = np.zeros(darkest.shape, bool)
    for value, same in alike.items():
        if value in STAND_INS:
            missing |= same
        elif value == 0:
            missing |= _abrupt(same, brightest)
        else:
            missing |= _abrupt(same, _span(darkest) - darkest, least=SOLID_SHARE * same.size, at_the_frame=False)
    return missing


def _candidates(dtype: np.dtype[Any]) -> tuple[float, ...]:
    """Values of a type that may stand for missing pixels."""
    if dtype.kind == "f":
        return (0, *STAND_INS)
    limits = np.iinfo(dtype)
    return (0, limits.max, *(value for value in STAND_INS if limits.min <= value))


def _magnitude(values: NDArray[Any]) -> NDArray[Any]:
    """Absolute values, of integers without a sign; what can be no measurement is as high as it gets."""
    if values.dtype.kind == "f":
        return np.where(unmeasured(values), np.inf, np.abs(values))
    return np.abs(values).view(f"u{values.dtype.itemsize}") if values.dtype.kind == "i" else values


def _span(values: NDArray[Any]) -> Any:
    """The greatest value of a type without sign."""
    return values.dtype.type(np.iinfo(values.dtype).max)


def _abrupt(
    same: NDArray[np.bool_], magnitude: NDArray[Any], *, least: float = LEAST_REGION_PX, at_the_frame: bool = True
) -> NDArray[np.bool_]:
    """Regions of one value that end abruptly, by a picture in which that value is the least.

    Those that touch the frame count however they end, if ``at_the_frame``.
    """
    if same.all():
        return same
    count, labels, stats, _ = cv2.connectedComponentsWithStats(same.astype(np.uint8), connectivity=8)
    keep = _at_the_frame(labels, count) if at_the_frame else np.zeros(count, bool)
    others = ~keep & (stats[:, cv2.CC_STAT_AREA] >= least)
    others[0] = False
    if others.any():
        keep |= others & ~_shadows(magnitude, np.asarray(labels), others)
    keep[0] = False  # label 0 is all else
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

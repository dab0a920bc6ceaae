"""Filters that bring out small features before matching; missing pixels stay missing.

Each is local with a known reach, so that a picture filtered by window equals the whole picture
filtered. Missing pixels (NaN) take no part: means are normalised convolutions (the filtered values
divided by the filtered weights), ``box`` and ``band`` take the plane through the known pixels away, and derivatives
see missing pixels as the local mean. A pixel with hardly any known around it is missing afterwards.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_icenet.errors import UsageError
from napari_icenet.matching.local_mean import (
    Image,
    Missing,
    Slope,
    box,
    gaussian,
    known_share,
    local_level,
    smooth,
    weight_of,
)

Function = Callable[[Image, Missing, float], Image]

#: Less than this share of a pixel's surroundings is no basis for a filter: the gaps' own pattern would show. A
#: corner of the frame has a little more.
_LEAST_KNOWN = 0.25
_TINY = float(np.finfo(np.float32).tiny)
#: Slopes this small, as a share of the brightness per pixel, are rounding: they have no direction.
_LEAST_SLOPE = 1e-6
#: σ that takes the noise of single pixels out of a band-pass, px.
_FINEST = 0.7
#: Side of the box whose contrast a band-passed pixel is measured by; its square root is divided out.
_AROUND = 21
#: Differences from a local mean this small, as a share of the brightness, are rounding.
_ROUNDING = 1e-6


def _less(image: Image, mean: Image) -> Image:
    """The picture less its local mean, in place of the mean; rounding counts as 0, or flat ground would correlate."""
    least = np.float32(_ROUNDING * max(abs(float(image.min())), abs(float(image.max()))))
    detail = np.subtract(image, mean, out=mean)
    detail[np.abs(detail) <= least] = 0
    return detail


def _none(image: Image, missing: Missing, size: float) -> Image:
    return image


def _box_high_pass(image: Image, missing: Missing, size: float) -> Image:
    return _less(image, local_level(image, missing, box(size)))


def _band_pass(image: Image, missing: Missing, size: float) -> Image:
    detail, fine, wide = _box_high_pass(image, missing, size), gaussian(_FINEST), box(_AROUND)
    if missing is not None:
        detail[missing] = 0
    detail = smooth(detail, fine) / weight_of(detail.shape, missing, fine)
    if missing is not None:
        detail[missing] = 0
    spread = np.sqrt(np.maximum(smooth(detail * detail, wide) / weight_of(detail.shape, missing, wide), 0))
    # Where there is no contrast there is no detail either.
    return np.asarray(detail / np.sqrt(np.maximum(spread, np.finfo(np.float32).tiny)), np.float32)


def _gaussian_high_pass(image: Image, missing: Missing, size: float) -> Image:
    """The picture less its Gaussian mean, of known pixels alone: the paper's high-pass, of chips and pictures."""
    kernel = gaussian(size)
    mean = smooth(image, kernel)
    mean /= weight_of(mean.shape, missing, kernel)
    return _less(image, mean)


def _wallis(image: Image, missing: Missing, size: float) -> Image:
    kernel = box(size)
    weight = weight_of(image.shape, missing, kernel)
    detail = _less(image, smooth(image, kernel) / weight)
    if missing is not None:
        detail[missing] = 0
    spread = smooth(detail * detail, kernel)
    spread /= weight
    np.sqrt(np.maximum(spread, 0), out=spread)
    # Where the picture is flat there is nothing to amplify.
    known = spread if missing is None else spread[~missing]
    floor = 1e-3 * math.sqrt(float(np.square(known).mean(dtype=np.float64))) if known.size else 1.0
    return np.asarray(detail / np.maximum(spread, np.float32(max(floor, _TINY))), np.float32)


def _filled(image: Image, missing: Missing) -> Image:
    """The picture with the local mean where pixels are missing."""
    if missing is None:
        return image
    kernel = box(5)
    return np.where(missing, smooth(image, kernel) / weight_of(image.shape, missing, kernel), image)


def _laplacian(image: Image, missing: Missing, size: float) -> Image:
    kernel = np.array([[0, -1, 0], [-1, 4, -1], [0, -1, 0]], np.float32)
    return np.asarray(cv2.filter2D(_filled(image, missing), cv2.CV_32F, kernel, borderType=cv2.BORDER_REFLECT))


def _sobel(image: Image, missing: Missing, size: float) -> Image:
    filled, border = _filled(image, missing), cv2.BORDER_REFLECT
    along_row = cv2.Sobel(filled, cv2.CV_32F, 0, 1, scale=0.25, borderType=border)
    along_col = cv2.Sobel(filled, cv2.CV_32F, 1, 0, scale=0.25, borderType=border)
    return np.asarray(cv2.magnitude(along_row, along_col) * np.float32(math.sqrt(0.5)), np.float32)


def _orientation(image: Image, missing: Missing, size: float) -> Image:
    """Divergence of the directions of the slopes, both of local means.

    Fitch et al. (2002, Orientation correlation) correlate directions as complex numbers. A picture
    has one value a pixel: the divergence of the directions (the curvature of the contour lines)
    depends on nothing but them, treats all azimuths alike, and shows as a grey picture.
    """
    slope = Slope(image.shape, missing, size)
    mean, down, right = slope(image)
    steep = cv2.magnitude(down, right)
    steep[steep <= _LEAST_SLOPE * np.abs(mean)] = np.inf
    down, right = down / steep, right / steep
    if missing is not None:
        down[missing] = right[missing] = 0
    return np.add(slope(down)[1], slope(right)[2])


def _sign(image: Image, missing: Missing, size: float) -> Image:
    return np.sign(_gaussian_high_pass(image, missing, size))


@dataclass(frozen=True)
class Prefilter:
    """A filter by name.

    Attributes
    ----------
    name : str
        As in settings: the kind, and ``:size`` where that is not the default (``box:5``).
    title, hint : str
        For a drop-down and its tooltip.
    size : float
        Width of the box or sigma of the Gaussian, in pixels.
    margin : int
        Pixels around a window that its filtered values depend on.
    surroundings : int
        Side of the box about a pixel of which a quarter has to be known, px.
    """

    name: str
    title: str
    hint: str
    size: float
    margin: int
    surroundings: int
    _function: Function

    @property
    def independent(self) -> float:
        """Share of a chip's pixels whose noise is independent after filtering, for formal errors."""
        return _INDEPENDENT.get(self.name.partition(":")[0], 1.0)

    def __call__(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """Filter a picture (height, width), float32 with NaN where missing; those stay NaN, and what is alone there."""
        if self._function is _none or image.size == 0:
            return image
        # A large common offset would cost the float32 means their last digits.
        offset = cv2.mean(image)[0]
        if math.isfinite(offset):
            return self._function(image - np.float32(offset), None, self.size)
        missing = np.isnan(image)
        offset = float(image.mean(dtype=np.float64, where=~missing)) if not missing.all() else 0.0
        result = self._function(np.where(missing, np.float32(0), image - np.float32(offset)), missing, self.size)
        result[missing | (known_share(missing, self.surroundings) < _LEAST_KNOWN)] = np.nan
        return result


_KINDS: dict[str, tuple[str, str, float, Callable[[float], int], Function]] = {
    "none": ("None", "The picture as it is.", 0, lambda s: 0, _none),
    "high-pass": (
        "High-pass",
        "Takes the Gaussian mean (σ 8 px) away: shading and haze go, crevasses stay.",
        8,
        lambda s: math.ceil(4 * s),
        _gaussian_high_pass,
    ),
    "box": (
        "Box high-pass",
        "Takes the mean of a 21 px box away.",
        21,
        lambda s: math.ceil(s / 2),
        _box_high_pass,
    ),
    "band": (
        "Band-pass",
        "Takes the mean of an 11 px box away, and the noise of single pixels; lively and calm ice are brought nearer.",
        11,
        lambda s: math.ceil(s / 2) + int(4 * _FINEST + 0.5) + math.ceil(_AROUND / 2),
        _band_pass,
    ),
    "wallis": (
        "Wallis",
        "Local mean 0 and local deviation 1 in a 21 px box: dark and bright ice count alike.",
        21,
        math.ceil,
        _wallis,
    ),
    "laplacian": ("Laplacian", "Second derivative: the finest texture, and the noise.", 3, lambda s: 4, _laplacian),
    "sobel": ("Sobel", "Strength of edges, whatever their sign.", 3, lambda s: 4, _sobel),
    "orientation": (
        "Orientation",
        "Where slopes of brightness point (σ 1.2 px), however faint: withstands changing light.",
        1.2,
        lambda s: 2 * int(4 * s + 0.5),
        _orientation,
    ),
    "sign": (
        "Sign of high-pass",
        "Above or below the local mean (σ 8 px), nearly binary, as in the paper.",
        8,
        lambda s: math.ceil(4 * s),
        _sign,
    ),
}

#: Filters that spread noise over neighbours: measured so that formal errors are the scatter of white noise.
_INDEPENDENT = {"band": 0.27, "sobel": 0.45, "orientation": 0.13, "sign": 0.45}
#: Kinds whose size may be chosen, as in ``box:5``.
_SIZED = {"high-pass", "box", "band", "wallis", "orientation", "sign"}


def prefilter(name: str) -> Prefilter:
    """The filter called ``name``: a kind, or ``kind:size`` such as ``box:5`` or ``high-pass:3``.

    Raises
    ------
    UsageError
        There is no such filter; the message lists those there are.
    """
    kind, _, text = name.strip().lower().partition(":")
    if kind not in _KINDS:
        raise UsageError(f"there is no prefilter {name}; choose {', '.join(_KINDS)}.")
    title, hint, size, margin, function = _KINDS[kind]
    if text:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if kind not in _SIZED or not 1 <= value <= 200:
            raise UsageError(f"prefilter {name} has no such size; write for instance box:21 or high-pass:8.")
        size, title = value, f"{title} {value:g}"
    label = kind if not text else f"{kind}:{size:g}"
    return Prefilter(label, title, hint, size, margin(size), surroundings(kind, size), function)


def surroundings(kind: str, size: float) -> int:
    """Side of the box (px) that holds most of what a filter's local mean rests on."""
    if kind in {"high-pass", "sign", "orientation"}:
        return 2 * math.ceil(size) + 1
    return int(size)


def prefilters() -> dict[str, str]:
    """Names of the filters and their titles, in the order of a drop-down."""
    return {name: kind[0] for name, kind in _KINDS.items()}


__all__ = ["Prefilter", "prefilter", "prefilters"]

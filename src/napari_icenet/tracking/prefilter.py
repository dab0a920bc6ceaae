"""Filters that bring out small features before matching; missing pixels stay missing.

Each is local with a known reach, so that a picture filtered by window equals the whole picture
filtered. Missing pixels (NaN) take no part: means are normalised convolutions (the filtered values
divided by the filtered weights), and derivatives see missing pixels as the local mean.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_icenet.errors import UsageError

Image = NDArray[np.float32]
Smoother = Callable[[Image], Image]

#: Weights below this share are no basis for a local mean.
_MIN_WEIGHT = 1e-3


def _box(width: float) -> Smoother:
    from scipy.ndimage import uniform_filter

    return lambda image: np.asarray(uniform_filter(image, int(width), mode="constant"), np.float32)


def _gaussian(sigma: float) -> Smoother:
    from skimage.filters import gaussian

    def smooth(image: Image) -> Image:
        blurred = gaussian(image, sigma, mode="constant", truncate=4.0, preserve_range=True)  # type: ignore[no-untyped-call]
        return np.asarray(blurred, np.float32)

    return smooth


def _local_mean(image: Image, missing: NDArray[np.bool_], smooth: Smoother) -> Image:
    weight = smooth((~missing).astype(np.float32))
    total = smooth(np.where(missing, np.float32(0), image))
    return np.asarray(total / np.maximum(weight, _MIN_WEIGHT), np.float32)


def _high_pass(image: Image, missing: NDArray[np.bool_], smooth: Smoother) -> Image:
    return image - _local_mean(image, missing, smooth)


def _none(image: Image, missing: NDArray[np.bool_], size: float) -> Image:
    return image


def _box_high_pass(image: Image, missing: NDArray[np.bool_], size: float) -> Image:
    return _high_pass(image, missing, _box(size))


def _gaussian_high_pass(image: Image, missing: NDArray[np.bool_], size: float) -> Image:
    return _high_pass(image, missing, _gaussian(size))


def _wallis(image: Image, missing: NDArray[np.bool_], size: float) -> Image:
    smooth = _box(size)
    detail = _high_pass(image, missing, smooth)
    spread = np.sqrt(np.maximum(_local_mean(detail * detail, missing, smooth), 0))
    # Where the picture is flat there is nothing to amplify.
    floor = np.float32(1e-3) * np.sqrt(np.mean(spread[~missing] ** 2)) if (~missing).any() else np.float32(1)
    return np.asarray(detail / np.maximum(spread, max(floor, np.finfo(np.float32).tiny)), np.float32)


def _filled(image: Image, missing: NDArray[np.bool_]) -> Image:
    return np.where(missing, _local_mean(image, missing, _box(5)), image).astype(np.float32) if missing.any() else image


def _laplacian(image: Image, missing: NDArray[np.bool_], size: float) -> Image:
    from skimage.filters import laplace

    return np.asarray(laplace(_filled(image, missing)), np.float32)  # type: ignore[no-untyped-call]


def _sobel(image: Image, missing: NDArray[np.bool_], size: float) -> Image:
    from skimage.filters import sobel

    return np.asarray(sobel(_filled(image, missing)), np.float32)  # type: ignore[no-untyped-call]


def _sign(image: Image, missing: NDArray[np.bool_], size: float) -> Image:
    return np.sign(_high_pass(image, missing, _gaussian(size)))


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
    """

    name: str
    title: str
    hint: str
    size: float
    margin: int
    _function: Callable[[Image, NDArray[np.bool_], float], Image]

    def __call__(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """Filter a picture (height, width), float32 with NaN where missing; the same pixels stay NaN."""
        missing = np.isnan(image)
        # A large common offset would cost the float32 means their last digits.
        offset = np.float32(0) if missing.all() else np.float32(image[~missing].mean(dtype=np.float64))
        shifted = np.where(missing, np.float32(0), image - offset)
        if self._function is _none:
            return image
        result = self._function(shifted, missing, self.size)
        result[missing] = np.nan
        return result


_KINDS: dict[
    str, tuple[str, str, float, Callable[[float], int], Callable[[Image, NDArray[np.bool_], float], Image]]
] = {
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
    "wallis": (
        "Wallis",
        "Local mean 0 and local deviation 1 in a 21 px box: dark and bright ice count alike.",
        21,
        math.ceil,
        _wallis,
    ),
    "laplacian": ("Laplacian", "Second derivative: the finest texture, and the noise.", 3, lambda s: 4, _laplacian),
    "sobel": ("Sobel", "Strength of edges, whatever their sign.", 3, lambda s: 4, _sobel),
    "sign": (
        "Sign of high-pass",
        "Above or below the local mean (σ 8 px), nearly binary, as in the paper.",
        8,
        lambda s: math.ceil(4 * s),
        _sign,
    ),
}

#: Kinds whose size may be chosen, as in ``box:5``.
_SIZED = {"high-pass", "box", "wallis", "sign"}


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
    return Prefilter(label, title, hint, size, margin(size), function)


def prefilters() -> dict[str, str]:
    """Names of the filters and their titles, in the order of a drop-down."""
    return {name: kind[0] for name, kind in _KINDS.items()}


__all__ = ["Prefilter", "prefilter", "prefilters"]

"""Local means of pictures with missing pixels, their slopes, and planes: normalised convolutions."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]
#: None where nothing is missing.
Missing = NDArray[np.bool_] | None
Kernel = NDArray[np.float32]

#: Weights below this share are no basis for a local mean.
_MIN_WEIGHT = 1e-3
#: Added to the spread of the known pixels about a place, as a share of that of a whole box.
_LEAST_SPREAD = 0.05


def box(width: float) -> Kernel:
    """Weights of a box ``width`` px wide."""
    return np.full(int(width), 1 / int(width), np.float32)


def gaussian(sigma: float) -> Kernel:
    """Weights of a Gaussian, cut off at 4 σ."""
    reach = int(4 * sigma + 0.5)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    return np.asarray(kernel / kernel.sum(), np.float32)


def smooth(image: Image, kernel: Kernel) -> Image:
    """Weighted sum along both axes; what lies outside counts as 0."""
    if kernel[0] == kernel[len(kernel) // 2]:
        size = (len(kernel), len(kernel))
        return np.asarray(cv2.boxFilter(image, cv2.CV_32F, size, borderType=cv2.BORDER_CONSTANT), np.float32)
    return np.asarray(cv2.sepFilter2D(image, cv2.CV_32F, kernel, kernel, borderType=cv2.BORDER_CONSTANT), np.float32)


def _weight_along(count: int, kernel: Kernel) -> NDArray[np.float32]:
    """Share of the kernel that lies on a complete line of pixels, (count,)."""
    total = np.concatenate([[0.0], np.cumsum(kernel, dtype=np.float64)])
    before = np.arange(count) - len(kernel) // 2
    first, stop = np.clip(-before, 0, len(kernel)), np.clip(count - before, 0, len(kernel))
    return np.asarray(total[stop] - total[first], np.float32)


def weight_of(shape: tuple[int, int], missing: Missing, kernel: Kernel) -> Image:
    """Share of the kernel that lies on valid pixels, at least _MIN_WEIGHT."""
    if missing is None:
        return np.outer(_weight_along(shape[0], kernel), _weight_along(shape[1], kernel))
    return np.maximum(smooth((~missing).astype(np.float32), kernel), np.float32(_MIN_WEIGHT))


def known_share(missing: NDArray[np.bool_], side: int) -> Image:
    """Share of the pixels known in the box about each, (height, width); those outside the picture are not."""
    return smooth((~missing).astype(np.float32), box(side))


class Slope:
    """Gaussian mean of the valid pixels, and its slopes along row and column."""

    def __init__(self, shape: tuple[int, int], missing: Missing, sigma: float) -> None:
        self._even = gaussian(sigma)
        reach = len(self._even) // 2
        self._odd = np.asarray(self._even * np.arange(-reach, reach + 1) / sigma**2, np.float32)
        valid = np.ones(shape, np.float32) if missing is None else (~missing).astype(np.float32)
        weight, self._down, self._right = self._sums(valid)
        self._weight = np.maximum(weight, np.float32(_MIN_WEIGHT))

    def __call__(self, image: Image) -> tuple[Image, Image, Image]:
        """The mean, and its change per pixel along rows and columns; ``image`` is 0 where missing."""
        total, down, right = self._sums(image)
        mean = np.divide(total, self._weight, dtype=np.float32)
        down -= mean * self._down
        right -= mean * self._right
        down /= self._weight
        right /= self._weight
        return mean, down, right

    def _sums(self, image: Image) -> tuple[Image, Image, Image]:
        even, odd = self._even, self._odd
        down, right, both = _sum(image, odd, even), _sum(image, even, odd), _sum(image, even, even)
        return both, down, right


def _sum(image: Image, down: Kernel, right: Kernel, depth: int = cv2.CV_32F) -> Any:
    """Weighted sum, the weights being the product of those along rows and columns; what lies outside counts as 0."""
    return cv2.sepFilter2D(image, depth, right, down, borderType=cv2.BORDER_CONSTANT)


def local_level(image: Image, missing: Missing, kernel: Kernel) -> Image:
    """Brightness about each pixel: the weighted mean, or beside a gap and at the edge the plane through the rest.

    A mean of one side alone lies off by the slope of the picture, so that the gap's edge would show in what is
    left, and be matched. A plane knows the slope. Where all around is known both are the same.

    Parameters
    ----------
    image : array of float32, (height, width)
        0 where missing.
    missing : array of bool, (height, width), or None
    kernel : array of float32, (k,)
        Weights along either axis.
    """
    if missing is not None:
        return _plane(image, missing, kernel)
    reach = len(kernel) // 2
    if min(image.shape) < 4 * reach:
        return _plane(image, np.zeros(image.shape, bool), kernel)
    level = np.asarray(smooth(image, kernel) / weight_of(image.shape, None, kernel))
    for turned, out in ((image, level), (image.T, level.T)):
        for strip, part in ((turned, out), (turned[::-1], out[::-1])):
            near = np.ascontiguousarray(strip[: 2 * reach])
            part[:reach] = _plane(near, np.zeros(near.shape, bool), kernel)[:reach]
    return level


def _plane(image: Image, missing: NDArray[np.bool_], kernel: Kernel) -> Image:
    """Value at each pixel of the plane fitted to the known pixels around, with the kernel's weights."""
    known = (~missing).astype(np.float32)
    flat, ramp = kernel, np.asarray(kernel * (np.arange(len(kernel)) - len(kernel) // 2), np.float32)
    bowl = np.asarray(ramp * (np.arange(len(kernel)) - len(kernel) // 2), np.float32)

    def total(picture: Image, down: Kernel, right: Kernel) -> NDArray[np.float64]:
        return np.asarray(_sum(picture, down, right, cv2.CV_64F))

    weight = np.maximum(total(known, flat, flat), _MIN_WEIGHT)
    mean, down, right = (total(image, a, b) / weight for a, b in ((flat, flat), (ramp, flat), (flat, ramp)))
    r, c = total(known, ramp, flat) / weight, total(known, flat, ramp) / weight
    rr, cc = total(known, bowl, flat) / weight - r * r, total(known, flat, bowl) / weight - c * c
    rc = total(known, ramp, ramp) / weight - r * c
    # Where what is known lies along a line, there is no slope across it.
    least = _LEAST_SPREAD * float(bowl.sum())
    rr, cc = rr + least, cc + least
    determinant = rr * cc - rc * rc
    slope_r = (cc * (down - r * mean) - rc * (right - c * mean)) / determinant
    slope_c = (rr * (right - c * mean) - rc * (down - r * mean)) / determinant
    return np.asarray(mean - slope_r * r - slope_c * c, np.float32)

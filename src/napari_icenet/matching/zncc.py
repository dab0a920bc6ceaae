"""Equation 1 of the paper: zero-mean normalised cross correlation over a search window.

CI(r, s) = Σ (r − μr)(s − μs) / √(Σ (r − μr)² · Σ (s − μs)²), with the sums over the chip's pixels.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

#: Relative deviation below which float32 pixels count as flat.
FLAT = 1e-6
#: Rows of a picture whose norms are worked out at a time.
_STRIP = 256
#: A window this much livelier than its calmest patch is summed in float64.
CONTRAST = 300.0


def norm_map(picture: NDArray[np.float32], chip: int) -> NDArray[np.float32]:
    """√ of the summed squared deviation of every chip-sized patch; depends on the picture alone.

    Parameters
    ----------
    picture : array of float32, (height, width)
        NaN is missing.
    chip : int
        Side of the patch.

    Returns
    -------
    array of float32, (height - chip + 1, width - chip + 1)
        0 where a patch is flat to float32 precision; NaN where it touches a missing pixel.
    """
    missing = ~np.isfinite(picture)
    if not missing.any():
        return _norm_map(picture, chip)
    if missing.all():
        return np.full((picture.shape[0] - chip + 1, picture.shape[1] - chip + 1), np.nan, np.float32)
    norms = _norm_map(np.where(missing, picture[~missing].mean(dtype=np.float64).astype(np.float32), picture), chip)
    counts = cv2.boxFilter(missing.astype(np.float32), cv2.CV_32F, (chip, chip), anchor=(0, 0), normalize=False)
    norms[counts[: norms.shape[0], : norms.shape[1]] > 0.5] = np.nan
    return norms


def largest_overlap(chip: NDArray[np.float32], window: NDArray[np.float32]) -> float:
    """Largest share of a chip's pixels that are known in both pictures, in any placement in a search window.

    Parameters
    ----------
    chip : array of float32, (C, C)
    window : array of float32, (height, width)
        At least as large; NaN is missing in both.
    """
    known = [np.isfinite(part).astype(np.float32) for part in (window, chip)]
    shared = round(float(cv2.matchTemplate(known[0], known[1], cv2.TM_CCORR).max()))
    return shared / chip.size


def _norm_map(picture: NDArray[np.float32], chip: int) -> NDArray[np.float32]:
    offset = np.float32(picture.mean(dtype=np.float64))
    largest = max(abs(float(v) - float(offset)) for v in cv2.minMaxLoc(picture)[:2])
    flat = (FLAT * max(abs(float(offset)), largest)) ** 2
    rows, cols = picture.shape[0] - chip + 1, picture.shape[1] - chip + 1
    norms = np.empty((rows, cols), np.float32)
    # In strips that stay in the processor's cache.
    for top in range(0, rows, _STRIP):
        count = min(_STRIP, rows - top)
        centred = picture[top : top + count + chip - 1] - offset
        mean, square = (
            np.asarray(
                box(centred, cv2.CV_64F, (chip, chip), anchor=(0, 0), borderType=cv2.BORDER_REFLECT)[:count, :cols]
            )
            for box in (cv2.boxFilter, cv2.sqrBoxFilter)
        )
        np.multiply(mean, mean, out=mean)
        np.subtract(square, mean, out=square)
        square[square <= flat] = 0
        square *= chip * chip
        np.sqrt(square, out=norms[top : top + count], casting="same_kind")
    return norms


def _correlate_exactly(window: NDArray[np.float64], chip: NDArray[np.float32]) -> NDArray[np.float32]:
    """Σ chip · window at every placement, valid ones only, by float64 sums."""
    shape = [fft.next_fast_len(n, real=True) for n in window.shape]
    spectrum = fft.rfft2(window, shape) * np.conj(fft.rfft2(chip.astype(np.float64), shape))
    rows, cols = window.shape[0] - chip.shape[0] + 1, window.shape[1] - chip.shape[1] + 1
    return np.asarray(fft.irfft2(spectrum, shape)[:rows, :cols], np.float32)


def unit_template(chip: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """The chip (C, C) less its mean, over the root of its summed squares.

    None where the chip is flat to float32 precision, or a pixel is missing.
    """
    side, mean = chip.shape[0], cv2.mean(chip)[0]
    template = chip - np.float32(mean)
    energy = cv2.norm(template)
    if abs(mean) * side > 100 * energy:
        # What rounding leaves of a large offset.
        template -= np.float32(cv2.mean(template)[0])
        energy = cv2.norm(template)
    # A missing pixel makes the energy NaN.
    if not energy > FLAT * cv2.norm(chip, cv2.NORM_INF) * side:
        return None
    template *= np.float32(1 / energy)
    return template


def zncc(
    window: NDArray[np.float32],
    chip: NDArray[np.float32],
    *,
    norms: NDArray[np.float32] | None = None,
    min_overlap: float = 0.5,
) -> NDArray[np.float32]:
    """Correlation of a chip with every placement in a search window.

    Parameters
    ----------
    window : array of float32, (height, width)
        NaN is missing.
    chip : array of float32, (C, C)
        NaN is missing.
    norms : array of float32, (height - C + 1, width - C + 1), optional
        :func:`norm_map` of the window, where it is known already; the window is complete then.
    min_overlap : float
        Least share of the chip's pixels valid in both; placements with less are NaN.

    Returns
    -------
    array of float32, (height - C + 1, width - C + 1)
        −1 … 1. NaN where chip or patch is flat, or too much is missing.

    Notes
    -----
    Within 1e-4 of a float64 sum over each placement.
    """
    side = chip.shape[0]
    template = unit_template(chip)
    # Any offset near the mean will do; a known norm map means that no pixel is missing.
    level = float(window.mean() if norms is None else cv2.mean(window[::8])[0])
    if not math.isfinite(level) or (template is None and not np.isfinite(chip).all()):
        return masked_zncc(window, chip, min_overlap=min_overlap)
    if template is None:
        return np.full((window.shape[0] - side + 1, window.shape[1] - side + 1), np.nan, np.float32)
    if norms is None:
        norms = norm_map(window, side)
    calm, lively, _, _ = cv2.minMaxLoc(norms)
    if lively == 0:
        return np.full(norms.shape, np.nan, np.float32)
    flat = norms == 0 if calm == 0 else None
    if flat is not None:
        calm = float(norms[~flat].min())
        norms = np.where(flat, np.float32(np.inf), norms)
    if lively > CONTRAST * calm:
        values = _correlate_exactly(window - np.float64(level), template)
    else:
        window = window - np.float32(level) if abs(level) * side > calm else window
        values = np.asarray(cv2.matchTemplate(window, template, cv2.TM_CCORR), np.float32)
    values /= norms
    if flat is not None:
        values[flat] = np.nan
    return np.clip(values, -1, 1, out=values)


def exact_zncc(
    window: NDArray[np.float32], chip: NDArray[np.float32], *, min_overlap: float = 0.5
) -> NDArray[np.float32]:
    """:func:`zncc` by float64 sums, for windows far livelier in one place than in another."""
    complete = bool(np.isfinite(window).all() and np.isfinite(chip).all())
    template, norms = (unit_template(chip), norm_map(window, chip.shape[0])) if complete else (None, None)
    if template is None or norms is None:
        return masked_zncc(window, chip, min_overlap=min_overlap)
    centred = window.astype(np.float64) - window.mean(dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = _correlate_exactly(centred, template) / np.where(norms > 0, norms, np.float32(np.nan))
    return np.asarray(np.clip(values, -1, 1), np.float32)


def masked_zncc(
    window: NDArray[np.float32], chip: NDArray[np.float32], *, min_overlap: float = 0.5
) -> NDArray[np.float32]:
    """The same with missing pixels: sums over the pixels valid in both, placement by placement.

    Padfield's masked normalised cross correlation (2012, doi:10.1109/TIP.2011.2181402), valid
    placements only, float64 sums. Parameters and result as in :func:`zncc`.
    """
    side_r, side_c = chip.shape
    rows, cols = window.shape[0] - side_r + 1, window.shape[1] - side_c + 1
    chip_ok, window_ok = np.isfinite(chip), np.isfinite(window)
    nothing = np.full((rows, cols), np.nan, np.float32)
    if chip_ok.sum() < min_overlap * chip.size or not window_ok.any():
        return nothing
    # Zero mean and unit deviation keep the float64 sums of squares far from cancellation.
    t = np.where(chip_ok, chip.astype(np.float64) - float(chip[chip_ok].mean(dtype=np.float64)), 0.0)
    w = np.where(window_ok, window.astype(np.float64) - float(window[window_ok].mean(dtype=np.float64)), 0.0)
    t_level = max(float(np.abs(chip[chip_ok]).max()), np.finfo(np.float64).tiny)
    w_level = max(float(np.abs(window[window_ok]).max()), np.finfo(np.float64).tiny)
    t_scale, w_scale = float(np.abs(t).max()), float(np.abs(w).max())
    if t_scale <= FLAT * t_level or w_scale <= FLAT * w_level:
        return nothing
    t, w = t / t_scale, w / w_scale
    shape = [fft.next_fast_len(n, real=True) for n in window.shape]

    def spectrum(image: NDArray[np.float64]) -> NDArray[np.complex128]:
        return np.asarray(fft.rfft2(image, shape))

    def surface(product: NDArray[np.complex128]) -> NDArray[np.float64]:
        return np.asarray(fft.irfft2(product, shape))[:rows, :cols]

    ft, ftt, fm = (np.conj(spectrum(a)) for a in (t, t * t, chip_ok.astype(np.float64)))
    fw, fww, fo = (spectrum(a) for a in (w, w * w, window_ok.astype(np.float64)))
    count = np.rint(surface(fo * fm))
    known = np.maximum(count, 1)
    sum_t, sum_w = surface(fo * ft), surface(fw * fm)
    cross = surface(fw * ft) - sum_t * sum_w / known
    var_t = surface(fo * ftt) - sum_t**2 / known
    var_w = surface(fww * fm) - sum_w**2 / known
    usable = (
        (count >= min_overlap * chip.size)
        & (var_t > count * (FLAT * t_level / t_scale) ** 2)
        & (var_w > count * (FLAT * w_level / w_scale) ** 2)
        # What is left of the float64 sums after cancellation.
        & (var_t > 1e-10)
        & (var_w > 1e-10)
    )
    values = np.full((rows, cols), np.nan)
    values[usable] = cross[usable] / np.sqrt(var_t[usable] * var_w[usable])
    return np.clip(values, -1, 1).astype(np.float32)

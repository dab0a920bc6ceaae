"""The peaks of many correlation surfaces: where the chips are, and how far that can be accepted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_icenet.common.types import F32, F64
from napari_icenet.matching.acceptance import BORDER_PX, border_reasons
from napari_icenet.matching.engine._numba.compile import kernels
from napari_icenet.matching.engine.subpixel import Summits, climb, weights_through
from napari_icenet.matching.lost_reason import LostReason, reason_code

#: Pixels around a peak that belong to it; rivals are sought outside.
EXCLUSION_PX = 5
#: A rival lower than this counts as this much, so that the ratio of a peak without rival stays finite.
RIVAL_FLOOR = 0.05
_FILL, _BORDER = (np.uint8(reason_code(reason)) for reason in (LostReason.FILL, LostReason.BORDER))
#: Mean square slope (px⁻²) of white noise of variance 1 between its pixels, κ.
_SLOPE_OF_NOISE = 1.4
#: Below this determinant of its curvature a peak is too flat to be one.
_FLATTEST = 1e-12
#: Stands below every correlation, for a placement without one.
_UNDEFINED = np.float32(-2)
#: Pixels either side of the highest one that the sub-pixel peak rests on; fewer near an edge or a gap.
_REACHES = 2, 1


@dataclass(frozen=True)
class Peaks:
    """Peaks of many correlation surfaces; every array has the shape (n,).

    Attributes
    ----------
    row, col : array of float64
        Position in the surface's pixels; NaN without a peak.
    ncc : array of float32
        Height of the peak, at most 1; NaN without one.
    peak_ratio : array of float32
        Best over best rival, as in :class:`~napari_icenet.matching.match.Match`.
    error_row, error_col : array of float32
        Formal one-sigma errors, px; NaN where the surface has no proper peak.
    error_cov : array of float32
        Their covariance, px².
    reason : array of uint8
        0, or the code of ``FILL`` (no placement has a correlation) or ``BORDER`` (at the surface's edge, or beside
        a placement without a correlation)
        (:data:`~napari_icenet.matching.lost_reason.REASONS`).
    """

    row: F64
    col: F64
    ncc: F32
    peak_ratio: F32
    error_row: F32
    error_col: F32
    error_cov: F32
    reason: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.row)


def find_peaks(
    surfaces: F32,
    *,
    pixels: ArrayLike,
    share: float = 1.0,
    border: int = BORDER_PX,
    exclusion: int = EXCLUSION_PX,
) -> Peaks:
    """The highest peak of every surface.

    Parameters
    ----------
    surfaces : array of float32, (n, height, width)
        Correlations, −1 … 1; NaN is a placement without one.
    pixels : float or array of float, (n,)
        Number of pixels in each chip, for the formal error.
    share : float
        Share of them whose noise is independent (:attr:`~napari_icenet.matching.prefilter.Prefilter.independent`).
    border : int
        A peak nearer to the surface's edge than this many pixels has the reason ``BORDER``.
    exclusion : int
        Rivals are sought more than this many pixels away along either axis.

    Returns
    -------
    Peaks
    """
    surfaces = np.ascontiguousarray(surfaces, np.float32)
    count, height, width = surfaces.shape
    if height * width == 0:
        return _nowhere(count)
    number, module = np.asarray(pixels, np.float64), kernels()
    if module is not None:
        return _compiled(module, surfaces, number, share, border=border, exclusion=exclusion)
    flat, every = surfaces.reshape(count, height * width), np.arange(count)
    low, at = flat.copy(), flat.argmax(axis=1)
    top = flat[every, at]
    # argmax gives the first missing value; what lies below any correlation comes last.
    if not np.isfinite(top).all():
        holed = ~np.isfinite(top)
        low[holed] = np.where(np.isfinite(flat[holed]), flat[holed], _UNDEFINED)
        at[holed] = low[holed].argmax(axis=1)
        top = low[every, at]
    row = at // width
    col = at - row * width
    summits = _summits(surfaces, at)
    ratio = _peak_ratio(low.reshape(surfaces.shape), row, col, exclusion)
    peaks = Peaks(
        row + summits.row,
        col + summits.col,
        np.minimum(summits.height, 1).astype(np.float32),
        ratio,
        *formal_errors(summits, number, share),
        border_reasons(row, col, (height, width), border),
    )
    _refuse_flanks(peaks)
    empty = top <= _UNDEFINED
    return _emptied(peaks, empty) if empty.any() else peaks


def _compiled(module: Any, surfaces: F32, pixels: F64, share: float, *, border: int, exclusion: int) -> Peaks:
    """The same by the compiled twin of these functions."""
    count = len(surfaces)
    places, numbers = np.empty((count, 2), np.int64), np.zeros((6, count))
    heights = np.full((count, 2), np.nan, np.float32)
    module.peaks(
        surfaces, surfaces.view(np.int32), weights_through(5), weights_through(3), exclusion,
        np.float32(RIVAL_FLOOR), places, numbers.T, heights,
    )  # fmt: skip
    summits, (row, col) = Summits(*numbers), places.T
    peaks = Peaks(
        row + summits.row,
        col + summits.col,
        np.minimum(summits.height, 1).astype(np.float32),
        heights[:, 1],
        *formal_errors(summits, pixels, share),
        border_reasons(row, col, surfaces.shape[1:], border),
    )
    _refuse_flanks(peaks)
    empty = row < 0
    return _emptied(peaks, empty) if empty.any() else peaks


def _refuse_flanks(peaks: Peaks) -> None:
    """Refuse, in place, peaks without curvature: beside a placement that is not allowed the highest is a flank."""
    peaks.reason[~(np.isfinite(peaks.error_row) & np.isfinite(peaks.error_col))] = _BORDER


def _nowhere(count: int) -> Peaks:
    row, col = np.full((2, count), np.nan)
    ncc, ratio, *errors = np.full((5, count), np.nan, np.float32)
    return Peaks(row, col, ncc, ratio, errors[0], errors[1], errors[2], np.full(count, _FILL, np.uint8))


def _emptied(peaks: Peaks, empty: NDArray[np.bool_]) -> Peaks:
    for numbers in (peaks.row, peaks.col, peaks.ncc, peaks.peak_ratio):
        numbers[empty] = np.nan
    for errors in (peaks.error_row, peaks.error_col, peaks.error_cov):
        errors[empty] = np.nan
    peaks.reason[empty] = _FILL
    return peaks


def _patches(surfaces: F32, at: NDArray[np.intp], reach: int) -> F64:
    """Surroundings (n, 2·reach + 1, 2·reach + 1) of a pixel of each surface, NaN where they cross its edge."""
    count, height, width = surfaces.shape
    side, around = 2 * reach + 1, np.arange(-reach, reach + 1)
    row = at // width
    col = at - row * width
    crossing = (np.minimum(row, height - 1 - row) < reach) | (np.minimum(col, width - 1 - col) < reach)
    places = (at + np.arange(count) * (height * width))[:, None] + (around[:, None] * width + around).ravel()
    patches: F64 = surfaces.reshape(-1).take(places, mode="clip").astype(np.float64).reshape(count, side, side)
    if crossing.any():
        patches[crossing] = np.nan
    return patches


def _summits(surfaces: F32, at: NDArray[np.intp]) -> Summits:
    """The peaks between the pixels; near an edge or a missing value from fewer samples, or none."""
    summits = climb(_patches(surfaces, at, _REACHES[0]))
    for reach in _REACHES[1:]:
        poor = summits.bend_row == 0
        if not poor.any():
            return summits
        fewer = climb(_patches(surfaces[poor], at[poor], reach))
        for mine, others in zip(vars(summits).values(), vars(fewer).values(), strict=True):
            mine[poor] = others
    still = summits.bend_row == 0
    summits.height[still] = surfaces.reshape(len(at), -1)[still, at[still]]
    return summits


def _peak_ratio(low: F32, row: NDArray[np.intp], col: NDArray[np.intp], exclusion: int) -> F32:
    """Height of the peaks over their highest rivals; writes over ``low`` (n, height, width)."""
    count, height, width = low.shape
    top = low[np.arange(count), row, col]
    around = np.arange(-exclusion, exclusion + 1)
    rows = np.minimum(np.maximum(row[:, None] + around, 0), height - 1)
    cols = np.minimum(np.maximum(col[:, None] + around, 0), width - 1)
    rows += (np.arange(count) * height)[:, None]
    low.reshape(-1)[rows[:, :, None] * width + cols[:, None, :]] = -np.inf
    rival = low.reshape(count, height * width).max(axis=1)
    if np.isnan(rival).any():
        rival = np.fmax.reduce(low, axis=(1, 2))
    ratio: F32 = np.maximum(top, 0) / np.maximum(rival, np.float32(RIVAL_FLOOR))
    ratio[np.isneginf(rival)] = np.nan
    return ratio


def formal_errors(summits: Summits, pixels: F64, share: float = 1.0) -> tuple[F32, F32, F32]:
    """One-sigma errors along row and column, px, and their covariance, px².

    The slope of the surface at the true place is texture times noise, and noise times noise; over
    the curvature K that moves the peak by Σ = 2(1 − CI)/(n·share) · K⁻¹ + κ(1 − CI)²/n · K⁻².

    Parameters
    ----------
    summits : Summits
    pixels : array of float64, (n,) or ()
        Number of pixels in each chip.
    share : float
        Share of them whose noise is independent: less than 1 in smoothed pictures.
    """
    rr, cc, rc = summits.bend_row, summits.bend_col, summits.bend_cross
    determinant = rr * cc - rc * rc
    determinant[determinant < _FLATTEST] = np.nan
    noise = np.maximum(1 - summits.height, 0)
    count = np.maximum(pixels, 1)
    once = 2 * noise / (count * share * determinant)
    twice = _SLOPE_OF_NOISE * noise * noise / (count * determinant * determinant)
    # The inverse of K has its diagonal exchanged, over the determinant; so has that of K².
    variances = np.empty((3, len(rr)))
    variances[0] = once * cc + twice * (cc * cc + rc * rc)
    variances[1] = once * rr + twice * (rr * rr + rc * rc)
    variances[2] = -rc * (once + twice * (rr + cc))
    np.sqrt(variances[:2], out=variances[:2])
    row, col, covariance = variances.astype(np.float32)
    return row, col, covariance

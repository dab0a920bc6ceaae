"""Registration of past chips to t0 to a fraction of a pixel, all pairs of them deciding together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from weakref import WeakKeyDictionary

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from napari_icenet.common.types import F32
from napari_icenet.matching.template import Past
from napari_icenet.predictors.normalise import normalised, usable

#: How far a frame may lie from its place, px: rounding, co-registration and what flow changed.
REACH = 3
#: Wavelengths that decide: a Gaussian mean of σ ``_COARSE`` is taken away, and one of ``_FINE`` kept, px.
_COARSE, _FINE = 8.0, 1.0
#: Frequencies above this carry nothing that ``_FINE`` leaves, cycles/px.
_HIGHEST = 0.3
#: Weight of staying in place for a frame that correlates with none; fades where frames do.
_STAY = 0.1
#: Taps of the windowed sinc on either side.
_LOBES = 4


@dataclass(frozen=True, eq=False)
class Registration:
    """Registration of frames: positions against the last one, and how well they agree.

    Attributes
    ----------
    positions : array of float64, (n, 2)
        Where each frame shows what the last one shows, as (row, col) from its own pixels, px.
    ncc : array of float64, (n, n)
        Highest correlation of each pair, band-passed and tapered towards the edges; 0 where there
        is no positive peak, and on the diagonal.
    """

    positions: NDArray[np.float64]
    ncc: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Aligned:
    """The frames of a past that a template can be made of, laid on t0.

    Attributes
    ----------
    index : array of int, (k,)
        Which frames, oldest first.
    registration : Registration
        Of all frames of the past.
    frames : array of float32, (k, C, C)
        Moved to t0, of zero mean and unit deviation; NaN is missing. Read-only.
    """

    index: NDArray[np.intp]
    registration: Registration
    frames: NDArray[np.float32]


#: Forgotten with the past itself.
_known: WeakKeyDictionary[Past, Aligned] = WeakKeyDictionary()


def register(frames: F32, *, reach: int = REACH) -> Registration:
    """Register frames to the last one.

    Every pair of frames is registered by the peak of its correlation; the positions of all follow from
    all pairs by least squares, weighted by the square of the correlation. So frames agree on where
    they lie even where t0 itself is cloud; one that correlates with none (t0 too) is taken to lie in
    the middle of the others.

    Parameters
    ----------
    frames : array of float32, (n, C, C)
        The last is t0. NaN is missing.
    reach : int
        Largest shift between two frames that is looked for, px.
    """
    count = len(frames)
    ncc = np.zeros((count, count))
    if count == 1:
        return Registration(np.zeros((1, 2)), ncc)
    first, second = np.triu_indices(count, 1)
    shift, height = _peaks(_pair_surfaces(frames, reach))
    ncc[first, second] = ncc[second, first] = np.clip(height, 0, 1)
    weight = np.square(ncc)
    # Least squares over d_ij = place_j − place_i; what no pair decides stays.
    total = weight.sum(1)
    normal = np.diag(total + _STAY**2 / (total + _STAY)) - weight
    pull = np.square(np.clip(height, 0, 1))[:, None] * shift
    wanted = np.zeros((count, 2))
    np.add.at(wanted, second, pull)
    np.add.at(wanted, first, -pull)
    found = np.linalg.solve(normal, wanted)
    return Registration(found - found[-1], ncc)


def aligned(past: Past) -> Aligned:
    """The usable frames of a past, laid on t0."""
    found = _known.get(past)
    if found is None:
        index, registration = usable(past), register(past.chips)
        frames = normalised(moved(past.chips[index], registration.positions[index]))
        frames.flags.writeable = False
        found = _known[past] = Aligned(index, registration, frames)
    return found


def every_aligned(past: Past) -> NDArray[np.float32]:
    """All frames of a past (n, C, C), laid on t0 and of zero mean and unit deviation; NaN is missing.

    Those that :func:`aligned` has moved are not moved again.
    """
    known = aligned(past)
    rest = np.setdiff1d(np.arange(len(past.chips)), known.index)
    frames = np.empty(past.chips.shape, np.float32)
    frames[known.index] = known.frames
    frames[rest] = normalised(moved(past.chips[rest], known.registration.positions[rest]))
    return frames


def _pair_surfaces(frames: F32, reach: int) -> NDArray[np.float64]:
    """Correlation of the later frame of each pair displaced against the earlier, (pairs, 2·reach + 1, 2·reach + 1)."""
    taper, transfer, rows, cols, back_rows, back_cols, overlap = _plan(frames.shape[1], reach)
    every = fft.rfft2(_levelled(frames) * taper, workers=1)
    # Rows first: then all frames' rows go back to lags in one product, and what is in memory stays small.
    spectra = np.empty((len(rows), len(frames), len(cols)), np.complex64)
    np.multiply(every[:, rows, : len(cols)].transpose(1, 0, 2), transfer[:, None], out=spectra)
    # The columns of a real transform stand for their mirror images, too.
    energy = np.square(spectra.real) + np.square(spectra.imag)
    power = np.sqrt(np.einsum("rfc,c->f", energy, back_cols[:, reach].real))
    spectra /= np.where(power > 0, power, np.inf)[:, None]
    turned = spectra.conj()
    lags, count = 2 * reach + 1, len(frames)
    half_way = np.concatenate(
        [
            (back_rows @ (turned[:, i : i + 1] * spectra[:, i + 1 :]).reshape(len(rows), -1)).reshape(
                lags, -1, len(cols)
            )
            for i in range(count - 1)
        ],
        axis=1,
    )
    return np.asarray((half_way @ back_cols).real.transpose(1, 0, 2) / overlap, np.float64)


def _levelled(frames: F32) -> F32:
    """Frames less their means; 0 where missing."""
    means = frames.mean((1, 2), dtype=np.float64)
    if np.isfinite(means).all():
        return np.asarray(frames - means.astype(np.float32)[:, None, None])
    known = np.isfinite(frames)
    plain = np.where(known, frames, np.float32(0))
    mean = (plain.sum((1, 2), dtype=np.float64) / np.maximum(known.sum((1, 2)), 1)).astype(np.float32)
    return np.where(known, plain - mean[:, None, None], np.float32(0))


@cache
def _plan(side: int, reach: int) -> tuple[NDArray, ...]:  # type: ignore[type-arg]
    """Constants of a size: taper, transfer function, frequencies kept, and the way back to lags."""
    hann = np.sin(np.pi * (np.arange(side) + 0.5) / side) ** 2
    fr, fc = fft.fftfreq(side), fft.rfftfreq(side)
    rows, cols = np.flatnonzero(np.abs(fr) < _HIGHEST), np.flatnonzero(fc < _HIGHEST)
    squared = fr[rows, None] ** 2 + fc[None, cols] ** 2
    high = 1 - np.exp(-2 * np.pi**2 * _COARSE**2 * squared)
    low = np.exp(-2 * np.pi**2 * _FINE**2 * squared)
    lags = np.arange(-reach, reach + 1)
    back_rows = np.exp(2j * np.pi * lags[:, None] * fr[rows])
    back_cols = np.exp(2j * np.pi * fc[cols, None] * lags) * np.where(fc[cols, None] > 0, 2, 1)
    # How much of the taper still overlaps at each lag: else peaks lean towards none.
    along = np.array([float(hann[: side - k] @ hann[k:]) for k in np.abs(lags).tolist()])
    along /= along[reach]
    plan = (
        np.outer(hann, hann).astype(np.float32),
        (high * low).astype(np.float32),
        rows,
        cols,
        back_rows.astype(np.complex64),
        back_cols.astype(np.complex64),
        np.outer(along, along),
    )
    for array in plan:
        array.flags.writeable = False
    return plan


def _peaks(surfaces: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Place (n, 2) from the centre and height (n,) of the highest peak inside, by a quadric through 3 × 3.

    Both are 0 where the surface rises towards its border.
    """
    count, side, _ = surfaces.shape
    inner = surfaces[:, 1:-1, 1:-1].reshape(count, -1)
    row, col = np.divmod(inner.argmax(1), side - 2)
    offsets = np.arange(3)
    patch = surfaces[
        np.arange(count)[:, None, None], row[:, None, None] + offsets[:, None], col[:, None, None] + offsets
    ]
    height = patch[:, 1, 1]
    peak = height >= patch.max((1, 2))
    step = np.array([-1.0, 0, 1])
    slope_r, slope_c = (patch * step[:, None]).sum((1, 2)) / 6, (patch * step).sum((1, 2)) / 6
    bend = 3 * step**2 - 2
    curve_r, curve_c = (patch * bend[:, None]).sum((1, 2)) / 3, (patch * bend).sum((1, 2)) / 3
    twist = (patch * np.outer(step, step)).sum((1, 2)) / 4
    determinant = curve_r * curve_c - twist**2
    peak &= (determinant > 0) & (curve_r < 0)
    safe = np.where(peak, determinant, 1)
    shift = np.stack([twist * slope_c - curve_c * slope_r, twist * slope_r - curve_r * slope_c], -1) / safe[:, None]
    shift = np.where(peak[:, None], np.clip(shift, -1, 1) + np.stack([row, col], -1) + 1 - side // 2, 0)
    return shift, np.where(peak, height, 0)


def moved(frames: F32, where: NDArray[np.float64]) -> F32:
    """Frames read at their own pixels displaced by ``where`` (n, 2), by a windowed sinc; NaN where missing."""
    out = np.empty_like(frames)
    for index, (frame, (row, col)) in enumerate(zip(frames, where.tolist(), strict=True)):
        if row == 0 and col == 0:
            out[index] = frame
        else:
            _move(frame, row, col, out[index])
    return out


def _move(frame: F32, row: float, col: float, out: F32) -> None:
    along = _sinc(row), _sinc(col)
    if np.isfinite(cv2.sumElems(frame)[0]):
        _filtered(frame, *along, cv2.BORDER_REFLECT_101, out)
    else:
        missing = ~np.isfinite(frame)
        if missing.all():
            out[:] = frame
            return
        filled = np.where(missing, frame[~missing].mean(dtype=np.float64).astype(np.float32), frame)
        _filtered(filled, *along, cv2.BORDER_REFLECT_101, out)
        spoilt = _filtered(missing.astype(np.float32), _linear(row), _linear(col), cv2.BORDER_REPLICATE)
        out[spoilt > 1e-3] = np.nan
    for axis, shift in ((0, row), (1, col)):
        lost = int(np.ceil(abs(shift) - 1e-3))
        edge = slice(len(frame) - lost, None) if shift > 0 else slice(0, lost)
        if lost > 0:
            out[(slice(None), edge) if axis else edge] = np.nan


def _filtered(image: F32, along_rows: F32, along_cols: F32, border: int, out: F32 | None = None) -> F32:
    made = cv2.sepFilter2D(image, cv2.CV_32F, along_cols, along_rows, out, borderType=border)
    return np.asarray(made, np.float32)


def _sinc(shift: float) -> F32:
    """Weights of the pixels around one for the value ``shift`` pixels after it."""
    reach = math.ceil(abs(shift)) + _LOBES
    kernel = [_windowed(k - shift) for k in range(-reach, reach + 1)]
    total = math.fsum(kernel)
    return np.array([weight / total for weight in kernel], np.float32)


def _windowed(x: float) -> float:
    if abs(x) >= _LOBES:
        return 0.0
    angle = math.pi * x
    return _LOBES * math.sin(angle) * math.sin(angle / _LOBES) / angle**2 if abs(x) > 1e-9 else 1.0


def _linear(shift: float) -> F32:
    reach = int(np.ceil(abs(shift))) + 1
    return np.asarray(np.maximum(0, 1 - np.abs(np.arange(-reach, reach + 1) - shift)), np.float32)

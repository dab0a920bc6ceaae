"""Correlation on the CPU, compiled: each point one complex Fourier transform, two points share the inverse.

The search window is the real and the chip the imaginary part of one picture. Rows and columns that
hold nothing, or that nobody asks for, are not transformed. Correlation with missing pixels
(Padfield 2012, doi:10.1109/TIP.2011.2181402) takes three such transforms each way.

Importing this module compiles it once for a machine, which takes some ten seconds; after that, half
a second.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from napari_icenet.matching.engine._numba import peaks as compiled_peaks
from napari_icenet.matching.engine._numba.fft import JIT, Plan, backward, forward, plan
from napari_icenet.matching.engine._numba.simd import LANES, cross_spectra, masked_spectra

#: What became of a point: its surface is there; pixels are missing; the chip or the window is flat;
#: float32 sums are not exact enough.
DONE, MISSING, FLAT_CHIP, EXTREME = 0, 1, 2, 3
#: Largest share of rounding, relative to the window's energy over the calmest patch's.
_ROUNDING, _TOLERANCE = 1.5e-7, 3e-5
#: Relative deviation below which float32 pixels count as flat.
_FLAT = 1e-6
#: Variance below which a masked patch is no longer known, of the whole window's.
_CALM = 1e-3


@njit(**JIT)
def _level(picture, top, left, height, width, every):
    """Mean of a piece, from one row in ``every``; missing where a pixel in them is."""
    total, count = 0.0, 0
    for i in range(0, height, every):
        line = picture[top + i, left : left + width]
        part = np.float32(0)
        for j in range(line.size):
            part += line[j]
        total += part
        count += width
    return np.float32(total / count)


@njit(**JIT)
def _copied(picture, top, left, height, width, level, plane, stride):
    """Copy a piece less its level into a plane; returns the sum of squares."""
    energy = 0.0
    for i in range(height):
        line = picture[top + i, left : left + width]
        target = plane[i * stride : i * stride + width]
        part = np.float32(0)
        for j in range(line.size):
            value = line[j] - level
            target[j] = value
            part += value * value
        energy += part
    return energy


@njit(**JIT)
def _scaled(plane, height, width, stride, gain):
    for i in range(height):
        line = plane[i * stride : i * stride + width]
        for j in range(line.size):
            line[j] *= gain


@njit(**JIT)
def _packed(first, top, left, chip, second, wtop, wleft, height, width, real, imaginary, stride):
    """Window and chip as one complex picture; returns what became of them, a factor, and the window's energy."""
    mean = _level(first, top, left, chip, chip, 1)
    energy = _copied(first, top, left, chip, chip, mean, imaginary, stride)
    wmean = _level(second, wtop, wleft, height, width, 4)
    liveliness = _copied(second, wtop, wleft, height, width, wmean, real, stride)
    if not (math.isfinite(energy) and math.isfinite(liveliness)):
        return MISSING, np.float32(0), 0.0
    if energy <= (_FLAT * mean * chip) ** 2 or liveliness == 0:
        return FLAT_CHIP, np.float32(0), 0.0
    # Chip and window, and the other point of a pair, equally lively: none drowns in another's rounding.
    gain, wgain = chip / math.sqrt(energy), math.sqrt(height * width / liveliness)
    _scaled(imaginary, chip, chip, stride, np.float32(gain))
    _scaled(real, height, width, stride, np.float32(wgain))
    return DONE, np.float32(1 / (chip * wgain)), math.sqrt(liveliness)


@njit(**JIT)
def _finished(sums, factor, norms, top, left, stride, energy, target):
    """Correlations from sums and norms; returns what became of them."""
    height, width = target.shape
    calm, one, missing = np.float32(_ROUNDING / _TOLERANCE * energy), np.float32(1), np.float32(np.nan)
    doubtful = 0
    for y in range(height):
        line = norms[top + y, left : left + width]
        source = sums[y * stride : y * stride + width]
        out = target[y]
        for x in range(line.size):
            norm = line[x]
            value = source[x] * factor / norm
            value = value if value < one else one
            value = value if value > -one else -one
            out[x] = value if norm > 0 else missing
        for x in range(line.size):
            doubtful += 1 if (line[x] > 0) & (line[x] < calm) else 0
    return EXTREME if doubtful else DONE


@njit(**JIT)
def correlate(first, second, norms, rows, cols, wrows, wcols, chip, fft, planes, scratch, out, state):
    """Surfaces of chips in windows of complete pictures.

    Parameters
    ----------
    first, second : array of float32, (height, width)
    norms : array of float32
        Norm map of ``second`` for this chip; NaN where a patch touches missing pixels.
    rows, cols : array of int64, (n,)
        Top-left pixel of each chip in ``first``.
    wrows, wcols : array of int64, (n,)
        Top-left pixel of each window in ``second``.
    chip : int
    fft : Plan
        At least as long as the windows.
    planes, scratch : array of float32
        :func:`workspace` for windows of this size and chips of this side.
    out : array of float32, (n, h, w)
        Filled with the surfaces.
    state : array of uint8, (n,)
        Filled with what became of each point; only ``DONE`` surfaces are to be used.
    """
    n, stride = fft.length, fft.stride
    real, imaginary, outr, outi = planes[0], planes[1], planes[8], planes[9]
    h, w = out.shape[1], out.shape[2]
    height, width = h + chip - 1, w + chip - 1
    factor, energy = np.zeros(2, np.float32), np.zeros(2)
    grow = np.float32(1 / (float(n) * n))
    for start in range(0, rows.size, 2):
        both = min(2, rows.size - start)
        for k in range(both):
            i = start + k
            state[i], factor[k], energy[k] = _packed(
                first, rows[i], cols[i], chip, second, wrows[i], wcols[i], height, width, real, imaginary, stride
            )
            if state[i] == DONE:
                forward(real, imaginary, width, planes[2 + 2 * k], planes[3 + 2 * k], scratch, fft)
            else:
                planes[2 + 2 * k : 4 + 2 * k] = 0
        # A last point without a partner is its own.
        partner = 4 if both == 2 else 2
        for kc in range(n):
            mirror = n - kc if kc else 0
            for k in range(0, n, LANES):
                cross_spectra(
                    planes[2], planes[3], planes[partner], planes[partner + 1],
                    LANES + kc * stride + k, LANES + mirror * stride + n - k - LANES + 1,
                    planes[6], planes[7], kc * stride + k,
                )  # fmt: skip
        backward(planes[6], planes[7], w, outr, outi, scratch, fft)
        for k in range(both):
            i = start + k
            if state[i] == DONE:
                sums = outr if k == 0 else outi
                state[i] = _finished(sums, factor[k] * grow, norms, wrows[i], wcols[i], stride, energy[k], out[i])


@njit(**JIT)
def _masked_piece(picture, top, left, height, width, stride, plane, squares, known):
    """A piece with mean 0 and deviation 1 over its known pixels, 0 elsewhere; its squares and its mask.

    Returns the number of known pixels, 0 where they are flat.
    """
    total, count = 0.0, 0.0
    for i in range(height):
        line = picture[top + i, left : left + width]
        mark = known[i * stride : i * stride + width]
        part, found = np.float32(0), np.float32(0)
        for j in range(line.size):
            there = line[j] == line[j]
            mark[j] = np.float32(1) if there else np.float32(0)
            part += line[j] if there else np.float32(0)
            found += mark[j]
        total += part
        count += found
    if count == 0:
        return 0
    level = np.float32(total / count)
    energy = 0.0
    for i in range(height):
        line = picture[top + i, left : left + width]
        target = plane[i * stride : i * stride + width]
        part = np.float32(0)
        for j in range(line.size):
            value = line[j] - level if line[j] == line[j] else np.float32(0)
            target[j] = value
            part += value * value
        energy += part
    if energy <= (_FLAT * level) ** 2 * count:
        return 0
    gain = np.float32(1 / math.sqrt(energy / count))
    for i in range(height):
        line = plane[i * stride : i * stride + width]
        target = squares[i * stride : i * stride + width]
        for j in range(line.size):
            value = line[j] * gain
            line[j] = value
            target[j] = value * value
    return int(count)


@njit(**JIT)
def _masked_finished(sums, stride, grow, least, target):
    """Correlations from the six sums over the pixels valid in both; returns what became of them."""
    height, width = target.shape
    state = DONE
    for y in range(height):
        row = sums[:, y * stride : y * stride + width]
        out = target[y]
        for x in range(width):
            count = max(np.rint(row[1, x] * grow), np.float32(1))
            in_window, in_chip = row[2, x] * grow, row[3, x] * grow
            window = row[4, x] * grow - in_window * in_window / count
            piece = row[5, x] * grow - in_chip * in_chip / count
            cross = row[0, x] * grow - in_window * in_chip / count
            if count < least:
                out[x] = np.nan
            elif window <= _CALM * count or piece <= _CALM * count:
                state = EXTREME
            else:
                value = cross / np.float32(math.sqrt(window * piece))
                out[x] = min(max(value, np.float32(-1)), np.float32(1))
    return state


@njit(**JIT)
def correlate_masked(first, second, rows, cols, wrows, wcols, chip, least, fft, planes, scratch, out, state):
    """Surfaces of chips in windows with missing pixels.

    As :func:`correlate`, without norms; ``least`` is the number of pixels that must be valid in both.
    """
    n, stride = fft.length, fft.stride
    size = planes.shape[1]
    packed, spectra, rest, products = planes[:2], planes[2:8], planes[10:14], planes[14:]
    h, w = out.shape[1], out.shape[2]
    height, width = h + chip - 1, w + chip - 1
    grow = np.float32(1 / (float(n) * n))
    flat_spectra, flat_products = spectra.ravel(), products.ravel()
    for i in range(rows.size):
        known = _masked_piece(first, rows[i], cols[i], chip, chip, stride, packed[1], rest[1], rest[3])
        found = _masked_piece(second, wrows[i], wcols[i], height, width, stride, packed[0], rest[0], rest[2])
        if known == 0 or found == 0:
            state[i] = FLAT_CHIP
            continue
        for k in range(3):
            pair = packed if k == 0 else rest[2 * k - 2 : 2 * k]
            forward(pair[0], pair[1], width, spectra[2 * k], spectra[2 * k + 1], scratch, fft)
        for kc in range(n):
            mirror = n - kc if kc else 0
            for k in range(0, n, LANES):
                masked_spectra(
                    flat_spectra, size,
                    LANES + kc * stride + k, LANES + mirror * stride + n - k - LANES + 1,
                    flat_products, kc * stride + k,
                )  # fmt: skip
        # The sums replace the spectra, which are no longer needed.
        for k in range(3):
            backward(products[2 * k], products[2 * k + 1], w, spectra[2 * k], spectra[2 * k + 1], scratch, fft)
        state[i] = _masked_finished(spectra, stride, grow, least, out[i])


def workspace(fft: Plan) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Room for both kernels to work in, for one thread.

    It may be used again for windows and chips of the same size: planes 0, 1 and 10 to 13, which hold
    them, stay zero around them.
    """
    return np.zeros((20, fft.size), np.float32), np.zeros((6, (fft.length + LANES) * LANES), np.float32)


#: The compiled search for peaks.
peaks = compiled_peaks.peaks
#: Whether the kernels are compiled and in memory.
READY = False


def make_ready() -> None:
    """Compile the kernels, or fetch them from numba's cache."""
    global READY  # noqa: PLW0603
    if READY:
        return
    picture, zero = np.zeros((24, 24), np.float32), np.zeros(1, np.int64)
    out, state, fft = np.empty((1, 9, 9), np.float32), np.empty(1, np.uint8), plan(24)
    places, work = (zero, zero, zero, zero), (fft, *workspace(fft))
    correlate(picture, picture, np.zeros((9, 9), np.float32), *places, 16, *work, out, state)
    correlate_masked(picture, picture, *places, 16, 1.0, *work, out, state)
    compiled_peaks.make_ready()
    READY = True

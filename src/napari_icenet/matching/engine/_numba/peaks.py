"""The compiled twin of :mod:`~napari_icenet.matching.engine.peaks`, for single surfaces and short batches.

The same steps in the same order, surface by surface; the tests hold the two to each other.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from napari_icenet.matching.engine._numba.fft import JIT
from napari_icenet.matching.engine.subpixel import FARTHEST, LONGEST, SETTLED, STEPS

#: Orders before every number.
_LEAST = -(1 << 31)


@njit(**JIT)
def _climb(surface, row, col, reach, weights, patch, along, found):
    """Newton steps from the highest pixel; whether there is a proper peak. ``found``: offsets, height, curvature."""
    height, width = surface.shape
    side = 2 * reach + 1
    if not (reach <= row < height - reach and reach <= col < width - reach):
        return False
    for a in range(side):
        for b in range(side):
            patch[a, b] = surface[row - reach + a, col - reach + b]
    r = c = step_r = step_c = determinant = 0.0
    f = g_r = g_c = h_rr = h_cc = h_rc = 0.0
    for _ in range(STEPS):
        for axis in range(2):
            offset = r if axis == 0 else c
            for i in range(3 * side):
                total, power = 0.0, 1.0
                for k in range(side):
                    total += power * weights[k, i]
                    power *= offset
                along[axis, i] = total
        f = g_r = g_c = h_rr = h_cc = h_rc = 0.0
        for a in range(side):
            value = slope = bend = 0.0
            for b in range(side):
                value += patch[a, b] * along[1, b]
                slope += patch[a, b] * along[1, side + b]
                bend += patch[a, b] * along[1, 2 * side + b]
            f += along[0, a] * value
            g_c += along[0, a] * slope
            h_cc += along[0, a] * bend
            g_r += along[0, side + a] * value
            h_rc += along[0, side + a] * slope
            h_rr += along[0, 2 * side + a] * value
        determinant = h_rr * h_cc - h_rc * h_rc
        step_r = (h_rc * g_c - h_cc * g_r) / determinant
        step_c = (h_rc * g_r - h_rr * g_c) / determinant
        if abs(step_r) > LONGEST:
            step_r = LONGEST if step_r > 0 else -LONGEST
        if abs(step_c) > LONGEST:
            step_c = LONGEST if step_c > 0 else -LONGEST
        r += step_r
        c += step_c
    longest = max(abs(step_r), abs(step_c)) * (FARTHEST / SETTLED)
    # A missing value makes every comparison false.
    if not (abs(r) <= FARTHEST and abs(c) <= FARTHEST and longest <= FARTHEST and h_rr < 0 and determinant > 0):
        return False
    found[0], found[1], found[2] = r, c, f + 0.5 * (g_r * step_r + g_c * step_c)
    found[3], found[4], found[5] = -h_rr, -h_cc, -h_rc
    return True


@njit(**JIT)
def _highest(bits, start, stop):
    """The greatest of finite float32 numbers, given as their bits, as an integer that orders like them.

    Whole numbers are compared eight at a time, floats that may be missing are not. None there, or all
    missing, is the least integer.
    """
    best = np.int32(_LEAST)
    for x in range(start, stop):
        key = bits[x] ^ ((bits[x] >> 31) & np.int32(0x7FFFFFFF))
        key = key if key < np.int32(0x7F800000) else np.int32(_LEAST)
        best = key if key > best else best
    return best


@njit(**JIT)
def peaks(surfaces, bits, five, three, exclusion, floor, places, summits, heights):
    """Find the peaks of surfaces.

    Parameters
    ----------
    surfaces : array of float32, (n, height, width)
    bits : array of int32, (n, height, width)
        The same memory.
    five, three : array of float64
        Weights of the polynomials through five and three samples.
    exclusion : int
    floor : float32
    places : array of int64, (n, 2)
        Filled with the highest pixels; −1 where no placement has a correlation.
    summits : array of float64, (n, 6)
        Filled with offset, height and curvature of the peaks.
    heights : array of float32, (n, 2)
        Filled with the highest value and the peak ratio.
    """
    count, height, width = surfaces.shape
    patch, along = np.zeros((5, 5)), np.zeros((2, 15))
    tops = np.empty(height, np.int32)
    for i in range(count):
        best, row, col = np.int32(_LEAST), -1, -1
        for y in range(height):
            tops[y] = _highest(bits[i, y], 0, width)
            if tops[y] > best:
                best, row = tops[y], y
        places[i, 0], places[i, 1] = row, col
        if row < 0:
            continue
        pixel = best ^ ((best >> 31) & np.int32(0x7FFFFFFF))
        while bits[i, row, col + 1] != pixel:
            col += 1
        col += 1
        places[i, 1] = col
        top = surfaces[i, row, col]
        rival, left, right = np.int32(_LEAST), max(col - exclusion, 0), min(col + exclusion + 1, width)
        for y in range(height):
            if abs(y - row) > exclusion:
                rival = max(rival, tops[y])
            else:
                rival = max(rival, _highest(bits[i, y], 0, left), _highest(bits[i, y], right, width))
        heights[i, 0] = top
        room = row > exclusion or row + exclusion + 1 < height or left > 0 or right < width
        # A positive float is its own key.
        second = max(np.array([rival], np.int32).view(np.float32)[0], floor) if rival > 0 else floor
        heights[i, 1] = max(top, np.float32(0)) / second if room else np.float32(np.nan)
        found = summits[i]
        if not _climb(surfaces[i], row, col, 2, five, patch, along, found) and not _climb(
            surfaces[i], row, col, 1, three, patch, along, found
        ):
            found[:] = 0
            found[2] = top


def make_ready() -> None:
    """Compile, or fetch from numba's cache."""
    surfaces = np.zeros((1, 7, 7), np.float32)
    peaks(
        surfaces, surfaces.view(np.int32), np.zeros((5, 15)), np.zeros((3, 9)), 1, np.float32(0.05),
        np.empty((1, 2), np.int64), np.empty((1, 6)), np.empty((1, 2), np.float32),
    )  # fmt: skip

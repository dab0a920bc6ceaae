"""Fourier transforms of small squares, eight columns at a time, compiled.

Stockham's self-sorting transform with radices 2, 3, 4, 5, 7 and 8. A square of float32 lives in two
flat arrays (real, imaginary) with a row stride that is a multiple of eight plus eight, so that
columns do not fall on the same cache lines. A block of eight columns fits the fastest cache and
passes through all stages there.
"""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from napari_icenet.matching.engine._numba.simd import LANES, SHORT, butterfly, transposed

#: What a stage of each radix costs a number, relative to radix 2.
_COST = {2: 1.0, 3: 1.25, 4: 1.15, 5: 1.6, 7: 2.2, 8: 1.6}
#: Numbers may be reordered, but missing ones stay missing.
JIT = {
    "nogil": True,
    "cache": True,
    "error_model": "numpy",
    "fastmath": {"contract", "reassoc", "nsz", "arcp"},
}

_turned2, _turned3, _turned4, _turned5, _turned7, _turned8 = (butterfly(r, turned=True) for r in SHORT)
_last2, _last3, _last4, _last5, _last7, _last8 = (butterfly(r, turned=False) for r in SHORT)


class Plan(NamedTuple):
    """Plan of the transform of one length.

    Attributes
    ----------
    length, stride : int
        Side of the square, and numbers from one of its rows to the next.
    radices : array of int64, (stages,)
    wr, wi : array of float32
        Twiddle factors in the order they are used.
    """

    length: int
    stride: int
    radices: NDArray[np.int64]
    wr: NDArray[np.float32]
    wi: NDArray[np.float32]

    @property
    def size(self) -> int:
        """Numbers in the plane of a square, room for reading past its edges included."""
        return (self.length + 2 * LANES) * self.stride


@cache
def _radices(length: int) -> tuple[int, ...] | None:
    """The cheapest factors of a length, or None."""
    if length == 1:
        return ()
    found = [(r, *rest) for r in _COST if length % r == 0 and (rest := _radices(length // r)) is not None]
    return min(found, key=lambda radices: sum(_COST[r] for r in radices), default=None)


def _cost(length: int) -> float:
    """Cost of a square of this side; infinite where it cannot be transformed."""
    radices = _radices(length)
    if radices is None or len(radices) < 2:
        return math.inf
    return length * -(-length // LANES) * sum(_COST[r] for r in radices)


@cache
def plan(least: int) -> Plan:
    """The quickest transform of a square with a side of at least ``least``, 16 or more."""
    length = min(range(least, 2 * least), key=_cost)
    radices = sorted(_radices(length) or ())
    turns: list[complex] = []
    left = length
    for radix in radices:
        rest = left // radix
        if rest > 1:
            angles = np.outer(np.arange(rest), np.arange(1, radix)) * (-2 * math.pi / left)
            turns.extend(np.exp(1j * angles).ravel())
        left = rest
    factors = np.array(turns or [0])
    stride = -(-length // LANES) * LANES + LANES
    return Plan(
        length,
        stride,
        np.array(radices, np.int64),
        factors.real.astype(np.float32),
        factors.imag.astype(np.float32),
    )


@njit(**JIT)
def _columns(xr, xi, x0, xs, yr, yi, y0, ys, scratch, fft):
    """Transform eight columns: from x at x0, rows xs apart, to y at y0, rows ys apart (the same is fine).

    ``scratch`` (6, length + 8 columns of 8) holds two complex blocks to go to and fro, and one to transpose.
    """
    n, radices, wr, wi = fft.length, fft.radices, fft.wr, fft.wi
    ur, ui, u0, us = xr, xi, x0, xs
    done, left, w = 1, n, 0
    for stage in range(radices.size):
        r = radices[stage]
        rest = left // r
        dx = rest * us * done
        if stage == radices.size - 1:
            dy = done * ys
            for q in range(done):
                i, o = u0 + q * us, y0 + q * ys
                if r == 8:
                    _last8(ur, ui, i, dx, yr, yi, o, dy, wr, wi, 0)
                elif r == 7:
                    _last7(ur, ui, i, dx, yr, yi, o, dy, wr, wi, 0)
                elif r == 5:
                    _last5(ur, ui, i, dx, yr, yi, o, dy, wr, wi, 0)
                elif r == 4:
                    _last4(ur, ui, i, dx, yr, yi, o, dy, wr, wi, 0)
                elif r == 3:
                    _last3(ur, ui, i, dx, yr, yi, o, dy, wr, wi, 0)
                else:
                    _last2(ur, ui, i, dx, yr, yi, o, dy, wr, wi, 0)
            return
        tr, ti = scratch[2 * (stage % 2)], scratch[2 * (stage % 2) + 1]
        dy = done * LANES
        for p in range(rest):
            for q in range(done):
                i, o = u0 + (p * done + q) * us, (p * r * done + q) * LANES
                if r == 8:
                    _turned8(ur, ui, i, dx, tr, ti, o, dy, wr, wi, w)
                elif r == 7:
                    _turned7(ur, ui, i, dx, tr, ti, o, dy, wr, wi, w)
                elif r == 5:
                    _turned5(ur, ui, i, dx, tr, ti, o, dy, wr, wi, w)
                elif r == 4:
                    _turned4(ur, ui, i, dx, tr, ti, o, dy, wr, wi, w)
                elif r == 3:
                    _turned3(ur, ui, i, dx, tr, ti, o, dy, wr, wi, w)
                else:
                    _turned2(ur, ui, i, dx, tr, ti, o, dy, wr, wi, w)
            w += r - 1
        ur, ui, u0, us = tr, ti, 0, LANES
        done *= r
        left = rest


@njit(**JIT)
def forward(xr, xi, used, zr, zi, scratch, fft):
    """Spectrum of a square whose columns from ``used`` on are zero; it lies transposed in z.

    z begins one block of lanes late, and its column n repeats column 0, so that it can be read backwards.
    """
    n, stride = fft.length, fft.stride
    block_r, block_i = scratch[4], scratch[5]
    for c in range(0, used, LANES):
        _columns(xr, xi, c, stride, block_r, block_i, 0, LANES, scratch, fft)
        for k in range(0, n, LANES):
            transposed(block_r, k * LANES, LANES, zr, LANES + c * stride + k, stride)
            transposed(block_i, k * LANES, LANES, zi, LANES + c * stride + k, stride)
    start = LANES + (used + LANES - 1) // LANES * LANES * stride
    zr[start : LANES + n * stride] = 0
    zi[start : LANES + n * stride] = 0
    for k in range(0, n, LANES):
        _columns(zr, zi, LANES + k, stride, zr, zi, LANES + k, stride, scratch, fft)
    for c in range(n):
        zr[LANES + c * stride + n] = zr[LANES + c * stride]
        zi[LANES + c * stride + n] = zi[LANES + c * stride]


@njit(**JIT)
def backward(pr, pi, cols, outr, outi, scratch, fft):
    """The first ``cols`` columns of the square that p, laid out as :func:`forward` leaves it, is the spectrum of.

    Not divided by the number of its pixels. p, which begins at 0, is overwritten.
    """
    n, stride = fft.length, fft.stride
    block_r, block_i = scratch[4], scratch[5]
    # With real and imaginary part exchanged the forward transform is the inverse one.
    for k in range(0, n, LANES):
        _columns(pi, pr, k, stride, pi, pr, k, stride, scratch, fft)
    for c in range(0, cols, LANES):
        for k in range(0, n, LANES):
            transposed(pr, c * stride + k, stride, block_r, k * LANES, LANES)
            transposed(pi, c * stride + k, stride, block_i, k * LANES, LANES)
        _columns(block_i, block_r, 0, LANES, outi, outr, c, stride, scratch, fft)

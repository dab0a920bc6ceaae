"""Vectors of eight numbers, as the compiled kernels see them.

numba compiles loops, but turns the strided loops of a Fourier transform into single numbers. Here
the few steps that matter are written for eight neighbouring columns at once; LLVM makes of them
whatever vector instructions the processor has.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

#: Columns that are transformed together.
LANES = 8
_FLOAT = ir.FloatType()
_VECTOR = ir.VectorType(_FLOAT, LANES)
_WORD = ir.IntType(32)


class Lanes:
    """Eight float32 values in the code being emitted."""

    __slots__ = ("builder", "value")

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder, self.value = builder, value

    def __add__(self, other: Lanes) -> Lanes:
        return Lanes(self.builder, self.builder.fadd(self.value, other.value, flags=("fast",)))

    def __sub__(self, other: Lanes) -> Lanes:
        return Lanes(self.builder, self.builder.fsub(self.value, other.value, flags=("fast",)))

    def __mul__(self, other: Lanes | float) -> Lanes:
        if not isinstance(other, Lanes):
            other = Lanes(self.builder, ir.Constant(_VECTOR, [ir.Constant(_FLOAT, other)] * LANES))
        return Lanes(self.builder, self.builder.fmul(self.value, other.value, flags=("fast",)))

    def shuffled(self, other: Lanes, order: Iterable[int]) -> Lanes:
        """Lanes picked from these (0–7) and from others (8–15)."""
        mask = ir.Constant(ir.VectorType(_WORD, LANES), list(order))
        return Lanes(self.builder, self.builder.shuffle_vector(self.value, other.value, mask))


#: A complex number: real and imaginary part.
Complex = tuple[Lanes, Lanes]


def _pointer(builder: Any, data: Any, index: Any) -> Any:
    return builder.bitcast(builder.gep(data, [index]), _VECTOR.as_pointer())


def _load(builder: Any, data: Any, index: Any) -> Lanes:
    return Lanes(builder, builder.load(_pointer(builder, data, index), align=4))


def _store(builder: Any, data: Any, index: Any, lanes: Lanes) -> None:
    builder.store(lanes.value, _pointer(builder, data, index), align=4)


def _spread(builder: Any, data: Any, index: Any) -> Lanes:
    """One number in all lanes."""
    nothing = ir.Constant(_VECTOR, ir.Undefined)
    first = builder.insert_element(nothing, builder.load(builder.gep(data, [index])), ir.Constant(_WORD, 0))
    return Lanes(builder, first).shuffled(Lanes(builder, nothing), [0] * LANES)


def _data(context: Any, builder: Any, signature: Any, args: Sequence[Any], *which: int) -> list[Any]:
    """Addresses of the arrays among the arguments."""
    return [context.make_array(signature.args[i])(context, builder, args[i]).data for i in which]


def _dft2(x: Sequence[Complex]) -> list[Complex]:
    (a, b), (c, d) = x
    return [(a + c, b + d), (a - c, b - d)]


def _dft4(x: Sequence[Complex]) -> list[Complex]:
    a, b, c, d = x
    (sr, si), (tr, ti) = _dft2([a, c])
    (ur, ui), (vr, vi) = _dft2([b, d])
    return [(sr + ur, si + ui), (tr + vi, ti - vr), (sr - ur, si - ui), (tr - vi, ti + vr)]


def _dft8(x: Sequence[Complex]) -> list[Complex]:
    even, odd = _dft4(x[0::2]), _dft4(x[1::2])
    half = math.sqrt(0.5)
    (r1, i1), (r2, i2), (r3, i3) = odd[1:]
    # The odd half turned by 0, 1, 2 and 3 eighths.
    turned = [odd[0], ((r1 + i1) * half, (i1 - r1) * half), (i2, r2 * -1.0), ((i3 - r3) * half, (r3 + i3) * -half)]
    pairs = [_dft2([e, t]) for e, t in zip(even, turned, strict=True)]
    return [pair[0] for pair in pairs] + [pair[1] for pair in pairs]


def _dft_odd(x: Sequence[Complex]) -> list[Complex]:
    """A short transform of odd length: sums and differences of opposite terms."""
    n = len(x)
    half = range(1, (n + 1) // 2)
    total = {m: (x[m][0] + x[n - m][0], x[m][1] + x[n - m][1]) for m in half}
    change = {m: (x[m][0] - x[n - m][0], x[m][1] - x[n - m][1]) for m in half}
    out = [x[0]] * n
    for m in half:
        out[0] = out[0][0] + total[m][0], out[0][1] + total[m][1]
    for k in half:
        angle = {m: 2 * math.pi * k * m / n for m in half}
        r, i = x[0]
        for m in half:
            r, i = r + total[m][0] * math.cos(angle[m]), i + total[m][1] * math.cos(angle[m])
        p, q = change[1][1] * math.sin(angle[1]), change[1][0] * math.sin(angle[1])
        for m in half[1:]:
            p, q = p + change[m][1] * math.sin(angle[m]), q + change[m][0] * math.sin(angle[m])
        out[k], out[n - k] = (r + p, i - q), (r - p, i + q)
    return out


#: Short transforms that longer ones are made of, by length.
SHORT: dict[int, Callable[[Sequence[Complex]], list[Complex]]] = {
    2: _dft2, 3: _dft_odd, 4: _dft4, 5: _dft_odd, 7: _dft_odd, 8: _dft8,
}  # fmt: skip


def butterfly(radix: int, *, turned: bool) -> Any:
    """A short transform of ``radix`` vectors, those of the result turned by twiddle factors if so asked.

    ``(xr, xi, x0, dx, yr, yi, y0, dy, wr, wi, w0)``: input vectors start at x0, dx apart; the result
    goes to y0, dy apart; factors of the second, third … result start at w0.
    """

    @intrinsic
    def emit(
        context: Any, xr: Any, xi: Any, x0: Any, dx: Any, yr: Any, yi: Any, y0: Any, dy: Any, wr: Any, wi: Any, w0: Any
    ) -> tuple[Any, Any]:
        at = types.intp

        def code(context: Any, builder: Any, signature: Any, args: Sequence[Any]) -> Any:
            sr, si, tr, ti, cr, ci = _data(context, builder, signature, args, 0, 1, 4, 5, 8, 9)
            place, step, target, stride, factor = (args[i] for i in (2, 3, 6, 7, 10))
            x = []
            for _ in range(radix):
                x.append((_load(builder, sr, place), _load(builder, si, place)))
                place = builder.add(place, step)
            for k, (r, i) in enumerate(SHORT[radix](x)):
                if turned and k:
                    which = builder.add(factor, ir.Constant(factor.type, k - 1))
                    c, s = _spread(builder, cr, which), _spread(builder, ci, which)
                    r, i = r * c - i * s, r * s + i * c  # noqa: PLW2901
                _store(builder, tr, target, r)
                _store(builder, ti, target, i)
                target = builder.add(target, stride)
            return context.get_dummy_value()

        return types.void(xr, xi, at, at, yr, yi, at, at, wr, wi, at), code

    return emit


@intrinsic
def transposed(context: Any, source: Any, s0: Any, ds: Any, target: Any, t0: Any, dt: Any) -> tuple[Any, Any]:
    """Copy 8 × 8 numbers, rows becoming columns; rows start at s0, ds apart, and go to t0, dt apart."""
    at = types.intp

    def code(context: Any, builder: Any, signature: Any, args: Sequence[Any]) -> Any:
        a, b = _data(context, builder, signature, args, 0, 3)
        place, step, goal, stride = args[1], args[2], args[4], args[5]
        rows = []
        for _ in range(LANES):
            rows.append(_load(builder, a, place))
            place = builder.add(place, step)
        size = LANES // 2
        while size:
            # Swap the off-diagonal blocks of this size.
            upper = [k if not k & size else LANES + (k ^ size) for k in range(LANES)]
            lower = [k | size if not k & size else LANES + k for k in range(LANES)]
            for i in (i for i in range(LANES) if not i & size):
                one, other = rows[i], rows[i | size]
                rows[i], rows[i | size] = one.shuffled(other, upper), one.shuffled(other, lower)
            size //= 2
        for row in rows:
            _store(builder, b, goal, row)
            goal = builder.add(goal, stride)
        return context.get_dummy_value()

    return types.void(source, at, at, target, at, at), code


def _mirrored(builder: Any, data: Any, index: Any) -> Lanes:
    lanes = _load(builder, data, index)
    return lanes.shuffled(lanes, range(LANES - 1, -1, -1))


@intrinsic
def cross_spectra(
    context: Any, ar: Any, ai: Any, br: Any, bi: Any, i: Any, j: Any, pr: Any, pi: Any, k: Any
) -> tuple[Any, Any]:
    """Window times conjugate chip of two points at once: the first one's surface is real, the second's imaginary.

    A spectrum Z holds the window's as real and the chip's as imaginary picture. With Y = Z(−f), which
    is read backwards from j, W·T* = Im(Z·Y)/2 + i·(|Z|² − |Y|²)/4.
    """
    at = types.intp

    def code(context: Any, builder: Any, signature: Any, args: Sequence[Any]) -> Any:
        a, b, c, d, e, f = _data(context, builder, signature, args, 0, 1, 2, 3, 6, 7)
        here, there, target = args[4], args[5], args[8]

        def cross(real: Any, imaginary: Any) -> Complex:
            zr, zi = _load(builder, real, here), _load(builder, imaginary, here)
            yr, yi = _mirrored(builder, real, there), _mirrored(builder, imaginary, there)
            return (zr * yi + zi * yr) * 0.5, (zr * zr + zi * zi - yr * yr - yi * yi) * 0.25

        first, second = cross(a, b), cross(c, d)
        _store(builder, e, target, first[0] - second[1])
        _store(builder, f, target, first[1] + second[0])
        return context.get_dummy_value()

    return types.void(ar, ai, br, bi, at, at, pr, pi, at), code


@intrinsic
def masked_spectra(context: Any, z: Any, size: Any, i: Any, j: Any, p: Any, k: Any) -> tuple[Any, Any]:
    """The six products of masked correlation, as three complex spectra.

    ``z`` holds three packed spectra, (window, chip), their squares, and their masks, each as a real
    and an imaginary plane of ``size`` numbers. To ``p`` go (W·T*, M·N*), (W·N*, M·T*), (W²·N*, M·T²*).
    """
    at = types.intp

    def code(context: Any, builder: Any, signature: Any, args: Sequence[Any]) -> Any:
        source, goal = _data(context, builder, signature, args, 0, 4)
        size, here, there, target = args[1], args[2], args[3], args[5]

        def plane(n: int, index: Any) -> Any:
            return builder.add(builder.mul(size, ir.Constant(size.type, n)), index)

        def parts(n: int) -> tuple[Complex, Complex]:
            """Twice the window's spectrum, and twice the conjugate of the chip's."""
            zr, zi = (_load(builder, source, plane(2 * n + m, here)) for m in (0, 1))
            yr, yi = (_mirrored(builder, source, plane(2 * n + m, there)) for m in (0, 1))
            return (zr + yr, zi - yi), (zi + yi, zr - yr)

        def times(a: Complex, b: Complex) -> Complex:
            return (a[0] * b[0] - a[1] * b[1]) * 0.25, (a[0] * b[1] + a[1] * b[0]) * 0.25

        (w, t), (ww, tt), (m, n) = parts(0), parts(1), parts(2)
        for which, (one, other) in enumerate((((w, t), (m, n)), ((w, n), (m, t)), ((ww, n), (m, tt)))):
            first, second = times(*one), times(*other)
            _store(builder, goal, plane(2 * which, target), first[0] - second[1])
            _store(builder, goal, plane(2 * which + 1, target), first[1] + second[0])
        return context.get_dummy_value()

    return types.void(z, at, at, at, p, at), code

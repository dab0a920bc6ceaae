"""Matches refined by the chip's own stretch and shear: what a rigid chip loses at shear margins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import binary_dilation, correlate1d, gaussian_filter, map_coordinates, spline_filter

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

#: Pixels (of all chips) worked on at a time.
_BATCH = 1 << 16
#: Gauss–Newton steps at most; a chip is done when a step moves it by less than this, px.
STEPS, SETTLED = 8, 2e-3
#: A refined match farther from its start (px) or more strained than this has diverged.
FARTHEST, MOST_STRAIN = 1.5, 0.25
#: A spline takes some noise away between pixels, so a good fit at a whole one may look this much worse.
WORSE = 1.25
#: Least share of the chip's pixels known in both pictures.
LEAST_KNOWN = 0.3
#: σ of the slopes that residuals are weighed by, px: noise must not steer.
_SLOPE_SIGMA = 0.7
#: Relative deviation below which pixels count as flat.
_FLAT = 1e-6
#: Above this the equations of a chip do not tell its parameters apart.
_WORST_CONDITION = 1e8
#: Pixels around a missing one that a cubic spline through a stand-in may be wrong in.
_SPOILT = 3


class Refined(NamedTuple):
    """Matches after the refinement; those that diverged are as they were.

    Attributes
    ----------
    drow, dcol : array of float64, (n,)
        Displacement of the chip's geometric centre, px.
    strain : array of float64, (n, 2, 2)
        Change of (drow, dcol) per pixel along (row, col): ``[0, 1]`` is ∂drow/∂col. 0 where not ok.
    error : array of float64, (n, 2)
        Formal one-sigma errors along row and column, px; NaN where not ok.
    ok : array of bool, (n,)
        Whether the refinement converged.
    """

    drow: F64
    dcol: F64
    strain: F64
    error: F64
    ok: NDArray[np.bool_]


def refine_affine(
    first: F32,
    second: F32,
    rows: ArrayLike,
    cols: ArrayLike,
    *,
    chip: int,
    drow: ArrayLike,
    dcol: ArrayLike,
) -> Refined:
    """Let every matched chip stretch, shear and turn until it fits the second picture best.

    Gauss–Newton on the zero-mean normalised squared differences, as in digital image correlation
    (Pan, Li and Tong 2013, doi:10.1007/s11340-013-9717-6): slopes are taken in the first picture
    once, the second picture is interpolated by cubic B-splines. Residuals are weighed by smoothed
    slopes (instrumental variables), so that noise does not draw the match to whole pixels.

    Parameters
    ----------
    first, second : array of float32, (height, width)
        NaN is missing, and takes no part.
    rows, cols : array of int, (n,)
        Places of the chips in ``first``: each covers rows r − chip/2 … r + chip/2 − 1.
    chip : int
        Side of the chips, px, even.
    drow, dcol : array of float, (n,)
        Matches to start from, px; NaN stays NaN.

    Returns
    -------
    Refined
    """
    r, c = np.atleast_1d(np.asarray(rows, np.intp)), np.atleast_1d(np.asarray(cols, np.intp))
    start = np.stack([np.broadcast_to(np.asarray(d, np.float64), r.shape) for d in (drow, dcol)])
    moved, strain = start.copy(), np.zeros((len(r), 2, 2))
    error, ok = np.full((len(r), 2), np.nan), np.zeros(len(r), bool)
    half = chip // 2
    inside = (r >= half) & (c >= half) & (r + half <= first.shape[0]) & (c + half <= first.shape[1])
    todo = np.flatnonzero(np.isfinite(start).all(axis=0) & inside)
    if todo.size:
        pair = _Pair.of(first, second)
        for part in _batches(todo, max(1, _BATCH // chip**2)):
            found = _Batch(pair, r[part], c[part], chip, start[:, part]).solve()
            good = part[found[3]]
            moved[:, good], strain[good], error[good] = found[0][:, found[3]], found[1][found[3]], found[2][found[3]]
            ok[good] = True
    return Refined(moved[0], moved[1], strain, error, ok)


def _batches(places: NDArray[np.intp], size: int) -> Iterator[NDArray[np.intp]]:
    for begin in range(0, len(places), size):
        yield places[begin : begin + size]


@dataclass(frozen=True)
class _Pair:
    """Two pictures with what all chips share."""

    first: F32
    slopes: tuple[F32, F32]
    weights: tuple[F32, F32]
    spline: F32
    known: tuple[NDArray[np.bool_], NDArray[np.bool_]] | None
    flat: float

    @staticmethod
    def of(first: F32, second: F32) -> _Pair:
        level = float(np.nanmax(np.abs(second), initial=0))
        (first, here), (second, there) = _filled(first), _filled(second)
        central = np.array([1.0, -8.0, 0.0, 8.0, -1.0]) / 12
        slopes = [correlate1d(first, central, axis, mode="nearest") for axis in (0, 1)]
        weights = [gaussian_filter(first, _SLOPE_SIGMA, order, mode="nearest") for order in ((1, 0), (0, 1))]
        known = None if here is None and there is None else tuple(_sound(k, first.shape) for k in (here, there))
        spline = spline_filter(second, order=3, output=np.float32, mode="mirror")
        return _Pair(first, (slopes[0], slopes[1]), (weights[0], weights[1]), spline, known, _FLAT * level)  # type: ignore[arg-type]


def _filled(picture: F32) -> tuple[F32, NDArray[np.bool_] | None]:
    """The picture less its mean, 0 where missing; and where it is known, if not everywhere."""
    known = np.isfinite(picture)
    level = np.float32(picture.mean(dtype=np.float64, where=known)) if known.any() else np.float32(0)
    if known.all():
        return picture - level, None
    return np.where(known, picture - level, np.float32(0)), known


def _sound(known: NDArray[np.bool_] | None, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Pixels that no missing one spoils."""
    return np.ones(shape, bool) if known is None else ~binary_dilation(~known, np.ones((3, 3), bool), _SPOILT)


class _Batch:
    """Chips refined together; every array has a row for each chip and a column for each of its pixels."""

    def __init__(self, pair: _Pair, rows: NDArray[np.intp], cols: NDArray[np.intp], chip: int, start: F64) -> None:
        count, side, inner = len(rows), chip * chip, np.arange(chip) - chip // 2
        self.pair, self.start = pair, start
        self.at = tuple(
            np.broadcast_to(v, (count, chip, chip)).reshape(count, side)
            for v in (rows[:, None, None] + inner[:, None], cols[:, None, None] + inner)
        )
        # What a displacement may change with: 1, y and x, from the geometric centre, ±1 at the chip's edges.
        self.half = chip / 2
        y, x = ((inner + 0.5) / self.half for _ in range(2))
        self.shape = np.stack([np.ones((chip, chip)), *np.meshgrid(y, x, indexing="ij")]).reshape(3, side)
        self.weight = self._weight()
        self.share = np.maximum(self.weight.sum(axis=1, keepdims=True), 1)
        self.template, deviation = self._standard(pair.first[self.at])
        scale = self.weight / deviation
        self.instruments = self._columns(pair.weights, scale)
        normal = self.instruments @ self._columns(pair.slopes, scale).swapaxes(1, 2)
        self.firm = (self.weight.sum(axis=1) >= LEAST_KNOWN * side) & (np.linalg.cond(normal) < _WORST_CONDITION)
        normal[~self.firm] = np.eye(8)
        self.inverse = np.linalg.inv(normal)

    def _weight(self) -> F64:
        """1 where a pixel is known in both pictures, 0 where not."""
        if self.pair.known is None:
            return np.ones(self.at[0].shape)
        here, there = self.pair.known
        r, c = (a + np.rint(d).astype(np.intp)[:, None] for a, d in zip(self.at, self.start, strict=True))
        inside = (r >= 0) & (c >= 0) & (r < there.shape[0]) & (c < there.shape[1])
        known = inside & here[self.at] & there[np.where(inside, r, 0), np.where(inside, c, 0)]
        return np.asarray(known, np.float64)

    def _standard(self, values: NDArray[np.floating]) -> tuple[F64, F64]:
        """Values of mean 0 and deviation 1, 0 where not known; and the deviation they had."""
        level = (values * self.weight).sum(axis=1, keepdims=True) / self.share
        values = (values - level) * self.weight
        deviation = np.sqrt((values * values).sum(axis=1, keepdims=True) / self.share)
        deviation = np.maximum(deviation, np.finfo(np.float32).tiny)
        return values / deviation, deviation

    def _columns(self, slopes: tuple[F32, F32], scale: F64) -> F64:
        """What each parameter does to the pixels: 3 for drow, 3 for dcol, an offset and a gain."""
        moves = [(s[self.at] * scale)[:, None] * self.shape for s in slopes]
        return np.concatenate([*moves, self.weight[:, None], self.template[:, None]], axis=1)

    def _residual(self, p: F64) -> F64:
        """First picture less the second at the moved, strained places."""
        places = [a + moved for a, moved in zip(self.at, (p @ self.shape).swapaxes(0, 1), strict=True)]
        values = map_coordinates(self.pair.spline, places, np.float32, order=3, mode="mirror", prefilter=False)
        values, deviation = self._standard(values)
        self.firm &= deviation[:, 0] > self.pair.flat
        return self.template - values

    def solve(self) -> tuple[F64, F64, F64, NDArray[np.bool_]]:
        """Displacement (2, n), strain (n, 2, 2), error (n, 2), and whether each chip converged."""
        p = np.zeros((len(self.template), 2, 3))
        p[:, :, 0] = self.start.T
        residual = self._residual(p)
        before = (residual**2).sum(axis=1)
        for _ in range(STEPS):
            step = (self.inverse @ (self.instruments @ residual[:, :, None]))[:, :6, 0].reshape(-1, 2, 3)
            # A chip that has gone astray shall not go far.
            p += np.clip(step, -1, 1)
            residual = self._residual(p)
            if np.abs(step).max(initial=0, where=self.firm[:, None, None]) < SETTLED:
                break
        after = (residual**2).sum(axis=1)
        strain = p[:, :, 1:] / self.half
        ok = self.firm & (after < WORSE * before) & (np.abs(step).max(axis=(1, 2)) < 10 * SETTLED)
        ok &= np.abs(p[:, :, 0] - self.start.T).max(axis=1) <= FARTHEST
        ok &= np.abs(strain).max(axis=(1, 2)) <= MOST_STRAIN
        spread = self.inverse @ (self.instruments @ self.instruments.swapaxes(1, 2)) @ self.inverse.swapaxes(1, 2)
        variance = np.diagonal(spread, axis1=1, axis2=2)[:, [0, 3]] * (after / self.share[:, 0])[:, None]
        return p[:, :, 0].T, strain, np.sqrt(variance), ok

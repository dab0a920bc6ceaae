"""Matches refined by the chip's own stretch, shear and bending: what a rigid chip loses at shear margins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import binary_dilation, correlate1d, gaussian_filter, map_coordinates, spline_filter

from napari_icenet.common.types import F32, F64

#: Pixels (of all chips) worked on at a time.
_BATCH = 1 << 16
#: Gauss–Newton steps at most; a chip is done when a step moves it by less than this, px.
STEPS, SETTLED = 8, 2e-3
#: A refined match farther from its start (px) or more strained than this has diverged.
FARTHEST, MOST_STRAIN = 1.5, 0.25
#: A spline takes some noise away between pixels, so a good fit at a whole one may look this much worse.
WORSE = 1.25
#: Chips of at least this side (px) may bend too, where χ² of the six parameters is above this (one in a thousand).
LEAST_BENDING, CERTAIN = 64, 22.5
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
    slopes (instrumental variables), so that noise does not draw the match to whole pixels. Chips of
    64 px and more may also bend (second derivatives of the displacement) where that is beyond doubt:
    across the margin of a glacier the mean displacement of a large chip is not that of its centre.

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
            found = _refined(_Chips(pair, r[part], c[part], chip, start[:, part]))
            good = part[found.ok]
            moved[0, good], moved[1, good] = found.drow[found.ok], found.dcol[found.ok]
            strain[good], error[good], ok[good] = found.strain[found.ok], found.error[found.ok], True
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


class _Chips:
    """Chips refined together; every array has a row for each chip and a column for each of its pixels."""

    def __init__(self, pair: _Pair, rows: NDArray[np.intp], cols: NDArray[np.intp], chip: int, start: F64) -> None:
        count, inner = len(rows), np.arange(chip) - chip // 2
        self.pair, self.start, self.half = pair, start, chip / 2
        self.at = tuple(
            np.broadcast_to(v, (count, chip, chip)).reshape(count, chip * chip)
            for v in (rows[:, None, None] + inner[:, None], cols[:, None, None] + inner)
        )
        # Offsets from the geometric centre, ±1 at the chip's edges.
        self.y, self.x = (g.ravel() for g in np.meshgrid(*[(inner + 0.5) / self.half] * 2, indexing="ij"))
        self.weight = self._weight()
        self.share = np.maximum(self.weight.sum(axis=1), 1)
        self.template, deviation = self._standard(pair.first[self.at])
        self.scale = self.weight / deviation
        self.firm: NDArray[np.bool_] = self.weight.sum(axis=1) >= LEAST_KNOWN * chip * chip

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
        level = (values * self.weight).sum(axis=1) / self.share
        values = (values - level[:, None]) * self.weight
        deviation = np.sqrt((values * values).sum(axis=1, keepdims=True) / self.share[:, None])
        deviation = np.maximum(deviation, np.finfo(np.float32).tiny)
        return values / deviation, deviation

    def residual(self, moves: F64) -> F64:
        """First picture less the second at places moved by (n, 2, pixels)."""
        places = [a + moved for a, moved in zip(self.at, moves.swapaxes(0, 1), strict=True)]
        values = map_coordinates(self.pair.spline, places, np.float32, order=3, mode="mirror", prefilter=False)
        values, deviation = self._standard(values)
        self.firm &= deviation[:, 0] > self.pair.flat
        return self.template - values

    def kinship(self, residual: F64) -> F64:
        """Pixels that share one independent piece of noise, (n,), at least 1.

        From the correlation of neighbouring residuals: white noise smoothed by a Gaussian of width
        σ has the correlation exp(−1/4σ²) there, and one independent value in 4πσ² pixels.
        """
        side = round(2 * self.half)
        r, w = (v.reshape(-1, side, side) for v in (residual, self.weight))
        beside, both = ((v[:, 1:] * v[:, :-1]).sum((1, 2)) + (v[:, :, 1:] * v[:, :, :-1]).sum((1, 2)) for v in (r, w))
        variance = np.maximum((residual**2).sum(axis=1) / self.share, np.finfo(np.float32).tiny)
        correlation = np.clip(beside / np.maximum(both, 1) / variance, 0.01, 0.95)
        return np.asarray(np.maximum(-np.pi / np.log(correlation), 1))


class _Equations:
    """Normal equations of the affine parameters, from the pixels of chips."""

    def __init__(self, chips: _Chips, terms: int) -> None:
        y, x = chips.y, chips.x
        self.chips, self.terms = chips, terms
        self.shape = np.stack([np.ones_like(y), y, x, y * y, y * x, x * x][:terms])
        self.instruments = self._columns(chips.pair.weights)
        normal = self.instruments @ self._columns(chips.pair.slopes).swapaxes(1, 2)
        chips.firm &= np.linalg.cond(normal) < _WORST_CONDITION
        normal[~chips.firm] = np.eye(normal.shape[1])
        self.inverse = np.linalg.inv(normal)

    def _columns(self, slopes: tuple[F32, F32]) -> F64:
        """``terms`` for drow, as many for dcol, an offset and a gain."""
        chips = self.chips
        moves = [(s[chips.at] * chips.scale)[:, None] * self.shape for s in slopes]
        return np.concatenate([*moves, chips.weight[:, None], chips.template[:, None]], axis=1)

    def step(self, residual: F64) -> F64:
        """One Gauss–Newton step of the parameters (n, 2, terms)."""
        solved = self.inverse @ (self.instruments @ residual[:, :, None])
        return np.asarray(solved[:, : 2 * self.terms, 0].reshape(-1, 2, self.terms))

    def covariance(self, residual: F64) -> F64:
        """Of the parameters, (n, 2 · terms, 2 · terms)."""
        spread = self.inverse @ (self.instruments @ self.instruments.swapaxes(1, 2)) @ self.inverse.swapaxes(1, 2)
        variance = (residual**2).sum(axis=1) / self.chips.share * self.chips.kinship(residual)
        return np.asarray(spread[:, : 2 * self.terms, : 2 * self.terms] * variance[:, None, None])

    def solve(self, parameters: F64, residual: F64) -> tuple[F64, F64, NDArray[np.bool_]]:
        """Parameters that fit, what they leave, and which chips settled."""
        parameters, step = parameters.copy(), np.full_like(parameters, np.inf)
        for _ in range(STEPS):
            step = self.step(residual)
            # A chip that has gone astray shall not go far.
            parameters += np.clip(step, -1, 1)
            residual = self.chips.residual(parameters @ self.shape)
            if np.abs(step).max(initial=0, where=self.chips.firm[:, None, None]) < SETTLED:
                break
        return parameters, residual, np.abs(step).max(axis=(1, 2)) < 10 * SETTLED


def _refined(chips: _Chips) -> Refined:
    """One batch: stretch and shear, and bending where it is beyond doubt."""
    equations = _Equations(chips, 3)
    parameters = np.zeros((len(chips.template), 2, 3))
    parameters[:, :, 0] = chips.start.T
    residual = chips.residual(parameters @ equations.shape)
    before = (residual**2).sum(axis=1)
    parameters, residual, settled = equations.solve(parameters, residual)
    error = _errors(equations.covariance(residual), 3)
    if 2 * chips.half >= LEAST_BENDING:
        wider = _Equations(chips, 6)
        guess = np.concatenate([parameters, np.zeros_like(parameters)], axis=2)
        covariance = wider.covariance(residual)
        bent = _surprise(wider.step(residual), covariance) > CERTAIN
        if bent.any():
            better, left, there = wider.solve(guess, residual)
            bent &= there
            parameters[bent], residual[bent] = better[bent][:, :, :3], left[bent]
            error[bent] = _errors(covariance, 6)[bent]
    ok = chips.firm & settled & ((residual**2).sum(axis=1) < WORSE * before)
    ok &= np.abs(parameters[:, :, 0] - chips.start.T).max(axis=1) <= FARTHEST
    strain = parameters[:, :, 1:] / chips.half
    ok &= np.abs(strain).max(axis=(1, 2)) <= MOST_STRAIN
    return Refined(parameters[:, 0, 0], parameters[:, 1, 0], strain, error, ok)


def _errors(covariance: F64, terms: int) -> F64:
    """One-sigma errors (n, 2) of the displacement at the centre."""
    return np.sqrt(np.diagonal(covariance, axis1=1, axis2=2)[:, [0, terms]])


def _surprise(parameters: F64, covariance: F64) -> F64:
    """χ² of the six bending parameters, (n,)."""
    bending = parameters[:, :, 3:].reshape(-1, 6)
    places = [3, 4, 5, 9, 10, 11]
    own = covariance[:, places][:, :, places]
    return np.asarray(np.einsum("ni,ni->n", bending, np.linalg.solve(own, bending[:, :, None])[:, :, 0]))

"""Positions of ice on every date from displacements of many pairs of dates, cell by cell, robustly.

The dates are the nodes of a network and the pairs its edges, as in levelling: a pair says by how much
the position differs between its two dates. Positions follow by weighted least squares; wrong matches
are found because they do not fit the others and lose their weight (Tukey's biweight on both components
together, from a start by least absolute deviations). What the remaining pairs do not tie together is
not resolved, and told as such.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.robust import NORMAL_MAD
from napari_icenet.common.types import F64, Bool
from napari_icenet.velocity.time_series.biweight import biweight, expected

#: A date is given up where less than this share of its pairs, of at least three, agree with it.
LEAST_SUPPORT, LEAST_PAIRS = 0.5, 3
#: A pair with less weight has none.
LEAST_WEIGHT = 0.05
#: Degrees of freedom with which the scatter of a typical cell enters the scatter of each.
PRIOR_FREEDOM = 10.0
#: Ties every date to nothing, weakly, so that networks in several pieces can be solved; relative.
_TIE = 1e-8
#: How well a median absolute deviation knows the scatter, against a standard deviation.
MEDIAN_EFFICIENCY = 0.37
#: Pairs times dates squared up to which the normal matrices of all cells are made at once: 0.4 GB.
_MOST_PRODUCTS = 5e7
_ROUNDS_ABSOLUTE, _ROUNDS_BIWEIGHT = 8, 12
_TINY = 1e-12
#: No estimate of the scatter is smaller, px.
LEAST_SCATTER_PX = 0.005
#: Nor is a pair doubted for what is usual among good ones: light and terrain differ from date to date, px.
USUAL_SCATTER_PX = 0.05


@dataclass(frozen=True)
class Pairs:
    """Pairs of dates as edges of a network.

    Attributes
    ----------
    first, second : array of int, (pair,)
        Indices of the dates.
    dates : int
    """

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    dates: int

    @property
    def signs(self) -> F64:
        """(pair, date): −1 at the first and +1 at the second date."""
        out = np.zeros((len(self.first), self.dates))
        at = np.arange(len(self.first))
        out[at, self.first], out[at, self.second] = -1, 1
        return out


@dataclass(frozen=True)
class Positions:
    """Positions of n cells on every date, and what they rest on.

    Attributes
    ----------
    row, col : array of float64, (date, n)
        Up to a constant for each piece of the network, px.
    scale_row, scale_col : array of float64, (n,)
        By how much matches scatter more than their errors claim.
    weight : array of float64, (pair, n)
        0 … 1: how far a pair is accepted; NaN where there is none.
    residual : array of float64, (n,)
        Weighted root mean square of the pairs' residuals, px (length); NaN without redundancy.
    tied : array of bool, (n, date, date)
        Whether the difference between two dates is known.
    variance : array of float64, (n, date, date)
        Of that difference, px², before scaling with the square of ``scale_row`` or ``scale_col``.
    """

    row: F64
    col: F64
    scale_row: F64
    scale_col: F64
    weight: F64
    residual: F64
    tied: Bool
    variance: F64


def typical_scale(pairs: Pairs, drow: F64, dcol: F64, error: F64) -> tuple[float, float]:
    """By how much matches of a typical cell scatter more than claimed, along (row, col); 1 without redundancy.

    Parameters
    ----------
    pairs : Pairs
    drow, dcol, error : array of float64, (pair, n)
        Displacements and their one-sigma error along an axis, px; NaN where there is none.
    """
    typical = float("nan"), float("nan")
    for _ in range(3):
        # A cell's own scatter wavers; cutting residuals by it would make it smaller still. So it is taken
        # again with that of all.
        solver = _Solver(pairs, drow, dcol, error, typical)
        solver.settle()
        enough = solver.freedom >= 1
        if not enough.any():
            return 1.0, 1.0
        # The median of a chi-square over its freedom (Wilson and Hilferty 1931); its mean is 1.
        middle = (1 - 2 / (9 * solver.freedom[enough])) ** 3
        row, col = (float(np.sqrt(np.median(s[enough] / middle))) for s in solver.squares)
        typical = max(row, _TINY), max(col, _TINY)
    return typical


def positions(pairs: Pairs, drow: F64, dcol: F64, error: F64, typical: tuple[float, float]) -> Positions:
    """Solve the networks of many cells at once.

    Parameters
    ----------
    pairs : Pairs
    drow, dcol, error : array of float64, (pair, n)
        As for :func:`typical_scale`.
    typical : (float, float)
        Its result; the scatter of a cell with few pairs is drawn towards it.
    """
    solver = _Solver(pairs, drow, dcol, error, typical)
    solver.settle()
    # Dates that most of their own pairs contradict are given up, the worst first, and the rest is solved again.
    for _ in range(max(pairs.dates - 2, 0)):
        bad = solver.worst_date()
        cells = np.flatnonzero(bad >= 0)
        if not cells.size:
            break
        touches = (pairs.first[:, None] == bad[cells]) | (pairs.second[:, None] == bad[cells])
        kept = np.where(touches, np.nan, solver.error[:, cells])
        again = _Solver(pairs, solver.drow[:, cells], solver.dcol[:, cells], kept, typical)
        again.settle()
        solver.take(again, cells)
    return solver.result(np.isfinite(drow))


class _Solver:
    """Iteratively re-weighted least squares of many networks with the same pairs."""

    def __init__(self, pairs: Pairs, drow: F64, dcol: F64, error: F64, typical: tuple[float, float]) -> None:
        self.pairs, self.typical = pairs, typical
        known = np.isfinite(drow) & np.isfinite(dcol) & np.isfinite(error)
        self.drow, self.dcol = np.where(known, drow, 0.0), np.where(known, dcol, 0.0)
        self.error = np.where(known, np.maximum(error, 1e-6), np.nan)
        self.weight = known.astype(float)
        self.scales: tuple[F64, F64] = (np.ones(drow.shape[1]), np.ones(drow.shape[1]))
        self.squares = self.scales
        self.freedom = self._freedom()
        self.row: F64 = np.zeros((pairs.dates, drow.shape[1]))
        self.col: F64 = np.zeros((pairs.dates, drow.shape[1]))
        # In claimed errors, the scatter that no match is better than.
        self.least = LEAST_SCATTER_PX / np.nan_to_num(_median(self.error), nan=LEAST_SCATTER_PX)

    @property
    def known(self) -> Bool:
        return np.isfinite(self.error)

    def _freedom(self) -> F64:
        """Pairs less the dates they tie: what is left to judge them by, (n,)."""
        pairs, known = self.pairs, self.known
        piece = np.tile(np.arange(pairs.dates)[:, None], (1, known.shape[1]))
        for _ in range(pairs.dates):
            before = piece.copy()
            for p, (i, j) in enumerate(zip(pairs.first, pairs.second, strict=True)):
                low = np.where(known[p], np.minimum(piece[i], piece[j]), 0)
                piece[i], piece[j] = np.where(known[p], low, piece[i]), np.where(known[p], low, piece[j])
            if np.array_equal(piece, before):
                break
        pieces = (piece == np.arange(pairs.dates)[:, None]).sum(axis=0)
        return np.asarray(known.sum(axis=0) - (pairs.dates - pieces), float)

    def settle(self) -> None:
        """Find positions, weights and scatter that agree."""
        for _ in range(_ROUNDS_ABSOLUTE):
            self._solve()
            length = np.hypot(*self._scaled())
            self.weight = np.asarray(np.where(self.known, 1 / np.maximum(length, 1e-3), 0.0), float)
        self._rescale()
        for turn in range(_ROUNDS_BIWEIGHT):
            before: F64 = self.weight
            self.weight = biweight(self._square())
            self._solve()
            if turn < _ROUNDS_BIWEIGHT // 2:
                self._rescale()
            elif np.abs(self.weight - before).max(initial=0.0) < 1e-3:
                break
        self.weight[self.weight < LEAST_WEIGHT] = 0
        self._refine_scale()

    def _normal(self) -> F64:
        """Normal matrices (n, date, date), with the weak tie."""
        signs, dates = self.pairs.signs, self.pairs.dates
        share = np.where(self.known, self.weight / np.nan_to_num(self.error, nan=1.0) ** 2, 0.0)
        if len(signs) * dates**2 > _MOST_PRODUCTS:
            normal = np.stack([(signs * one[:, None]).T @ signs for one in share.T])
        else:
            outer = (signs[:, :, None] * signs[:, None, :]).reshape(len(signs), -1)
            normal = (share.T @ outer).reshape(-1, dates, dates)
        diagonal = np.arange(dates)
        top = np.maximum(normal[:, diagonal, diagonal].max(axis=1), _TINY)
        normal[:, diagonal, diagonal] += (_TIE * top)[:, None]
        return np.asarray(normal)

    def _solve(self) -> None:
        share = np.where(self.known, self.weight / np.nan_to_num(self.error, nan=1.0) ** 2, 0.0)
        right = np.stack([(share * d).T @ self.pairs.signs for d in (self.drow, self.dcol)], axis=-1)
        found = np.linalg.solve(self._normal(), right)
        self.row, self.col = np.asarray(found[..., 0].T), np.asarray(found[..., 1].T)

    def _residuals(self) -> tuple[F64, F64]:
        i, j = self.pairs.first, self.pairs.second
        return self.drow - (self.row[j] - self.row[i]), self.dcol - (self.col[j] - self.col[i])

    def _scaled(self) -> tuple[F64, F64]:
        """Residuals in claimed errors; NaN where there is no pair."""
        row, col = self._residuals()
        return row / self.error, col / self.error

    def _judged_by(self) -> tuple[F64, F64]:
        """Scatter that residuals are judged by: never less than the errors claim, nor than is usual."""
        least = np.maximum(1.0, self.least * (USUAL_SCATTER_PX / LEAST_SCATTER_PX))
        return np.maximum(self.scales[0], least), np.maximum(self.scales[1], least)

    def _square(self) -> F64:
        (row, col), (by_row, by_col) = self._scaled(), self._judged_by()
        return np.asarray((row / by_row) ** 2 + (col / by_col) ** 2)

    @property
    def residual_share(self) -> F64:
        """Variance of the residuals over that by which they are judged, (n,)."""
        judged = self._judged_by()
        ratio = (self.scales[0] ** 2 + self.scales[1] ** 2) / (judged[0] ** 2 + judged[1] ** 2)
        share = self.freedom / np.maximum(self.known.sum(axis=0), 1)
        return np.asarray(np.clip(share * ratio, 0, 1))

    def _pooled(self, square: F64, freedom: F64, typical: float) -> F64:
        """Scatter from its square in each cell, drawn to the typical one where there are few pairs."""
        if np.isnan(typical):
            return np.maximum(np.sqrt(np.where(freedom > 0, square, 1.0)), self.least)
        freedom = np.maximum(freedom, 0.0)
        pooled = np.where(freedom > 0, freedom * square, 0.0) + PRIOR_FREEDOM * typical**2
        return np.asarray(np.maximum(np.sqrt(pooled / (freedom + PRIOR_FREEDOM)), self.least))

    def _rescale(self) -> None:
        """Scatter from the median residual, which wrong matches hardly touch."""
        count = self.known.sum(axis=0)
        share = np.sqrt(count / np.maximum(self.freedom, 1))
        squares = [(NORMAL_MAD * _median(np.abs(r)) * share) ** 2 for r in self._scaled()]
        freedom = MEDIAN_EFFICIENCY * self.freedom
        row, col = (self._pooled(s, freedom, t) for s, t in zip(squares, self.typical, strict=True))
        self.scales = row, col

    def _refine_scale(self) -> None:
        """Scatter from all pairs that are accepted, by their weights."""
        mean, square_mean, _ = expected(self.residual_share)
        lost = self.known.sum(axis=0) - self.freedom
        freedom = self.weight.sum(axis=0) / mean - lost
        row, col = (
            np.nansum(self.weight * r**2, axis=0) / (square_mean * np.maximum(freedom, 0.5)) for r in self._scaled()
        )
        self.squares = row, col
        row, col = (self._pooled(s, freedom, t) for s, t in zip(self.squares, self.typical, strict=True))
        self.scales = row, col

    def worst_date(self) -> NDArray[np.intp]:
        """In each cell, the date that least of its pairs agree with; −1 where all are well supported."""
        touches = np.abs(self.pairs.signs).T
        count = touches @ self.known
        support = np.where(count >= LEAST_PAIRS, (touches @ self.weight) / np.maximum(count, 1), 1.0)
        worst = support.argmin(axis=0)
        return np.where(support.min(axis=0, initial=1.0) < LEAST_SUPPORT, worst, -1)

    def take(self, other: _Solver, cells: NDArray[np.intp]) -> None:
        """Replace some cells by what another solver has found for them."""
        for name in ("error", "weight", "row", "col"):
            getattr(self, name)[:, cells] = getattr(other, name)
        self.freedom[cells] = other.freedom
        for mine, theirs in zip(self.scales, other.scales, strict=True):
            mine[cells] = theirs

    def result(self, given: Bool) -> Positions:
        inverse = np.linalg.inv(self._normal())
        diagonal = np.diagonal(inverse, axis1=1, axis2=2)
        variance = diagonal[:, :, None] + diagonal[:, None, :] - 2 * inverse
        top = diagonal.max(axis=1)[:, None, None]
        # Dates of different pieces, of m and n dates, differ by (1/m + 1/n) of what the weak tie allows one alone.
        tied = variance < 2 / self.pairs.dates * top
        diagonal_at = np.arange(self.pairs.dates)
        tied[:, diagonal_at, diagonal_at] = False
        row, col = self._residuals()
        total = self.weight.sum(axis=0)
        square = (self.weight * (row**2 + col**2)).sum(axis=0) / np.maximum(total, _TINY)
        efficiency = expected(self.residual_share)[2][:, None, None]
        return Positions(
            self.row,
            self.col,
            *self.scales,
            np.where(given, self.weight, np.nan),
            np.where(self.freedom > 0, np.sqrt(square), np.nan),
            tied,
            np.maximum(variance, 0.0) * efficiency,
        )


def _median(values: F64) -> F64:
    """Median along the first axis without NaN; NaN where there is nothing else."""
    ordered = np.sort(values, axis=0)
    count = np.isfinite(ordered).sum(axis=0)
    low, high = np.maximum((count - 1) // 2, 0), np.minimum(count // 2, len(values) - 1)
    at = np.arange(values.shape[1])
    return np.asarray((ordered[low, at] + ordered[high, at]) / 2)

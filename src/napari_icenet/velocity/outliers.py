"""Vectors that their neighbours do not bear out.

A vector is judged twice, the wildest ones first. The *support* test asks that some of the neighbours moved
alike: ice flows together, false matches scatter over the whole search window. Either a quarter of the
neighbours lie near in the space of displacements, measured in search radii (as in autoRIFT's, Gardner et al.
2018, with a quarter of the cells around instead of a third, and of those alone that lie on the map); or as many
lie within a pixel as false matches would hardly ever bring together by chance. The second keeps ice narrower
than the neighbourhood, whose few neighbours along the flow agree closely.
The *normalised median* test (Westerweel and Scarano 2005) asks that a vector differs from the median of its
neighbours by no more than they differ among themselves, so that shear margins keep theirs; on narrow ice those
alone are its neighbours that lie near.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter
from scipy.stats import binom

from napari_icenet.common.types import F32, Bool
from napari_icenet.velocity.neighbours import neighbours

#: Rows of a map whose neighbourhoods are sorted at once; bounds the memory.
_BLOCK = 64


@dataclass(frozen=True)
class OutlierTest:
    """Thresholds of the tests.

    Attributes
    ----------
    reach : int
        Neighbours are up to this many steps away along each axis.
    distance : float
        Neighbours nearer than this part of the search radius, in both components, bear a vector out.
    min_distance_px : float
        But never less than this, px.
    support : float
        Least share of the cells around, with a vector or without, that must: under cloud, where most
        have none, a handful of false matches often agrees.
    close_reach : int
        Neighbours that agree closely are looked for up to this many steps away along each axis.
    close_px : float
        Neighbours that differ by no more than this in both components agree closely, px.
    chance : float
        So many that agree closely bear a vector out as matches scattered evenly over the search window would
        bring together with less than this probability.
    min_close, min_far : int
        But never fewer than this, some of them farther away than ``reach``.
    min_neighbours : int
        Neighbours that must bear a vector out in any case, as at the corners of the map.
    threshold : float
        Largest deviation from the neighbours' median, in their own median deviation.
    noise_px : float
        Added to that deviation, px: what matches differ by though the ice moves as one.
    rounds : int
        The tests are repeated with those neighbours alone that passed them.
    """

    reach: int = 2
    distance: float = 0.2
    min_distance_px: float = 1.0
    support: float = 0.25
    close_reach: int = 4
    close_px: float = 1.0
    chance: float = 1e-3
    min_close: int = 4
    min_far: int = 2
    min_neighbours: int = 3
    threshold: float = 4.0
    noise_px: float = 0.1
    rounds: int = 2

    def near(self, radius: tuple[float, float]) -> tuple[float, float]:
        """How far neighbours may differ along row and column to bear each other out, px."""
        row, col = (max(self.distance * r, self.min_distance_px) for r in radius)
        return row, col


DEFAULT_TEST = OutlierTest()


def neighbour_consistent(
    drow: F32,
    dcol: F32,
    radius: tuple[float, float],
    *,
    step: int = 1,
    trusted: Bool | None = None,
    test: OutlierTest = DEFAULT_TEST,
    pause: Callable[[], None] | None = None,
) -> Bool:
    """Vectors of a map that agree with their neighbours.

    Parameters
    ----------
    drow, dcol : array of float32, (y, x)
        Displacements, px; NaN where there is none.
    radius : (float, float)
        Search radius along row and column, px.
    step : int
        Cells from one neighbour to the next. Chips that overlap see the same false match: let their
        centres lie half a chip apart.
    trusted : array of bool, (y, x), optional
        Vectors that passed before: neighbours to all, and not judged again.
    test : OutlierTest
    pause : callable, optional
        Called several times a second; may raise to stop.

    Returns
    -------
    array of bool, (y, x)
        True where there is a vector and it passes. One with too few neighbours does not pass: nothing
        tells it from a false match. Only in a map too small to have that many all vectors do.
    """
    there = np.isfinite(drow) & np.isfinite(dcol)
    if there.size <= test.min_neighbours:
        return there
    settled = np.zeros_like(there) if trusted is None else trusted & there
    near = tuple(np.float32(reach) for reach in test.near(radius))
    standing, judged = there, there & ~settled
    step = max(min(step, (min(there.shape) - 1) // (2 * test.reach)), 1)
    structure = _Structure(radius, step, test)
    for _ in range(test.rounds):
        passed, along = np.where(judged, False, standing), np.zeros_like(judged)
        for rows, cols, around in _neighbourhoods((drow, dcol), standing, judged, test.reach, step):
            if pause is not None:
                pause()
            own = drow[rows, cols], dcol[rows, cols]
            cells = (
                _cells_around(rows, there.shape[0], step, test) * _cells_around(cols, there.shape[1], step, test) - 1
            )
            alike = _alike(own, around, near)
            needed = np.maximum(np.ceil(test.support * cells), test.min_neighbours)
            widely = alike.sum(axis=1) >= needed
            kept = widely & _near_median(own, around, np.isfinite(around[0]), test)
            passed[rows, cols], few = kept, ~kept
            lost, beside = (own[0][few], own[1][few]), (around[0][few], around[1][few])
            along[rows[few], cols[few]] = _near_median(lost, beside, alike[few], test)
        refused = judged & ~passed
        passed |= along & structure.holds((drow, dcol), standing, refused)
        changed = passed != standing
        standing = passed
        if not changed.any():
            break
        # All others have the neighbours that they were judged by.
        judged = there & ~settled & maximum_filter(changed, 2 * test.close_reach * step + 1)
    return standing


def _neighbourhoods(
    vectors: tuple[F32, F32], standing: Bool, judged: Bool, reach: int, step: int
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp], tuple[F32, F32]]]:
    """Cells to judge, block by block, and the displacements (n, k) of each one's neighbours; NaN is none."""
    count, side = (2 * reach + 1) ** 2, 2 * reach * step + 1
    others = np.delete(np.arange(count), count // 2)
    padded = tuple(
        np.pad(np.where(standing, d, np.float32(np.nan)), reach * step, constant_values=np.nan) for d in vectors
    )
    windows = [sliding_window_view(p, (side, side))[..., ::step, ::step] for p in padded]
    for top in range(0, judged.shape[0], _BLOCK):
        rows, cols = np.nonzero(judged[top : top + _BLOCK])
        if not len(rows):
            continue
        rows = rows + top
        around_row, around_col = (w[rows, cols].reshape(len(rows), -1)[:, others] for w in windows)
        yield rows, cols, (around_row, around_col)


def _cells_around(at: NDArray[np.intp], size: int, step: int, test: OutlierTest) -> NDArray[np.intp]:
    """Cells of a neighbourhood that lie on the map, along one axis, (n,)."""
    ahead, behind = (np.minimum(room // step, test.reach) for room in (size - 1 - at, at))
    return np.asarray(1 + ahead + behind)


@dataclass(frozen=True)
class _Structure:
    """Support by neighbours that agree closely, along a strip of ice as well as around."""

    radius: tuple[float, float]
    step: int
    test: OutlierTest

    def holds(self, vectors: tuple[F32, F32], there: Bool, judged: Bool) -> Bool:
        """True for judged vectors that enough neighbours agree with closely, near and far, (y, x).

        As many as chance would hardly bring together of those judged, which nothing else explains. Some of them
        lie farther away than one false match is seen by the chips that overlap.
        """
        test = self.test
        close = tuple(min(test.close_px, reach) for reach in test.near(self.radius))
        chance = math.prod((2 * c + 1) / (2 * r + 1) for c, r in zip(close, self.radius, strict=True))
        rows, cols = np.nonzero(judged)
        own = tuple(d[rows, cols] for d in vectors)
        agreeing, far, loose = np.zeros((3, len(rows)), np.intp)
        reach, shape = test.close_reach * self.step, (judged.shape[0], judged.shape[1])
        for down, right, inside, r, c in neighbours(rows, cols, shape, range(-reach, reach + 1, self.step)):
            alike = inside & there[r, c]
            for vector, mine, limit in zip(vectors, own, close, strict=True):
                alike &= np.abs(vector[r, c] - mine) <= limit
            agreeing += alike
            far += alike & (max(abs(down), abs(right)) > test.reach * self.step)
            loose += inside & judged[r, c]
        needed = np.maximum(binom.isf(test.chance, np.maximum(loose, 1), min(chance, 1.0)) + 1, test.min_close)
        held = np.zeros_like(judged)
        held[rows, cols] = (agreeing >= needed) & (far >= test.min_far)
        return held


def _alike(own: tuple[F32, F32], around: tuple[F32, F32], reach: tuple[np.float32, ...]) -> Bool:
    """True for neighbours (n, k) that differ by no more than ``reach`` in both components."""
    return np.asarray(
        (np.abs(around[0] - own[0][:, None]) <= reach[0]) & (np.abs(around[1] - own[1][:, None]) <= reach[1])
    )


def _near_median(own: tuple[F32, F32], around: tuple[F32, F32], alike: Bool, test: OutlierTest) -> Bool:
    passed = np.ones(len(own[0]), bool)
    for value, others in zip(own, around, strict=True):
        near = np.where(alike, others, np.float32(np.nan))
        middle = _median(near)
        spread = _median(np.abs(near - middle[:, None]))
        # Without neighbours the median is NaN, and the comparison False.
        passed &= np.abs(value - middle) <= np.float32(test.threshold) * (spread + np.float32(test.noise_px))
    return passed


def _median(values: F32) -> F32:
    """Median of each row (n, k) without its NaN; NaN where there is nothing else."""
    ordered = np.sort(values, axis=1)  # NaN come last
    count = np.isfinite(ordered).sum(axis=1)
    at = np.arange(len(ordered))
    low, high = np.maximum((count - 1) // 2, 0), np.minimum(count // 2, values.shape[1] - 1)
    return np.asarray((ordered[at, low] + ordered[at, high]) / 2, np.float32)

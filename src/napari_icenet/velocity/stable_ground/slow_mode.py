"""Stable ground without a mask: the slow mode of a map's displacements, or none.

Ground that stands still shows the shift between two scenes, the same everywhere: a narrow peak in
the density of (drow, dcol), not far from zero, made of cells that lie together and scatter without
a pattern, while other cells move further. Ice can look alike (a slow plug, a shelf that moves as
one); wherever the two cannot be told apart the answer is that there is no slow mode.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.robust import robust_deviation
from napari_icenet.common.types import F64, Bool

#: Scenes are not shifted against each other by more than this, px.
LARGEST_OFFSET_PX = 3.0
#: Matches on ground that stands still scatter by less than this (one sigma along an axis), px.
WIDEST_SPREAD_PX = 0.4
#: A mode holds at least this many cells, and at least this share of the valid ones.
LEAST_CELLS, LEAST_SHARE = 20, 0.03
#: At least this share of the valid cells has to move differently; else there is nothing to be slower than.
LEAST_MOVING = 0.1
#: Two modes whose distances from zero differ by less cannot be told apart, px.
LEAST_APART_PX = 1.0
#: Medians of blocks, three chips wide, of ground that stands still scatter by less than this share of
#: the scatter of its cells (noise averages out, 0.3–0.5; a slope of speeds does not, 1 or more), ...
BLOCK_SHARE, BLOCK_CHIPS = 0.7, 3
#: ... or by less than this, px.
BLOCK_SPREAD_PX = 0.04
#: Density around a mode, as a share of the mode's, above which it is no peak but part of a slope.
HIGHEST_SHOULDER = 0.5
#: A cell lies amid a mode's if this share of the valid ones in a square of so many cells belong to it.
LEAST_AMID, _AMID = 0.6, 7
#: Step of the density's grid and the deviation of its kernel, px.
_STEP, _KERNEL = 0.05, 0.1
#: Sigmas about a mode's middle within which a cell belongs to it.
_REACH = 3.0
#: Least reach, px: a few cells may agree to better than matching ever does.
_LEAST_REACH = 0.15


@dataclass(frozen=True)
class _Mode:
    row: float
    col: float
    spread: float
    cells: Bool

    @property
    def distance(self) -> float:
        return float(np.hypot(self.row, self.col))


def slow_cells(
    drow: NDArray[np.floating], dcol: NDArray[np.floating], valid: Bool, chip_cells: float = 2.0
) -> Bool | None:
    """Cells of the slow mode.

    Parameters
    ----------
    drow, dcol : array, (y, x)
        Displacements, px.
    valid : array of bool, (y, x)
    chip_cells : float
        Side of a chip in cells: how far errors of neighbours hang together.

    Returns
    -------
    array of bool, (y, x), or None
        None where no mode passes: nearer than ``LARGEST_OFFSET_PX`` to zero, narrower than
        ``WIDEST_SPREAD_PX``, standing out of the density around it, compact on the map, the same all
        over it, with most of what moves otherwise moving further, and no second such mode about as
        near to zero.
    """
    rows, cols = np.where(valid, drow, np.nan).astype(float), np.where(valid, dcol, np.nan).astype(float)
    least = max(LEAST_CELLS, LEAST_SHARE * int(valid.sum()))
    block = max(round(BLOCK_CHIPS * chip_cells), 2)
    modes = [m for m in _modes(rows, cols) if m.cells.sum() >= least and _rigid(rows, cols, m, block)]
    modes.sort(key=lambda mode: mode.distance)
    if not modes:
        return None
    slow, others = modes[0], modes[1:]
    alone = all(mode.distance - slow.distance >= LEAST_APART_PX for mode in others)
    near = slow.distance <= LARGEST_OFFSET_PX
    if not (near and alone and _slower_than_the_rest(rows, cols, slow)):
        return None
    return slow.cells | _enclosed(slow.cells, np.isfinite(rows))


def _enclosed(cells: Bool, valid: Bool) -> Bool:
    """Valid cells amid the mode's: ground too, however they match, or its scatter would look too small."""
    from scipy.ndimage import uniform_filter

    share, known = (uniform_filter(a.astype(float), _AMID, mode="constant") for a in (cells, valid))
    return np.asarray(valid & (share >= LEAST_AMID * known) & (known > 0))


def _slower_than_the_rest(rows: F64, cols: F64, mode: _Mode) -> bool:
    """True if enough cells move otherwise, and most of them further than the mode."""
    with np.errstate(invalid="ignore"):
        rest = (np.hypot(rows - mode.row, cols - mode.col) > _reach(mode.spread)) & ~mode.cells
    if rest.sum() < max(LEAST_MOVING * np.isfinite(rows).sum(), 1):
        return False
    return bool(np.median(np.hypot(rows[rest], cols[rest])) >= mode.distance)


def _reach(spread: float) -> float:
    return max(_REACH * spread, _LEAST_REACH)


def _modes(rows: F64, cols: F64) -> list[_Mode]:
    """Narrow and compact peaks of the density, within reach of zero."""
    from scipy.ndimage import gaussian_filter, maximum_filter

    extent = LARGEST_OFFSET_PX + 2 * LEAST_APART_PX
    edges = np.arange(-extent, extent + _STEP, _STEP)
    known = np.isfinite(rows)
    counts = np.histogram2d(rows[known], cols[known], bins=(edges, edges))[0]
    density = gaussian_filter(counts, _KERNEL / _STEP, mode="constant")
    peaks = (density == maximum_filter(density, size=round(4 * _KERNEL / _STEP) + 1)) & (density > 0)
    # Only what could hold enough cells: the kernel spreads one cell over 2 pi sigma² of the grid.
    least = LEAST_CELLS / (2 * np.pi * ((_KERNEL**2 + WIDEST_SPREAD_PX**2) / _STEP**2))
    found: list[_Mode] = []
    for i, j in np.argwhere(peaks & (density > least)):
        mode = _settled(rows, cols, edges[i] + _STEP / 2, edges[j] + _STEP / 2)
        if mode is None or any(np.hypot(mode.row - m.row, mode.col - m.col) < _reach(m.spread) for m in found):
            continue
        if _stands_out(density, edges, mode):
            found.append(mode)
    return found


def _settled(rows: F64, cols: F64, row: float, col: float) -> _Mode | None:
    """The cluster about a peak: its median and spread, found again until they stay."""
    spread = WIDEST_SPREAD_PX / 2
    for _ in range(10):
        near = np.hypot(rows - row, cols - col) <= _reach(spread)
        if near.sum() < LEAST_CELLS:
            return None
        row, col = float(np.median(rows[near])), float(np.median(cols[near]))
        spread = float(np.sqrt(robust_deviation(rows[near]) * robust_deviation(cols[near])))
    near = np.hypot(rows - row, cols - col) <= _reach(spread)
    cells = near & _compact(near, np.isfinite(rows))
    if spread > WIDEST_SPREAD_PX or cells.sum() < LEAST_CELLS:
        return None
    return _Mode(row, col, spread, cells)


def _compact(cells: Bool, valid: Bool) -> Bool:
    """Cells of which at least half of the valid neighbours, of at least two, belong to the cluster."""
    from scipy.ndimage import convolve

    ring = np.ones((3, 3))
    ring[1, 1] = 0
    same, all_of_them = (convolve(a.astype(float), ring, mode="constant") for a in (cells, valid))
    return np.asarray((same >= 0.5 * all_of_them) & (same >= 2))


def _rigid(rows: F64, cols: F64, mode: _Mode, block: int) -> bool:
    """True if a mode is the same all over the map: its scatter averages out over blocks of cells."""
    from scipy.ndimage import median

    where = np.nonzero(mode.cells)
    _, label = np.unique((where[0] // block) * (rows.shape[1] + 1) + where[1] // block, return_inverse=True)
    full = np.flatnonzero(np.bincount(label) >= max(block * block // 6, 3))
    if full.size < 3:
        return False
    for d in (rows[where], cols[where]):
        wide = robust_deviation(np.asarray(median(d, label, full)))
        if wide > max(BLOCK_SHARE * robust_deviation(d), BLOCK_SPREAD_PX):
            return False
    return True


def _stands_out(density: F64, edges: F64, mode: _Mode) -> bool:
    """True if the density falls off on all sides of a mode; on a slope of speeds it does not."""
    middle = edges[:-1] + _STEP / 2
    width = float(np.hypot(mode.spread, _KERNEL))
    distance = np.hypot(middle[:, None] - mode.row, middle[None, :] - mode.col)
    ring = np.abs(distance - 2.5 * width) <= width / 2
    top = density[distance <= width].max(initial=0.0)
    return bool(density[ring].max(initial=0.0) <= HIGHEST_SHOULDER * top)

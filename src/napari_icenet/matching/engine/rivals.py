"""The two highest maxima of correlation surfaces: asked of the few chips that may hold two motions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter

from napari_icenet.common.robust import NORMAL_MAD
from napari_icenet.common.types import F32, F64, Index
from napari_icenet.matching.engine import cpu
from napari_icenet.matching.engine.batch import Search

#: Surfaces that are held at once.
_BATCH = 64
#: Two motions nearer than this along both axes are not told apart, px.
APART_PX = 3


@dataclass(frozen=True)
class TwoPeaks:
    """Highest maximum of each surface and its highest rival, in this order; NaN where there is none.

    Attributes
    ----------
    drow, dcol : array of float64, (2, n)
        Displacements, whole pixels.
    ncc : array of float32, (2, n)
        Correlations there.
    deviation : array of float32, (n,)
        Of all correlations of a surface from their median: how high a chance match is.
    """

    drow: F64
    dcol: F64
    ncc: F32
    deviation: F32


def two_peaks(
    first: F32,
    second: F32,
    rows: Index,
    cols: Index,
    *,
    chip: int,
    radius: tuple[int, int],
    shift: tuple[Index, Index],
    min_overlap: float,
    norms: F32 | None = None,
) -> TwoPeaks:
    """The highest maximum of each chip's correlation, and the highest more than 3 px away from it along either axis.

    Parameters
    ----------
    first, second, rows, cols, chip, radius, min_overlap, norms
        As for :meth:`~napari_icenet.matching.engine.engine.Engine.match`; all chips lie inside ``first``.
    shift : (array of int, array of int), (n,)
        Where the search is centred, from the chip's place, px.

    Returns
    -------
    TwoPeaks
    """
    shifts = tuple(np.asarray(s, np.int64) for s in shift)
    search = Search.around(
        first, second, np.asarray(rows, np.int64), np.asarray(cols, np.int64),
        chip=chip, reach=radius, shift=(shifts[0], shifts[1]), min_overlap=min_overlap, norms=norms,
    )  # fmt: skip
    count = len(search)
    places, heights = np.full((2, 2, count), np.nan), np.full((2, count), np.nan, np.float32)
    deviation = np.full(count, np.nan, np.float32)
    for start in range(0, count, _BATCH):
        batch = slice(start, min(start + _BATCH, count))
        surfaces = cpu.correlated(search, batch)
        deviation[batch] = _deviations(surfaces)
        low = np.nan_to_num(surfaces, nan=-np.inf)
        # A flank of a peak is no peak.
        low[low < maximum_filter(low, (1, 3, 3))] = -np.inf
        for surface, i in zip(low, range(batch.start, batch.stop), strict=True):
            for number in range(2):
                row, col = divmod(int(surface.argmax()), surface.shape[1])
                if not np.isfinite(surface[row, col]):
                    break
                heights[number, i] = surface[row, col]
                places[:, number, i] = row + shifts[0][i] - radius[0], col + shifts[1][i] - radius[1]
                surface[
                    max(row - APART_PX, 0) : row + APART_PX + 1, max(col - APART_PX, 0) : col + APART_PX + 1
                ] = -np.inf
    return TwoPeaks(places[0], places[1], heights, deviation)


def _deviations(surfaces: F32) -> F32:
    """Median absolute deviation of surfaces (n, h, w), as that of normal numbers; every other pixel will do, (n,)."""
    values = surfaces[:, ::2, ::2].reshape(len(surfaces), -1)
    holed = ~np.isfinite(values).all(axis=1)
    out = np.empty(len(values), np.float32)
    middle = np.median(values[~holed], axis=1, keepdims=True)
    out[~holed] = np.median(np.abs(values[~holed] - middle), axis=1)
    for i in np.flatnonzero(holed):
        known = values[i][np.isfinite(values[i])]
        out[i] = np.median(np.abs(known - np.median(known))) if known.size else np.nan
    return np.asarray(NORMAL_MAD * out, np.float32)

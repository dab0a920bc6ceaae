"""Error bars of a map's vectors: what the match knows of itself, and what its neighbours show.

A correlation peak knows of noise alone. What moves a whole chip, such as shadows, haze and strain in it, shows as
scatter of neighbouring vectors about smooth motion: where that is larger than the formal error, it is the error.
(As the error bars of tracks are, whose neighbours are other dates.)
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from napari_icenet.common.robust import NORMAL_MAD
from napari_icenet.common.types import F32, F64

#: Neighbours are up to this many cells away along each axis.
REACH = 2
#: With fewer vectors than this about a cell, itself included, their scatter is not known.
LEAST_VECTORS = 6
#: Rows of a map whose neighbourhoods are laid out at once; bounds the memory.
_BLOCK = 64


def with_scatter(
    errors: tuple[F32, F32],
    moved: tuple[F32, F32],
    near: tuple[float, float],
    *,
    pause: Callable[[], None] | None = None,
) -> tuple[F32, F32]:
    """One-sigma errors of vectors along row and column: the larger of the formal one and the local scatter.

    Parameters
    ----------
    errors : (array of float32, array of float32), (y, x)
        Formal errors of the matches, px; NaN where there is no vector.
    moved : (array of float32, array of float32), (y, x)
        Displacements, px; NaN where there is no vector.
    near : (float, float)
        Neighbours that differ by more than this along row or column, px, are of other ice, and do not count.
    pause : callable, optional
        Called several times a second; may raise to stop.

    Returns
    -------
    (array of float32, array of float32), (y, x)
    """
    out = tuple(np.array(error, np.float32) for error in errors)
    height = moved[0].shape[0]
    padded = [np.pad(np.asarray(m, np.float64), REACH, constant_values=np.nan) for m in moved]
    for top in range(0, height, _BLOCK):
        if pause is not None:
            pause()
        rows = slice(top, min(top + _BLOCK, height))
        around = [_around(p[top : rows.stop + 2 * REACH]) for p in padded]
        known = np.isfinite(around[0]) & np.isfinite(around[1])
        for values, own, limit in zip(around, moved, near, strict=True):
            known &= np.abs(values - own[rows][..., None]) <= limit
        for error, values in zip(out, around, strict=True):
            error[rows] = np.fmax(error[rows], _scatter(values, known))
        for error, own in zip(out, moved, strict=True):
            error[rows][np.isnan(own[rows])] = np.nan
    return out[0], out[1]


def _around(padded: F64) -> F64:
    """Values about each cell, itself included, (y, x, k)."""
    side = 2 * REACH + 1
    windows = sliding_window_view(padded, (side, side))
    return np.ascontiguousarray(windows.reshape(*windows.shape[:2], side * side))


def _scatter(values: F64, known: NDArray[np.bool_]) -> F64:
    """Robust deviation of the known values (y, x, k) from the plane through them; NaN where they are too few."""
    down, right = (a.ravel() for a in np.mgrid[-REACH : REACH + 1, -REACH : REACH + 1])
    basis = np.stack([np.ones(len(down)), down, right], axis=1)
    weight, filled = known.astype(np.float64), np.where(known, values, 0)
    count = weight.sum(axis=-1)
    enough = count >= LEAST_VECTORS
    normal = np.tensordot(weight, basis[:, :, None] * basis[:, None, :], 1)
    # Vectors along a line have no slope across it.
    normal += 1e-6 * np.eye(3)
    plane = np.linalg.solve(normal, np.tensordot(filled, basis, 1)[..., None])[..., 0]
    residual = np.where(known & enough[..., None], np.abs(values - plane @ basis.T), np.nan)
    out = np.full(count.shape, np.nan)
    # Three numbers of the plane are fitted to as many vectors.
    out[enough] = (
        NORMAL_MAD * np.nanmedian(residual[enough], axis=-1) * np.sqrt(count / np.maximum(count - 3, 1))[enough]
    )
    return out

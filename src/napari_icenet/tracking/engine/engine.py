"""Chips against search windows in batches: the one place where matches are made."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_icenet.tracking.engine.matches import Matches, reason_code
from napari_icenet.tracking.match import CorrelationSurface, LostReason, find_peak
from napari_icenet.tracking.zncc import zncc

F32 = NDArray[np.float32]


class Engine:
    """Matches many chips at once, on the device there is.

    Parameters
    ----------
    device : str
        ``auto``, ``cpu``, ``cuda`` or ``mps``.
    threads : int, optional
        Threads used on a CPU. Default: all cores.

    Attributes
    ----------
    title : str
        The device and method in words, for reports and the window.

    Raises
    ------
    UsageError
        There is no such device here.
    """

    def __init__(self, device: str = "auto", threads: int | None = None) -> None:
        self.title = "CPU"

    def surfaces(self, windows: F32, chips: F32, *, min_overlap: float = 0.5) -> F32:
        """Correlation surfaces (n, H − C + 1, W − C + 1) of chips (n, C, C) in windows (n, H, W)."""
        return np.stack([zncc(w, c, min_overlap=min_overlap) for w, c in zip(windows, chips, strict=True)])

    def match(
        self,
        first: F32,
        second: F32,
        rows: ArrayLike,
        cols: ArrayLike,
        *,
        chip: int,
        radius: int | tuple[int, int],
        shift_rows: ArrayLike = 0,
        shift_cols: ArrayLike = 0,
        min_overlap: float = 0.5,
        min_peak_ratio: float = 1.0,
        coarse_to_fine: bool = False,
        affine: bool = False,
    ) -> Matches:
        """Find chips of one picture in another.

        Parameters
        ----------
        first, second : array of float32, (height, width)
            Pictures of the same ground (a frame, or a tile of it with its surroundings); NaN is missing.
        rows, cols : array of int, (n,)
            Whole-pixel places of the chips in ``first``: each covers rows r − chip/2 … r + chip/2 − 1.
        chip : int
            Side of the chips, px, even.
        radius : int or (int, int)
            How far chips are searched for along row and column, px.
        shift_rows, shift_cols : array of int, (n,), or int
            Where the search is centred, from the chip's place; 0 is the place itself.
        min_overlap : float
            Least share of the chip's pixels valid in both pictures.
        min_peak_ratio : float
            Matches with a lower peak ratio are ambiguous.
        coarse_to_fine : bool
            Search at a quarter of the resolution first.
        affine : bool
            Refine each match by the chip's own stretch and shear.

        Returns
        -------
        Matches
            In the order of the points. A chip that crosses the edge of ``first`` is ``outside``; a
            search window may cross the edge of ``second``, its missing placements then do not count.
        """
        rows, cols = np.broadcast_arrays(np.atleast_1d(rows), np.atleast_1d(cols))
        shift_rows, shift_cols = np.broadcast_to(shift_rows, rows.shape), np.broadcast_to(shift_cols, rows.shape)
        reach = (radius, radius) if isinstance(radius, int) else radius
        half, out = chip // 2, Matches.empty(len(rows), chip, LostReason.OUTSIDE)
        pad = half + max(reach) + int(max(np.abs(shift_rows).max(initial=0), np.abs(shift_cols).max(initial=0)))
        wide = np.pad(second, pad, constant_values=np.nan)
        for i, (r, c, dr, dc) in enumerate(zip(rows, cols, shift_rows, shift_cols, strict=True)):
            if r - half < 0 or c - half < 0 or r + half > first.shape[0] or c + half > first.shape[1]:
                continue
            piece = first[r - half : r + half, c - half : c + half]
            top, left = r + dr - half - reach[0] + pad, c + dc - half - reach[1] + pad
            window = wide[top : top + chip + 2 * reach[0], left : left + chip + 2 * reach[1]]
            surface = zncc(np.ascontiguousarray(window), np.ascontiguousarray(piece), min_overlap=min_overlap)
            found = find_peak(CorrelationSurface(surface, dr - reach[0], dc - reach[1]), pixels=chip * chip)
            reason = found.reason
            if reason is None and found.peak_ratio < min_peak_ratio:
                reason = LostReason.AMBIGUOUS
            out.drow[i], out.dcol[i], out.ncc[i] = found.row, found.col, found.ncc
            out.peak_ratio[i] = found.peak_ratio
            out.error_row[i], out.error_col[i] = found.error_px
            out.reason[i] = reason_code(reason)
        return out

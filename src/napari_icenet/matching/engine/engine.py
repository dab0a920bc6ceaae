"""Chips against search windows in batches: the one place where matches are made."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from napari_icenet.common.device import choose_device
from napari_icenet.common.types import F32
from napari_icenet.matching.acceptance import Criteria, chips_inside, judge_matches
from napari_icenet.matching.engine import cpu
from napari_icenet.matching.engine._numba.compile import compile_kernels, kernels
from napari_icenet.matching.engine.batch import Search
from napari_icenet.matching.engine.matches import Matches
from napari_icenet.matching.engine.peaks import find_peaks
from napari_icenet.matching.lost_reason import LostReason, reason_code
from napari_icenet.matching.zncc import largest_overlap

if TYPE_CHECKING:
    from napari_icenet.matching.engine._torch.correlate import TorchCorrelator

#: Numbers in the surfaces of one batch on a CPU: they stay in its cache until their peaks are found.
_BATCH = 1 << 17


class Engine:
    """Matches many chips at once, on the device there is.

    On a CPU chips are correlated by compiled Fourier transforms where numba is installed and the
    kernels are ready (:meth:`prepare`), else by OpenCV, on a pool of threads; on CUDA and Apple's MPS
    by batched transforms in PyTorch. Results agree to 1e-4 in the correlation.

    Parameters
    ----------
    device : str
        ``auto``, ``cpu``, ``cuda``, ``cuda:1`` … or ``mps``.
    threads : int, optional
        Threads used on a CPU. Default: all cores.

    Raises
    ------
    UsageError
        There is no such device here.
    """

    def __init__(self, device: str = "auto", threads: int | None = None) -> None:
        self.threads = threads or os.cpu_count() or 1
        self.device = choose_device(device, threads=self.threads)
        self._torch: TorchCorrelator | None = None

    @property
    def title(self) -> str:
        """The device and method in words, for reports and the window: ``CPU, 2 cores, compiled FFT``."""
        if self.device.kind != "cpu":
            return f"{self.device.title}, PyTorch FFT"
        return f"{self.device.title}, {'compiled FFT' if kernels() else 'OpenCV'}"

    def prepare(self) -> None:
        """Make the quickest method ready: some ten seconds the first time on a machine, later half a second."""
        if self.device.kind == "cpu":
            compile_kernels()
        elif self._torch is None:
            from napari_icenet.matching.engine._torch.correlate import TorchCorrelator

            self._torch = TorchCorrelator(self.device)

    def surface(self, window: F32, chip: F32, *, norms: F32 | None = None, min_overlap: float = 0.5) -> F32:
        """Correlation of one chip with every placement in a search window (equation 1 of the paper).

        Parameters
        ----------
        window : array of float32, (height, width)
            NaN is missing.
        chip : array of float32, (C, C)
            NaN is missing.
        norms : array of float32, (height − C + 1, width − C + 1), optional
            :func:`~napari_icenet.matching.zncc.norm_map` of the window, where it is known already.
        min_overlap : float
            Least share of the chip's pixels valid in both; placements with less are NaN.

        Returns
        -------
        array of float32, (height − C + 1, width − C + 1)
            −1 … 1; NaN where chip or patch is flat, or too much is missing.
        """
        # One pair is not worth a trip to another device.
        surfaces = cpu.correlated(Search.of_one(window, chip, norms, min_overlap), slice(0, 1))
        return np.asarray(surfaces[0])

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
        independent: float = 1.0,
        norms: F32 | None = None,
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
            Search at a quarter of the resolution first (:mod:`~napari_icenet.matching.engine.coarse_to_fine`).
        affine : bool
            Refine each match by the chip's own stretch and shear (:mod:`~napari_icenet.matching.engine.affine`).
        independent : float
            Share of a chip's pixels whose noise is independent, for formal errors: less than 1 where the
            filter smooths (:attr:`~napari_icenet.matching.prefilter.Prefilter.independent`).
        norms : array of float32, optional
            :func:`~napari_icenet.matching.zncc.norm_map` of ``second`` for such chips, where it is known already.

        Returns
        -------
        Matches
            In the order of the points. A chip that crosses the edge of ``first`` is ``outside``; a
            search window may cross the edge of ``second``, its missing placements then do not count.
        """
        reach = (int(radius), int(radius)) if isinstance(radius, (int, np.integer)) else radius
        r, c, dr, dc = (
            np.array(v, np.int64)
            for v in np.broadcast_arrays(*(np.atleast_1d(v) for v in (rows, cols, shift_rows, shift_cols)))
        )
        out = Matches.empty(len(r), chip, LostReason.OUTSIDE)
        inside = np.flatnonzero(chips_inside(r, c, chip, (first.shape[0], first.shape[1])))
        if not inside.size:
            return out
        search = Search.around(
            first, second, r[inside], c[inside],
            chip=chip, reach=reach, shift=(dr[inside], dc[inside]), min_overlap=min_overlap,
            independent=independent, norms=norms,
        )  # fmt: skip
        found = self._coarse_to_fine(search) if coarse_to_fine else self._searched(search)
        _judge(search, found, min_peak_ratio)
        if affine:
            _refine(search, found)
        found.drow[:] += dr[inside] - reach[0]
        found.dcol[:] += dc[inside] - reach[1]
        out[inside] = found
        return out

    def _searched(self, search: Search) -> Matches:
        """Peaks of whole surfaces; displacements count from the surface's corner."""

        def matched(points: slice) -> Matches:
            return _matches(cpu.correlated(search, points), search)

        if self.device.kind == "cpu":
            return Matches.concatenated(self._in_batches(len(search), search.surface_shape, matched))
        return Matches.concatenated([_matches(surfaces, search) for surfaces in self._on_device(search)])

    def _on_device(self, search: Search) -> Iterator[F32]:
        self.prepare()
        assert self._torch is not None
        half, reach = search.chip // 2, search.reach
        batches = self._torch.correlate(
            search.first, search.second, search.rows + half, search.cols + half,
            chip=search.chip, radius=reach, min_overlap=search.min_overlap,
            shift_rows=search.window_rows + reach[0] - search.rows,
            shift_cols=search.window_cols + reach[1] - search.cols,
        )  # fmt: skip
        for _, surfaces in batches:
            yield surfaces

    def _coarse_to_fine(self, search: Search) -> Matches:
        from napari_icenet.matching.engine.coarse_to_fine import coarse_to_fine

        return coarse_to_fine(search, self._searched)

    def _in_batches(self, count: int, shape: tuple[int, int], matched: Callable[[slice], Matches]) -> list[Matches]:
        size = max(2, min(64, _BATCH // (shape[0] * shape[1]))) // 2 * 2
        batches = [slice(i, min(i + size, count)) for i in range(0, count, size)]
        if self.threads == 1 or len(batches) == 1:
            return [matched(batch) for batch in batches]
        with ThreadPoolExecutor(self.threads) as pool:
            return list(pool.map(matched, batches))


def _matches(surfaces: F32, search: Search) -> Matches:
    peaks = find_peaks(surfaces, pixels=float(search.chip**2), share=search.independent)
    return Matches(
        peaks.row, peaks.col, peaks.ncc, peaks.peak_ratio, peaks.error_row, peaks.error_col, peaks.error_cov,
        np.full(len(peaks), search.chip, np.uint16), peaks.reason,
    )  # fmt: skip


def _judge(search: Search, found: Matches, min_peak_ratio: float) -> None:
    """Say which matches are ambiguous, and why there is none: too little is known, or it is flat."""
    overlap = np.zeros(len(found))
    for i in np.flatnonzero(found.reason == reason_code(LostReason.FILL)):
        overlap[i] = largest_overlap(search.chip_at(int(i)), search.window_at(int(i)))
    criteria = Criteria(search.min_overlap, min_peak_ratio=min_peak_ratio)
    found.reason[:] = judge_matches(found.reason, criteria, overlap=overlap, peak_ratio=found.peak_ratio)


def _refine(search: Search, found: Matches) -> None:
    """Let matches stretch and shear; displacements count from the surface's corner before and after."""
    from napari_icenet.matching.engine.affine import refine_affine

    there = np.flatnonzero(found.reason == 0)
    rows, cols, half = search.rows[there], search.cols[there], search.chip // 2
    drow = search.window_rows[there] - rows + found.drow[there]
    dcol = search.window_cols[there] - cols + found.dcol[there]
    refined = refine_affine(
        search.first, search.second, rows + half, cols + half, chip=search.chip, drow=drow, dcol=dcol
    )
    better = there[refined.ok]
    found.drow[better] += (refined.drow - drow)[refined.ok]
    found.dcol[better] += (refined.dcol - dcol)[refined.ok]
    found.error_row[better], found.error_col[better] = refined.error[refined.ok].T.astype(np.float32)


@cache
def default_engine() -> Engine:
    """The engine of the click-tracker, which wants single surfaces at once: the CPU's."""
    return Engine("cpu")

"""Batch of chips of one picture, and the windows searched in another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.types import F32
from napari_icenet.matching.zncc import norm_map

Places = NDArray[np.int64]


@dataclass(frozen=True)
class Search:
    """Chips and their search windows, all inside their pictures.

    Attributes
    ----------
    first, second : array of float32, (height, width)
        Contiguous; NaN is missing.
    rows, cols : array of int64, (n,)
        Top-left pixel of each chip in ``first``.
    window_rows, window_cols : array of int64, (n,)
        Top-left pixel of each search window in ``second``.
    chip : int
        Side of the chips, px.
    reach : (int, int)
        How far a chip is searched for along row and column, px.
    min_overlap : float
        Least share of the chip's pixels valid in both pictures.
    norms : array of float32
        Norm map of ``second`` for this chip (:func:`~napari_icenet.matching.zncc.norm_map`).
    independent : float
        Share of a chip's pixels whose noise is independent, for formal errors.
    """

    first: F32
    second: F32
    rows: Places
    cols: Places
    window_rows: Places
    window_cols: Places
    chip: int
    reach: tuple[int, int]
    min_overlap: float
    norms: F32
    independent: float = 1.0

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def surface_shape(self) -> tuple[int, int]:
        """(height, width) of a correlation surface."""
        return 2 * self.reach[0] + 1, 2 * self.reach[1] + 1

    @property
    def window_shape(self) -> tuple[int, int]:
        """(height, width) of a search window."""
        return self.chip + 2 * self.reach[0], self.chip + 2 * self.reach[1]

    def chip_at(self, index: int) -> F32:
        """The chip (C, C) of one point."""
        row, col = self.rows[index], self.cols[index]
        return self.first[row : row + self.chip, col : col + self.chip]

    def window_at(self, index: int) -> F32:
        """The search window of one point."""
        row, col, (height, width) = self.window_rows[index], self.window_cols[index], self.window_shape
        return self.second[row : row + height, col : col + width]

    def norms_at(self, index: int) -> F32:
        """The norm map of one point's search window."""
        row, col, (height, width) = self.window_rows[index], self.window_cols[index], self.surface_shape
        return self.norms[row : row + height, col : col + width]

    @classmethod
    def of_one(cls, window: F32, chip: F32, norms: F32 | None, min_overlap: float) -> Search:
        """One chip (C, C) in one window (height, width), whose norm map may be known."""
        side = len(chip)
        reach = (window.shape[0] - side) // 2, (window.shape[1] - side) // 2
        zero = np.zeros(1, np.int64)
        window, chip = np.ascontiguousarray(window), np.ascontiguousarray(chip)
        norms = norm_map(window, side) if norms is None else np.ascontiguousarray(norms)
        return cls(chip, window, zero, zero, zero, zero, side, reach, min_overlap, norms)

    @classmethod
    def around(
        cls,
        first: F32,
        second: F32,
        rows: Places,
        cols: Places,
        *,
        chip: int,
        reach: tuple[int, int],
        shift: tuple[Places, Places],
        min_overlap: float,
        independent: float = 1.0,
        norms: F32 | None = None,
    ) -> Search:
        """Chips at (row, col) of ``first``, all inside it, searched for around (row, col) + shift in ``second``.

        ``norms`` is the norm map of ``second``, where it is known.
        """
        half = chip // 2
        window_rows, window_cols = rows + shift[0] - half - reach[0], cols + shift[1] - half - reach[1]
        height, width = chip + 2 * reach[0], chip + 2 * reach[1]
        before = [max(0, -int(w.min(initial=0))) for w in (window_rows, window_cols)]
        after = [
            max(0, int(w.max(initial=0)) + side - size)
            for w, side, size in zip((window_rows, window_cols), (height, width), second.shape, strict=True)
        ]
        if any(before) or any(after):
            # Beyond the picture nothing is known.
            sides = list(zip(before, after, strict=True))
            second = np.pad(second, sides, constant_values=np.nan)
            norms = None if norms is None else np.pad(norms, sides, constant_values=np.nan)
        second = np.ascontiguousarray(second, np.float32)
        return cls(
            np.ascontiguousarray(first, np.float32),
            second,
            rows - half,
            cols - half,
            window_rows + before[0],
            window_cols + before[1],
            chip,
            reach,
            min_overlap,
            norm_map(second, chip) if norms is None else np.ascontiguousarray(norms),
            independent,
        )

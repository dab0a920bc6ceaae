"""The peak of a correlation surface: where the chip is, and how far that can be accepted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_icenet.matching.engine.peaks import find_peaks
from napari_icenet.matching.lost_reason import REASONS, LostReason


@dataclass(frozen=True)
class CorrelationSurface:
    """Correlation for every placement of the chip in the search window.

    Attributes
    ----------
    values : array of float32, (height, width)
        −1 … 1, NaN where it is not defined.
    row0, col0 : int
        ``values[i, j]`` is the correlation when the chip is placed at (row0 + i, col0 + j).
    """

    values: NDArray[np.float32]
    row0: int
    col0: int

    def at(self, row: float, col: float) -> float:
        """The value at the nearest placement; NaN outside."""
        i, j = round(row) - self.row0, round(col) - self.col0
        inside = 0 <= i < self.values.shape[0] and 0 <= j < self.values.shape[1]
        return float(self.values[i, j]) if inside else float("nan")


@dataclass(frozen=True)
class Match:
    """Peak of one correlation surface.

    Attributes
    ----------
    row, col : float
        Position of the chip in the picture, sub-pixel; NaN without a peak.
    ncc : float
        Height of the peak.
    peak_ratio : float
        Best over best rival, the highest value more than 5 px away from the peak along either axis.
        A rival below 0.05 counts as 0.05; NaN where the surface has no room for a rival.
    error_px : (float, float)
        Formal one-sigma error along row and column.
    reason : LostReason or None
        What speaks against the match by itself: no surface, or the peak at its border.
    surface : CorrelationSurface
    """

    row: float
    col: float
    ncc: float
    peak_ratio: float
    error_px: tuple[float, float]
    reason: LostReason | None
    surface: CorrelationSurface

    @property
    def found(self) -> bool:
        """True if there is a peak at all."""
        return not np.isnan(self.ncc)

    def distance(self, row: float, col: float) -> float:
        """Pixels from a position; infinite without a peak."""
        return float(np.hypot(self.row - row, self.col - col)) if self.found else float("inf")


def find_peak(
    surface: CorrelationSurface,
    *,
    pixels: float = float("nan"),
    share: float = 1.0,
    reason: LostReason = LostReason.FILL,
) -> Match:
    """The highest peak of a surface; of many at once, see :func:`~napari_icenet.matching.engine.peaks.find_peaks`.

    Parameters
    ----------
    surface : CorrelationSurface
    pixels : float
        Number of pixels in the chip, for the formal error.
    share : float
        Share of them whose noise is independent.
    reason : LostReason
        What to say where no placement has a correlation.
    """
    peaks = find_peaks(surface.values[None], pixels=pixels, share=share)
    why = REASONS[peaks.reason[0]]
    return Match(
        surface.row0 + float(peaks.row[0]),
        surface.col0 + float(peaks.col[0]),
        float(peaks.ncc[0]),
        float(peaks.peak_ratio[0]),
        (float(peaks.error_row[0]), float(peaks.error_col[0])),
        reason if why is LostReason.FILL else why,
        surface,
    )

"""The peak of a correlation surface: where the chip is, and how far that can be believed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from napari_icenet.tracking.subpixel import formal_error, refine

#: Pixels around a peak that belong to it; rivals are sought outside.
EXCLUSION_PX = 5
#: A rival lower than this counts as this much, so that the ratio of a peak without rival stays finite.
RIVAL_FLOOR = 0.05
#: A peak this near the edge of the surface may be the flank of a higher one outside.
BORDER_PX = 1


class LostReason(StrEnum):
    """Why a frame is lost."""

    PENDING = "not yet computed"
    FILL = "fill"
    FLAT = "flat"
    OUTSIDE = "outside"
    BORDER = "border"
    AMBIGUOUS = "ambiguous"
    DISAGREEMENT = "disagreement"
    ROUND_TRIP = "round trip"

    @property
    def sentence(self) -> str:
        """The reason in words, for a tooltip."""
        return _SENTENCES[self]


_SENTENCES = {
    LostReason.PENDING: "Not yet computed.",
    LostReason.FILL: "Too much of the chip is missing here.",
    LostReason.FLAT: "The picture has no texture here.",
    LostReason.OUTSIDE: "The chip has left the frame.",
    LostReason.BORDER: "The best match lies at the edge of the search window.",
    LostReason.AMBIGUOUS: "Another place matches nearly as well.",
    LostReason.DISAGREEMENT: "The plain and the high-pass filtered picture match in different places.",
    LostReason.ROUND_TRIP: "Matching backwards does not lead back to the start.",
}


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
        """Whether there is a peak at all."""
        return not np.isnan(self.ncc)

    def distance(self, row: float, col: float) -> float:
        """Pixels from a position; infinite without a peak."""
        return float(np.hypot(self.row - row, self.col - col)) if self.found else float("inf")


def find_peak(
    surface: CorrelationSurface, *, pixels: float = float("nan"), reason: LostReason = LostReason.FILL
) -> Match:
    """The highest peak of a surface.

    Parameters
    ----------
    surface : CorrelationSurface
    pixels : float
        Number of independent pixels in the chip, for the formal error.
    reason : LostReason
        What to say where no placement has a correlation.
    """
    values = surface.values
    low = values
    row, col = divmod(int(low.argmax()), low.shape[1])
    if np.isnan(low[row, col]):
        # A missing value comes first; what lies below any correlation comes last.
        low = np.where(np.isnan(values), np.float32(-2), values)
        row, col = divmod(int(low.argmax()), low.shape[1])
    if low[row, col] < -1:
        nan = float("nan")
        return Match(nan, nan, nan, nan, (nan, nan), reason, surface)
    peak = refine(values, row, col)
    height, width = values.shape
    at_border = not (BORDER_PX <= row < height - BORDER_PX and BORDER_PX <= col < width - BORDER_PX)
    return Match(
        surface.row0 + peak.row,
        surface.col0 + peak.col,
        min(peak.value, 1.0),
        peak_ratio(low, row, col),
        formal_error(peak, pixels),
        LostReason.BORDER if at_border else None,
        surface,
    )


def peak_ratio(values: NDArray[np.float32], row: int, col: int) -> float:
    """Height of the peak at (row, col) over its highest rival; see :class:`Match`.

    0 where the peak itself is not positive: nothing correlates, so nothing stands out.
    """
    rest = values.copy()
    top, left = max(row - EXCLUSION_PX, 0), max(col - EXCLUSION_PX, 0)
    rest[top : row + EXCLUSION_PX + 1, left : col + EXCLUSION_PX + 1] = -np.inf
    rival = float(rest.max())
    if rival == -np.inf:
        return float("nan")
    best = float(values[row, col])
    return best / max(rival, RIVAL_FLOOR) if best > 0 else 0.0

"""A batch of matches, array by array, each with the evidence it rests on."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from napari_icenet.matching.lost_reason import LostReason, reason_code

_UNKNOWN = np.empty(0, np.float32)


@dataclass(frozen=True)
class Matches:
    """Peaks of many correlation surfaces; every array has the shape (n,).

    Attributes
    ----------
    drow, dcol : array of float64
        Displacement from the chip's place in the first picture, px; NaN without a peak.
    ncc : array of float32
        Height of the peak, −1 … 1; NaN without one.
    peak_ratio : array of float32
        Best over best rival, as in :class:`~napari_icenet.matching.match.Match`.
    error_row, error_col, error_cov : array of float32
        Formal one-sigma errors of the peak, px, and their covariance, px²; NaN without curvature.
    chip : array of uint16
        Side of the chip, px.
    reason : array of uint8
        Code of what speaks against the match (:data:`~napari_icenet.matching.lost_reason.REASONS`); 0 is valid.
    rival_row, rival_col : array of float32
        Displacement of another motion that the chip may hold, px; NaN where there is none, or none was looked for.
    rival_height : array of float32
        Its correlation, in deviations of all those of the surface.
    """

    drow: NDArray[np.float64]
    dcol: NDArray[np.float64]
    ncc: NDArray[np.float32]
    peak_ratio: NDArray[np.float32]
    error_row: NDArray[np.float32]
    error_col: NDArray[np.float32]
    error_cov: NDArray[np.float32]
    chip: NDArray[np.uint16]
    reason: NDArray[np.uint8]
    rival_row: NDArray[np.float32] = field(default_factory=lambda: _UNKNOWN)
    rival_col: NDArray[np.float32] = field(default_factory=lambda: _UNKNOWN)
    rival_height: NDArray[np.float32] = field(default_factory=lambda: _UNKNOWN)

    def __post_init__(self) -> None:
        for name in ("rival_row", "rival_col", "rival_height"):
            if getattr(self, name) is _UNKNOWN:
                object.__setattr__(self, name, np.full(len(self.drow), np.nan, np.float32))

    def __len__(self) -> int:
        return len(self.drow)

    @property
    def valid(self) -> NDArray[np.bool_]:
        """True if nothing speaks against a match."""
        return np.asarray(self.reason == 0)

    def __getitem__(self, index: NDArray[np.bool_] | NDArray[np.intp] | slice) -> Matches:
        return Matches(*(getattr(self, array.name)[index] for array in fields(self)))

    def __setitem__(self, index: NDArray[np.bool_] | NDArray[np.intp] | slice, other: Matches) -> None:
        for array in fields(self):
            getattr(self, array.name)[index] = getattr(other, array.name)

    @staticmethod
    def concatenated(parts: list[Matches]) -> Matches:
        """Several batches as one, in order; at least one."""
        return Matches(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Matches)))

    @staticmethod
    def empty(count: int, chip: int, reason: LostReason | None) -> Matches:
        """``count`` matches without a peak, all for one reason (or none yet)."""
        nan64 = np.full(count, np.nan)
        nan32 = nan64.astype(np.float32)
        return Matches(
            nan64,
            nan64.copy(),
            nan32,
            nan32.copy(),
            nan32.copy(),
            nan32.copy(),
            nan32.copy(),
            np.full(count, chip, np.uint16),
            np.full(count, reason_code(reason), np.uint8),
        )

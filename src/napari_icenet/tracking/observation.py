"""Observation of a chip on one date, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass

from napari_icenet.matching.lost_reason import LostReason

_NAN = float("nan")


@dataclass(frozen=True)
class Observation:
    """Position of the chip on one date, or the reason why it is not known.

    Attributes
    ----------
    time : int
        Index of the date.
    row, col : float
        Position, sub-pixel; NaN when lost.
    ncc, peak_ratio : float
        Of the best match, also when it was not accepted; NaN where there was none, 1 at the origin.
    valid : bool
        Whether the position can be accepted. Always so at the origin.
    reason : LostReason or None
        Why not.
    round_trip_px : float
        By how much the backward match missed the start.
    error_px : (float, float)
        Formal one-sigma error along row and column.
    source : int
        Index of the date the template was cut at; the date itself at the origin.
    centre : (int, int)
        Centre of the search window, where a lost chip may be drawn.
    peak : (float, float)
        Where the best match was, also when it was not accepted.
    firm : bool
        Whether the frame may serve as a template: valid, and the plain and the high-pass filtered
        picture have their highest peak in the same place. A frame half under cloud can be placed,
        but what is cut from it would lead later frames astray.
    """

    time: int
    row: float
    col: float
    ncc: float
    peak_ratio: float
    valid: bool
    reason: LostReason | None
    round_trip_px: float
    error_px: tuple[float, float]
    source: int
    centre: tuple[int, int]
    peak: tuple[float, float] = (_NAN, _NAN)
    firm: bool = False

    @classmethod
    def lost(cls, time: int, source: int, centre: tuple[int, int], reason: LostReason) -> Observation:
        """A date without any match."""
        return cls(time, _NAN, _NAN, _NAN, _NAN, False, reason, _NAN, (_NAN, _NAN), source, centre)

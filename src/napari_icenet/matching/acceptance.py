"""Criteria by which a match is accepted or lost: one order and one table for clicks, datasets and velocity maps.

The criteria are asked in the order of :class:`~napari_icenet.matching.lost_reason.LostReason`, and the
first one that is not met is the reason; what a use does not ask, or has not measured, speaks against no
match. ``MIXED`` alone, which is looked for at each side of the chips (:mod:`~napari_icenet.velocity.mixed_motion`),
stands for an ambiguous match, too. Uses differ in these, and in nothing else:

==========================  ========  =============  ========  ==============  =====
criterion                   click     click, chain   dataset   dataset, chain  map
==========================  ========  =============  ========  ==============  =====
least overlap (FILL, FLAT)  0.5       0.5            0.5       0.9             0.375
peak off the edge (BORDER)  yes       –              yes       –               yes
least peak ratio            1.5       –              1.5       –               1.1
a peak without rival        accepted  –              refused   –               accepted
largest disagreement, px    1.5       –              –         –               –
largest round trip, px      1.0       –              1.0       –               –
neighbours (OUTLIER)        –         –              asked     –               asked
middle (MIXED)              –         –              –         –               asked
==========================  ========  =============  ========  ==============  =====

A click is looked at alone, so the high-pass filtered chip must agree with the template. A dataset tracks
thousands of chips that nobody looks at, so a surface too small to hold a rival proves nothing there. A map has
neighbours on all sides, and asks less of each match; but its chips lie wherever the grid has a point, half of
one on ice and half on rock, so it asks whether a chip holds two motions; and behind the gaps of Landsat 7 most
chips share less than half of their pixels. The chain is the paper's: the highest
correlation wins.

Correlations are compared in Fisher's z, artanh CI, whose deviation is 1/√(n − 3) for n independent pixels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_icenet.common.types import Bool
from napari_icenet.matching.lost_reason import REASONS, LostReason, reason_code

#: A peak this near the edge of the surface may be the flank of a higher one outside, px.
BORDER_PX = 1
#: There are not enough pixels to compare: nothing is known of the ice.
NO_PIXELS = (LostReason.FILL, LostReason.OUTSIDE)
#: There is no correlation at all, whatever the template.
NO_PEAK = (*NO_PIXELS, LostReason.FLAT)


@dataclass(frozen=True)
class Criteria:
    """Thresholds of what is asked of a match; with the defaults the highest peak off the border is accepted.

    Attributes
    ----------
    min_overlap : float
        Least share of the chip's pixels valid in both pictures; with less there is no correlation.
    off_border : bool
        Whether a peak at the edge of the search window is refused.
    min_peak_ratio : float
        Least height of the peak over its highest rival; 0 asks for none.
    without_rival : bool
        Whether a peak is accepted whose surface has no room for a rival (its ratio is NaN).
    max_disagreement_px : float
        Largest distance of the template's own peak from that of the high-pass filtered chip.
    max_round_trip_px : float
        Largest distance by which the backward match may miss the start.
    """

    min_overlap: float = 0.5
    off_border: bool = True
    min_peak_ratio: float = 0.0
    without_rival: bool = True
    max_disagreement_px: float = math.inf
    max_round_trip_px: float = math.inf

    def agrees(self, distance_px: float) -> bool:
        """True if two peaks this far apart are one and the same."""
        return distance_px <= self.max_disagreement_px


CLICK = Criteria(min_overlap=0.5, min_peak_ratio=1.5, max_disagreement_px=1.5, max_round_trip_px=1.0)
CLICK_CHAIN = Criteria(min_overlap=0.5, off_border=False)
DATASET = Criteria(min_overlap=0.5, min_peak_ratio=1.5, without_rival=False, max_round_trip_px=1.0)
DATASET_CHAIN = Criteria(min_overlap=0.9, off_border=False)
MAP = Criteria(min_overlap=0.375, min_peak_ratio=1.1)

#: A rival this many deviations above nothing is a match in its own right, not noise.
TRUE_RIVAL = 4.5
#: A peak less than this many times as high as a rival that is one is looked at more closely.
ABOVE_RIVAL = 2.0
#: Two matches of one cell no farther apart than this are the same, px.
SAME_PLACE_PX = 1.5
#: A chip's middle that moves with the rest reaches this part of its correlation, or falls short of it by
#: no more than so many deviations.
MIDDLE_SHARE, MIDDLE_SHORT = 0.35, 2.5
#: Correlations are kept this far below 1, where z is infinite.
_BELOW_ONE = 1e-4

_FILL, _FLAT, _BORDER, _AMBIGUOUS, _DISAGREEMENT, _ROUND_TRIP, _OUTLIER = (
    np.uint8(reason_code(reason))
    for reason in (
        LostReason.FILL, LostReason.FLAT, LostReason.BORDER, LostReason.AMBIGUOUS, LostReason.DISAGREEMENT,
        LostReason.ROUND_TRIP, LostReason.OUTLIER,
    )
)  # fmt: skip


def judge_matches(
    reasons: NDArray[np.uint8],
    criteria: Criteria,
    *,
    overlap: ArrayLike | None = None,
    peak_ratio: ArrayLike | None = None,
    disagreement_px: ArrayLike | None = None,
    round_trip_px: ArrayLike | None = None,
    neighbours_agree: ArrayLike | None = None,
) -> NDArray[np.uint8]:
    """Reasons against n matches, by the evidence at hand; more evidence may follow in another call.

    Parameters
    ----------
    reasons : array of uint8, (n,)
        What speaks against each match so far (:data:`~napari_icenet.matching.lost_reason.REASONS`); 0 is nothing.
    criteria : Criteria
    overlap : array of float, (n,), optional
        Largest share of the chip's pixels valid in both pictures in any placement. Looked at where there is no
        correlation: with enough pixels the picture is flat, else it is fill.
    peak_ratio : array of float, (n,), optional
        NaN where the surface has no room for a rival.
    disagreement_px, round_trip_px : array of float, (n,), optional
        Infinite where there is no such peak, or no way back.
    neighbours_agree : array of bool, (n,), optional
        Whether the neighbours moved alike.

    Returns
    -------
    array of uint8, (n,)
    """
    found = np.array(reasons, np.uint8)
    if overlap is not None:
        found[(found == _FILL) & (np.asarray(overlap) >= criteria.min_overlap)] = _FLAT
    if not criteria.off_border:
        found[found == _BORDER] = 0
    if criteria.min_peak_ratio == 0:
        found[found == _AMBIGUOUS] = 0
    elif peak_ratio is not None:
        ratio = np.asarray(peak_ratio)
        low = ratio < criteria.min_peak_ratio
        _refuse(found, low if criteria.without_rival else low | np.isnan(ratio), _AMBIGUOUS)
    if disagreement_px is not None:
        _refuse(found, ~(np.asarray(disagreement_px) <= criteria.max_disagreement_px), _DISAGREEMENT)
    if round_trip_px is not None:
        _refuse(found, ~(np.asarray(round_trip_px) <= criteria.max_round_trip_px), _ROUND_TRIP)
    if neighbours_agree is not None:
        _refuse(found, ~np.asarray(neighbours_agree), _OUTLIER)
    return found


def judge_match(reason: LostReason | None, criteria: Criteria, **evidence: float) -> LostReason | None:
    """The reason against one match; its evidence is named as in :func:`judge_matches`."""
    found = judge_matches(
        np.array([reason_code(reason)], np.uint8), criteria, **{name: [value] for name, value in evidence.items()}
    )
    return REASONS[int(found[0])]


def true_rival(ncc: ArrayLike, peak_ratio: ArrayLike, pixels: ArrayLike) -> Bool:
    """True where another place matches in its own right and nearly as well: the chip may hold two motions, (n,).

    Parameters
    ----------
    ncc : array of float, (n,)
        Height of the peak.
    peak_ratio : array of float, (n,)
        Its height over that of the highest rival; NaN where there is no room for one.
    pixels : float or array of float, (n,)
        Number of independent pixels in the chip.
    """
    ratio = np.asarray(peak_ratio)
    with np.errstate(divide="ignore", invalid="ignore"):
        rival = _z(np.asarray(ncc) / ratio)
    return np.asarray((rival > TRUE_RIVAL * _deviation(pixels)) & (ratio < ABOVE_RIVAL))


def middle_moves_along(ncc: ArrayLike, middle: ArrayLike, pixels: ArrayLike) -> Bool:
    """True where a chip's middle matches about as well as the whole chip does at its peak, (n,).

    Parameters
    ----------
    ncc : array of float, (n,)
        Height of the whole chip's peak.
    middle : array of float, (n,)
        Correlation of the middle alone at the same place; NaN, which speaks against nothing, where it has none.
    pixels : float or array of float, (n,)
        Number of independent pixels in the middle.
    """
    within_noise = np.tanh(_z(ncc) - MIDDLE_SHORT * _deviation(pixels))
    least = np.minimum(MIDDLE_SHARE * np.asarray(ncc), within_noise)
    return np.asarray(~(np.asarray(middle) < least))


def _deviation(pixels: ArrayLike) -> NDArray[np.float64]:
    """Standard deviation of Fisher's z by the number of independent pixels."""
    return np.asarray(1 / np.sqrt(np.maximum(np.asarray(pixels, np.float64) - 3, 1)))


def _z(correlation: ArrayLike) -> NDArray[np.float64]:
    """Fisher's z of correlations."""
    bounded = np.clip(np.asarray(correlation, np.float64), -1 + _BELOW_ONE, 1 - _BELOW_ONE)
    return np.asarray(np.arctanh(bounded))


def border_reasons(
    rows: NDArray[np.int64], cols: NDArray[np.int64], shape: tuple[int, int], border: int = BORDER_PX
) -> NDArray[np.uint8]:
    """``BORDER`` for peaks nearer to the edge of their surface (height, width) than ``border`` px, else 0, (n,)."""
    height, width = shape
    inside = (rows >= border) & (rows < height - border) & (cols >= border) & (cols < width - border)
    return np.where(inside, np.uint8(0), _BORDER)


def chips_inside(rows: ArrayLike, cols: ArrayLike, chip: int, shape: tuple[int, int]) -> Bool:
    """True if chips at whole-pixel places lie inside a picture (height, width) with all their pixels, (n,).

    Those that do not are ``OUTSIDE``.
    """
    half, (height, width) = chip // 2, shape
    r, c = np.asarray(rows), np.asarray(cols)
    return np.asarray((r >= half) & (c >= half) & (r + half <= height) & (c + half <= width))


def _refuse(reasons: NDArray[np.uint8], against: Bool, reason: np.uint8) -> None:
    """Lose, in place, the matches that nothing spoke against before."""
    reasons[(reasons == 0) & against] = reason

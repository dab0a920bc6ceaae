"""Chips that hold two motions: which of them is the cell's own, or that it is not known.

Where ice is narrower than a chip, or a chip lies across a margin or a front, its correlation has a peak for each
motion. The higher one belongs to whatever fills more of the chip, or is livelier; the map wants that of the
chip's middle. So the middle is asked, first alone, then for each motion: the two pictures are laid on each other
by either, and what is left of their difference there decides. Another peak may be an accident: it counts as a
motion where it stands out of its surface beyond doubt, or where ice near by moves like it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.types import F32, F64, Bool, Index
from napari_icenet.matching.acceptance import SAME_PLACE_PX, middle_moves_along, true_rival
from napari_icenet.matching.engine.engine import Engine
from napari_icenet.matching.engine.matches import Matches
from napari_icenet.matching.engine.rivals import TwoPeaks, two_peaks
from napari_icenet.matching.lost_reason import LostReason, reason_code
from napari_icenet.matching.zncc import norm_map
from napari_icenet.velocity.neighbours import neighbours

#: A middle that reaches less of the chip's correlation is looked at more closely.
DOUBT = 0.75
#: Another peak counts from so many deviations of its surface on; that of an ambiguous chip from so many, where its
#: higher peak is that of a neighbour; from so many it needs no neighbour to be believed.
LEAST_HEIGHT, HIGH_HEIGHT, SURE_HEIGHT = 2.0, 4.0, 4.5
#: Chips near by that hold the same other motion, to believe that.
RUNNING = 2
#: Differences of the pictures are weighted by a Gaussian of σ, about the middle and about eight places around, px.
SIGMA_PX, AROUND_PX = 3, 3
#: The middle decides for the peak where the difference at the rival is larger by this part of their sum, and no
#: place around decides against it.
MARGIN = 0.2
#: Pixels away from its place that a rival is fitted within.
_FIT_PX = 2
_PLACES = ((0.0, 0.0), *((AROUND_PX * np.sin(a), AROUND_PX * np.cos(a)) for a in np.arange(8) * np.pi / 4))
_AMBIGUOUS, _MIXED = (np.uint8(reason_code(reason)) for reason in (LostReason.AMBIGUOUS, LostReason.MIXED))

#: Displacements along row and column, px; NaN is none.
Moved = tuple[NDArray[np.floating], NDArray[np.floating]]


@dataclass(frozen=True)
class Chips:
    """Chips of one picture and how they were searched for in another; arrays have the shape (n,).

    Attributes
    ----------
    first, second : array of float32, (height, width)
        NaN is missing.
    rows, cols : array of int
        Whole-pixel places of the chips in ``first``.
    shift_rows, shift_cols : array of int
        Where the search was centred, from the chip's place, px.
    side : int
        Of the chips, px.
    radius : (int, int)
        How far they were searched for along row and column, px.
    min_overlap : float
        Least share of the chip's pixels valid in both pictures.
    independent : float
        Share of the pixels whose noise is independent.
    engine : Engine
    norm_maps : dict of int to array of float32
        Norm maps of the second picture by the side of the chip, as far as they are made.
    """

    first: F32
    second: F32
    rows: Index
    cols: Index
    shift_rows: Index
    shift_cols: Index
    side: int
    radius: tuple[int, int]
    min_overlap: float
    independent: float
    engine: Engine
    norm_maps: dict[int, F32] = field(default_factory=dict)

    def norms(self, side: int) -> F32:
        """Norm map of the second picture for chips of a side, made once."""
        if side not in self.norm_maps:
            self.norm_maps[side] = norm_map(self.second, side)
        return self.norm_maps[side]

    def near(self, at: Index, moved: tuple[F64, F64], *, side: int, within: int) -> Matches:
        """Matches of some chips, or of their middles, sought within some pixels of a displacement."""
        shift_rows, shift_cols = (np.rint(np.nan_to_num(m)).astype(np.intp) for m in moved)
        return self.engine.match(
            self.first, self.second, self.rows[at], self.cols[at], chip=side, radius=within,
            shift_rows=shift_rows, shift_cols=shift_cols, min_overlap=self.min_overlap, norms=self.norms(side),
        )  # fmt: skip

    def peaks(self, at: Index, side: int) -> TwoPeaks:
        """The two highest maxima of some of the chips' correlations, or of their middles'."""
        return two_peaks(
            self.first, self.second, self.rows[at], self.cols[at], chip=side, radius=self.radius,
            shift=(self.shift_rows[at], self.shift_cols[at]), min_overlap=self.min_overlap, norms=self.norms(side),
        )  # fmt: skip

    def difference(self, at: Index, moved: tuple[F64, F64]) -> F64:
        """Mean squared difference of the pictures at the middle of some chips, the second one displaced, (n, 9).

        About the middle itself first, then about eight places around it; NaN where no pixel is known.
        """
        around = np.arange(-3 * SIGMA_PX - AROUND_PX, 3 * SIGMA_PX + AROUND_PX) + 0.5
        down, right = np.broadcast_arrays(around[:, None], around)
        weight = np.stack([np.exp(-((down - r) ** 2 + (right - c) ** 2) / (2 * SIGMA_PX**2)) for r, c in _PLACES])
        # An even chip's geometric centre lies half a pixel before its place.
        rows, cols = (
            place[at].astype(np.float64)[:, None, None] - 0.5 + offset
            for place, offset in ((self.rows, down), (self.cols, right))
        )
        one = _sampled(self.first, rows, cols)
        two = _sampled(self.second, rows + moved[0][:, None, None], cols + moved[1][:, None, None])
        known = np.isfinite(one) & np.isfinite(two)
        squares, axes = np.where(known, (one - two) ** 2, 0), ((1, 2), (1, 2))
        with np.errstate(invalid="ignore"):
            return np.asarray(np.tensordot(squares, weight, axes) / np.tensordot(known, weight, axes))


def find_second_motions(found: Matches, chips: Chips, smallest: int) -> None:
    """Note, in place, other motions that chips may hold, and lose matches that their middle has no part in.

    Parameters
    ----------
    found : Matches
    chips : Chips
        In the order of the matches.
    smallest : int
        Side of the smallest chip of the map, px.
    """
    independent = chips.independent * chips.side**2
    contested = (found.valid | (found.reason == _AMBIGUOUS)) & true_rival(found.ncc, found.peak_ratio, independent)
    for side in middles(smallest, chips.side):
        at = np.flatnonzero(found.valid)
        middle = chips.near(at, (found.drow[at], found.dcol[at]), side=side, within=1).ncc
        along = middle_moves_along(found.ncc[at], middle, chips.independent * side**2)
        found.reason[at[~along]] = _MIXED
        contested[at] |= middle < DOUBT * found.ncc[at]
    _note_rivals(found, chips, np.flatnonzero(contested & (found.reason != _MIXED)))
    if chips.side > smallest:
        _note_smaller(found, chips, np.flatnonzero(found.valid), smallest)


def middles(smallest: int, chip: int) -> list[int]:
    """Sides (px) of a chip's middle that are looked at: a half and a quarter, but no less than half the smallest."""
    return sorted({max(chip // share // 2 * 2, smallest // 4 * 2) for share in (2, 4)})


def holds_two(found: Matches, moved: Moved, others: tuple[Moved, ...], at: Index, *, reach: int, step: int) -> Bool:
    """True for matches of chips whose other motion is to be believed, (n,).

    Parameters
    ----------
    found : Matches
        n of them.
    moved : (array of float, array of float), (y, x)
        Displacements of the map so far.
    others : of (array of float, array of float), (y, x)
        Other motions that chips of the map hold, and those that were lost.
    at : array of int, (n,)
        Cells of the matches.
    reach : int
        Cells to neighbours that may move like the other motion, along each axis.
    step : int
        Cells from one chip to the next that overlaps it by half: what overlaps more sees the same accident.
    """
    peak, rival = (found.drow, found.dcol), (found.rival_row, found.rival_col)
    near, apart = range(-reach, reach + 1), range(-2 * step, 2 * step + 1, step)
    running = np.sum([_moving_alike(rival, other, at, apart) for other in others], axis=0) >= RUNNING
    believed = (found.rival_height > SURE_HEIGHT) | running | (_moving_alike(rival, moved, at, near) > 0)
    # Which of an ambiguous chip's motions is the peak is as good as chance.
    ambiguous = found.reason == _AMBIGUOUS
    either = (found.rival_height > HIGH_HEIGHT) & (_moving_alike(peak, moved, at, near) > 0)
    return np.asarray((found.valid & believed) | (ambiguous & (believed | either)))


def _note_rivals(found: Matches, chips: Chips, at: Index) -> None:
    """Note the other peaks of chips whose middle does not clearly decide for the highest."""
    peaks = chips.peaks(at, chips.side)
    height = peaks.ncc[1] / peaks.deviation
    high = np.flatnonzero(height > LEAST_HEIGHT)
    rival = peaks.drow[1, high], peaks.dcol[1, high]
    undecided = ~(_middle_decides(found, chips, at[high], rival) & found.valid[at[high]])
    _note(found, at[high][undecided], rival[0][undecided], rival[1][undecided], height[high][undecided])


def _note_smaller(found: Matches, chips: Chips, at: Index, smallest: int) -> None:
    """Note where the smallest chip in the middle of a larger one matches, if that is elsewhere."""
    peaks = chips.peaks(at, smallest)
    apart = np.hypot(peaks.drow[0] - found.drow[at], peaks.dcol[0] - found.dcol[at])
    height = peaks.ncc[0] / peaks.deviation
    other = (height > LEAST_HEIGHT) & (apart > SAME_PLACE_PX)
    _note(found, at[other], peaks.drow[0, other], peaks.dcol[0, other], height[other])


def _note(found: Matches, at: Index, drow: F64, dcol: F64, height: F32) -> None:
    found.rival_row[at], found.rival_col[at], found.rival_height[at] = drow, dcol, height


def _middle_decides(found: Matches, chips: Chips, at: Index, rival: tuple[F64, F64]) -> Bool:
    """True where the pictures differ clearly less, at the chip's middle, by the peak than by its rival, (n,)."""
    fitted = chips.near(at, rival, side=chips.side, within=_FIT_PX)
    here = chips.difference(at, (found.drow[at], found.dcol[at]))
    there = chips.difference(at, (fitted.drow, fitted.dcol))
    with np.errstate(invalid="ignore", divide="ignore"):
        preference = (there - here) / (there + here)
    # A comparison with what is not known is False.
    return np.asarray((preference[:, 0] > MARGIN) & (preference[:, 1:] > 0).all(axis=1))


def _sampled(picture: F32, rows: F64, cols: F64) -> F32:
    """Values of a picture at places (n, h, w) between its pixels; NaN beside missing ones and beyond the edge."""
    count, height, width = rows.shape
    if not count:
        return np.empty(rows.shape, np.float32)
    # A row a chip: OpenCV takes less than 32 768 along either axis.
    x, y = (a.reshape(count, height * width).astype(np.float32) for a in (cols, rows))
    values = cv2.remap(picture, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT, borderValue=float("nan"))
    return np.asarray(values, np.float32).reshape(rows.shape)


def _moving_alike(own: Moved, others: Moved, at: Index, offsets: range) -> NDArray[np.intp]:
    """Number of neighbours of each cell whose motion is its own, within 1.5 px, (n,)."""
    height, width = others[0].shape
    count = np.zeros(len(at), np.intp)
    for _, _, inside, r, c in neighbours(*np.divmod(at, width), (height, width), offsets):
        count += inside & (np.hypot(others[0][r, c] - own[0], others[1][r, c] - own[1]) <= SAME_PLACE_PX)
    return count

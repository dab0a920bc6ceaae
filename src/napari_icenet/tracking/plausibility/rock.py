"""Chips that hold still ground beside the ice, and move with it.

A large chip on a narrow glacier is mostly rock, and its highest correlation is that of the rock: each date is found
beyond doubt, and the track stands still where the ice flows. Its middle tells: alone, it matches elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.types import Bool
from napari_icenet.errors import Cancelled
from napari_icenet.matching.acceptance import CLICK, middle_moves_along
from napari_icenet.matching.chips import chip_window, square
from napari_icenet.matching.engine.engine import default_engine
from napari_icenet.matching.match import CorrelationSurface, find_peak
from napari_icenet.matching.pictures import Pictures
from napari_icenet.matching.template import HIGH_PASS
from napari_icenet.tracking.caution import Caution
from napari_icenet.tracking.track import Track

#: A chip is wide if it takes more than this share of the frame's shorter side.
WIDE_SHARE = 1 / 3
#: Part of a chip's side that its middle has, and the least that can be matched alone, px.
_MIDDLE_PART, LEAST_MIDDLE = 4, 24
#: The middle moves otherwise from this distance on, px, which this many steps must bear out.
OTHERWISE_PX, LEAST_STEPS = 1.0, 2
#: Steps looked at: from one valid date to the next, and from the start on.
_SHORT_STEPS, _LONG_STEPS = 3, 4
#: The middle is looked for no farther away than this, px.
_FARTHEST = 64
#: Steps bear each other out if they differ by less than this part of the way.
_ALIKE = 0.3


def wide_chip_caution(chip: int, shape: tuple[int, int]) -> Caution | None:
    """That one chip takes much of the frame; None where it does not."""
    if chip <= math.ceil(WIDE_SHARE * min(shape)):
        return None
    return Caution(
        "chip",
        f"a chip of {chip} px is wider than a third of the frame of {shape[0]} × {shape[1]} px, and what it "
        "shows is the motion of most that lies in it, be it rock: choose a smaller chip.",
        chip / min(shape),
    )


def on_mask_caution(track: Track, stable: Bool) -> Caution | None:
    """That most of a chip lies on ground that does not move, and its centre on the ice; None otherwise.

    Parameters
    ----------
    track : Track
    stable : array of bool, (y, x) of the frame
    """
    window = chip_window(track.origin_row, track.origin_col, track.settings.chip).clipped(
        (stable.shape[0], stable.shape[1])
    )
    share = float(stable[window.slices].mean()) if window.height and window.width else 0.0
    inside = 0 <= round(track.origin_row) < stable.shape[0] and 0 <= round(track.origin_col) < stable.shape[1]
    if share <= 0.5 or not inside or stable[round(track.origin_row), round(track.origin_col)]:
        return None
    return Caution(
        "rock",
        f"{100 * share:.0f} % of the chip of {track.settings.chip} px lies on ground that does not move, which it will "
        "follow: choose a smaller chip.",
        share,
    )


@dataclass(frozen=True)
class _Step:
    """Motion of the chip and of its middle alone between two dates, px."""

    first: int
    second: int
    days: float
    whole: NDArray[np.float64]
    middle: NDArray[np.float64]
    along: bool

    @property
    def apart(self) -> NDArray[np.float64]:
        return self.middle - self.whole


def rock_caution(track: Track, pictures: Pictures, *, cancelled: Callable[[], bool] | None = None) -> Caution | None:
    """That a chip's middle moves otherwise than the chip, beyond doubt; None where that is not seen.

    The same question is asked as of the chips of a map (:func:`~napari_icenet.matching.acceptance.middle_moves_along`),
    of the high-pass filtered pictures of a few accepted dates. Ice that shears across a chip has a middle
    that moves along.

    Parameters
    ----------
    track : Track
        Complete; only robust tracks say which dates are right.
    pictures : Pictures
        Of the track's band.
    cancelled : callable, optional
        Asked before each step that is looked at.

    Raises
    ------
    Cancelled
        ``cancelled`` said yes.
    """
    side = max(track.settings.chip // _MIDDLE_PART // 2 * 2, LEAST_MIDDLE)
    if track.settings.tracking != "robust" or 2 * side > track.settings.chip:
        return None
    sharp = pictures.filtered(HIGH_PASS)
    steps = []
    for pair in _pairs(track):
        if cancelled is not None and cancelled():
            raise Cancelled(f"track {track.number} was not looked at to the end.")
        step = _step(track, sharp, pair, side)
        if step is not None:
            steps.append(step)
    others = [s for s in steps if not s.along]
    if len(others) < LEAST_STEPS:
        return None
    rate = np.median([s.apart / s.days for s in others], axis=0)
    clear = [s for s in steps if np.hypot(*(rate * s.days)) > 2 * OTHERWISE_PX]
    alike = [s for s in clear if not s.along and _as_at(rate, s)]
    if len(alike) < LEAST_STEPS or 2 * len(alike) <= len(clear):
        return None
    shown = max(alike, key=lambda s: float(np.hypot(*s.apart)))
    labels = pictures.stack.labels
    return Caution(
        "rock",
        f"the chip of {track.settings.chip} px moves with the ground around it, {np.hypot(*shown.whole):.1f} px from "
        f"{labels[shown.first]} to {labels[shown.second]}; the middle of it moved {np.hypot(*shown.middle):.1f} px: "
        "choose a smaller chip.",
        float(np.hypot(*shown.apart)),
    )


def _as_at(rate: NDArray[np.float64], step: _Step) -> bool:
    """True if a step's middle moves away from its chip as the others do."""
    expected = rate * step.days
    return bool(np.hypot(*(step.apart - expected)) <= max(OTHERWISE_PX, _ALIKE * np.hypot(*expected)))


def _pairs(track: Track) -> list[tuple[int, int]]:
    """Dates to look at: steps between neighbouring valid ones, and ever longer ones from the start."""
    known, days = np.flatnonzero(track.valid), np.asarray(track.days)
    short = [(int(a), int(b)) for a, b in pairwise(known) if days[a] < days[b]]
    start = track.origin_time
    far = sorted((int(t) for t in known if days[t] != days[start]), key=lambda t: abs(days[t] - days[start]))
    near = [short[i] for i in _spread(len(short), _SHORT_STEPS)]
    return list(dict.fromkeys(near + [(start, far[i]) for i in _spread(len(far), _LONG_STEPS)]))


def _spread(count: int, most: int) -> list[int]:
    """At most so many of ``count`` things, evenly from the first to the last."""
    return [round(i) for i in np.linspace(0, count - 1, min(count, most))]


def _step(track: Track, sharp: Pictures, dates: tuple[int, int], side: int) -> _Step | None:
    """The middle's own motion; None where it has no clear peak."""
    first, second = dates
    place = round(track.rows[first]), round(track.cols[first])
    whole = np.array([track.rows[second] - track.rows[first], track.cols[second] - track.cols[first]])
    template = sharp.read(first, square(*place, side))
    centre = place[0] + round(whole[0]), place[1] + round(whole[1])
    window = square(*centre, side + 2 * min(track.settings.reach, _FARTHEST))
    values = default_engine().surface(sharp.read(second, window), template, min_overlap=track.settings.min_overlap)
    surface = CorrelationSurface(values, window.row + side // 2, window.col + side // 2)
    share = sharp.filter.independent
    peak = find_peak(surface, pixels=float(side**2), share=share)
    if peak.reason is not None or not peak.peak_ratio >= CLICK.min_peak_ratio:
        return None
    moved = np.array([peak.row - place[0], peak.col - place[1]])
    i, j = centre[0] - surface.row0, centre[1] - surface.col0
    here = float(np.nanmax(values[max(i - 1, 0) : i + 2, max(j - 1, 0) : j + 2], initial=-1))
    along = bool(middle_moves_along(peak.ncc, here, share * side**2)) or np.hypot(*(moved - whole)) <= OTHERWISE_PX
    return _Step(first, second, float(track.days[second] - track.days[first]), whole, moved, bool(along))

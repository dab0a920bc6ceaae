"""All that cannot be right about tracks: before they are followed, and once they are."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from napari_icenet.errors import Cancelled, IceNetError
from napari_icenet.matching.acceptance import NO_PIXELS
from napari_icenet.matching.lost_reason import LostReason
from napari_icenet.matching.pictures import Pictures
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.tracking.caution import Caution, told_once
from napari_icenet.tracking.plausibility.geometry import (
    apart_caution,
    mixed_caution,
    numbered,
    shifts_by_geometry,
    widest_apart,
)
from napari_icenet.tracking.plausibility.reach import days_text, reach_caution
from napari_icenet.tracking.plausibility.rock import rock_caution, wide_chip_caution
from napari_icenet.tracking.settings import TrackSettings
from napari_icenet.tracking.track import Track

#: The largest scale factor c that settings allow.
_MOST_SCALE = 4.0
#: Fewer valid dates do not tell how fast the ice is.
_LEAST_DATES = 3
#: Nor does ice that has moved no farther, px: it may be the scenes' jitter.
_LEAST_MOVED_PX = 3.0


def cautions_ahead(stack: SceneStack, settings: TrackSettings) -> list[Caution]:
    """What cannot be right about any track of a stack, whatever is found.

    The search is centred on the last position, so that the longest time between two dates counts.

    Parameters
    ----------
    stack : SceneStack
    settings : TrackSettings
    """
    steps = [(i, j) for i, j in pairwise(range(len(stack.scenes))) if stack.days[i] < stack.days[j]]
    found = [wide_chip_caution(settings.chip, stack.grid.shape)]
    if stack.shifts is None:
        found.append(mixed_caution(stack, steps))
    if steps and settings.centring == "last":
        i, j = max(steps, key=lambda step: float(stack.days[step[1]] - stack.days[step[0]]))
        when = f"{stack.labels[i]} to {stack.labels[j]}"
        radius, days = (settings.reach, settings.reach), float(stack.days[j] - stack.days[i])
        found.append(reach_caution(stack.grid, radius, days, "choose a larger c or dates closer together", when=when))
    return [caution for caution in found if caution is not None]


def with_cautions(track: Track, pictures: Pictures, *, cancelled: Callable[[], bool] | None = None) -> Track:
    """A complete track with what cannot be right about it; see :func:`track_cautions`."""
    return replace(track, cautions=tuple(track_cautions(track, pictures, cancelled=cancelled)))


def track_cautions(track: Track, pictures: Pictures, *, cancelled: Callable[[], bool] | None = None) -> list[Caution]:
    """What cannot be right about a complete track, by what was found.

    Parameters
    ----------
    track : Track
    pictures : Pictures
        Of the track's band; a few of its chips are matched once more.
    cancelled : callable, optional
        Asked several times while it works.

    Raises
    ------
    Cancelled
        ``cancelled`` said yes.
    """
    found = [gap_caution(track, pictures.stack.labels), path_caution(track, pictures.stack)]
    try:
        found.append(rock_caution(track, pictures, cancelled=cancelled))
    except Cancelled:
        raise
    except (IceNetError, OSError):
        # A file that cannot be read any more has been told, and says nothing of the chip.
        found.append(None)
    return [caution for caution in found if caution is not None]


def gap_caution(track: Track, labels: Sequence[str]) -> Caution | None:
    """That the ice leaves the search while it is lost, so that later dates cannot find it; None where it does not.

    Parameters
    ----------
    track : Track
    labels : sequence of str
        Of the dates.
    """
    known, days = np.flatnonzero(track.valid), np.asarray(track.days)
    if known.size < _LEAST_DATES or track.settings.centring != "last":
        return None
    first, last = int(known[0]), int(known[-1])
    moved = np.array([track.rows[last] - track.rows[first], track.cols[last] - track.cols[first]])
    elapsed, jitter = days[last] - days[first], 3 * math.sqrt(2) * float(np.nan_to_num(track.scatter).max())
    if elapsed <= 0 or np.hypot(*moved) <= max(_LEAST_MOVED_PX, jitter):
        return None
    rate = moved / elapsed
    farthest: tuple[float, int, int] = (0.0, 0, 0)
    for fix in track.observations:
        if fix.valid or fix.reason in (*NO_PIXELS, LostReason.PENDING):
            continue
        ahead = fix.time > track.origin_time
        before = [
            int(t) for t in known if (track.origin_time <= t < fix.time if ahead else fix.time < t <= track.origin_time)
        ]
        last = max(before) if ahead else min(before)
        way = float(np.abs(rate * (days[fix.time] - days[last])).max())
        farthest = max(farthest, (way, last, fix.time))
    way, last, lost = farthest
    if way <= track.settings.reach:
        return None
    scale = math.ceil(10 * (1 + 2 * (way + 1) / track.settings.chip)) / 10
    remedy = f"choose c = {scale:.1f}" if scale <= _MOST_SCALE else "choose a larger chip or dates closer together"
    return Caution(
        "gap",
        f"the search of ±{track.settings.reach} px about the last position, of {labels[last]}, cannot find the ice on "
        f"{labels[lost]}: at its speed it moves {way:.0f} px in those {days_text(days[lost] - days[last])}: {remedy}.",
        way / max(track.settings.reach, 1),
    )


def path_caution(track: Track, stack: SceneStack) -> Caution | None:
    """That a track's positions follow the path and row of their scenes; None where that is not seen.

    Of co-registered dates nothing is asked: their shifts are known.
    """
    if track.shifts is not None:
        return None
    known = [int(t) for t in np.flatnonzero(track.valid)]
    geometries, number = numbered(stack, known)
    if len(geometries) < 2:
        return None
    days, steps = np.asarray(track.days), list(pairwise(known))
    moved = np.array([(track.rows[b] - track.rows[a], track.cols[b] - track.cols[a]) for a, b in steps])
    elapsed = np.array([days[b] - days[a] for a, b in steps])
    shifts = shifts_by_geometry(moved, elapsed, [number[a] for a, _ in steps], [number[b] for _, b in steps])
    apart = widest_apart(shifts.px, shifts.error)
    return None if apart is None else apart_caution(geometries, apart)


def cautions_of(tracks: Mapping[int, Iterable[Caution]]) -> list[str]:
    """What cannot be right about tracks (their cautions by number), each kind once, with the worst of the tracks."""
    numbers = list(tracks)

    def about(indices: list[int]) -> str:
        more = f", and {len(indices) - 1} more of {len(numbers)} tracks" if len(indices) > 1 else ""
        return f"track {numbers[indices[0]]}{more}"

    return told_once(list(tracks.values()), about)

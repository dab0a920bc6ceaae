"""What cannot be right about velocity maps: before they are made, and once they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.text import capital, percent_text
from napari_icenet.matching.engine.matches import Matches
from napari_icenet.matching.lost_reason import LostReason, reason_code
from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.tracking.caution import Caution, Kind, told_once
from napari_icenet.tracking.plausibility.geometry import (
    apart_caution,
    mixed_caution,
    numbered,
    shifts_by_geometry,
    widest_apart,
)
from napari_icenet.tracking.plausibility.reach import days_text, reach_caution, short_caution, speed_of, speed_text
from napari_icenet.tracking.plausibility.rock import wide_chip_caution
from napari_icenet.velocity.neighbours import neighbours
from napari_icenet.velocity.search_plan import MIN_RADIUS, search_radius
from napari_icenet.velocity.settings import VelocitySettings
from napari_icenet.velocity.velocity_map import VelocityMap

#: Kinds that are told before maps are made.
AHEAD: tuple[Kind, ...] = ("reach", "short", "chip")
WAY_OUT = "give the greatest speed there is (--max-speed) or dates closer together"
#: A peak lies at the edge of the search within this part of the radius, or so many pixels.
_EDGE_SHARE, _EDGE_PX = 0.06, 1.5
#: A match lost at the border is one of them if a believed one beside moves like it, to within so many pixels.
_ALIKE_PX = 3.0
#: At least so many cells that are believed lie there, and such a share of all.
_LEAST_CELLS, _LEAST_SHARE = 12, 0.02
#: Ice counts as seen if such a share of a map's cells is as fast, and the search reached farther by this factor.
_SEEN_SHARE, _WELL_INSIDE = 0.02, 1.3
#: Cells and displacements that shifts by path are found from; more tell no more.
_MOST_CELLS, _LEAST_SHIFTED = 3000, 20
_BORDER = reason_code(LostReason.BORDER)

Pair = tuple[int, int]


def cautions_ahead(
    stack: SceneStack, pairs: Sequence[Pair], settings: VelocitySettings, *, prior: bool = False
) -> list[str]:
    """What cannot be right about maps of pairs, whatever is found; each kind once.

    Parameters
    ----------
    stack : SceneStack
    pairs : sequence of (int, int)
        Indices of the dates.
    settings : VelocitySettings
    prior : bool
        Whether the search is centred on a prior velocity, from which the radius counts.
    """
    of_each = [pair_cautions(stack, pair, settings, prior=prior) for pair in pairs]
    sentences = told_once(of_each, _about([pair_title(stack, pair) for pair in pairs]))
    mixed = mixed_caution(stack, pairs)
    return sentences if mixed is None else [*sentences, mixed.sentence]


def pair_cautions(
    stack: SceneStack, pair: Pair, settings: VelocitySettings, *, prior: bool = False
) -> tuple[Caution, ...]:
    """What cannot be right about the map of one pair, whatever is found; kinds :data:`AHEAD`."""
    days = float(stack.days[pair[1]] - stack.days[pair[0]])
    found = [short_caution(stack.grid, days), wide_chip_caution(settings.chip, stack.grid.shape)]
    # A greatest speed that is given is an answer already, and a search about known motion is no search for speed.
    if settings.max_speed is None and not prior and days:
        found.append(reach_caution(stack.grid, search_radius(stack.grid, days, settings), days, WAY_OUT))
    return tuple(caution for caution in found if caution is not None)


def edge_caution(
    found: Matches,
    shape: tuple[int, int],
    shifts: tuple[NDArray[np.intp], NDArray[np.intp]],
    radius: tuple[int, int],
    *,
    frame: Grid,
    days: float,
) -> Caution | None:
    """That ice reaches the edge of the search, and what is faster is missing; None where it does not.

    Parameters
    ----------
    found : Matches
        Of all cells, row by row; a match at the border keeps its displacement.
    shape : (int, int)
        Cells of the map.
    shifts : (array of int, array of int)
        Where each cell's search was centred, px along row and column.
    radius : (int, int)
        Of the search along row and column, px.
    frame : Grid
    days : float
        Between the two dates.
    """
    edge = np.zeros(len(found), bool)
    for r, moved, shift in zip(radius, (found.drow, found.dcol), shifts, strict=True):
        edge |= r - np.abs(moved - shift) <= max(_EDGE_PX, _EDGE_SHARE * r)
    sure, border = np.flatnonzero(edge & found.valid), np.flatnonzero(edge & (found.reason == _BORDER))
    if len(sure) < _LEAST_CELLS or len(sure) < _LEAST_SHARE * found.valid.sum():
        return None
    beside = _beside(found, sure, border, shape)
    cells, matched = len(sure) + beside, int(found.valid.sum()) + beside
    speed = speed_of(frame, (float(radius[0]), float(radius[1])), days)
    reached = f" ({speed_text(speed)} m/yr)" if np.isfinite(speed) else ""
    return Caution(
        "edge",
        f"{cells} cells ({percent_text(cells / matched)} of those that match) lie at the edge of the search of "
        f"±{min(radius)} px in {days_text(days)}{reached}; faster ice is not found, or mapped wrong: search farther "
        "(--radius, --max-speed) or give dates closer together.",
        cells / matched,
    )


def _beside(found: Matches, sure: NDArray[np.intp], border: NDArray[np.intp], shape: tuple[int, int]) -> int:
    """Number of cells lost at the border that a believed one beside moves like: noise, too, lies at the border."""
    fields = [np.full(shape, np.nan) for _ in range(2)]
    for field, values in zip(fields, (found.drow, found.dcol), strict=True):
        field.ravel()[sure] = values[sure]
    alike = np.zeros(len(border), bool)
    for _, _, inside, r, c in neighbours(*np.divmod(border, shape[1]), shape, range(-1, 2)):
        apart = np.hypot(fields[0][r, c] - found.drow[border], fields[1][r, c] - found.dcol[border])
        alike |= inside & (apart <= _ALIKE_PX)
    return int(alike.sum())


def speed_caution(velocity_map: VelocityMap) -> Caution | None:
    """That vectors are faster than the greatest speed that was given, by two errors; None where none is, or none was.

    They stay valid: an error of the match adds to the speed, and without them slow ice would seem slower yet.

    Parameters
    ----------
    velocity_map : VelocityMap
    """
    greatest = velocity_map.settings.max_speed
    if greatest is None or not velocity_map.valid.any():
        return None
    valid = velocity_map.valid
    fast = int((velocity_map.v - 2 * np.nan_to_num(velocity_map.v_error) > greatest)[valid].sum())
    if not fast:
        return None
    share = fast / int(valid.sum())
    return Caution(
        "speed",
        f"{fast} valid {'vector is' if fast == 1 else 'vectors are'} ({percent_text(share)}) faster than the greatest "
        f"speed given, {greatest:g} m/yr, for {reach_text(velocity_map)}; leave them out by their speed (v), or choose "
        "dates farther apart.",
        share,
    )


def reach_text(velocity_map: VelocityMap) -> str:
    """``the search of ±3 px (the least there is) in 16 days reaches 2054 m/yr``, along the axis where it is less."""
    radius = velocity_map.radius
    speed = speed_of(velocity_map.frame, (float(radius[0]), float(radius[1])), velocity_map.days)
    least = " (the least there is)" if min(radius) == MIN_RADIUS else ""
    return f"the search of ±{min(radius)} px{least} in {days_text(velocity_map.days)} reaches {speed:.0f} m/yr"


def with_cautions(velocity_map: VelocityMap, cautions: Iterable[Caution]) -> VelocityMap:
    """The map with further cautions, which are among its notes."""
    more = tuple(cautions)
    if not more:
        return velocity_map
    notes = tuple(capital(caution.sentence) for caution in more)
    return replace(velocity_map, cautions=(*velocity_map.cautions, *more), notes=(*velocity_map.notes, *notes))


def judged_together(maps: Sequence[VelocityMap], stack: SceneStack) -> list[VelocityMap]:
    """Maps of one stack with what only all of them tell: ice too fast for some, positions that follow the path."""
    out = [with_cautions(one, found) for one, found in zip(maps, _too_fast(maps), strict=True)]
    path = path_caution(maps, stack)
    if path is None:
        return out
    date = {scene.id: index for index, scene in enumerate(stack.scenes)}
    crossing = [stack.different_geometry(*(date[scene] for scene in one.scenes)) for one in maps]
    return [with_cautions(one, [path]) if crosses else one for one, crosses in zip(out, crossing, strict=True)]


def _too_fast(maps: Sequence[VelocityMap]) -> list[list[Caution]]:
    """For each map, that other maps show ice beyond its search."""
    reaches = [speed_of(m.frame, (float(m.radius[0]), float(m.radius[1])), m.days) for m in maps]
    seen = [_fast(m) if m.valid.any() else 0.0 for m in maps]
    told = [max((s for s, r in zip(seen, reaches, strict=True) if s * _WELL_INSIDE < r), default=0.0)] * len(maps)
    cautions: list[list[Caution]] = []
    for one, reach, fast in zip(maps, reaches, told, strict=True):
        known = {"reach", "edge"} & {caution.kind for caution in one.cautions}
        if known or not reach < fast:
            cautions.append([])
            continue
        source = maps[seen.index(fast)]
        sentence = (
            f"the search of ±{min(one.radius)} px in {days_text(one.days)} reaches {speed_text(reach)} m/yr, and "
            f"{source.labels[0]} → {source.labels[1]} shows ice of {speed_text(fast)} m/yr, which is not found, or "
            f"mapped wrong: {WAY_OUT}."
        )
        cautions.append([Caution("edge", sentence, fast / reach)])
    return cautions


def _fast(velocity_map: VelocityMap) -> float:
    """Speed, less two errors, that a few per cent of a map's vectors exceed; in its unit."""
    least = (velocity_map.v - 2 * np.nan_to_num(velocity_map.v_error, nan=np.inf))[velocity_map.valid]
    return float(np.quantile(least, 1 - _SEEN_SHARE, method="lower"))


def path_caution(maps: Sequence[VelocityMap], stack: SceneStack) -> Caution | None:
    """That displacements between dates of different path or row are shifted as a whole; None where not seen.

    Each cell's displacements in all maps tell the shifts beside its own speed; their median over the cells counts,
    with the error of a single one, for the scenes' own jitter is the same in all.
    """
    date = {scene.id: index for index, scene in enumerate(stack.scenes)}
    pairs = [(date[one.scenes[0]], date[one.scenes[1]]) for one in maps]
    geometries, number = numbered(stack, [index for pair in pairs for index in pair])
    if len(geometries) < 2:
        return None
    valid = np.array([one.valid.ravel() for one in maps])
    cells = np.flatnonzero(valid.sum(axis=0) >= len(geometries) + 5)
    if cells.size < _LEAST_SHIFTED:
        return None
    cells = cells[:: -(-cells.size // _MOST_CELLS)]
    days = np.array([one.days for one in maps])
    first, second = ([number[pair[k]] for pair in pairs] for k in (0, 1))
    px, error = [], []
    for axis in (0, 1):
        moved = np.array([np.where(one.valid, one.moved[axis], np.nan).ravel()[cells] for one in maps])
        shifts = shifts_by_geometry(moved, days, first, second)
        if np.isfinite(shifts.px).all(axis=0).sum() < _LEAST_SHIFTED:
            return None
        px.append(np.nanmedian(shifts.px, axis=1))
        error.append(np.nanmedian(shifts.error, axis=1))
    apart = widest_apart(np.stack(px, axis=1), np.stack(error, axis=1))
    return None if apart is None else apart_caution(geometries, apart, " on the whole map")


def cautions_of(maps: Sequence[VelocityMap], *, leave_out: Iterable[Kind] = ()) -> list[str]:
    """What cannot be right about maps, each kind once, with the worst of the pairs.

    Parameters
    ----------
    maps : sequence of VelocityMap
    leave_out : iterable of str
        Kinds that were told already.
    """
    titles = [f"{one.labels[0]} → {one.labels[1]}" for one in maps]
    return told_once([one.cautions for one in maps], _about(titles), leave_out=leave_out)


def pair_title(stack: SceneStack, pair: Pair) -> str:
    """``2020-01-31 → 2020-02-20``."""
    return f"{stack.labels[pair[0]]} → {stack.labels[pair[1]]}"


def _about(titles: Sequence[str]) -> Callable[[list[int]], str]:
    """Words for some of the pairs, the worst first: its title, and how many more there are; none for a single pair."""

    def words(indices: list[int]) -> str:
        if len(titles) == 1:
            return ""
        more = f", and {len(indices) - 1} more of {len(titles)} pairs" if len(indices) > 1 else ""
        return f"{titles[indices[0]]}{more}"

    return words

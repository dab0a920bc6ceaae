"""Shift of each date of a stack, measured once on ground that does not move.

Coarse maps of a few pairs of dates give the offset of that ground between them; a network of the pairs
gives the shift of each date, and finds the pairs that contradict the others. Without a mask the ground
is what the slow mode of the maps shows, in most of them that show one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import theilslopes

from napari_icenet.common.robust import robust_deviation
from napari_icenet.common.settings_model import given_or_default
from napari_icenet.common.types import Bool
from napari_icenet.errors import TrackingError, UsageError
from napari_icenet.jobs.progress import Progress
from napari_icenet.matching.engine.engine import Engine
from napari_icenet.scenes.align.date_shifts import DateShifts, Source, named
from napari_icenet.scenes.selection.given import check_stack
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.velocity.map_pair import map_pair, picture_cache
from napari_icenet.velocity.settings import DEFAULT_RADIUS, VelocitySettings
from napari_icenet.velocity.shift_network import PairOffset, solve_shifts, tied_dates
from napari_icenet.velocity.stable_ground.coregistration import (
    LEAST_POINTS,
    offset_error,
    points_on_mask,
    stable_offset,
)
from napari_icenet.velocity.stable_ground.mask import read_stable_mask
from napari_icenet.velocity.velocity_map import VelocityMap

#: Points of a coarse map, and points that should lie on a mask of stable ground.
_POINTS, _POINTS_ON_MASK = 4_000, 300
#: Smallest distance between points, px, and smallest radius.
_LEAST_SPACING, _LEAST_RADIUS = 16, 3
#: A date that no pair ties to the others is paired with so many more of them, the nearest in time.
_FURTHER = 3
#: Days of a year, and days apart within it by which two dates are of one season.
_YEAR, _SEASON = 365.25, 30.0
#: Ground that moves steadily is ice: by so many times what the dates scatter about a line, over so many dates, px.
_STEADY, _STEADY_DATES, _STEADY_PX = 6.0, 6, 0.5
#: Maps whose slow mode lies nearer to zero show the ground, where there are any, px: in pictures that are shifted
#: further, ice that flows against the shift may look slower than the ground.
_NEAR_PX = 1.0


def measure_shifts(
    stack: SceneStack,
    stable: NDArray[np.bool_] | str | Path | None = None,
    *,
    band: str | int = 1,
    settings: VelocitySettings | None = None,
    engine: Engine | None = None,
    progress: Progress | None = None,
) -> DateShifts:
    """Measure by how much the picture of each date is shifted, on ground that does not move.

    Set as ``stack.shifts``, what is found corrects the tracks and datasets made of the stack. A date that
    cannot be measured has the median shift of its path and row where two others of these could be, and
    else none; both are told (:meth:`~napari_icenet.scenes.stack.SceneStack.warn`).

    One shift is found for a whole date: where terrain is shifted by its height, as between neighbouring
    paths, it is that of most of the ground, and ``spread`` tells by how much places differ.

    Parameters
    ----------
    stack : SceneStack
    stable : array of bool, (y, x) of the frame, or path, optional
        Ground that does not move, or a file of it
        (:func:`~napari_icenet.velocity.stable_ground.mask.read_stable_mask`). Default: the slow mode of the maps.
    band : str or int
        Name or number of the band that is matched.
    settings : VelocitySettings, optional
        Of the maps, with their own band. Default: points as far apart as such ground allows.
    engine : Engine, optional
    progress : callable, optional
        Told the share that is done, 0 to 1; may raise :class:`~napari_icenet.errors.Cancelled`.

    Returns
    -------
    DateShifts

    Raises
    ------
    TrackingError
        No ground that stands still can be matched on any two dates, or what seems to moves steadily as ice does; the
        mask does not fit.
    UsageError
        There is no such band, the stack has no two dates, or the frame is smaller than a chip.
    """
    check_stack(stack)
    mask = read_stable_mask(stable, stack.grid) if isinstance(stable, str | Path) else stable
    if settings is None:
        settings = coarse_settings(stack, band, mask)
    settings = given_or_default(VelocitySettings, settings).model_copy(update={"coregister": False})
    if mask is not None and mask.shape == stack.grid.shape:
        points = points_on_mask(mask, settings.spacing, settings.chips)
        if points < LEAST_POINTS:
            raise TrackingError(
                f"only {points} {'chip has' if points == 1 else 'chips have'} room on the mask of stable ground and "
                f"{LEAST_POINTS} are needed to measure shifts; give a larger mask, or leave co-registration off."
            )
    measured = _Measured(stack, mask, settings, engine, progress)
    measured.map_pairs(list(_first_pairs(stack)))
    source: Source = "slow mode" if mask is None else "mask"
    offsets = measured.offsets()
    if offsets and (further := list(_further_pairs(stack, tied_dates(offsets, len(stack.scenes)), measured.tried))):
        measured.map_pairs(further)
        offsets = measured.offsets()
    if not offsets:
        raise TrackingError(_nothing_still(stack, mask))
    shifts = solve_shifts(stack, offsets, source)
    _refuse_ice(stack, shifts)
    if not (shifts.known & ~shifts.stands_in).sum() > 1:
        raise TrackingError(_nothing_still(stack, mask))
    if progress is not None:
        progress(1.0, "Shifts of the dates")
    _tell(stack, shifts)
    return shifts


def coarse_settings(stack: SceneStack, band: str | int, mask: Bool | None = None) -> VelocitySettings:
    """Settings of maps with no more points than the offset of stable ground needs."""
    spacing = (stack.grid.height * stack.grid.width / _POINTS) ** 0.5
    if mask is not None:
        spacing = min(spacing, (int(mask.sum()) / _POINTS_ON_MASK) ** 0.5)
    usual = VelocitySettings(band=stack.band(band), spacing=max(2 * round(spacing / 2), _LEAST_SPACING))
    room = (min(stack.grid.shape) - usual.chip) // 2
    return usual if room >= DEFAULT_RADIUS else usual.model_copy(update={"radius": max(room, _LEAST_RADIUS)})


def _first_pairs(stack: SceneStack) -> Iterator[tuple[int, int]]:
    """Each date with the next one, with the next of its path and row, or the one after, and with one of its season.

    Snow and a low sun move matches on all ground alike, and from season to season that adds up; dates a year apart
    look alike, and contradict it.
    """
    paths = [scene.provenance.path_row for scene in stack.scenes]
    found: dict[tuple[int, int], None] = {}
    for i, path in enumerate(paths):
        later = [j for j in range(i + 1, len(paths)) if stack.times[j] > stack.times[i]]
        alike = [j for j in later if path and paths[j] == path and j != later[0]]
        seasonal = [j for j in later if stack.days[j] - stack.days[i] > _YEAR / 2 and _apart(stack, i, j) < _SEASON]
        for j in (*later[:1], *(alike or later[1:])[:1], *seasonal[:1]):
            found[i, j] = None
    if not found:
        raise UsageError(f"{stack.name} has no two dates, and a shift needs two; add scenes of other dates.")
    yield from found


def _apart(stack: SceneStack, first: int, second: int) -> float:
    """Days between two dates within the year."""
    days = float(stack.days[second] - stack.days[first])
    return abs(days - _YEAR * round(days / _YEAR))


def _further_pairs(stack: SceneStack, tied: Bool, tried: set[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """More pairs for the dates that are not tied: each with the tied ones nearest in time."""
    others = np.flatnonzero(tied)
    for i in np.flatnonzero(~tied):
        new = [(min(i, j), max(i, j)) for j in others[np.argsort(np.abs(stack.days[others] - stack.days[i]))]]
        new = [(int(a), int(b)) for a, b in new if stack.times[a] < stack.times[b]]
        yield from [pair for pair in new if pair not in tried][:_FURTHER]


class _Measured:
    """Maps of pairs, and the offsets of still ground in them."""

    def __init__(
        self,
        stack: SceneStack,
        mask: Bool | None,
        settings: VelocitySettings,
        engine: Engine | None,
        progress: Progress | None,
    ) -> None:
        self.stack, self.mask, self.settings, self.progress = stack, mask, settings, progress
        self.engine, self.cache = engine or Engine(settings.device), picture_cache(settings)
        self.tried: set[tuple[int, int]] = set()
        self.maps: dict[tuple[int, int], VelocityMap] = {}

    def map_pairs(self, pairs: list[tuple[int, int]]) -> None:
        """Map pairs; those that share no ground say nothing, as another pair of their dates may."""
        for done, pair in enumerate(pairs):

            def part(fraction: float, text: str, done: int = done) -> None:
                if self.progress is not None:
                    self.progress((done + fraction) / len(pairs), f"shift of the dates, {done + 1} of {len(pairs)}")

            self.tried.add(pair)
            try:
                found = map_pair(
                    self.stack, *pair, self.settings, engine=self.engine, progress=part, cache=self.cache,
                    stable=self.mask,
                )  # fmt: skip
            except TrackingError:
                if self.mask is not None and self.mask.shape != self.stack.grid.shape:
                    raise
                continue
            if int(found.valid.sum()) >= LEAST_POINTS:
                self.maps[pair] = found

    def offsets(self) -> list[PairOffset]:
        """The offset of each pair whose map holds enough of the ground."""
        ground = self._slow_ground() if self.mask is None else None
        if self.mask is None and ground is None:
            return []
        out = []
        for pair, made in self.maps.items():
            one = made if ground is None else self._on(made, ground)
            if one.offset is None:
                continue
            error, spread = (
                float(np.hypot(*both) / np.sqrt(2))
                for both in (offset_error(one), (one.offset.spread_row, one.offset.spread_col))
            )
            out.append(PairOffset(*pair, one.offset.drow, one.offset.dcol, error, spread))
        return out

    def _on(self, made: VelocityMap, ground: Bool) -> VelocityMap:
        """The map with its offset on cells that are ground, where enough of them are valid."""
        try:
            return replace(made, stable=ground, offset=stable_offset(made, ground, "slow mode"))
        except TrackingError:
            return replace(made, offset=None)

    def _slow_ground(self) -> Bool | None:
        """Cells of the slow mode in at least half of the maps that show one and reach them; None where none does.

        Two dates of one path and row tell best: their pictures are hardly shifted.
        """
        found = {
            pair: (made.stable, float(np.hypot(made.offset.drow, made.offset.dcol)))
            for pair, made in self.maps.items()
            if made.stable is not None and made.offset is not None
        }
        alike = {pair for pair in found if not self.stack.different_geometry(*pair)}
        near = {pair for pair in alike or found if found[pair][1] < _NEAR_PX}
        chosen = near or alike or set(found)
        if not chosen:
            return None
        slow = np.sum([found[pair][0] for pair in chosen], axis=0)
        reached = np.sum([self.maps[pair].valid for pair in chosen], axis=0)
        return np.asarray((slow > 0) & (2 * slow >= reached))


def _refuse_ice(stack: SceneStack, shifts: DateShifts) -> None:
    """Refuse what moves steadily through time: pictures are shifted to and fro, ice flows on.

    On a mask it is told: the user has said that its ground stands still.
    """
    measured = np.flatnonzero(shifts.known & ~shifts.stands_in)
    days = stack.days[measured]
    if measured.size < _STEADY_DATES or days[-1] == days[0]:
        return
    moved, scatter = [], []
    for axis in (shifts.drow[measured], shifts.dcol[measured]):
        slope, start = (float(value) for value in theilslopes(axis, days)[:2])
        moved.append(slope * float(days[-1] - days[0]))
        scatter.append(robust_deviation(axis - start - slope * days))
    drift = math.hypot(*moved)
    if drift < max(_STEADY * math.hypot(*scatter) / math.sqrt(2), _STEADY_PX):
        return
    steady = f"moves steadily, by {drift:.1f} px from {shifts.labels[measured[0]]} to {shifts.labels[measured[-1]]}"
    if shifts.source == "mask":
        stack.warn(f"The ground of the mask {steady}, as ice does and a shift of pictures does not; check the mask.")
        return
    raise TrackingError(
        f"what seems to stand still in {stack.name} {steady}, as ice does and a shift of pictures does not; give a "
        "mask of stable ground, or leave co-registration off."
    )


def _nothing_still(stack: SceneStack, mask: Bool | None) -> str:
    if mask is None:
        return (
            f"no ground that stands still can be told from the ice between any two dates of {stack.name}, so the "
            "shifts of its dates are not known; give a mask of stable ground, or leave co-registration off."
        )
    return (
        f"no two dates of {stack.name} have {LEAST_POINTS} valid matches on the mask of stable ground, so the shifts "
        "of its dates are not known; give a larger mask, another band, or leave co-registration off."
    )


def _tell(stack: SceneStack, shifts: DateShifts) -> None:
    """Warn of the dates whose shift was not measured."""
    labels = np.array(stack.labels)
    if shifts.stands_in.any():
        stack.warn(
            f"The shift of {named(labels[shifts.stands_in].tolist())} could not be measured on stable ground: "
            "it is taken to be the median of the same path/row."
        )
    if not shifts.known.all():
        stack.warn(
            f"The shift of {named(labels[~shifts.known].tolist())} could not be measured on stable ground and is not "
            "known: such a date has no displacement and no velocity."
        )

"""Pair dates, and map many pairs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any, Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.instant import Instant
from napari_icenet.common.settings_model import given_or_default
from napari_icenet.errors import TrackingError, UsageError
from napari_icenet.jobs.progress import Progress
from napari_icenet.matching.engine.engine import Engine
from napari_icenet.scenes.align.date_shifts import named
from napari_icenet.scenes.selection.choice import places_of
from napari_icenet.scenes.selection.given import check_stack
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.velocity.cautions import judged_together, pair_title
from napari_icenet.velocity.map_pair import map_pair, picture_cache
from napari_icenet.velocity.prior import Prior, prior_of
from napari_icenet.velocity.settings import VelocitySettings
from napari_icenet.velocity.stable_ground.coregistration import StableGroundError
from napari_icenet.velocity.velocity_map import VelocityMap

#: First and second date, by index or as a date.
Pair = tuple[Instant | int, Instant | int]
Choice = Literal["consecutive", "all"]


def make_pairs(
    stack: SceneStack, choice: Choice = "consecutive", *, same_geometry: bool = False
) -> list[tuple[int, int]]:
    """Pairs of dates (first, second), the earlier one first; scenes of one time are not paired.

    Parameters
    ----------
    stack : SceneStack
    choice : {'consecutive', 'all'}
    same_geometry : bool
        Only of scenes of one path and row, consecutive among those. Scenes whose path and row are not known are in
        no pair, and that is told (:meth:`~napari_icenet.scenes.stack.SceneStack.warn`).

    Raises
    ------
    UsageError
        There is no such choice, or the stack has no two dates, or none of one path and row.
    """
    check_stack(stack)
    if choice not in get_args(Choice):
        raise UsageError(f"There are no pairs called {choice}; choose {' or '.join(get_args(Choice))}.")
    groups = _of_one_geometry(stack) if same_geometry else [list(range(len(stack.scenes)))]
    candidates = [
        pair for dates in groups for pair in (pairwise(dates) if choice == "consecutive" else combinations(dates, 2))
    ]
    pairs = sorted((i, j) for i, j in candidates if stack.times[i] < stack.times[j])
    if pairs:
        return pairs
    if same_geometry:
        raise UsageError(
            f"{stack.name} has no two dates of one path and row; {places_of(stack.scenes)}. Add scenes, or pair those "
            "of several paths and rows, too."
        )
    raise UsageError(f"{stack.name} has no two dates, and motion needs two; add scenes of other dates.")


def _indices(stack: SceneStack, pairs: Sequence[Pair] | Pair) -> list[tuple[int, int]]:
    """Pairs of dates by index; one pair alone does as well.

    Raises UsageError: something is no pair, or there is no such date.
    """
    if isinstance(pairs, str) or not isinstance(pairs, Iterable):
        raise UsageError(f"{pairs!r} is no pair of dates; give some, as of icenet.make_pairs(stack).")
    several: list[Any] = list(pairs)
    if len(several) == 2 and not any(_several(date) for date in several):
        several = [several]
    for pair in several:
        if not _several(pair) or len(list(pair)) != 2:
            raise UsageError(f"{pair!r} is no pair of dates; give (first, second), as of icenet.make_pairs(stack).")
    return [(stack.time_index(pair[0]), stack.time_index(pair[1])) for pair in several]


def _several(value: Any) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, str) and np.ndim(cast("Any", value)) > 0


def check_geometry(stack: SceneStack, pairs: Sequence[tuple[int, int]]) -> None:
    """Make sure that pairs are of scenes of one path and row each.

    Raises UsageError: a pair is not, or it is not known.
    """
    for first, second in pairs:
        seen = [stack.scenes[date].provenance for date in (first, second)]
        if seen[0].geometry is None or seen[0].geometry != seen[1].geometry:
            places = " and ".join(one.path_row or "an unknown one" for one in seen)
            raise UsageError(
                f"{stack.labels[first]} and {stack.labels[second]} are not of one path and row ({places}); choose "
                "other dates, or allow several."
            )


def _of_one_geometry(stack: SceneStack) -> list[list[int]]:
    """Dates by path and row."""
    groups: dict[tuple[int, int, int], list[int]] = {}
    unknown = []
    for date, scene in enumerate(stack.scenes):
        if scene.provenance.geometry is None:
            unknown.append(stack.labels[date])
        else:
            groups.setdefault(scene.provenance.geometry, []).append(date)
    if groups and unknown:
        them = f"{unknown[0]} and {len(unknown) - 1} more have" if len(unknown) > 1 else f"{unknown[0]} has"
        stack.warn(f"{them} no known path and row, and no pair of one path and row.")
    return list(groups.values())


def map_pairs(
    stack: SceneStack,
    pairs: Sequence[Pair] | Pair,
    settings: VelocitySettings | None = None,
    *,
    stable: NDArray[np.bool_] | None = None,
    prior: Prior | VelocityMap | str | Path | None = None,
    engine: Engine | None = None,
    workplace: Path | None = None,
    progress: Progress | None = None,
) -> list[VelocityMap]:
    """Maps of several pairs of dates; see :func:`~napari_icenet.velocity.map_pair.map_pair`.

    Pictures are shared between the pairs as far as the memory limit allows. A pair that cannot be
    mapped is told (:meth:`~napari_icenet.scenes.stack.SceneStack.warn`) and left out while another
    one can; those that have too few matches on stable ground are told together. Dates are given by index or in any
    form that :meth:`~napari_icenet.scenes.stack.SceneStack.time_index` knows.

    Raises
    ------
    UsageError, TrackingError
        As ``map_pair``; a TrackingError only where no pair can be mapped.
    """
    check_stack(stack)
    settings = given_or_default(VelocitySettings, settings)
    dates = _indices(stack, pairs)
    if settings.same_geometry:
        check_geometry(stack, dates)
    prior = None if prior is None else prior_of(prior, stack)
    engine, cache = engine or Engine(settings.device), picture_cache(settings)
    maps: list[VelocityMap] = []
    failures: dict[tuple[int, int], TrackingError] = {}
    for done, (first, second) in enumerate(dates):

        def part(fraction: float, text: str, done: int = done) -> None:
            if progress is not None:
                number = f"pair {done + 1} of {len(dates)}, " if len(dates) > 1 else ""
                progress((done + fraction) / len(dates), f"{number}{text}")

        folder = None if workplace is None else workplace / f"pair{first:04d}_{second:04d}"
        try:
            maps.append(
                map_pair(
                    stack,
                    first,
                    second,
                    settings,
                    stable=stable,
                    prior=prior,
                    engine=engine,
                    workplace=folder,
                    progress=part,
                    cache=cache,
                )
            )
        except TrackingError as error:
            failures[first, second] = error
    if failures and not maps:
        raise next(iter(failures.values()))
    for sentence in _left_out(stack, failures, len(dates)):
        stack.warn(sentence)
    return judged_together(maps, stack)


def _left_out(stack: SceneStack, failures: dict[tuple[int, int], TrackingError], of: int) -> list[str]:
    """Sentences on the pairs that could not be mapped: one on all that lack stable ground, and one on each other."""
    unstable = [pair for pair, error in failures.items() if isinstance(error, StableGroundError)]
    if len(unstable) < 2:
        return [str(error) for error in failures.values()]
    titles = [pair_title(stack, pair) for pair in unstable]
    others = [str(error) for pair, error in failures.items() if pair not in unstable]
    lack = f"{len(unstable)} of {of} pairs have too few valid matches on stable ground"
    return [*others, f"{lack} and are left out ({named(titles)}): {failures[unstable[0]]}"]

"""Pair dates, and map many pairs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from napari_icenet.errors import TrackingError, UsageError
from napari_icenet.jobs.progress import Progress
from napari_icenet.matching.engine.engine import Engine
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.velocity.cautions import judged_together
from napari_icenet.velocity.map_pair import map_pair, picture_cache
from napari_icenet.velocity.settings import VelocitySettings
from napari_icenet.velocity.velocity_map import VelocityMap

if TYPE_CHECKING:
    from napari_icenet.velocity.prior import Prior

Choice = Literal["consecutive", "all"]


def make_pairs(stack: SceneStack, choice: Choice = "consecutive") -> list[tuple[int, int]]:
    """Pairs of dates (first, second), the earlier one first; scenes of one time are not paired.

    Parameters
    ----------
    stack : SceneStack
    choice : {'consecutive', 'all'}

    Raises
    ------
    UsageError
        There is no such choice, or the stack has no two dates.
    """
    if choice not in get_args(Choice):
        raise UsageError(f"There are no pairs called {choice}; choose {' or '.join(get_args(Choice))}.")
    dates = range(len(stack.scenes))
    candidates = pairwise(dates) if choice == "consecutive" else combinations(dates, 2)
    pairs = [(i, j) for i, j in candidates if stack.times[i] < stack.times[j]]
    if not pairs:
        raise UsageError(f"{stack.name} has no two dates, and motion needs two; add scenes of other dates.")
    return pairs


def map_pairs(
    stack: SceneStack,
    pairs: Sequence[tuple[int, int]],
    settings: VelocitySettings | None = None,
    *,
    stable: NDArray[np.bool_] | None = None,
    prior: Prior | None = None,
    engine: Engine | None = None,
    workplace: Path | None = None,
    progress: Progress | None = None,
) -> list[VelocityMap]:
    """Maps of several pairs of dates; see :func:`~napari_icenet.velocity.map_pair.map_pair`.

    Pictures are shared between the pairs as far as the memory limit allows. A pair that cannot be
    mapped is told (:meth:`~napari_icenet.scenes.stack.SceneStack.warn`) and left out while another
    one can.

    Raises
    ------
    UsageError, TrackingError
        As ``map_pair``; a TrackingError only where no pair can be mapped.
    """
    settings = settings or VelocitySettings()
    engine, cache = engine or Engine(settings.device), picture_cache(settings)
    maps: list[VelocityMap] = []
    failures: list[TrackingError] = []
    for done, (first, second) in enumerate(pairs):

        def part(fraction: float, text: str, done: int = done) -> None:
            if progress is not None:
                number = f"pair {done + 1} of {len(pairs)}, " if len(pairs) > 1 else ""
                progress((done + fraction) / len(pairs), f"{number}{text}")

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
            failures.append(error)
    if failures and not maps:
        raise failures[0]
    for failure in failures:
        stack.warn(str(failure))
    return judged_together(maps, stack)

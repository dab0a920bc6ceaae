"""Which velocity map belongs to a date of the picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_icenet.scenes.stack import SceneStack
from napari_icenet.velocity.background import Pair
from napari_icenet.velocity.velocity_map import VelocityMap

_NO_FIT = 3


def pair_of(stack: SceneStack, found: VelocityMap) -> Pair | None:
    """Indices of a map's scenes in a stack, by their ids where several have one time; None where it has other dates."""
    first, second = (_index_of(stack, *one) for one in zip(found.times, found.scenes, strict=True))
    return None if first is None or second is None else (first, second)


def map_at(stack: SceneStack, maps: Sequence[VelocityMap], time: int, now: int) -> int:
    """The map that starts on a date, else spans it, else ends on it, else the one shown.

    Parameters
    ----------
    stack : SceneStack
    maps : sequence of VelocityMap
        At least one.
    time : int
        Index of the date in the stack.
    now : int
        Index of the map that is shown, which stays where no other one fits better.
    """
    ranks = [_rank(pair_of(stack, found), time) for found in maps]
    best = min(ranks)
    if best == _NO_FIT or (now < len(ranks) and ranks[now] == best):
        return min(now, len(ranks) - 1)
    return ranks.index(best)


def _index_of(stack: SceneStack, time: np.datetime64, scene: str) -> int | None:
    there = [int(index) for index in np.flatnonzero(stack.times == time.astype("datetime64[s]"))]
    return next((index for index in there if stack.scenes[index].id == scene), there[0] if there else None)


def _rank(pair: Pair | None, time: int) -> int:
    """How well a pair belongs to a date: 0 starts there, 1 spans it, 2 ends there."""
    if pair is None:
        return _NO_FIT
    if pair[0] == time:
        return 0
    return 1 if min(pair) < time < max(pair) else 2 if pair[1] == time else _NO_FIT

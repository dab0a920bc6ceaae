"""Sampler of the sequences of each batch: seeded, resumable, the same whatever the number of processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: A source and an index in it.
Draw = tuple[int, int]
#: Keeps these random numbers apart from others of the same seed.
_SOURCE, _ORDER = 11, 12


class Sampler:
    """Draws sequences from several sources.

    Every source is gone through in a random order, and again in another one when it is used up, so
    that its sequences are drawn equally often. The batch of a step is drawn for all processes
    together, which take turns: two processes with batches of 4 see what one with batches of 8 sees.

    Parameters
    ----------
    sizes : sequence of int
        Sequences in each source.
    weights : sequence of float
        How often each source is drawn from, relative to the others.
    batch : int
        Sequences in a step of each process.
    seed : int
    rank, world : int
        Number of this process, and how many there are.
    """

    def __init__(
        self, sizes: Sequence[int], weights: Sequence[float], batch: int, seed: int, *, rank: int = 0, world: int = 1
    ) -> None:
        self._sizes = tuple(sizes)
        self._weights = np.asarray(weights, np.float64) / np.sum(weights)
        self._batch, self._seed, self._rank, self._world = batch, seed, rank, world
        self._drawn = [0] * len(self._sizes)
        self._step = 0
        self._orders: dict[int, tuple[int, NDArray[np.intp]]] = {}

    @property
    def state(self) -> dict[str, Any]:
        """State of the sampler: steps drawn, and sequences drawn from each source."""
        return {"step": self._step, "drawn": list(self._drawn)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue where another one of the same settings stood."""
        self._step, self._drawn = int(state["step"]), [int(count) for count in state["drawn"]]

    def draw(self) -> list[Draw]:
        """Draw the next batch: the part of it that is for this process."""
        self._step += 1
        random = np.random.default_rng([self._seed, _SOURCE, self._step])
        sources = random.choice(len(self._sizes), self._batch * self._world, p=self._weights)
        every = [(source, self._next(source)) for source in sources.tolist()]
        return every[self._rank :: self._world]

    def _next(self, source: int) -> int:
        epoch, place = divmod(self._drawn[source], self._sizes[source])
        self._drawn[source] += 1
        known = self._orders.get(source)
        if known is None or known[0] != epoch:
            random = np.random.default_rng([self._seed, _ORDER, source, epoch])
            known = self._orders[source] = epoch, random.permutation(self._sizes[source])
        return int(known[1][place])

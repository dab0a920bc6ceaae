"""Batches prepared in threads while the network computes, in the order that they are drawn in."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_icenet.jobs.prefetch import prefetch
from napari_icenet.training.data.pool import Pool
from napari_icenet.training.data.sampler import Draw, Sampler
from napari_icenet.training.objectives.base import Objective

_PREPARE = 14


@dataclass(frozen=True, eq=False)
class Batch:
    """A batch, and where the sampler stood after it was drawn."""

    arrays: dict[str, NDArray[Any]]
    state: dict[str, Any]


def batches(
    pool: Pool, sampler: Sampler, objective: Objective, *, seed: int, rank: int = 0, threads: int = 2
) -> Generator[Batch]:
    """Batches without end, the same whatever the number of threads.

    Parameters
    ----------
    pool : Pool
    sampler : Sampler
    objective : Objective
    seed, rank : int
        Of the random numbers that batches are prepared with, beside the step.
    threads : int
        That prepare ahead; 0 prepares each batch when it is asked for.
    """

    def draws() -> Iterator[tuple[list[Draw], dict[str, Any]]]:
        while True:
            drawn = sampler.draw()
            yield drawn, sampler.state

    def make(drawn: tuple[list[Draw], dict[str, Any]]) -> Batch:
        chosen, state = drawn
        random = np.random.default_rng([seed, _PREPARE, state["step"], rank])
        return Batch(objective.prepare(pool.read(chosen), random), state)

    return prefetch(make, draws(), threads=threads)

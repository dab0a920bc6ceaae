"""Batches prepared in threads while the network computes, in the order that they are drawn in."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
) -> Iterator[Batch]:
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

    def make(draws: list[Draw], step: int) -> dict[str, NDArray[Any]]:
        random = np.random.default_rng([seed, _PREPARE, step, rank])
        return objective.prepare(pool.read(draws), random)

    def draw() -> tuple[list[Draw], dict[str, Any]]:
        return sampler.draw(), sampler.state

    if threads == 0:
        while True:
            draws, state = draw()
            yield Batch(make(draws, state["step"]), state)
    ahead: deque[tuple[Future[dict[str, NDArray[Any]]], dict[str, Any]]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="batches") as workers:
        try:
            while True:
                while len(ahead) <= threads:
                    draws, state = draw()
                    ahead.append((workers.submit(make, draws, state["step"]), state))
                future, state = ahead.popleft()
                yield Batch(future.result(), state)
        finally:
            workers.shutdown(cancel_futures=True)

"""Templates for many chips at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from napari_icenet.jobs.prefetch import prefetch
from napari_icenet.matching.template import Past, Prediction, Predictor


@runtime_checkable
class BatchPredictor(Predictor, Protocol):
    """A predictor that has a quicker way for many chips, such as a network."""

    def predict_many(self, pasts: Sequence[Past]) -> list[Prediction | None]:
        """What calling it on each past gives, in order."""
        ...


def predict_many(
    predictor: Predictor,
    pasts: Sequence[Past],
    *,
    threads: int | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> list[Prediction | None]:
    """Templates of one predictor for many pasts.

    Parameters
    ----------
    predictor : Predictor
        One with a ``predict_many`` of its own is asked for all at once; others chip by chip.
    pasts : sequence of Past
    threads : int, optional
        Default: all cores; results do not depend on it.
    progress : callable, optional
        Told the share that is done, 0 to 1, and what is made; may raise to stop.

    Returns
    -------
    list of Prediction or None
        In the order of ``pasts``.
    """
    if isinstance(predictor, BatchPredictor):
        return predictor.predict_many(pasts)
    made: list[Prediction | None] = []
    for one in prefetch(predictor, pasts, threads=threads or os.cpu_count() or 1):
        made.append(one)
        if progress is not None:
            progress(len(made) / len(pasts), predictor.title)
    return made

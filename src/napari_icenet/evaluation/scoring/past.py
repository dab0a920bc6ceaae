"""Inputs of a predictor from a sequence, and the targets it is judged by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from napari_icenet.datasets.sequences import Sequences
from napari_icenet.matching.template import PAST_CHIPS, Past, Prediction, Predictor, failures_of, predicted
from napari_icenet.predictors.batching import BatchPredictor

#: Templates of one past: for t1, and for t2.
Pair = tuple[Prediction | None, Prediction | None]


class WatchedPast(Past):
    """A past that knows whether it was asked how far ahead the target lies, in days or acquisitions.

    A predictor that did not ask makes the same template for every target.
    """

    def __getattribute__(self, name: str) -> Any:
        if name in ("horizon", "steps"):
            object.__setattr__(self, "asked", True)
        return super().__getattribute__(name)

    def watch(self) -> WatchedPast:
        """Forget what was asked before."""
        object.__setattr__(self, "asked", False)
        return self

    @property
    def was_asked(self) -> bool:
        """True if anybody asked since :meth:`watch`."""
        return bool(self.__dict__.get("asked", True))


def past_of(sequences: Sequences, index: int, t0: int, target: int) -> WatchedPast:
    """The past of one sequence: its last eight frames up to t0, for a target after it.

    Parameters
    ----------
    sequences : Sequences
    index : int
        Which of them.
    t0 : int
        Index of the last frame that is shown.
    target : int
        How many frames after it the one to be predicted is: 1 for t1, 2 for t2.
    """
    history = slice(max(0, t0 + 1 - PAST_CHIPS), t0 + 1)
    days = sequences.days[index] - sequences.days[index, t0]
    return WatchedPast(
        sequences.chips[index, history],
        days[history],
        sequences.valid[index, history],
        float(days[t0 + target]),
        target,
        sequences.cloud[index, history],
        None if sequences.covariates is None else sequences.covariates[index, history],
        sequences.covariate_names,
    ).watch()


def templates(predictor: Predictor, near: WatchedPast, far: WatchedPast) -> Pair:
    """Templates of one sequence for t1 and for t2; made once where they cannot differ."""
    near.watch()
    first = predicted(predictor, near)
    return first, predicted(predictor, far) if near.was_asked else first


def all_templates(
    predictors: Sequence[Predictor], sequences: Sequences, t0: int
) -> Callable[[int], tuple[WatchedPast, list[Pair]]]:
    """A function from the index of a sequence to its past and the templates of every predictor.

    Predictors that work on many chips at once are asked now; the others when their template is
    needed, all of them of the same past, so that what they share is worked out once and forgotten
    with it.
    """

    def pasts(i: int) -> tuple[WatchedPast, WatchedPast]:
        return past_of(sequences, i, t0, 1), past_of(sequences, i, t0, 2)

    ready = {p: _together(one, sequences, pasts) for p, one in enumerate(predictors) if isinstance(one, BatchPredictor)}

    def made(i: int) -> tuple[WatchedPast, list[Pair]]:
        near, far = pasts(i)
        return near, [ready[p][i] if p in ready else templates(one, near, far) for p, one in enumerate(predictors)]

    return made


def _together(
    predictor: BatchPredictor, sequences: Sequences, pasts: Callable[[int], tuple[WatchedPast, WatchedPast]]
) -> list[Pair]:
    near, far = zip(*(pasts(i) for i in range(len(sequences))), strict=True) if len(sequences) else ((), ())
    # At once: a network may make both of one run.
    with failures_of(predictor):
        made = predictor.predict_many([*near, *far])
    return list(zip(made[: len(near)], made[len(near) :], strict=True))


def gap_days(sequences: Sequences, t0: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Days from t0 to t2, (n,)."""
    return sequences.days[:, t0 + 2] - sequences.days[:, t0]

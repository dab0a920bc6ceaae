"""What a predictor is shown of a sequence, and what it is judged by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from napari_icenet.predictors.many import BatchPredictor
from napari_icenet.sequences.sequences import Sequences
from napari_icenet.tracking.templates import PAST_CHIPS, Past, Prediction, Predictor

#: Templates of one past: for t1, and for t2.
Pair = tuple[Prediction | None, Prediction | None]


class WatchedPast(Past):
    """A past that knows whether it was asked how far ahead the target lies.

    A predictor that did not ask makes the same template for every target.
    """

    def __getattribute__(self, name: str) -> Any:
        if name == "ahead":
            object.__setattr__(self, "asked", True)
        return super().__getattribute__(name)

    def watch(self) -> WatchedPast:
        """Forget what was asked before."""
        object.__setattr__(self, "asked", False)
        return self

    @property
    def was_asked(self) -> bool:
        """Whether anybody asked since :meth:`watch`."""
        return bool(self.__dict__.get("asked", True))


def past_of(sequences: Sequences, index: int, t0: int, target: int) -> WatchedPast:
    """The past of one sequence: its last eight frames up to t0, for a frame after it.

    Parameters
    ----------
    sequences : Sequences
    index : int
        Which of them.
    t0, target : int
        Indices of the last frame that is shown, and of the one to be predicted.
    """
    shown = slice(max(0, t0 + 1 - PAST_CHIPS), t0 + 1)
    days = sequences.days[index] - sequences.days[index, t0]
    return WatchedPast(
        sequences.chips[index, shown], days[shown], sequences.valid[index, shown], float(days[target])
    ).watch()


def templates(predictor: Predictor, near: WatchedPast, far: WatchedPast) -> Pair:
    """Templates of one sequence for t1 and for t2; made once where they cannot differ."""
    near.watch()
    first = predictor(near)
    return first, predictor(far) if near.was_asked else first


def all_templates(
    predictors: Sequence[Predictor], pasts: Sequence[tuple[WatchedPast, WatchedPast]]
) -> list[Callable[[int], Pair]]:
    """For each predictor a function from the index of a sequence to its templates.

    Predictors that work on many chips at once are asked now; the others when their template is
    needed, so that no more templates than necessary are in memory.
    """
    made: list[Callable[[int], Pair]] = []
    for predictor in predictors:
        if isinstance(predictor, BatchPredictor):
            first = predictor.predict_many([near.watch() for near, _ in pasts])
            second = list(first)
            asked = [i for i, (near, _) in enumerate(pasts) if near.was_asked]
            for i, far in zip(
                asked, predictor.predict_many([pasts[i][1] for i in asked]) if asked else [], strict=True
            ):
                second[i] = far
            made.append(lambda i, a=first, b=second: (a[i], b[i]))  # type: ignore[misc]
        else:
            made.append(lambda i, p=predictor: templates(p, *pasts[i]))  # type: ignore[misc]
    return made


def check_frames(sequences: Sequences, t0: int) -> None:
    """Make sure that a sequence has the frames t1 and t2."""
    frames = sequences.chips.shape[1]
    assert t0 + 2 < frames, (t0, frames)


def gap_days(sequences: Sequences, t0: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Days from t0 to t2, (n,)."""
    return sequences.days[:, t0 + 2] - sequences.days[:, t0]

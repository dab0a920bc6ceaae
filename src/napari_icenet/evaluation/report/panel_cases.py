"""Choice of the chips that panels show: the worst, the median and the best."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_icenet.evaluation.scoring.scores import Scores

#: Chips shown of each kind.
EACH = 2


def choose_cases(scores: Scores, each: int = EACH) -> list[tuple[str, int]]:
    """Indices of the chips whose mean correlation at t2 over all predictors is lowest, in the middle, and highest.

    No two of a kind start within a block of each other, as far as there are such; of equal ones the
    first is taken.

    Returns
    -------
    list of (str, int)
        ``worst``, ``median`` or ``best``, and the index in the scores.
    """
    counted = np.flatnonzero(scores.counted[:, 1])
    mean = scores.ncc[counted, :, 1].mean(1)
    counted, mean = counted[~np.isnan(mean)], mean[~np.isnan(mean)]
    order = counted[np.argsort(mean, kind="stable")]
    middle = np.argsort(np.abs(np.arange(len(order)) - (len(order) - 1) / 2), kind="stable")
    chosen: list[tuple[str, int]] = []
    for kind, ranked in (("worst", order), ("median", order[middle]), ("best", order[::-1])):
        fresh = [i for i in ranked.tolist() if i not in {k for _, k in chosen}]
        chosen += [(kind, i) for i in _apart(scores.block_ids, fresh, each)]
    return chosen


def _apart(blocks: NDArray[np.int64], ranked: list[int], count: int) -> list[int]:
    """The first of the ranked that lie in blocks of their own; then the first of the others."""
    taken: list[int] = []
    for i in ranked:
        if len(taken) < count and blocks[i] not in {blocks[k] for k in taken}:
            taken.append(i)
    rest = [i for i in ranked[: count + len(taken)] if i not in taken]
    return (taken + rest)[:count]

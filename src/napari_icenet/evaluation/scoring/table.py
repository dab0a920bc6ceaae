"""The paper's Table 1 from scores: means, shares, and how sure they are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from napari_icenet.common.types import F64
from napari_icenet.evaluation.scoring.bootstrap import BlockBootstrap
from napari_icenet.evaluation.scoring.scores import Scores
from napari_icenet.evaluation.settings import TARGETS

#: Below the first a correlation is low, above the second high.
LIMITS = (0.3, 0.7)
#: The paper's Table 1: mean, and the shares below 0.3, from 0.3 to 0.7, and above 0.7.
PAPER = {
    "persistence": {"mean": 0.237, "low": 0.699, "medium": 0.271, "high": 0.0300},
    "high-pass": {"mean": 0.201, "low": 0.598, "medium": 0.337, "high": 0.0651},
    "machine learning": {"mean": 0.362, "low": 0.393, "medium": 0.557, "high": 0.0504},
}
#: A template that misses by less tracks, px.
CLOSE_PX = 1.0
#: What is said of a paired difference whose interval includes 0, and of one from too few blocks.
NO_DIFFERENCE, TOO_FEW = "no difference shown", "too few blocks to tell"
#: Fewer blocks of ground carry no claim at 95 %: of five, all have the same sign by chance one time in sixteen,
#: and draws of few blocks make an interval too narrow.
LEAST_BLOCKS = 6


def shares(ncc: F64) -> dict[str, float | None]:
    """Shares of correlations below 0.3, from 0.3 to 0.7 (both included), and above 0.7; None of none."""
    if not ncc.size:
        return {"low": None, "medium": None, "high": None}
    low, high = float((ncc < LIMITS[0]).mean()), float((ncc > LIMITS[1]).mean())
    return {"low": low, "medium": float(((ncc >= LIMITS[0]) & (ncc <= LIMITS[1])).mean()), "high": high}


def target_table(
    scores: Scores, predictors: Sequence[str], target: int, *, resamples: int, seed: int, learned: Collection[str] = ()
) -> dict[str, Any]:
    """The rows of one target.

    Parameters
    ----------
    scores : Scores
        Of one way of tracking.
    predictors : sequence of str
        Names, in the order of the scores; the differences are to persistence, where it is among them.
    target : {1, 2}
        t1 or t2.
    resamples, seed : int
        Of the bootstrap.
    learned : collection of str
        Which of the predictors have a network; all others are baselines.

    Returns
    -------
    dict
        By predictor: ``mean``, ``median``, ``low``, ``medium``, ``high`` and ``n`` over the chips that count;
        ``interval`` (95 %, of the mean); ``difference`` and ``difference_interval`` (paired, to
        persistence); of a learned one ``best_baseline`` (:func:`against_best`); ``blocks``;
        ``without_template``; ``left_out``; and of tracking with the template ``tracked``, ``peak_ratio``
        (median), ``error_px`` (median), ``found`` and ``close`` (shares of the tracked with a peak, and with
        one less than a pixel off).
    """
    k = target - 1
    counted = scores.counted[:, k]
    chosen = scores[counted]
    bootstrap = BlockBootstrap(chosen.block_ids, resamples=resamples, seed=seed)
    base = chosen.ncc[:, predictors.index("persistence"), k] if "persistence" in predictors else None
    rows: dict[str, Any] = {}
    for p, name in enumerate(predictors):
        values = chosen.ncc[:, p, k]
        row: dict[str, Any] = {"mean": _mean(values), "median": _median(values), **shares(values), "n": len(chosen)}
        row["interval"] = bootstrap.interval(values)
        if base is not None and name != "persistence":
            row["difference"] = _mean(values - base)
            row["difference_interval"] = bootstrap.interval(values - base)
        if name in learned:
            row["best_baseline"] = against_best(chosen.ncc[:, :, k], predictors, p, bootstrap, learned)
        row["blocks"] = bootstrap.count
        row["without_template"] = int(chosen.lacking[:, p, k].sum())
        row["left_out"] = int((~counted).sum())
        rows[name] = row | tracking_row(chosen, p, target)
    return rows


def against_best(
    ncc: F64, predictors: Sequence[str], p: int, bootstrap: BlockBootstrap, learned: Collection[str]
) -> dict[str, Any] | None:
    """A learned predictor less the best baseline: the one with the highest mean over the same chips.

    The baseline is chosen by the very chips that it is judged on, which favours the baseline.

    Parameters
    ----------
    ncc : array of float64, (n, P)
    predictors : sequence of str
        Names, in the order of ``ncc``.
    p : int
        Which one is held against it.
    bootstrap : BlockBootstrap
        Of the same chips.
    learned : collection of str
        The others are baselines.

    Returns
    -------
    dict or None
        ``name`` and ``mean`` of the baseline; ``difference`` and ``interval``, paired and 95 %; ``blocks`` and
        ``higher``, in how many of them it is higher; ``verdict``: ``better``, ``worse``, ``no difference shown``
        where the interval includes 0 or cannot be drawn, or ``too few blocks to tell`` where there are fewer
        than six. None where there is no baseline or no chip.
    """
    # A mean that is NaN would stay the greatest for ever.
    means = {b: float(ncc[:, b].mean()) for b, name in enumerate(predictors) if name not in learned and len(ncc)}
    baselines = [b for b, mean in means.items() if not np.isnan(mean)]
    if not baselines:
        return None
    best = max(baselines, key=means.__getitem__)
    paired = ncc[:, p] - ncc[:, best]
    ends = bootstrap.interval(paired)
    verdict = NO_DIFFERENCE
    if ends is not None and (ends[0] > 0 or ends[1] < 0):
        verdict = TOO_FEW if bootstrap.count < LEAST_BLOCKS else "better" if ends[0] > 0 else "worse"
    return {
        "name": predictors[best],
        "mean": _mean(ncc[:, best]),
        "difference": _mean(paired),
        "interval": ends,
        "blocks": bootstrap.count,
        "higher": int((bootstrap.means(paired) > 0).sum()),
        "verdict": verdict,
    }


def early_table(scores: Scores, predictors: Sequence[str]) -> dict[str, Any]:
    """The template for t1 against the chip at t2: ``mean``, shares and ``n``, over the chips that count at t2."""
    chosen = scores.early[scores.counted[:, 1]]
    return {
        name: {"mean": _mean(chosen[:, p]), **shares(chosen[:, p]), "n": len(chosen)}
        for p, name in enumerate(predictors)
    }


def tracking_row(scores: Scores, p: int, target: int) -> dict[str, Any]:
    """Row of the tracking table: one predictor's misses at t1 (1) or t2 (2), over the chips it was tried on."""
    k = target - 1
    tried = scores.tracked[:, k]
    miss, ratio = scores.miss[tried, p, k], scores.peak_ratio[tried, p, k]
    found = np.isfinite(miss)
    return {
        "tracked": int(tried.sum()),
        "peak_ratio": _median(ratio),
        "error_px": _median(miss),
        "found": float(found.mean()) if tried.any() else None,
        "close": float((miss[found] < CLOSE_PX).sum() / tried.sum()) if tried.any() else None,
    }


def mode_table(
    scores: Scores, predictors: Sequence[str], *, resamples: int, seed: int, learned: Collection[str] = ()
) -> dict[str, Any]:
    """Rows of both targets (:func:`target_table`): ``{"t1": {predictor: {...}}, "t2": {...}}``."""
    return {
        name: target_table(scores, predictors, target, resamples=resamples, seed=seed, learned=learned)
        for target, name in enumerate(TARGETS, 1)
    }


def _mean(values: F64) -> float | None:
    return float(values.mean()) if values.size else None


def _median(values: F64) -> float | None:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else None

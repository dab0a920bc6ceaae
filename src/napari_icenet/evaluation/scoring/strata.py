"""Scores by stratum: the table again, by cloud, gap in days and texture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from napari_icenet.common.types import Bool
from napari_icenet.evaluation.scoring.bootstrap import BlockBootstrap
from napari_icenet.evaluation.scoring.scores import Scores
from napari_icenet.evaluation.scoring.table import shares

#: Edges of the cloud shares, and of the days from t0 to t2.
CLOUD_EDGES = (0.05, 0.5)
GAP_EDGES = (10.0, 20.0, 40.0, 100.0)


@dataclass(frozen=True, eq=False)
class Division:
    """Chips divided by one property.

    Attributes
    ----------
    name, title : str
        For the file, and in words.
    strata : dict of array of bool, (n,)
        Chips of each stratum, by its title such as ``5–50 %``; those that hold chips.
    note : str
        What to know, such as why there are none.
    """

    name: str
    title: str
    strata: dict[str, Bool]
    note: str = ""


def divisions(scores: Scores) -> tuple[Division, ...]:
    """The chips by cloud, by what the tracking holds of t0, by gap and by texture.

    No division depends on a predictor. Texture is ranked in each band by itself, for bands differ in
    contrast.
    """
    return (_cloud(scores), _held(scores), _gap(scores), _texture(scores))


def _cloud(scores: Scores) -> Division:
    title = "cloud at t0 or t2"
    low, high = CLOUD_EDGES
    known = np.isfinite(scores.cloud)
    if not known.any():
        return Division("cloud", title, {}, "the scenes have no cloud mask")
    share = np.where(known, scores.cloud, -1)
    parts = {
        f"< {100 * low:.0f} %": (share >= 0) & (share < low),
        f"{100 * low:.0f}–{100 * high:.0f} %": (share >= low) & (share <= high),
        f"> {100 * high:.0f} %": share > high,
        "no mask": ~known,
    }
    return Division("cloud", title, _filled(parts))


def _held(scores: Scores) -> Division:
    return Division("t0", "t0 in the tracking", _filled({"t0 found": scores.held, "t0 lost": ~scores.held}))


def _gap(scores: Scores) -> Division:
    parts = {}
    for a, b in pairwise((-np.inf, *GAP_EDGES, np.inf)):
        title = f"≤ {b:g}" if a == -np.inf else f"> {a:g}" if b == np.inf else f"{a:g}–{b:g}"
        parts[title] = (scores.gap > a) & (scores.gap <= b)
    return Division("gap", "days from t0 to t2", _filled(parts))


def _texture(scores: Scores) -> Division:
    rank = np.full(len(scores), np.nan)
    for band in np.unique(scores.band):
        mine = np.flatnonzero((scores.band == band) & np.isfinite(scores.texture))
        order = np.argsort(scores.texture[mine], kind="stable")
        rank[mine[order]] = (np.arange(mine.size) + 0.5) / max(mine.size, 1)
    third = np.where(np.isfinite(rank), np.floor(np.nan_to_num(rank) * 3), -1)
    parts = {title: third == k for k, title in enumerate(("weak third", "middle third", "strong third"))}
    return Division("texture", "texture of t2", _filled(parts))


def _filled(parts: dict[str, Bool]) -> dict[str, Bool]:
    return {title: chosen for title, chosen in parts.items() if chosen.any()}


def strata_table(scores: Scores, predictors: Sequence[str], *, resamples: int, seed: int) -> dict[str, Any]:
    """The rows of every stratum, for t2.

    Parameters
    ----------
    scores : Scores
        Of one way of tracking; chips that do not count at t2 are left out.
    predictors : sequence of str
    resamples, seed : int
        Of the bootstrap.

    Returns
    -------
    dict
        By division and stratum ``{"n", "blocks", "predictors": {name: {"mean", "low", "medium",
        "high", "interval", "difference", "difference_interval", "best"}}}``; ``best`` is the share of
        chips on which this predictor correlates better than all others.
    """
    chosen = scores[scores.counted[:, 1]]
    out: dict[str, Any] = {}
    for division in divisions(chosen):
        out[division.name] = {
            "title": division.title,
            "note": division.note,
            "strata": {
                title: _stratum(chosen[part], predictors, resamples, seed) for title, part in division.strata.items()
            },
        }
    return out


def _stratum(scores: Scores, predictors: Sequence[str], resamples: int, seed: int) -> dict[str, Any]:
    bootstrap = BlockBootstrap(scores.block_ids, resamples=resamples, seed=seed)
    values = scores.ncc[:, :, 1]
    ranked = np.where(np.isnan(values), -np.inf, values)  # NaN is never the best
    best = ranked.argmax(1)
    unique = (ranked == ranked.max(1, keepdims=True)).sum(1) == 1
    unique &= np.isfinite(ranked).any(1)
    rows: dict[str, dict[str, Any]] = {}
    for p, name in enumerate(predictors):
        rows[name] = {
            "mean": float(values[:, p].mean()),
            **shares(values[:, p]),
            "interval": bootstrap.interval(values[:, p]),
            "best": float((unique & (best == p)).mean()),
        }
        if "persistence" in predictors:
            over = values[:, p] - values[:, predictors.index("persistence")]
            rows[name]["difference"] = float(over.mean())
            rows[name]["difference_interval"] = bootstrap.interval(over)
    return {"n": len(scores), "blocks": bootstrap.count, "predictors": rows}

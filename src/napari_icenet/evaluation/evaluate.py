"""Evaluate predictors on a stack or a dataset."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_icenet.errors import StackError
from napari_icenet.evaluation.dataset_source import DatasetSource
from napari_icenet.evaluation.scores import Scores
from napari_icenet.evaluation.scoring import BLOCK_CHIPS, Scorer
from napari_icenet.evaluation.settings import EvaluationSettings, Mode
from napari_icenet.evaluation.stack_source import Batch, StackSource
from napari_icenet.evaluation.strata import strata_table
from napari_icenet.evaluation.table import early_table, mode_table
from napari_icenet.predictors.registry import predictor
from napari_icenet.tracking.table import software
from napari_icenet.tracking.templates import Predictor

Progress = Callable[[float, str], None]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What an evaluation found.

    Attributes
    ----------
    source : StackSource or DatasetSource
        Where the sequences come from; figures read the chips that they show again.
    settings : EvaluationSettings
    predictors : tuple of Predictor
        In the order of the scores.
    scores : dict of Scores
        By way of tracking.
    tables, early, strata : dict
        By way of tracking: :func:`~napari_icenet.evaluation.table.mode_table`,
        :func:`~napari_icenet.evaluation.table.early_table` and
        :func:`~napari_icenet.evaluation.strata.strata_table`.
    """

    source: StackSource | DatasetSource
    settings: EvaluationSettings
    predictors: tuple[Predictor, ...]
    scores: dict[Mode, Scores]
    tables: dict[str, Any]
    early: dict[str, Any]
    strata: dict[str, Any]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the predictors, in the order of the scores."""
        return tuple(p.name for p in self.predictors)

    @property
    def reference(self) -> str:
        """What displacements are held against."""
        return "known flow" if self.source.flow_known else "closure"

    def as_dict(self) -> dict[str, Any]:
        """All tables, as ``table.json`` holds them, and what they rest on."""
        return {
            **self.tables,
            "t1_against_t2": self.early,
            "strata": self.strata,
            "provenance": self.provenance(),
        }

    def provenance(self) -> dict[str, Any]:
        """What the numbers rest on."""
        return {
            "software": software(),
            "source": self.source.name,
            "simulated": self.source.simulated,
            "bands": list(self.source.bands),
            "windows": len(self.source.starts),
            "t0": self.settings.t0 + 1,
            "displacement_error": self.reference,
            "search_px": self.settings.search_px,
            "block_px": BLOCK_CHIPS * self.settings.chip,
            "predictors": {p.name: _options(p) for p in self.predictors},
            "settings": self.settings.model_dump(mode="json"),
        }


def evaluate(
    source: StackSource | DatasetSource,
    settings: EvaluationSettings,
    *,
    predictors: Sequence[Predictor] | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Score predictors on every sequence, and sum the scores up.

    Parameters
    ----------
    source : StackSource or DatasetSource
    settings : EvaluationSettings
    predictors : sequence of Predictor, optional
        Default: those that the settings name.
    threads : int, optional
        Default: all cores; results do not depend on it.
    progress : callable, optional
        Told the share that is done, 0 to 1, and what is being scored; may raise to stop.

    Raises
    ------
    StackError
        No chip shows enough to be judged.
    """
    chosen = tuple(predictors or (predictor(name) for name in settings.predictors))
    names = tuple(p.name for p in chosen)
    scorer = Scorer(chosen, settings.t0, settings.search_px, threads=threads)
    scorer.tracking.prepare()
    scores: dict[Mode, Scores] = {}
    modes = source.modes
    for m, mode in enumerate(modes):
        parts = []
        for batch in source.read(mode):
            if progress is not None:
                progress((m + batch.share) / len(modes) * 0.95, batch.title)
            tracked = _sample(batch, settings, source.batches)
            parts.append(scorer.score(batch.sequences, batch.number, tracked, batch.expected))
        if not parts or not any(part.counted.any() for part in parts):
            raise StackError(
                f"no chip of {source.name} shows ice both before and after t0; choose other bands, a smaller chip, "
                "or scenes with less cloud and fill."
            )
        scores[mode] = Scores.concatenated(parts)
    drawn = {"resamples": settings.resamples, "seed": settings.seed}
    return Evaluation(
        source, settings, chosen, scores,
        tables={mode: mode_table(made, names, **drawn) for mode, made in scores.items()},
        early={mode: early_table(made, names) for mode, made in scores.items()},
        strata={mode: strata_table(made, names, **drawn) for mode, made in scores.items()},
    )  # fmt: skip


def _sample(batch: Batch, settings: EvaluationSettings, batches: int) -> NDArray[np.bool_]:
    """The sequences of a batch whose templates are searched for: the same each time, whatever the threads."""
    chosen = np.zeros(len(batch.sequences), bool)
    quota = min(len(chosen), -(-settings.tracked // max(batches, 1)))
    # The same places in both ways of tracking.
    rng = np.random.default_rng([settings.seed, batch.number % max(batches, 1)])
    chosen[rng.choice(len(chosen), quota, replace=False)] = True
    return chosen


def _options(made: Predictor) -> dict[str, Any]:
    """The options of a predictor, where it tells them."""
    dump = getattr(made, "model_dump", None)
    return dict(dump()) if callable(dump) else {}

"""The report that ``icenet evaluate`` writes, from the scores behind maps."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from napari_icenet.errors import UsageError
from napari_icenet.evaluation.correlation_map.maps import CellState, CorrelationMaps
from napari_icenet.evaluation.data_leakage import trained_here
from napari_icenet.evaluation.evaluate import Evaluation
from napari_icenet.evaluation.report.write import write_report as write
from napari_icenet.evaluation.scoring.strata import strata_table
from napari_icenet.evaluation.scoring.table import early_table
from napari_icenet.evaluation.sources.stack import StackSource
from napari_icenet.jobs.progress import Progress
from napari_icenet.matching.template import Past, Prediction, Predictor, prefilter_of
from napari_icenet.predictors.predictor_set import PredictorSpec
from napari_icenet.scenes.stack import SceneStack


def write_report(
    maps: CorrelationMaps,
    stack: SceneStack,
    folder: str | Path,
    *,
    force: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Write ``table.json``, ``table.md``, maps, panels and strata, as :func:`~.report.write_report` does.

    Networks are loaded for the panels, so it takes seconds and is best done in a process of its own
    (:func:`~napari_icenet.evaluation.correlation_map.export.write_report`).

    Parameters
    ----------
    maps : CorrelationMaps
    stack : SceneStack
        The stack they were made of, for the chips that the panels show.
    folder, force, progress
        As there.

    Raises
    ------
    UsageError
        There is nothing to report yet, or the folder cannot be written.
    """
    return write(evaluation_of(maps, stack), folder, force=force, progress=progress)


def evaluation_of(maps: CorrelationMaps, stack: SceneStack) -> Evaluation:
    """The evaluation that maps amount to, on their band, windows of dates and way of tracking.

    Raises UsageError: no chip is scored at t2 yet, or the stack is another one.
    """
    settings, ground, windows = maps.settings, maps.ground, maps.windows
    if (stack.name, stack.labels, stack.grid.shape) != (ground.name, ground.dates, ground.grid.shape):
        raise UsageError(f"these maps were made of {ground.name} and not of {stack.name} as it is; open that stack.")
    if not maps.scores.counted[:, 1].any():
        raise UsageError("no chip is scored at t2, and the report is about t2; choose an earlier t0, or wait.")
    names = tuple(dict.fromkeys(entry.name for entry in maps.predictor_set.entries))
    asked = settings.as_evaluation(names, ground.band, windows[0])
    source = StackSource(stack, asked)
    source.starts = range(windows[0].start, windows[-1].start + 1)
    made = list(zip(maps.predictor_set.entries, maps.predictor_set.make(settings.chip), strict=True))
    drawn = {"resamples": settings.resamples, "seed": settings.seed}
    batches = [
        (ground.band, window.start, maps.followed[number].tracks) if number in maps.followed else None
        for number, window in enumerate(windows)
    ]
    mode = settings.tracking
    return MapEvaluation(
        source, asked, tuple(_Named(entry, one) for entry, one in made),
        scores={mode: maps.scores},
        tables={mode: maps.table()},
        early={mode: early_table(maps.scores, maps.keys)},
        strata={mode: strata_table(maps.scores, maps.keys, **drawn)},
        batches={mode: batches},
        trained_here=trained_here(source, [one for _, one in made]),
        about=_about(maps),
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class MapEvaluation(Evaluation):
    """An evaluation of the cells of maps.

    Attributes
    ----------
    about : dict
        How much of the frame was asked for, and done.
    """

    about: dict[str, Any] = field(default_factory=dict)

    def provenance(self) -> dict[str, Any]:
        """Provenance of the numbers."""
        return super().provenance() | {"map": self.about}


def _about(maps: CorrelationMaps) -> dict[str, Any]:
    state = maps.state_of(2)
    return {
        "cells": int(state.size),
        "asked": int((state != CellState.OUTSIDE).sum()),
        "waiting": int((state == CellState.WAITING).sum()),
        "t0": [maps.ground.dates[window.t0] for window in maps.windows],
        "predictor_set": maps.predictor_set.model_dump(mode="json"),
    }


class _Named:
    """A predictor that goes by its key in the predictor set."""

    def __init__(self, entry: PredictorSpec, made: Predictor) -> None:
        self._made = made
        self.name, self.title, self.prefilter = entry.key, entry.title, prefilter_of(made)

    def __call__(self, past: Past) -> Prediction | None:
        return self._made(past)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._made, name)

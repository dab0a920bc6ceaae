"""Scores of the predictors of a comparison, on the held-out splits of a run's datasets."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_icenet.datasets.dataset import SequenceDataset
from napari_icenet.datasets.settings import split_rule
from napari_icenet.errors import TrainingError, WeightsError
from napari_icenet.evaluation.score_all import score_all
from napari_icenet.evaluation.scoring.bootstrap import BlockBootstrap
from napari_icenet.evaluation.scoring.scores import Scores
from napari_icenet.evaluation.scoring.table import mode_table
from napari_icenet.evaluation.settings import EvaluationSettings, make_evaluation_settings
from napari_icenet.evaluation.sources.dataset import DatasetSource, dataset_settings
from napari_icenet.jobs.progress import Progress
from napari_icenet.matching.template import Predictor
from napari_icenet.models.weights import bundled, find_weights
from napari_icenet.predictors.predictor_set import PredictorSet, PredictorSpec
from napari_icenet.predictors.registry import title
from napari_icenet.training.data.fingerprint import chosen, opened_again, read_start
from napari_icenet.training.results.comparison import BeforeAfter, Gain, Role, Row, Score
from napari_icenet.training.run_folder.folder import RunFolder
from napari_icenet.training.settings import RunSettings

#: What needs no training.
_BASELINES = ("persistence", "high-pass", "consensus")
#: Sequences that are judged, and those whose templates are searched for, over all datasets.
_MOST, _TRACKED = 1200, 200


@dataclass(frozen=True)
class _Contender:
    key: str
    title: str
    role: Role
    predictor: Predictor
    weights: Path | None = None


def score_run(run: RunFolder, progress: Progress) -> BeforeAfter:
    """Score what a comparison holds; see :func:`~napari_icenet.training.results.before_after.compare_weights`."""
    began = time.perf_counter()
    settings = run.settings()
    datasets = opened_again(settings.data)
    split = _split(run, datasets, settings)
    sources = _sources(datasets, settings, split)
    contenders = _contenders(run, settings, datasets[0].shape[1])
    if settings.threads is not None:
        import torch

        torch.set_num_threads(settings.threads)
    parts, total, before = [], sum(source.amount for source in sources), 0
    for source in sources:
        share = source.amount / total

        def say(fraction: float, text: str, before: int = before, share: float = share) -> None:
            progress(before / total + share * fraction, text)

        predictors = [one.predictor for one in contenders]
        made = score_all(source, source.settings, predictors, threads=settings.threads, progress=say)
        parts += [scores for scores, _ in made.values()]
        before += source.amount
    scores = Scores.concatenated(parts)
    table = mode_table(scores, [one.key for one in contenders], resamples=2000, seed=settings.seed)
    return BeforeAfter(
        rows=tuple(_row(one, table) for one in contenders),
        gain=_gain(scores, contenders, settings.seed),
        datasets=tuple(str(source.dataset.path) for source in sources),
        split=split,
        sequences=int(scores.counted[:, 1].sum()),
        blocks=table["t2"]["persistence"]["blocks"],
        simulated=all(source.simulated for source in sources),
        device=settings.device,
        seconds=round(time.perf_counter() - began, 1),
        notices=_notices(run, datasets, contenders, split),
    )


def _split(run: RunFolder, datasets: list[SequenceDataset], settings: RunSettings) -> Literal["test", "validation"]:
    """The split to compare on: the test, or the validation where there is no test."""
    if not run.best.exists() and not run.last.exists():
        raise TrainingError(f"{run.path.name} has no weights yet; wait for its first checkpoint or validation.")
    names: tuple[Literal["test", "validation"], ...] = ("test", "validation")
    for name in names:
        if any(len(chosen(dataset, name, settings.data.bands)) for dataset in datasets):
            return name
    raise TrainingError(
        f"the datasets of {run.path.name} hold no ice out, so nothing can be compared; "
        "build one with a test split, or compare on another stack."
    )


def _sources(datasets: list[SequenceDataset], settings: RunSettings, split: str) -> list[DatasetSource]:
    counts = [len(chosen(dataset, split, settings.data.bands)) for dataset in datasets]
    found = []
    for dataset, count in zip(datasets, counts, strict=True):
        if count:
            given: dict[str, object] = {"predictors": ("persistence",), "split": split, "seed": settings.seed}
            if settings.data.bands is not None:
                given["bands"] = tuple(b for b in settings.data.bands if b in set(dataset.band.tolist()))
            share = count / sum(counts)
            given["tracked"] = max(1, round(_TRACKED * share))
            made: EvaluationSettings = make_evaluation_settings(dataset_settings(dataset, given))
            found.append(DatasetSource(dataset, made, max(1, round(_MOST * share))))
    return found


def _contenders(run: RunFolder, settings: RunSettings, chip: int) -> list[_Contender]:
    """Baselines, the weights before, and those after."""
    model, own = settings.model, run.best if run.best.exists() else run.last
    entries: list[tuple[Role, PredictorSpec, str]] = [
        ("baseline", PredictorSpec(name=name), title(name)) for name in _BASELINES
    ]
    start = _start(settings)
    if start is not None:
        entries.append(("before", PredictorSpec(name=model, weights=start), f"{title(model)} before"))
    elif model in bundled() and PredictorSpec(name=model).fits(chip):
        entries.append(("bundled", PredictorSpec(name=model), f"{title(model)} of the package"))
    entries.append(("after", PredictorSpec(name=model, weights=own), f"{title(model)} · {run.path.name}"))
    found = []
    for role, entry, words in entries:
        (made,) = PredictorSet(entries=(entry,), device=settings.device).make(chip)
        key = entry.name if role == "baseline" else role
        found.append(_Contender(key, words, role, made, entry.weights))
    return found


def _start(settings: RunSettings) -> Path | None:
    """The weights that the run began with, where they are still there."""
    if settings.weights is None:
        return None
    try:
        return find_weights(settings.weights)
    except WeightsError:
        return None


def _row(one: _Contender, table: dict[str, Any]) -> Row:
    scores = {target: _score(table[target][one.key]) for target in ("t1", "t2")}
    weights = None if one.weights is None else str(one.weights)
    return Row(key=one.key, title=one.title, role=one.role, weights=weights, **scores)


def _score(row: dict[str, Any]) -> Score:
    return Score.model_validate({name: row[name] for name in Score.model_fields if name in row})


def _gain(scores: Scores, contenders: list[_Contender], seed: int) -> Gain | None:
    """After less before, chip by chip."""
    places = {one.role: place for place, one in enumerate(contenders)}
    before = places.get("before", places.get("bundled"))
    if before is None:
        return None
    found: dict[str, Any] = {}
    for k, target in enumerate(("t1", "t2")):
        counted = scores[scores.counted[:, k]]
        difference: NDArray[np.float64] = counted.ncc[:, places["after"], k] - counted.ncc[:, before, k]
        bootstrap = BlockBootstrap(counted.block_ids, resamples=2000, seed=seed)
        found[target] = float(difference.mean())
        found[f"{target}_interval"] = bootstrap.interval(difference)
    return Gain(**found)


def _notices(
    run: RunFolder, datasets: list[SequenceDataset], contenders: list[_Contender], split: str
) -> tuple[str, ...]:
    """Notices that a reader of the table must know."""
    notes = []
    if split == "validation":
        notes.append("The weights were chosen on this validation split, which flatters them; no test split was built.")
    settings = run.settings()
    if settings.weights is not None and not any(one.role == "before" for one in contenders):
        notes.append(f"The weights that it began with, {settings.weights}, are gone, so there is no row of them.")
    start = read_start(run)
    own = {stack.name: split_rule(dataset.record.settings) for dataset in datasets for stack in dataset.record.stacks}
    known = [] if start is None else start.data.datasets
    met = sorted({name for one in known for name in one.stacks if name in own and one.split != own[name]})
    if met:
        notes.append(
            f"The weights that it began with were trained on parts of {', '.join(met)} that may lie in what is held "
            "out here, which flatters them before and after; split the dataset as theirs was to know."
        )
    if all(dataset.record.simulated for dataset in datasets):
        notes.append("All of it is simulated ice: these numbers say nothing about a real glacier.")
    return tuple(notes)

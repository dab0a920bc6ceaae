"""Sequences scored side by side: on threads of this process, or in processes of their own where there are many."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_icenet.errors import SceneWarning, StackError
from napari_icenet.evaluation.scoring.scorer import Scorer
from napari_icenet.evaluation.scoring.scores import Scores
from napari_icenet.evaluation.settings import EvaluationSettings, Mode
from napari_icenet.evaluation.sources.dataset import DatasetSource
from napari_icenet.evaluation.sources.stack import Batch, StackSource, Task
from napari_icenet.jobs.pool_worker import Task as PoolTask
from napari_icenet.jobs.progress import Progress
from napari_icenet.jobs.worker import Worker
from napari_icenet.jobs.worker_pool import WorkerPool
from napari_icenet.matching.template import Predictor

Source = StackSource | DatasetSource
#: Fewer sequences than this are scored sooner than other processes have started.
_WORTH_IT = 1500


@dataclass(frozen=True, eq=False)
class Scored:
    """The scores of one batch.

    Attributes
    ----------
    mode : {"chain", "robust"}
    key : tuple of int
        Of the batch.
    lot : object
        What the source reads the batch again by.
    scores : Scores
    """

    mode: Mode
    key: tuple[int, ...]
    lot: Any
    scores: Scores


@dataclass(frozen=True, eq=False)
class Work:
    """Work as every process is told it.

    Attributes
    ----------
    open_source : callable
        Opens the source.
    settings : EvaluationSettings
    predictors : tuple of Predictor
    """

    open_source: Callable[[], Source]
    settings: EvaluationSettings
    predictors: tuple[Predictor, ...]


def score_all(
    source: Source,
    settings: EvaluationSettings,
    predictors: Sequence[Predictor],
    *,
    threads: int | None = None,
    processes: int = 1,
    progress: Progress | None = None,
) -> dict[Mode, tuple[Scores, list[Any]]]:
    """Scores of all sequences by way of tracking, and the batches that they were read in.

    Parameters
    ----------
    source : StackSource or DatasetSource
    settings : EvaluationSettings
    predictors : sequence of Predictor
    threads : int, optional
        Of this process, where it works alone. Default: all cores.
    processes : int
        At most; results depend neither on them nor on the threads.
    progress : Progress, optional

    Raises
    ------
    StackError
        No chip shows enough to be judged.
    """
    # What a script defines is not known in other processes.
    alone = source.amount < _WORTH_IT or any(type(one).__module__ == "__main__" for one in predictors)
    processes = 1 if alone else processes
    tasks = source.tasks(processes)
    total, done = sum(task.batches for task in tasks), 0

    def said(title: str) -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(min(done / total, 1.0), title)

    work = Work(source.again_by(), settings, tuple(predictors))
    if min(processes, len(tasks)) > 1:
        found = _in_processes(work, tasks, processes, said)
    else:
        bench = _Bench(source, work, threads)
        found = [bench.scored(batch, task, said) for task in tasks for batch in source.read(task)]
    return {mode: _gathered([one for one in found if one.mode == mode], source.name) for mode in source.modes}


def _gathered(found: list[Scored], name: str) -> tuple[Scores, list[Any]]:
    if not any(one.scores.counted.any() for one in found):
        raise StackError(
            f"no chip of {name} shows ice both before and after t0; choose other bands, a smaller chip, "
            "or scenes with less cloud and fill."
        )
    found = sorted(found, key=lambda one: one.key)
    numbered = [replace(one.scores, batch=np.full(len(one.scores), k, np.int64)) for k, one in enumerate(found)]
    return Scores.concatenated(numbered), [one.lot for one in found]


class _Bench:
    """A source and a scorer, at work in one process."""

    def __init__(self, source: Source, work: Work, threads: int | None) -> None:
        self.source, self.settings = source, work.settings
        self.scorer = Scorer(work.predictors, work.settings.t0, work.settings.search_px, threads=threads)
        self.scorer.tracking.prepare()

    def scored(self, batch: Batch, task: Task, said: Callable[[str], None]) -> Scored:
        scores = self.scorer.score(batch.sequences, 0, self._sample(batch), batch.expected)
        said(batch.title)
        return Scored(task.mode, batch.key, batch.lot, scores)

    def _sample(self, batch: Batch) -> NDArray[np.bool_]:
        """The sequences whose templates are searched for: the same each time, in both ways of tracking."""
        chosen = np.zeros(len(batch.sequences), bool)
        quota = min(len(chosen), -(-self.settings.tracked // max(self.source.batches, 1)))
        rng = np.random.default_rng([self.settings.seed, *batch.key])
        chosen[rng.choice(len(chosen), quota, replace=False)] = True
        return chosen


def score_task(worker: Worker, task: Task) -> list[Scored]:
    """Score the batches of a task in a worker process, on the item ``work``."""
    with worker.uninterrupted():
        bench: _Bench | None = worker.kept.get("bench")
        if bench is None:
            worker.kept["bench"] = bench = _alone(worker.items["work"])
    return [bench.scored(batch, task, lambda title: worker.progress(0, title)) for batch in bench.source.read(task)]


def _alone(work: Work) -> _Bench:
    import cv2

    # One thread each: there are as many processes as cores.
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    cv2.setNumThreads(1)
    # The first process has said it.
    warnings.filterwarnings("ignore", r".* was trained with .* counts as missing", SceneWarning)
    return _Bench(work.open_source(), work, 1)


def _in_processes(work: Work, tasks: Sequence[Task], processes: int, said: Callable[[str], None]) -> list[Scored]:
    calls = [PoolTask(f"{__name__}:score_task", (task,), {"work": work}) for task in tasks]
    with WorkerPool(min(processes, len(tasks)), died=_died) as pool:
        found = pool.run(calls, lambda _task, _share, title: said(title))
    return [one for part in found for one in part]


def _died(how: str) -> StackError:
    return StackError(f"a process that scored sequences {how}; choose fewer processes, then start again.")

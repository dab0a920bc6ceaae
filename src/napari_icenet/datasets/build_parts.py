"""Make the parts of a dataset: here, in worker processes, or on the workers of a Dask cluster."""

from __future__ import annotations

import importlib.util
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from napari_icenet.datasets.cut import Tracker
from napari_icenet.datasets.parts import Job, make_part, pictures_of
from napari_icenet.datasets.settings import DatasetSettings
from napari_icenet.errors import DatasetError, UsageError
from napari_icenet.jobs.pool_worker import Task, UnsendableError
from napari_icenet.jobs.progress import Progress
from napari_icenet.jobs.worker import Worker
from napari_icenet.jobs.worker_pool import WorkerPool
from napari_icenet.matching.engine.engine import Engine
from napari_icenet.scenes.stack import SceneStack

_kept = threading.local()


@dataclass(frozen=True)
class _Work:
    jobs: Sequence[Job]
    stacks: dict[str, SceneStack]
    settings: DatasetSettings
    folder: Path


def make_parts(
    jobs: Sequence[Job],
    stacks: dict[str, SceneStack],
    settings: DatasetSettings,
    folder: Path,
    *,
    scheduler: str | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> None:
    """Make parts that are not there yet.

    Parameters
    ----------
    jobs : sequence of Job
    stacks : dict of str to SceneStack
        By name.
    settings : DatasetSettings
    folder : Path
        Where parts are kept; every worker must see it.
    scheduler : str, optional
        Address of a ``dask.distributed`` scheduler. Default: this machine.
    workers : int
        Processes on this machine; one works in this process, with a thread per core.
    progress : callable, optional

    Raises
    ------
    UsageError
        A scheduler was named and ``dask.distributed`` is not installed.
    DatasetError
        The scheduler does not answer.
    """
    work = _Work(jobs, stacks, settings, folder)
    if scheduler is not None:
        _on_cluster(work, scheduler, progress)
    elif workers > 1:
        _in_processes(work, workers, progress)
    else:
        _here(work, progress)


def _make(job: Job, stack: SceneStack, settings: DatasetSettings, folder: Path, threads: int | None) -> str:
    """Make one part on a worker; pictures and engine are kept for the next part of the same band."""
    tracker: Tracker | None = getattr(_kept, "tracker", None)
    if tracker is None or not _serves(tracker, job, settings):
        _kept.tracker = tracker = Tracker(pictures_of(stack, job.band), settings, engine=Engine(threads=threads))
    make_part(tracker, job, folder / job.key)
    return job.key


def _serves(tracker: Tracker, job: Job, settings: DatasetSettings) -> bool:
    pictures = tracker.pictures
    return (pictures.stack.name, pictures.band, tracker.settings) == (job.stack, job.band, settings)


def _here(work: _Work, progress: Progress | None) -> None:
    tracker, engine = None, Engine()
    for number, job in enumerate(work.jobs):
        if tracker is None or not _serves(tracker, job, work.settings):
            tracker = Tracker(pictures_of(work.stacks[job.stack], job.band), work.settings, engine=engine)

        def within(fraction: float, text: str, number: int = number, job: Job = job) -> None:
            if progress is not None:
                progress((number + fraction) / len(work.jobs), f"{job.stack} {text}")

        make_part(tracker, job, work.folder / job.key, progress=within)


def make_in_process(worker: Worker, job: Job, settings: DatasetSettings, folder: Path, threads: int) -> None:
    """Make one part in a worker process, of the stack that was sent under its name."""
    _make(job, worker.items[job.stack], settings, folder, threads)
    worker.progress(1, job.key)


def _in_processes(work: _Work, workers: int, progress: Progress | None) -> None:
    threads = max(1, (os.cpu_count() or 1) // workers)
    tasks = [
        Task(
            f"{__name__}:make_in_process", (job, work.settings, work.folder, threads),
            {job.stack: work.stacks[job.stack]},
        )
        for job in work.jobs
    ]  # fmt: skip
    done = iter(range(1, len(tasks) + 1))

    def said(*_: object) -> None:
        number = next(done, len(tasks))
        if progress is not None:
            progress(number / len(tasks), f"part {number} of {len(tasks)}")

    with WorkerPool(workers, died=_died) as pool:
        try:
            pool.run(tasks, said)
        except UnsendableError as error:
            names = ", ".join(work.stacks)
            raise DatasetError(
                f"{names} cannot be sent to other processes; save it and open what was saved, or use one worker."
            ) from error


def _died(how: str) -> DatasetError:
    return DatasetError(f"a process that made parts {how}; use fewer workers, then start again: parts are kept.")


def _on_cluster(work: _Work, address: str, progress: Progress | None) -> None:
    if importlib.util.find_spec("distributed") is None:
        raise UsageError("--scheduler needs dask.distributed; install napari-icenet[cluster].")
    distributed: Any = import_module("distributed")
    try:
        client = distributed.Client(address, timeout="10s")
    except (OSError, ValueError) as error:
        raise DatasetError(f"the scheduler {address} does not answer; start it or leave --scheduler out.") from error
    with client:
        # A stack is sent once, not with every part.
        sent = {name: client.scatter(stack, broadcast=True) for name, stack in work.stacks.items()}
        where = work.folder.absolute()
        futures = [
            client.submit(_make, job, sent[job.stack], work.settings, where, None, pure=False) for job in work.jobs
        ]
        for number, future in enumerate(distributed.as_completed(futures), start=1):
            future.result()
            if progress is not None:
                progress(number / len(work.jobs), f"part {number} of {len(work.jobs)}")

"""Datasets made in a process of their own, so that a window stays alive and Cancel acts at once."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from napari_icenet.errors import Cancelled, DatasetError
from napari_icenet.jobs.detached import give_way
from napari_icenet.jobs.pool_worker import Task
from napari_icenet.jobs.worker import Worker
from napari_icenet.jobs.worker_pool import WorkerPool

if TYPE_CHECKING:
    from napari_icenet.datasets.schema import DatasetRecord
    from napari_icenet.jobs.progress import Progress
    from napari_icenet.training.data.plan import DataPlan

#: How often the process tells how far it is, seconds.
_TELL = 0.1


def build(
    plan: DataPlan,
    path: str | Path,
    *,
    force: bool = False,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> DatasetRecord:
    """Make the dataset of a plan, by the function of ``icenet dataset``.

    Waits for it, so it is not for the window's own thread. A build that was cancelled, or whose process was
    killed, goes on from its finished parts next time.

    Parameters
    ----------
    plan : DataPlan
    path : path
        Where the dataset is to be, usually ``….zarr``.
    force : bool
        Replace a dataset that is already there.
    progress : Progress, optional
    cancelled : callable, optional
        Asked several times a second whether to stop.

    Raises
    ------
    DatasetError
        It cannot be made, the disk is full, or its process was killed.
    Cancelled
        It was asked to stop.
    """
    from napari_icenet.datasets.store import read_record

    path = Path(path)

    def check() -> None:
        if cancelled is not None and cancelled():
            raise Cancelled("building the dataset was cancelled; finished parts are kept.")

    def tell(_: int, share: float, text: str) -> None:
        if progress is not None:
            progress(share, text)

    def died(how: str) -> DatasetError:
        return DatasetError(
            f"{path} was not finished, for its process {how}; close programs that need much memory, "
            "then build it again: finished parts are kept."
        )

    with WorkerPool(1, died=died) as pool:
        pool.run([Task(f"{__name__}:build_here", (plan, path, force))], tell, check)
    return read_record(path)


def build_here(worker: Worker, plan: DataPlan, path: Path, force: bool) -> None:
    """Make the dataset of a plan in the worker process.

    Raises IceNetError: it cannot be made, or the disk is full.
    """
    from napari_icenet.datasets.builder import build_dataset
    from napari_icenet.datasets.store import work_folder
    from napari_icenet.training.data.timing import remember

    give_way()
    told = 0.0

    def progress(fraction: float, text: str) -> None:
        nonlocal told
        if time.monotonic() - told >= _TELL:
            told = time.monotonic()
            worker.progress(fraction, text)

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = not path.exists() and not work_folder(path).exists()
        began = time.perf_counter()
        made = build_dataset([plan.stack], path, plan.settings, force=force, progress=progress)
        count = sum(part.count for part in made.parts)
        if whole and count:
            # The next estimate rests on what this one took.
            remember(plan.settings, (time.perf_counter() - began) / count)
    except (OSError, MemoryError) as error:
        why = getattr(error, "strerror", None) or "the memory is too small"
        raise DatasetError(f"{path} cannot be made ({why}); free some space, then build it again.") from error

"""Datasets made in a process of their own, so that a window stays alive and Cancel acts at once."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_icenet import errors
from napari_icenet.errors import Cancelled, DatasetError, IceNetError

if TYPE_CHECKING:
    from napari_icenet.datasets.schema import DatasetRecord
    from napari_icenet.jobs.progress import Progress
    from napari_icenet.training.data.plan import DataPlan

#: Seconds that the process has to tidy up.
_LEAVE = 5.0
#: How often it is looked whether to stop, and the process tells how far it is, seconds.
_LOOK, _TELL = 0.05, 0.1


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
    progress : callable, optional
        May raise to stop.
    cancelled : callable, optional
        Asked several times a second whether to stop.

    Returns
    -------
    DatasetRecord

    Raises
    ------
    DatasetError
        It cannot be made, the disk is full, or its process was killed.
    Cancelled
        It was asked to stop.
    """
    from napari_icenet.datasets.store import read_record

    # Spawned, not forked: a fork would share the locks of this process's threads.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_build, args=(theirs, plan, Path(path), force), daemon=True)
    process.start()
    theirs.close()
    try:
        said = _followed(ours, process, progress, cancelled)
        process.join(_LEAVE)
    finally:
        if process.is_alive():
            process.kill()
        process.join()
        ours.close()
    if said is None:
        raise DatasetError(
            f"{path} was not finished, for its process was killed; close programs that need much memory, "
            "then build it again: finished parts are kept."
        )
    if isinstance(said, IceNetError):
        raise said
    return read_record(Path(path))


def _followed(
    ours: Connection, process: Any, progress: Progress | None, cancelled: Callable[[], bool] | None
) -> IceNetError | str | None:
    """What the process said last: ``done``, or what went wrong; None where it said nothing."""
    while True:
        if cancelled is not None and cancelled():
            raise Cancelled("building the dataset was cancelled; finished parts are kept.")
        try:
            if not ours.poll(_LOOK):
                if not process.is_alive() and not ours.poll():
                    return None
                continue
            kind, *words = ours.recv()
        except (EOFError, OSError):
            return None
        if kind == "progress":
            if progress is not None:
                progress(*words)
        elif kind == "done":
            return "done"
        else:
            made = getattr(errors, kind, DatasetError)(words[0])
            return made if isinstance(made, IceNetError) else DatasetError(words[0])


def _build(pipe: Connection, plan: DataPlan, path: Path, force: bool) -> None:
    """The work of the process."""
    from napari_icenet.datasets.builder import build_dataset
    from napari_icenet.datasets.store import work_folder
    from napari_icenet.jobs.detached import NICE
    from napari_icenet.training.data.timing import remember

    if hasattr(os, "nice"):
        os.nice(NICE)
    told = 0.0

    def progress(fraction: float, text: str) -> None:
        nonlocal told
        if time.monotonic() - told >= _TELL:
            told = time.monotonic()
            # Nobody is there to listen: the window is gone, and the work ends with it.
            pipe.send(("progress", fraction, text))

    with suppress(BrokenPipeError):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            whole = not path.exists() and not work_folder(path).exists()
            began = time.perf_counter()
            made = build_dataset([plan.stack], path, plan.settings, force=force, progress=progress)
            count = sum(part.count for part in made.parts)
            if whole and count:
                # The next estimate rests on what this one took.
                remember(plan.settings, (time.perf_counter() - began) / count)
        except IceNetError as error:
            pipe.send((type(error).__name__, str(error)))
        except BrokenPipeError:
            raise
        except (OSError, MemoryError) as error:
            why = getattr(error, "strerror", None) or "the memory is too small"
            pipe.send(("DatasetError", f"{path} cannot be made ({why}); free some space, then build it again."))
        else:
            pipe.send(("done",))

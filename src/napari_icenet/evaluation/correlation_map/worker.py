"""The work on maps in a worker process: one context for the stack, and errors as sentences."""

from __future__ import annotations

import os
import traceback
import warnings
from typing import TYPE_CHECKING

from napari_icenet.errors import IceNetError, SceneWarning, TrackingError, UsageError, WeightsError
from napari_icenet.jobs.worker import Worker

if TYPE_CHECKING:
    from napari_icenet.evaluation.correlation_map.tasks import Job, WorkerContext

#: Niceness of the processes, below the window's priority.
_NICE = 5


def set_up() -> None:
    """Lower the priority, and use one thread: there are as many processes as cores."""
    if hasattr(os, "nice"):
        os.nice(_NICE)
    # What could not be read is told with the results; the rest was said where the stack was opened.
    warnings.simplefilter("ignore", SceneWarning)
    import cv2

    cv2.setNumThreads(1)


def do(worker: Worker, job: Job) -> object:
    """Do a job on the items ``stack`` and ``spec``; what comes of it.

    Raises IceNetError: whatever went wrong.
    """
    try:
        with worker.uninterrupted():
            context = _context(worker)
        return context.do(job, worker.progress)
    except Exception as error:
        traceback.print_exc()
        raise sentence_of(error) from error


def _context(worker: Worker) -> WorkerContext:
    from napari_icenet.evaluation.correlation_map.tasks import WorkerContext

    stack, spec = worker.items["stack"], worker.items.get("spec")
    context: WorkerContext | None = worker.kept.get("context")
    if context is None or context.stack is not stack:
        worker.kept["context"] = context = WorkerContext(stack, worker.uninterrupted)
        worker.kept["spec"] = None
    if spec is not None and worker.kept["spec"] is not spec:
        context.take(spec)
        worker.kept["spec"] = spec
    return context


def sentence_of(error: Exception) -> IceNetError:
    """The error as one of the house's, fit to be sent to another process."""
    if isinstance(error, IceNetError):
        return type(error)(str(error))
    if isinstance(error, MemoryError):
        return UsageError("the memory is full; choose a smaller area, a larger stride, or fewer predictors.")
    name, first = type(error).__name__, next(iter(str(error).splitlines()), "")
    if name in ("OutOfMemoryError", "AcceleratorError"):
        return WeightsError(f"the device of the networks gave up ({first}); choose the device cpu, or try again.")
    if isinstance(error, OSError):
        return TrackingError(f"a file cannot be used any more ({error}); open the stack again.")
    return TrackingError(f"the map stopped at an error that nobody foresaw ({name}: {first}).")

"""Run predictors on many chips: networks in batches that fit device memory, others in threads.

Failures of CUDA, HIP and MPS become :class:`~napari_icenet.errors.WeightsError`.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Protocol, TypeVar, runtime_checkable

from napari_icenet.errors import SceneWarning, WeightsError
from napari_icenet.jobs.prefetch import prefetch
from napari_icenet.jobs.progress import Progress
from napari_icenet.matching.template import Past, Prediction, Predictor, failures_of, predicted

Item = TypeVar("Item")
Made = TypeVar("Made")

#: How PyTorch begins to tell that a graphics processor failed; on the CPU such errors would be faults of ours.
_FAILED = ("CUDA", "HIP", "cuDNN", "CUDNN", "cuBLAS", "CUBLAS", "MPS", "Metal", "no kernel image")
#: How it tells that memory is short, where it has no error of its own for that.
_FULL = ("out of memory", "not enough memory", "can't allocate memory")


@runtime_checkable
class BatchPredictor(Predictor, Protocol):
    """A predictor that has a quicker way for many chips, such as a network."""

    def predict_many(self, pasts: Sequence[Past]) -> list[Prediction | None]:
        """Predict templates of many pasts, in order; the same as calling it on each."""
        ...


def predict_many(
    predictor: Predictor,
    pasts: Sequence[Past],
    *,
    threads: int | None = None,
    progress: Progress | None = None,
) -> list[Prediction | None]:
    """Templates of one predictor for many pasts.

    Parameters
    ----------
    predictor : Predictor
        One with a ``predict_many`` of its own is asked for all at once; others chip by chip.
    pasts : sequence of Past
    threads : int, optional
        Default: all cores; results do not depend on it.
    progress : callable, optional
        Told the share that is done, 0 to 1, and what is made; may raise to stop.

    Returns
    -------
    list of Prediction or None
        In the order of ``pasts``.
    """
    if isinstance(predictor, BatchPredictor):
        with failures_of(predictor):
            return predictor.predict_many(pasts)
    made: list[Prediction | None] = []
    for one in prefetch(partial(predicted, predictor), pasts, threads=threads or os.cpu_count() or 1):
        made.append(one)
        if progress is not None:
            progress(len(made) / len(pasts), predictor.title)
    return made


def in_batches(items: Sequence[Item], most: int, work: Callable[[Sequence[Item]], Iterable[Made]]) -> Iterator[Made]:
    """Run ``work`` on all items, so many at a time; fewer where the memory does not hold them.

    Parameters
    ----------
    items : sequence
    most : int
        Largest lot.
    work : callable
        From a lot to as many results.

    Raises
    ------
    WeightsError
        The memory does not hold a single one, or the device failed.
    """
    start = 0
    while start < len(items):
        size, made = min(most, len(items) - start), None
        try:
            with device_errors():
                made = list(work(items[start : start + size]))
        except MemoryFullError:
            if size == 1:
                raise
        if made is None:
            # Not while the error is handled: it holds on to what filled the memory.
            free_memory()
            most = size // 2
            warnings.warn(f"The memory is full; {most} chips are predicted at a time.", SceneWarning, stacklevel=2)
            continue
        yield from made
        start += len(made)


class MemoryFullError(WeightsError):
    """The memory of the device does not hold a network and what it works on."""


@contextmanager
def device_errors() -> Iterator[None]:
    """Say in a sentence that a device is full, or has failed or gone.

    Raises
    ------
    MemoryFullError
        The memory is full.
    WeightsError
        The device failed.
    """
    try:
        yield
    except RuntimeError as error:
        # PyTorch's own error for a full memory is a RuntimeError, too.
        text = str(error).strip()
        first = text.splitlines()[0].rstrip(".") if text else type(error).__name__
        if type(error).__name__ == "OutOfMemoryError" or any(word in text for word in _FULL):
            raise MemoryFullError(
                "the device's memory does not hold this network and its chips; close what else uses it, "
                "or choose the device cpu."
            ) from error
        if type(error).__name__ == "AcceleratorError" or text.startswith(_FAILED):
            raise WeightsError(
                f"the device failed ({first}); choose the device cpu, or start anew when the device is back."
            ) from error
        raise


def free_memory() -> None:
    """Give back the memory that PyTorch keeps on graphics processors for later; nothing where it keeps none."""
    torch = sys.modules.get("torch")
    if torch is None:
        return
    try:
        if torch.cuda.is_initialized():
            torch.cuda.empty_cache()
        if torch.backends.mps.is_available():
            torch.mps.empty_cache()
    except RuntimeError as error:
        # A device that is gone keeps nothing.
        warnings.warn(f"The memory of a device was not given back ({error}).", SceneWarning, stacklevel=2)

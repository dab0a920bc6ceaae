"""Training a network: from settings to a run folder with weights, card and log."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Self

from napari_icenet.common.described import Described
from napari_icenet.errors import Cancelled, IceNetError, TrainingError, UsageError
from napari_icenet.jobs.file_lock import locked
from napari_icenet.jobs.progress import Progress
from napari_icenet.training.data.recipe import cut_missing
from napari_icenet.training.presets import Learned, run_settings
from napari_icenet.training.run_folder.folder import RunFolder
from napari_icenet.training.run_folder.status import RunStatus, State
from napari_icenet.training.settings import RunSettings

if TYPE_CHECKING:
    from napari_icenet.training.loop.loop import Loop


@dataclass(frozen=True, repr=False)
class Result(Described):
    """Result of a run: its state, scores and weights.

    Attributes
    ----------
    folder : RunFolder
    state : {'finished', 'stopped'}
    step, of : int
        Steps taken, and how many there were to be.
    t2, persistence_t2 : float, optional
        Best mean correlation at t2 on held-out chips, and persistence's on the same.
    weights : Path, optional
        The best weights, or the last where nothing was validated; None before there are any.
    signal : int, optional
        The signal that stopped it.
    """

    folder: RunFolder
    state: State
    step: int
    of: int
    t2: float | None
    persistence_t2: float | None
    weights: Path | None
    signal: int | None = None

    def facts(self) -> dict[str, str]:
        """Facts of a run: where it is, how far it came, and what it reached."""
        scores = "" if self.t2 is None else f"{self.t2:.3f} at t2"
        if scores and self.persistence_t2 is not None:
            scores += f" (persistence {self.persistence_t2:.3f})"
        return {
            "folder": str(self.folder.path),
            "state": self.state,
            "steps": f"step {self.step} of {self.of}",
            "score": scores,
            "weights": "" if self.weights is None else f"weights {self.weights.name}",
        }


class StopSignals:
    """Turn Ctrl-C and SIGTERM into a request that is heeded after the step; a second Ctrl-C ends at once.

    In a thread that is not the main one, signals are left alone.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._receive)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self.received is not None and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.received = number


def train(
    data: RunSettings | Learned | None,
    run_folder: str | Path,
    *,
    preset: str | None = None,
    model: str | None = None,
    steps: int | None = None,
    resume: bool = False,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
    **choices: Any,
) -> Result:
    """Train a network, or go on with a run.

    Under ``torchrun`` every process calls this with the same arguments; the first one writes.
    Ctrl-C, SIGTERM, ``stop`` and :meth:`RunFolder.request` end it within one step, and all that was
    reached is kept.

    Parameters
    ----------
    data : RunSettings, dataset, path of one, or sequence of these, optional
        All settings; or what is learned from, the others by name. With ``resume``: None for the settings of the run;
        others must give the same steps.
    run_folder : path
        Made if it is not there.
    preset : {'quick', 'paper', 'fine-tune'}, optional
    model : str, optional
        Name of the network; default: ``icenet``.
    steps : int, optional
        Steps of the optimiser.
    resume : bool
        Go on with the run in the folder, from its last checkpoint.
    progress : callable, optional
        Told the share that is done, 0 to 1, and what is being done; may raise
        :class:`~napari_icenet.errors.Cancelled` to stop.
    stop : callable, optional
        Asked at every step whether to stop.
    **choices
        Further fields of :class:`~napari_icenet.training.settings.RunSettings`, by name, such as ``seed=1``.

    Returns
    -------
    Result

    Raises
    ------
    UsageError
        A setting cannot be used, or the folder holds something else.
    TrainingError
        The data do not allow it or have changed, the loss is not finite, or the disk is full.
    DatasetError, WeightsError
        A dataset, or the weights to start from, cannot be used.
    """
    folder = RunFolder(run_folder)
    choices |= {"preset": preset, "model": model, "steps": steps}
    chosen = _check_folder(folder, _settings(data, choices), resume)
    # One that was stopped while it cut its dataset begins.
    resume = resume and folder.exists()
    with ExitStack() as stack:
        signals = stack.enter_context(StopSignals())

        loop: Loop | None = None
        mine, reported = False, float("-inf")

        def asked() -> bool:
            return signals.received is not None or (stop is not None and stop())

        def asked_here() -> bool:
            return asked() or (mine and folder.requested() == "stop")

        def say(fraction: float, text: str) -> None:
            if progress is not None:
                progress(fraction, text)

        def prepare(fraction: float, text: str) -> None:
            nonlocal reported
            if asked_here():
                raise Cancelled("training was stopped before its first step.")
            if mine and time.monotonic() - reported > 1:
                reported = time.monotonic()
                _tell(folder, loop, "preparing", text)
            say(fraction, text)

        try:
            # Of several processes the first one cuts.
            if folder.cut.exists() and os.environ.get("RANK", "0") == "0":
                stack.enter_context(locked(folder.path))
                mine = True
                cut_missing(folder, chosen.data.datasets, prepare, asked_here)
            from napari_icenet.training.setup import Session

            session = stack.enter_context(Session(chosen, folder, resume=resume, held=mine))
            mine = session.group.first
            prepare(0.0, "reading datasets")
            loop = session.loop(prepare, say, asked)
            state = loop.run(session.batches())
        except Cancelled:
            state = "stopped"
        except IceNetError as error:
            if mine:
                _tell(folder, loop, "failed", str(error))
            raise
        except (OSError, MemoryError) as error:
            plain = _plain(folder, error)
            if mine:
                _tell(folder, loop, "failed", str(plain))
            raise plain from error
        if mine:
            _tell(folder, loop, state)
        best = loop.at.best if loop is not None else {}
        weights = next((path for path in (folder.best, folder.last) if path.exists()), None)
        step = loop.at.step if loop is not None else 0
        return Result(
            folder, state, step, chosen.optimisation.steps, best.get("t2"), best.get("persistence_t2"), weights,
            signals.received,
        )  # fmt: skip


def _settings(data: RunSettings | Learned | None, choices: dict[str, Any]) -> RunSettings | None:
    """The settings that were given, or those of what was given by name."""
    given = {name: value for name, value in choices.items() if value is not None}
    if data is None or isinstance(data, RunSettings):
        if given:
            raise UsageError(f"{', '.join(given)} can be chosen beside datasets alone; put it into the settings.")
        return data
    return run_settings(data, **given)


def _check_folder(folder: RunFolder, settings: RunSettings | None, resume: bool) -> RunSettings:
    """The settings to go on with, or to begin with in a new folder."""
    if not resume:
        if settings is None:
            raise UsageError("no settings were given; hand over RunSettings, or resume a run.")
        # Of several processes the first one looks, for it alone writes.
        first = os.environ.get("RANK", "0") == "0"
        if first and not folder.untouched():
            raise UsageError(
                f"{folder.path} is there already; continue it with resume=True (--resume), or choose another folder "
                "(icenet train --force replaces it)."
            )
        return settings
    before = folder.settings()
    return before if settings is None else settings


def _plain(folder: RunFolder, error: OSError | MemoryError) -> TrainingError:
    """One sentence on what the system refused."""
    if isinstance(error, MemoryError):
        return TrainingError(
            f"the memory is too small for the run in {folder.path}; choose fewer data or a smaller batch."
        )
    return TrainingError(
        f"the run in {folder.path} cannot go on ({error.strerror or error}); mend this, then resume it."
    )


def _tell(folder: RunFolder, loop: Loop | None, state: State, message: str = "") -> None:
    """Say what the run does, or how it ended; a full disk, which may be why, does not hide the reason."""
    if loop is not None:
        status = loop.status(state, message)
    else:
        status = RunStatus(
            state=state, pid=os.getpid(), host=socket.gethostname(), message=message, started=time.time()
        )
    with suppress(OSError):
        folder.write_status(status)

"""A run in a few words and numbers, for a list of runs."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from napari_icenet.errors import TrainingError
from napari_icenet.training.results.describe_data import data_words
from napari_icenet.training.run_folder.folder import RunFolder
from napari_icenet.training.run_folder.status import ACTIVE, RunStatus
from napari_icenet.training.settings import RunSettings


@dataclass(frozen=True)
class RunSummary:
    """One run.

    Attributes
    ----------
    folder : Path
    state : str
        As of :class:`~napari_icenet.training.run_folder.status.RunStatus`, or ``queued``, ``new`` (it was
        never started) or ``damaged``.
    message : str
        What is being done, or what is the matter.
    model : str
    preset : str
        Name of the preset that its settings come nearest to, or ``own``.
    data : str
        What it learns from, in a few words.
    simulated : bool
        Whether the ice that it is judged on is simulated.
    step, of : int
    t2, persistence_t2 : float, optional
        Best mean correlation at t2 on held-out chips, and persistence's on the same.
    best_step : int, optional
    started : float
        Seconds since 1970; 0 before it began.
    seconds : float
        Spent in steps.
    silent : float
        Seconds since its process has said anything; 0 where none is at work.
    seconds_left, sequences_per_second : float, optional
    device : str
    weights : Path, optional
        The best weights, or the last where nothing was validated.
    """

    folder: Path
    state: str
    message: str = ""
    model: str = ""
    preset: str = ""
    data: str = ""
    simulated: bool = False
    step: int = 0
    of: int = 0
    t2: float | None = None
    persistence_t2: float | None = None
    best_step: int | None = None
    started: float = 0.0
    seconds: float = 0.0
    silent: float = 0.0
    seconds_left: float | None = None
    sequences_per_second: float | None = None
    device: str = ""
    weights: Path | None = None

    @property
    def name(self) -> str:
        """Of its folder."""
        return self.folder.name

    @property
    def active(self) -> bool:
        """True if a process is at work."""
        return self.state in ACTIVE

    @property
    def resumable(self) -> bool:
        """True if it can go on: it was stopped, or failed by what can be mended."""
        begun = any((self.folder / name).exists() for name in ("config.json", "cut.json"))
        return self.state in ("stopped", "failed") and begun and self.step < self.of

    @property
    def gain(self) -> float | None:
        """Gain of the best weights over persistence in correlation at t2; None where nothing was validated."""
        return None if self.t2 is None or self.persistence_t2 is None else self.t2 - self.persistence_t2


def summarize_run(path: Path, *, queued: bool = False) -> RunSummary:
    """A run, by what its folder says; a damaged one says so."""
    run = RunFolder(path)
    try:
        settings = run.settings()
    except TrainingError as error:
        return RunSummary(path, "damaged", str(error))
    status = run.status()
    weights = next((file for file in (run.best, run.last) if file.exists()), None)
    data, simulated = data_words(run, settings)
    found = RunSummary(
        path, "queued" if queued else "new", model=settings.model, preset=preset_of(settings), data=data,
        simulated=simulated, of=settings.optimisation.steps, device=settings.device, weights=weights,
        started=_begun(run),
    )  # fmt: skip
    if status is None:
        return found
    return _with_status(found, status, queued)


def _with_status(found: RunSummary, status: RunStatus, queued: bool) -> RunSummary:
    active = status.state in ACTIVE
    return replace(
        found,
        state="queued" if queued and not active else status.state,
        message=status.message,
        step=status.step,
        of=status.of or found.of,
        t2=status.t2,
        persistence_t2=status.persistence_t2,
        best_step=status.best_step,
        started=status.started or found.started,
        seconds=status.seconds,
        silent=_silent(status) if active else 0.0,
        seconds_left=status.seconds_left if active else None,
        sequences_per_second=status.sequences_per_second if active else None,
        device=status.device or found.device,
    )


def _silent(status: RunStatus) -> float:
    """Since when nothing was heard, in whole minutes: a number that changes each moment says nothing more."""
    seconds = time.time() - status.updated if status.updated else 0.0
    return 60.0 * max(0, int(seconds // 60))


def preset_of(settings: RunSettings) -> str:
    """Name of the preset that settings were made from, told by what every use of it leaves alone; else ``own``."""
    values: dict[str, Any] = settings.model_dump(mode="json")
    optimisation, model = values["optimisation"], settings.model
    if settings.weights is not None:
        return "fine-tune"
    if model == "svg-lp" and values["model_settings"].get("channels") == 64 and optimisation["optimiser"] == "adam":
        return "paper"
    width = values["model_settings"].get("channels" if model == "svg-lp" else "width")
    return "quick" if width == 16 else "own"


def _begun(run: RunFolder) -> float:
    """Time at which the run was made; now where that is not known."""
    try:
        path = run.wanted if run.wanted.exists() else run.config
        return path.stat().st_mtime
    except OSError:
        return time.time()

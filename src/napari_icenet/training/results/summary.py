"""A run in a few words and numbers, for a list of runs."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from napari_icenet.errors import TrainingError
from napari_icenet.training.data.fingerprint import DataRecord
from napari_icenet.training.run_folder.folder import RunFolder
from napari_icenet.training.run_folder.status import ACTIVE, RunStatus
from napari_icenet.training.settings import RunSettings

#: Fields of a status that are told as they are.
_TOLD = ("message", "step", "t2", "persistence_t2", "best_step", "seconds")


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
        **{name: getattr(status, name) for name in _TOLD},
        state="queued" if queued and not active else status.state,
        of=status.of or found.of,
        started=status.started or found.started,
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


def data_words(run: RunFolder, settings: RunSettings) -> tuple[str, bool]:
    """Datasets with their training sequences, bands and simulated ice; and whether all of it is simulated."""
    try:
        record = DataRecord.model_validate_json(run.data.read_bytes())
    except (OSError, ValidationError):
        record = None
    if record is not None:
        parts = [f"{Path(use.path).name} ({use.sequences.get('train', 0)})" for use in record.datasets]
    else:
        parts = [Path(path).name for path in settings.data.datasets]
    if settings.data.bands is not None and parts:
        parts[-1] += f", {', '.join(settings.data.bands)}"
    if settings.data.simulated:
        parts.append(f"simulated ice ({settings.data.simulated})")
    uses = record.datasets if record is not None else ()
    # Held-out ice is that of the datasets; simulated ice beside them does not make its numbers simulated.
    known = bool(settings.data.datasets and uses)
    return ", ".join(parts), all(use.simulated for use in uses) if known else not settings.data.datasets

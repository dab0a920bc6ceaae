"""Checkpoints: all that a run needs to go on as if it had never stopped."""

from __future__ import annotations

import math
import pickle
import random
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from napari_icenet.common.atomic_io import write_durably
from napari_icenet.errors import TrainingError
from napari_icenet.training.settings import RunSettings

#: Raised when a reader of an older version would misread a checkpoint.
FORMAT = 1
#: Checkpoints that are kept: should the newest be damaged, there is one more.
KEPT = 2
#: What torch raises over bytes that are no checkpoint: its reader of old archives trusts what it is given.
_DAMAGED = (
    OSError, RuntimeError, EOFError, ValueError, LookupError, TypeError, AttributeError, struct.error,
    pickle.UnpicklingError,
)  # fmt: skip


@dataclass
class TrainingState:
    """Training state kept in a checkpoint: steps taken, best scores, counters of early stopping.

    Attributes
    ----------
    step : int
        Steps taken.
    seconds : float
        Spent in them.
    best : dict
        The best validation so far: step, t1, t2, and persistence's; empty before the first.
    since_best : int
        Validations since then.
    validated : int, optional
        Step of the last validation; -1 before the one that is due at first, None where it was not written down.
    """

    step: int = 0
    seconds: float = 0.0
    best: dict[str, Any] = field(default_factory=dict)
    since_best: int = 0
    validated: int | None = None

    def owes_validation(self, settings: RunSettings) -> bool:
        """True if the run begins with a validation, or was stopped in the middle of one."""
        every = settings.validation.every
        due = bool(every) and (self.step % every == 0 or self.step >= settings.optimisation.steps)
        return due and self.validated is not None and self.validated < self.step

    def improved_by(self, t2: float) -> bool:
        """True if a correlation at t2 is better than the best so far; NaN never is, and never stays the best."""
        # A checkpoint of an earlier version may hold NaN as the best.
        before = float(self.best.get("t2", math.nan))
        return math.isfinite(t2) and not (math.isfinite(before) and t2 <= before)

    def has_given_up(self, settings: RunSettings) -> bool:
        """True if too many validations in a row were no better than the best one."""
        patience = settings.validation.patience
        return bool(patience) and self.since_best >= patience


def checkpoint_paths(folder: Path) -> list[Path]:
    """Checkpoints in a folder, oldest first."""
    return sorted(folder.glob("step-*.pt"))


def save_checkpoint(folder: Path, step: int, state: dict[str, Any]) -> Path:
    """Write a checkpoint, whole or absent, and delete those that are older than the one before.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    step : int
    state : dict
        Tensors, numbers, texts, lists and dicts.

    Raises
    ------
    TrainingError
        It cannot be written; older checkpoints are as they were.
    """
    path = folder / f"step-{step:08d}.pt"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_durably(path, lambda file: torch.save({"format": FORMAT, "step": step, **state}, file))
    except (OSError, RuntimeError) as error:
        # torch tells of a full disk by an error of its own, caused by that of the file.
        causes = error, error.__cause__, error.__context__
        why = next((str(e.strerror) for e in causes if isinstance(e, OSError)), "the disk may be full")
        raise TrainingError(f"{path} cannot be written ({why}); free some space, then resume the run.") from error
    for old in [known for known in checkpoint_paths(folder) if known.name < path.name][: -(KEPT - 1)]:
        old.unlink(missing_ok=True)
    return path


def load_checkpoint(folder: Path) -> dict[str, Any] | None:
    """The newest checkpoint that can be read; None where there is none. Nothing but data is unpickled.

    Raises TrainingError: none of those there can be read, or a newer version wrote them.
    """
    paths = checkpoint_paths(folder)
    for path in reversed(paths):
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
        except _DAMAGED:
            continue
        if not isinstance(state, dict) or not isinstance(state.get("format"), int):
            continue
        if state["format"] > FORMAT:
            raise TrainingError(
                f"{path} is of a newer napari-icenet (format {state['format']}); update to continue it."
            )
        return state
    if paths:
        raise TrainingError(f"{paths[-1]} is damaged, as is the one before; start the run anew with --force.")
    return None


def random_states() -> dict[str, Any]:
    """Random states of Python, numpy and torch in this process, as plain data."""
    kind, keys, place, has_gauss, gauss = np.random.get_state(legacy=True)  # noqa: NPY002 (what others may use)
    return {
        "python": random.getstate(),
        "numpy": (str(kind), torch.from_numpy(np.asarray(keys, np.int64)), int(place), int(has_gauss), float(gauss)),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def restore_random_states(states: Mapping[str, Any]) -> None:
    """Continue all random numbers where they were; those of GPUs only where there are as many."""
    random.setstate(states["python"])
    kind, keys, place, has_gauss, gauss = states["numpy"]
    np.random.set_state((kind, keys.numpy().astype(np.uint32), place, has_gauss, gauss))  # noqa: NPY002
    torch.set_rng_state(states["torch"])
    if states["cuda"] and len(states["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(states["cuda"])

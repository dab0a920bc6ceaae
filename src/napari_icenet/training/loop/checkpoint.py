"""Checkpoints: all that a run needs to go on as if it had never stopped."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch

from napari_icenet.common.atomic_io import write_durably
from napari_icenet.errors import TrainingError

#: Raised when a reader of an older version would misread a checkpoint.
FORMAT = 1
#: Checkpoints that are kept: should the newest be damaged, there is one more.
KEPT = 2


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

    Raises
    ------
    TrainingError
        None of those there can be read, or a newer version wrote them.
    """
    paths = checkpoint_paths(folder)
    for path in reversed(paths):
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
        except (OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError):
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

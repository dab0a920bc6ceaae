"""Simulated sequences for training: drawn once, kept glacier by glacier, held in half precision."""

from __future__ import annotations

import hashlib
import os
import zipfile
from contextlib import closing
from itertools import count as counting
from pathlib import Path
from typing import Any

import numpy as np

from napari_icenet.common.atomic_io import write_durably
from napari_icenet.common.software import __version__
from napari_icenet.errors import TrainingError
from napari_icenet.jobs.prefetch import prefetch
from napari_icenet.jobs.progress import Progress
from napari_icenet.simulation.glacier import TrainingSettings, draw_glacier
from napari_icenet.simulation.sequences import sequences_of
from napari_icenet.training.data.examples import Examples
from napari_icenet.training.data.subpixel_positions import positions_of

#: Arrays of a glacier's file.
_ARRAYS = ("chips", "days", "valid", "cloud", "positions")


def simulated_examples(
    count: int,
    settings: TrainingSettings,
    folder: Path,
    *,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Examples:
    """``count`` simulated sequences, those of a seed always the same.

    Each glacier is a file in the folder, so that a run that was stopped goes on where it was, and a
    larger count begins with what is there.

    Parameters
    ----------
    count : int
    settings : TrainingSettings
    folder : Path
        Where glaciers are kept.
    seed : int
    threads : int, optional
        Default: all cores.
    progress : Progress, optional

    Returns
    -------
    held : Examples
        Chips of float16: top-of-atmosphere reflectance.

    Raises
    ------
    TrainingError
        A file cannot be written.
    """
    own = folder / f"simulated-{_key(settings, seed)}"
    own.mkdir(parents=True, exist_ok=True)
    side, frames = settings.chip, settings.frames
    held = Examples(
        chips=np.empty((count, frames, side, side), np.float16),
        days=np.empty((count, frames)),
        valid=np.empty((count, frames), bool),
        cloud=np.empty((count, frames), np.float32),
        positions=np.empty((count, frames, 2)),
        simulated=np.ones(count, bool),
    )
    glaciers = prefetch(
        lambda number: _glacier(own / f"{number:06d}.npz", settings, seed, number),
        counting(),
        threads=threads or os.cpu_count() or 1,
    )
    done = 0
    with closing(glaciers):
        while done < count:
            arrays = next(glaciers)
            stop = min(done + len(arrays["chips"]), count)
            for name in _ARRAYS:
                getattr(held, name)[done:stop] = arrays[name][: stop - done]
            done = stop
            if progress is not None:
                progress(done / count, f"simulating ice, {done} of {count} sequences")
    return held


def _glacier(path: Path, settings: TrainingSettings, seed: int, number: int) -> dict[str, np.ndarray[Any, Any]]:
    """The sequences of a glacier, read where they are kept, else made and kept."""
    try:
        with np.load(path, allow_pickle=False) as found:
            return {name: found[name] for name in _ARRAYS}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        pass  # not there, or cut short by a crash: made anew
    made = sequences_of(draw_glacier(settings, seed, number), settings)
    arrays: dict[str, np.ndarray[Any, Any]] = {
        "chips": made.chips.astype(np.float16),
        "days": made.days,
        "valid": made.valid,
        "cloud": made.cloud,
        "positions": np.stack([positions_of(chips) for chips in made.chips])
        if len(made)
        else np.empty((0, settings.frames, 2)),
    }
    try:
        write_durably(path, lambda file: np.savez(file, **arrays))  # type: ignore[arg-type]
    except OSError as error:
        raise TrainingError(f"{path} cannot be written ({error.strerror or error}); free some space.") from error
    return arrays


def _key(settings: TrainingSettings, seed: int) -> str:
    """Tells sequences of other settings, or of another version's simulation, apart."""
    text = f"{__version__} {seed} {settings.model_dump_json()}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]

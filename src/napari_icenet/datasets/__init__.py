"""Sequences of chips cut from stacks, split by area or time and stored for training.

Imports ``matching`` and the rooms above it; imported by ``evaluation``, ``training``, ``cli`` and ``gui``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_icenet.datasets.dataset import SequenceDataset
    from napari_icenet.jobs.progress import Progress
    from napari_icenet.scenes.stack import SceneStack


def build(
    stacks: SceneStack | Sequence[SceneStack],
    out: str | Path,
    *,
    workers: int = 1,
    force: bool = False,
    progress: Progress | None = None,
    **settings: Any,
) -> SequenceDataset:
    """Cut stacks into a dataset of sequences, or extend one, and open it.

    Parameters
    ----------
    stacks : SceneStack, or sequence of them
    out : str or Path
        Folder to make, usually ``….zarr``; a dataset with the same settings is extended by what is new.
    workers : int
        Processes on this machine.
    force : bool
        Replace a dataset that is already there.
    progress : callable, optional
        Told the share that is done, 0 to 1, and what is being done; may raise ``Cancelled`` to stop.
    **settings
        Fields of :class:`~napari_icenet.datasets.settings.DatasetSettings`, by name; each has a default.

    Raises
    ------
    DatasetError
        A stack is too short, too small or of other bands, or ``out`` cannot be extended.
    UsageError
        A setting cannot be used, there is no such band, or two stacks have the same name.
    """
    from napari_icenet.datasets.builder import build_dataset
    from napari_icenet.datasets.settings import make_dataset_settings
    from napari_icenet.scenes.selection.given import check_stack

    several = stacks if isinstance(stacks, Sequence) and not isinstance(stacks, str) else [stacks]
    for stack in several:
        check_stack(stack)
    chosen = make_dataset_settings(**settings)
    build_dataset(several, out, chosen, workers=workers, force=force, progress=progress)
    return open(out)


def open(path: str | Path) -> SequenceDataset:
    """Open a dataset; its chips are read when they are asked for.

    Raises
    ------
    DatasetError
        There is none, it is not whole, or a newer version has made it.
    """
    from napari_icenet.datasets.dataset import open_dataset

    return open_dataset(path)


__all__ = ["build", "open"]

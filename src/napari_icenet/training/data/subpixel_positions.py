"""Sub-pixel positions of all frames of a dataset, worked out once and kept."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.atomic_io import write_durably
from napari_icenet.datasets.dataset import SequenceDataset
from napari_icenet.errors import TrainingError
from napari_icenet.jobs.progress import Progress
from napari_icenet.predictors.registration import register

#: Sequences that are read at a time.
_BATCH = 16


def positions_of(chips: NDArray[np.float32]) -> NDArray[np.float64]:
    """Positions at which each frame shows what the first one shows, as (row, col) from its own pixels, px.

    Parameters
    ----------
    chips : array of float32, (T, C, C)
        One sequence. NaN is missing.

    Returns
    -------
    array of float64, (T, 2)
    """
    positions = register(np.ascontiguousarray(chips, np.float32)).positions
    return np.asarray(positions - positions[0], np.float64)


def dataset_positions(
    dataset: SequenceDataset,
    indices: NDArray[np.intp],
    kept: Path,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
) -> NDArray[np.float64]:
    """Sub-pixel positions of some sequences of a dataset.

    Parameters
    ----------
    dataset : SequenceDataset
    indices : array of int, (n,)
    kept : Path
        A ``.npy`` file that holds them, once they are known; its name must tell what they are of.
    threads : int, optional
        Default: all cores.
    progress : Progress, optional

    Returns
    -------
    array of float64, (n, T, 2)

    Raises
    ------
    TrainingError
        The file cannot be written.
    """
    shape = len(indices), dataset.shape[0], 2
    known = _kept(kept, shape)
    if known is not None:
        return known
    positions = np.zeros(shape)

    def work(start: int) -> int:
        lot = indices[start : start + _BATCH]
        for at, chips in enumerate(dataset.read(lot).chips, start=start):
            positions[at] = positions_of(chips)
        return start + len(lot)

    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        try:
            for done in pool.map(work, range(0, len(indices), _BATCH)):
                if progress is not None:
                    progress(
                        done / len(indices), f"aligning sequences of {dataset.path.name}, {done} of {len(indices)}"
                    )
        finally:
            pool.shutdown(cancel_futures=True)
    try:
        write_durably(kept, lambda file: np.save(file, positions, allow_pickle=False))
    except OSError as error:
        raise TrainingError(f"{kept} cannot be written ({error.strerror or error}); free some space.") from error
    return positions


def _kept(path: Path, shape: tuple[int, ...]) -> NDArray[np.float64] | None:
    """Read positions that were kept before; None where there are none, or those of something else."""
    try:
        found = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return found if isinstance(found, np.ndarray) and found.shape == shape and found.dtype == np.float64 else None

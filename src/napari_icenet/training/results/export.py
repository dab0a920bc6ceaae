"""Weights of a run given away: one file, which holds its card."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from napari_icenet.errors import TrainingError
from napari_icenet.training.run_folder.folder import RunFolder


def export_weights(folder: str | Path, path: str | Path, *, which: Literal["best", "last"] = "best") -> Path:
    """Write weights of a run as one file that holds its card; the same card lies beside, to be read.

    Parameters
    ----------
    folder : path
        Of the run.
    path : path
        Name with or without ``.safetensors``. What is there is replaced.
    which : {'best', 'last'}
        The last ones where nothing was validated.

    Returns
    -------
    Path
        The file of the weights.

    Raises
    ------
    TrainingError
        The run has no weights yet.
    WeightsError
        They are damaged, or the place cannot be written.
    """
    from napari_icenet.models.weights_export import export_weights as write

    run = RunFolder(folder)
    source = next((file for file in ((run.best, run.last) if which == "best" else (run.last,)) if file.exists()), None)
    if source is None:
        raise TrainingError(f"{run.path.name} has no weights yet; wait for its first checkpoint or validation.")
    return write(source, Path(path))

"""Checks of a run before its process is started."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from napari_icenet.datasets.dataset import SequenceDataset
from napari_icenet.errors import IceNetError
from napari_icenet.training.data.fingerprint import chosen, open_datasets
from napari_icenet.training.data.start_weights import start_trouble
from napari_icenet.training.run_folder.folder import RunFolder
from napari_icenet.training.settings import RunSettings

if TYPE_CHECKING:
    from napari_icenet.training.data.plan import DataPlan

#: Less free space than this is not enough for two checkpoints and their weights.
LEAST_BYTES = 256 * 1024**2


def preflight(settings: RunSettings, folder: str | Path, plan: DataPlan | None = None) -> tuple[str, ...]:
    """List what cannot work, in one sentence each; none where nothing speaks against a start.

    Takes no longer than opening the datasets does, and does not load torch.

    Parameters
    ----------
    settings : RunSettings
    folder : path
        Of the run; it need not be there.
    plan : DataPlan, optional
        Of a dataset that the run cuts first; where it is there already, that is looked at.
    """
    found = []
    run = RunFolder(folder)
    if not run.untouched() and not run.exists():
        found.append(f"{run.path} holds something else; choose another name.")
    if (space := _free(run.path)) is not None and space < LEAST_BYTES:
        found.append(
            f"{space / 1e6:.0f} MB are free on the disk of {run.path}, too little for checkpoints; "
            "free some space, or choose another folder."
        )
    chip = plan.settings.chip if plan is not None else None
    if plan is not None and not all(Path(path).exists() for path in settings.data.datasets):
        counts = plan.estimate().by_split
        found += _counted(settings, counts["train"], counts["validation"])
    else:
        try:
            datasets = open_datasets(settings.data)
        except IceNetError as error:
            found.append(str(error))
        else:
            chip = datasets[0].shape[1] if datasets else None
            if not datasets and not settings.data.simulated:
                found.append("there is nothing to learn from; choose a dataset, or simulated ice.")
            else:
                found += _counted(settings, *(_there(datasets, settings, split) for split in ("train", "validation")))
    if trouble := start_trouble(settings, chip):
        found.append(trouble)
    return tuple(found)


def _there(datasets: list[SequenceDataset], settings: RunSettings, split: str) -> int:
    return sum(len(chosen(dataset, split, settings.data.bands)) for dataset in datasets)


def _counted(settings: RunSettings, training: int, validation: int) -> list[str]:
    training += settings.data.simulated
    if not training:
        return ["there are no training sequences; build a larger dataset, or add simulated ice."]
    found = []
    if settings.validation.every and not validation:
        found.append("there are no validation sequences; build a larger dataset, or never validate (every 0 steps).")
    if settings.optimisation.batch > training:
        found.append(
            f"a batch of {settings.optimisation.batch} is larger than the {training} training sequences; "
            "choose a smaller batch."
        )
    return found


def _free(path: Path) -> int | None:
    """Free space on the disk that a folder is, or will be, on."""
    for place in (path, *path.absolute().parents):
        try:
            return shutil.disk_usage(place).free
        except OSError:
            continue
    return None

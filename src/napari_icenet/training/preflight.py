"""What would keep a run from working, found before its process is started."""

from __future__ import annotations

import shutil
from pathlib import Path

from napari_icenet.errors import IceNetError
from napari_icenet.models.card import card_path, read_card
from napari_icenet.models.weights import find_weights
from napari_icenet.sequences.reading import IceNet
from napari_icenet.training.data_record import chosen, open_datasets
from napari_icenet.training.run_folder import RunFolder
from napari_icenet.training.settings import RunSettings

#: Less free space than this is not enough for two checkpoints and their weights.
LEAST_BYTES = 256 * 1024**2


def preflight(settings: RunSettings, folder: str | Path) -> tuple[str, ...]:
    """What cannot work, in one sentence each; none where nothing speaks against a start.

    Takes no longer than opening the datasets does, and does not load torch.

    Parameters
    ----------
    settings : RunSettings
    folder : path
        Of the run; it need not be there.
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
    datasets: list[IceNet] = []
    try:
        datasets = open_datasets(settings.data)
    except IceNetError as error:
        found.append(str(error))
    else:
        found += _counted(settings, datasets)
    if settings.weights is not None:
        found += _weights(settings, datasets)
    return tuple(found)


def _counted(settings: RunSettings, datasets: list[IceNet]) -> list[str]:
    data = settings.data
    if not datasets and not data.simulated:
        return ["there is nothing to learn from; choose a dataset, or simulated ice."]
    training, validation = (
        sum(len(chosen(dataset, split, data.bands)) for dataset in datasets) for split in ("train", "validation")
    )
    training += data.simulated
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


def _weights(settings: RunSettings, datasets: list[IceNet]) -> list[str]:
    assert settings.weights is not None
    try:
        card = read_card(card_path(find_weights(settings.weights)))
    except IceNetError as error:
        return [str(error)]
    if card.model != settings.model:
        return [f"{settings.weights} are weights of {card.model}, not of {settings.model}; choose others."]
    chip = card.settings.get("chip")
    if isinstance(chip, int) and datasets and datasets[0].shape[1] != chip:
        return [
            f"{settings.weights} is for chips of {chip} px and {datasets[0].path.name} has {datasets[0].shape[1]} px; "
            "choose other weights, or a dataset with that chip."
        ]
    return []


def _free(path: Path) -> int | None:
    """Free space on the disk that a folder is, or will be, on."""
    for place in (path, *path.absolute().parents):
        try:
            return shutil.disk_usage(place).free
        except OSError:
            continue
    return None

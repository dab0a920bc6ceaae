"""How long a training will take on this machine, by what others like it have taken."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from typing import Any

from napari_icenet.common.user_files import changing, home, read_list
from napari_icenet.errors import IceNetError, TrainingError
from napari_icenet.training.data.start_weights import start_card
from napari_icenet.training.settings import RunSettings

_FILE = "pace.json"
#: What the networks call their width, and that of a network of which nothing is said.
_WIDTHS, _USUAL = ("channels", "width"), "usual"


def training_seconds(settings: RunSettings, frames: int, chip: int) -> float | None:
    """Seconds that all steps of a run will take, validations included.

    Parameters
    ----------
    settings : RunSettings
    frames, chip : int
        Of the sequences that are learned from.

    Returns
    -------
    float or None
        None where no such network was trained on this machine and device before.
    """
    known = read_list(home() / _FILE).get(_place(settings))
    if not isinstance(known, int | float) or known <= 0:
        return None
    optimisation = settings.optimisation
    return float(known) * _work(frames, chip) * optimisation.steps * optimisation.batch


def remember_training(settings: RunSettings, sequences_per_second: float) -> None:
    """Remember the pace of a run; one that cannot be kept is measured again.

    Parameters
    ----------
    settings : RunSettings
        Complete, with the network's own.
    sequences_per_second : float
    """
    from napari_icenet.models.registry import network_class

    sizes = settings.data.simulation
    seconds = 1 / sequences_per_second / _work(sizes.frames, sizes.chip)
    own = network_class(settings.model).settings_type.model_validate(settings.model_settings)
    usual = not own.model_dump(exclude_defaults=True).keys() & set(_WIDTHS)
    plain = settings.model_copy(update={"model_settings": {}, "weights": None})
    with suppress(TrainingError), changing(home() / _FILE) as values:
        for one in (settings, plain) if usual else (settings,):
            values[_place(one)] = seconds


def _work(frames: int, chip: int) -> float:
    """What the time of a sequence grows with: millions of pixels."""
    return frames * chip**2 / 1e6


def _place(settings: RunSettings) -> str:
    """Machine, device and network: what else decides the pace."""
    own = settings.model_settings or (_of_weights(settings.weights) if settings.weights else {})
    width = next((own[name] for name in _WIDTHS if name in own), _USUAL)
    threads = settings.threads or os.cpu_count()
    return f"{socket.gethostname()} {settings.device} {threads} {settings.model} {width}"


def _of_weights(weights: str) -> dict[str, Any]:
    """The network's own settings that come with weights; none where they cannot be read."""
    try:
        return start_card(weights).settings
    except IceNetError:
        return {}

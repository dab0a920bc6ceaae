"""Durations of builds and of trainings on this machine: measured, remembered, scaled to other settings."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from typing import Any

from napari_icenet.common.user_files import changing, home, read_list
from napari_icenet.datasets.settings import DatasetSettings
from napari_icenet.errors import IceNetError, TrainingError
from napari_icenet.training.data.start_weights import start_card
from napari_icenet.training.settings import RunSettings

#: In the folder of the user's own files: seconds per frame and million pixels, of builds and of trainings.
_BUILDS, _TRAININGS = "calibration.json", "pace.json"
#: Seconds of one core per frame and million pixels searched, before anything was measured here.
_UNMEASURED = {"chain": 0.09, "robust": 0.18}
#: What the networks call their width, and that of a network of which nothing is said.
_WIDTHS, _USUAL = ("channels", "width"), "usual"


def seconds_per_sequence(settings: DatasetSettings) -> tuple[float, bool]:
    """Seconds that a sequence takes on this machine, and whether that was measured on it."""
    known = read_list(home() / _BUILDS).get(_tracking_key(settings))
    if isinstance(known, int | float) and known > 0:
        return float(known) * _searched(settings), True
    return _UNMEASURED[settings.tracking] / (os.cpu_count() or 1) * _searched(settings), False


def remember(settings: DatasetSettings, seconds: float) -> None:
    """Remember how long a sequence took on this machine; a measurement that cannot be kept is made again."""
    with suppress(TrainingError), changing(home() / _BUILDS) as values:
        values[_tracking_key(settings)] = seconds / _searched(settings)


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
    known = read_list(home() / _TRAININGS).get(_training_key(settings))
    if not isinstance(known, int | float) or known <= 0:
        return None
    optimisation = settings.optimisation
    return float(known) * _megapixels(frames, chip) * optimisation.steps * optimisation.batch


def remember_training(settings: RunSettings, sequences_per_second: float) -> None:
    """Remember the throughput of a run; one that cannot be kept is measured again.

    Parameters
    ----------
    settings : RunSettings
        Complete, with the network's own.
    sequences_per_second : float
    """
    from napari_icenet.models.registry import network_class

    sizes = settings.data.simulation
    seconds = 1 / sequences_per_second / _megapixels(sizes.frames, sizes.chip)
    own = network_class(settings.model).settings_type.model_validate(settings.model_settings)
    usual = not own.model_dump(exclude_defaults=True).keys() & set(_WIDTHS)
    plain = settings.model_copy(update={"model_settings": {}, "weights": None})
    with suppress(TrainingError), changing(home() / _TRAININGS) as values:
        for one in (settings, plain) if usual else (settings,):
            values[_training_key(one)] = seconds


def _searched(settings: DatasetSettings) -> float:
    """Work of a sequence: frames, times millions of pixels that are searched in each."""
    return settings.frames * settings.search**2 / 1e6


def _tracking_key(settings: DatasetSettings) -> str:
    return f"{socket.gethostname()} {settings.tracking}"


def _megapixels(frames: int, chip: int) -> float:
    """Millions of pixels of a sequence, which its time grows with."""
    return frames * chip**2 / 1e6


def _training_key(settings: RunSettings) -> str:
    """Machine, device and network: what else decides the throughput."""
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

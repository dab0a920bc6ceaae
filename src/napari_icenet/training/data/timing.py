"""How long this machine takes to make a sequence: measured once, remembered, scaled to other settings."""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress

from napari_icenet.common.user_files import changing, home, read_list
from napari_icenet.datasets.cut import Tracker, cut_tracks
from napari_icenet.datasets.parts import pictures_of
from napari_icenet.datasets.settings import DatasetSettings
from napari_icenet.errors import TrainingError
from napari_icenet.jobs.progress import Progress
from napari_icenet.scenes.stack import SceneStack

#: Seconds of one core per frame and million pixels searched, before anything was measured here.
_USUAL = {"chain": 0.09, "robust": 0.18}


def seconds_per_sequence(settings: DatasetSettings) -> tuple[float, bool]:
    """Seconds that a sequence takes on this machine, and whether that was measured on it."""
    known = read_list(home() / "calibration.json").get(_place(settings))
    if isinstance(known, int | float) and known > 0:
        return float(known) * _work(settings), True
    return _USUAL[settings.tracking] / (os.cpu_count() or 1) * _work(settings), False


def calibrate(
    stack: SceneStack, settings: DatasetSettings, band: str | None = None, *, progress: Progress | None = None
) -> float:
    """Measure how long a sequence takes, on the first window of dates of one band, and remember it.

    Parameters
    ----------
    stack : SceneStack
    settings : DatasetSettings
    band : str, optional
        Default: the first one.
    progress : callable, optional
        May raise to stop.

    Returns
    -------
    float
        Seconds per sequence.

    Raises
    ------
    StackError
        The stack has too few dates, or is smaller than a chip.
    """
    pictures = pictures_of(stack, band or stack.bands[0])
    tracker = Tracker(pictures, settings)
    began = time.perf_counter()
    tracks = tracker.track(0, progress=progress)
    made = cut_tracks(pictures, tracks, settings, 0)
    seconds = (time.perf_counter() - began) / max(len(made), 1)
    remember(settings, seconds)
    return seconds


def remember(settings: DatasetSettings, seconds: float) -> None:
    """Remember how long a sequence took on this machine; a measurement that cannot be kept is made again."""
    with suppress(TrainingError), changing(home() / "calibration.json") as values:
        values[_place(settings)] = seconds / _work(settings)


def _work(settings: DatasetSettings) -> float:
    """What the time of a sequence grows with: frames, and millions of pixels that are searched in each."""
    return settings.frames * settings.search**2 / 1e6


def _place(settings: DatasetSettings) -> str:
    return f"{socket.gethostname()} {settings.tracking}"

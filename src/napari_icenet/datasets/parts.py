"""One part of a dataset: the sequences of one stack, band and window of dates, made and kept on disk."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import zarr
from numpy.typing import NDArray

from napari_icenet.common.atomic_io import put_in_place
from napari_icenet.datasets.cut import CACHE_BYTES, Tracker, cut_tracks
from napari_icenet.datasets.schema import TABLES, Level, Part
from napari_icenet.datasets.sequences import SPLITS, Sequences
from napari_icenet.datasets.settings import DatasetSettings
from napari_icenet.datasets.store import create_pixels, stored
from napari_icenet.datasets.tracking.chip_grid import chip_grid
from napari_icenet.datasets.tracking.window_shifts import WindowShifts
from napari_icenet.jobs.progress import Progress
from napari_icenet.matching.pictures import TILE, Pictures, TileCache
from napari_icenet.scenes.grid import Window
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.scenes.store.schema import GridRecord

#: Bytes of chips that are held at a time.
_BATCH_BYTES = 64 * 1024**2
#: Side of the samples of a picture that stand for it in a key, and their number along an axis.
_SAMPLE_PX, _SAMPLES = 32, 3
_RECORD, _TABLES = "part.json", "tables.npz"
#: Raised when the same pictures and settings give other sequences.
_VERSION = 2


@dataclass(frozen=True)
class Job:
    """A part that is to be made.

    Attributes
    ----------
    key : str
        Tells by what it is made.
    stack, band : str
    first : int
        Index of the window's first date in the stack.
    start : datetime
        That date.
    """

    key: str
    stack: str
    band: str
    first: int
    start: datetime


def jobs_of(stack: SceneStack, bands: tuple[str, ...], starts: range, settings: DatasetSettings) -> list[Job]:
    """All parts of a stack, band by band, oldest window first."""
    made = []
    for band in bands:
        samples = [_sample(stack, t, band) for t in range(starts.start, starts.stop - 1 + settings.frames)]
        for first in starts:
            key = _key(stack, band, first, settings, samples[first - starts.start :][: settings.frames])
            made.append(Job(key, stack.name, band, first, stack.scenes[first].time))
    return made


def _key(stack: SceneStack, band: str, first: int, settings: DatasetSettings, samples: list[str]) -> str:
    facts = {
        "version": _VERSION,
        "settings": settings.model_dump(mode="json", exclude={"bands", "windows"}),
        "stack": stack.name,
        "grid": GridRecord.of(stack.grid).model_dump(mode="json"),
        "dtype": stack.dtype.str,
        "band": band,
        "scenes": [[s.id, s.time.isoformat()] for s in stack.scenes[first : first + settings.frames]],
        "pictures": samples,
        "area": None if stack.area is None else hashlib.sha256(np.packbits(stack.area).tobytes()).hexdigest(),
    }
    if stack.shifts is not None:
        shifts = WindowShifts.of(stack, first, settings.frames)
        facts["shifts"] = [shifts.row.tolist(), shifts.col.tolist(), shifts.known.tolist()]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:24]


def _sample(stack: SceneStack, time: int, band: str) -> str:
    """Sample of a picture's pixels that stands for it in a fingerprint."""
    digest = hashlib.sha256()
    height, width = stack.grid.shape
    for row in np.linspace(0, max(height - _SAMPLE_PX, 0), _SAMPLES).astype(int):
        for col in np.linspace(0, max(width - _SAMPLE_PX, 0), _SAMPLES).astype(int):
            digest.update(stack.read(time, band, Window(int(row), int(col), _SAMPLE_PX, _SAMPLE_PX)).tobytes())
    return digest.hexdigest()


def read_part(folder: Path) -> Part | None:
    """The record of a finished part; None where there is none."""
    try:
        return Part.model_validate_json((folder / _RECORD).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def read_part_tables(folder: Path) -> dict[str, NDArray[Any]]:
    """All but the chips of a finished part, as stored."""
    with np.load(folder / _TABLES) as tables:
        return {name: tables[name] for name in TABLES}


def make_part(
    tracker: Tracker,
    job: Job,
    folder: Path,
    *,
    progress: Progress | None = None,
) -> Part:
    """Track and cut the sequences of one window, and keep them in ``folder``, which appears when they are whole."""
    pictures, settings = tracker.pictures, tracker.settings
    tracks = tracker.track(job.first, progress=progress)
    count, stack = len(tracks), pictures.stack
    half_done = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(half_done, ignore_errors=True)
    half_done.parent.mkdir(parents=True, exist_ok=True)
    group: Any = zarr.create_group(store=half_done, zarr_format=3)
    create_pixels(group, count, (settings.frames, settings.chip, settings.chip), stack.dtype)
    lot = max(1, _BATCH_BYTES // (4 * settings.frames * settings.chip**2))
    tables: list[dict[str, NDArray[Any]]] = []
    for first in range(0, max(count, 1), lot):
        here = slice(first, min(first + lot, count))
        sequences = cut_tracks(pictures, tracks[here], settings, job.first)
        values, missing = stored(sequences.chips, stack.dtype)
        if len(sequences):
            group["chips"][here] = values
            if missing.any():
                group["missing"][here] = missing
        tables.append(tables_of(sequences))
    arrays: dict[str, Any] = {name: np.concatenate([t[name] for t in tables]) for name in TABLES}
    np.savez(half_done / _TABLES, **arrays)
    part = Part(
        key=job.key, stack=job.stack, band=job.band, start=job.start, count=count,
        left_out=chip_grid(pictures, job.first, settings).left_out,
        levels=tuple(_level(pictures, t) for t in range(job.first, job.first + settings.frames)),
    )  # fmt: skip
    (half_done / _RECORD).write_text(part.model_dump_json(), encoding="utf-8")
    put_in_place(half_done, folder)
    return part


def tables_of(sequences: Sequences) -> dict[str, NDArray[Any]]:
    """All but the chips, as stored."""
    codes = {name: code for code, name in enumerate(SPLITS)}
    return {
        **{name: getattr(sequences, name) for name in TABLES},
        "times": sequences.times.astype("datetime64[s]").astype(np.int64),
        "split": np.array([codes[name] for name in sequences.split.tolist()], np.uint8),
    }


def _level(pictures: Pictures, time: int) -> Level:
    """Mean and deviation of a picture, tile by tile."""
    count, total, square = 0, 0.0, 0.0
    for window in Window(0, 0, *pictures.shape).tiles(TILE):
        tile = pictures.read(time, window)
        known = np.isfinite(tile)
        here = int(np.count_nonzero(known))
        if here:
            mean, deviation = (float(v[0, 0]) for v in cv2.meanStdDev(tile, mask=known.view(np.uint8)))
            count, total = count + here, total + here * mean
            square += here * (deviation**2 + mean**2)
    if not count:
        return Level(mean=None, deviation=None)
    mean = total / count
    return Level(mean=mean, deviation=math.sqrt(max(square / count - mean**2, 0.0)))


def pictures_of(stack: SceneStack, band: str) -> Pictures:
    """Unfiltered pictures of a band, cached for the tracking of its windows."""
    return Pictures(stack, band, cache=TileCache(CACHE_BYTES))

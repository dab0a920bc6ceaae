"""A dataset that is to be made of an open stack: what it will hold, where its splits lie, what it takes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_icenet.datasets.cut import CACHE_BYTES, check_fits, cut, window_starts
from napari_icenet.datasets.sequences import SPLITS, Sequences
from napari_icenet.datasets.settings import DatasetSettings, make_dataset_settings
from napari_icenet.datasets.splits.blocks import NONE, Blocks
from napari_icenet.datasets.splits.periods import settled_periods, split_of_windows
from napari_icenet.datasets.splits.split_map import split_map
from napari_icenet.datasets.tracking.chip_grid import grid_positions
from napari_icenet.errors import UsageError
from napari_icenet.jobs.progress import Progress
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.training.data.start_weights import start_card
from napari_icenet.training.data.subset import subset
from napari_icenet.training.data.timing import seconds_per_sequence

#: Of the bytes of the pixels, what is left on the disk: packed satellite pictures of 8 and 16 bits.
_PACKED = 0.6
#: Seconds until the process that makes it has started.
_START = 2.0
#: Bytes of a sequence beside its pixels, per frame: places, times, correlations; and of a file system's blocks.
_BESIDE, _BLOCK = 80, 4096


@dataclass(frozen=True)
class Estimate:
    """Estimate of a dataset: sequences, bytes and seconds.

    Attributes
    ----------
    sequences : int
        In all bands; of chips that show too little on their first date, or are followed into a gap
        between splits, only tracking tells.
    by_split : dict of str to int
        As if the ice stood still.
    windows : int
        Of consecutive dates.
    bytes : int
        On the disk.
    seconds : float
        On this machine.
    memory : int
        Bytes, while it is made.
    measured : bool
        Whether the time rests on a measurement on this machine.
    """

    sequences: int
    by_split: dict[str, int]
    windows: int
    bytes: int
    seconds: float
    memory: int
    measured: bool


@dataclass(frozen=True, eq=False)
class DataPlan:
    """A dataset that is to be made of a stack.

    Attributes
    ----------
    stack : SceneStack
        With the dates and the area that are used.
    settings : DatasetSettings
        With blocks, or the days that part the splits, settled.
    """

    stack: SceneStack
    settings: DatasetSettings

    @property
    def bands(self) -> tuple[str, ...]:
        """Names of the bands."""
        if self.settings.bands is None:
            return self.stack.bands
        return tuple(dict.fromkeys(self.stack.band(band) for band in self.settings.bands))

    @cached_property
    def positions(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows and columns of the chips on the first date of a window, those outside the area left out."""
        rows, cols = grid_positions(self.stack.grid.shape, self.settings)
        area, chip = self.stack.area, self.settings.chip
        if area is not None:
            sums = np.pad(area.astype(np.int64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
            top, left = rows - chip // 2, cols - chip // 2
            inside = (
                sums[top + chip, left + chip] - sums[top, left + chip] - sums[top + chip, left] + sums[top, left]
            )  # fmt: skip
            enough = inside >= self.settings.min_valid * chip**2
            rows, cols = rows[enough], cols[enough]
        most = self.settings.chips
        if most is not None and len(rows) > most:
            chosen = np.linspace(0, len(rows) - 1, most).round().astype(np.intp)
            rows, cols = rows[chosen], cols[chosen]
        return rows, cols

    @cached_property
    def window_splits(self) -> tuple[str, ...]:
        """Split of each window of dates, where it is split by time; else none at all."""
        if self.settings.split_by != "time":
            return ()
        frames, starts = self.settings.frames, window_starts(self.stack, self.settings)
        times = np.stack([self.stack.times[start : start + frames] for start in starts])
        return tuple(SPLITS[code] for code in split_of_windows(times, self.settings))

    def estimate(self) -> Estimate:
        """Estimate sequences, bytes and seconds of the dataset, at once."""
        rows, cols = self.positions
        settings, bands = self.settings, len(self.bands)
        windows = len(window_starts(self.stack, settings))
        per_window = len(rows) * bands
        if settings.split_by == "time":
            by_split = {name: per_window * self.window_splits.count(name) for name in SPLITS}
        else:
            codes = Blocks.on(self.stack.grid, settings).split(rows[:, None], cols[:, None], settings.chip)
            counts = np.bincount(codes, minlength=len(SPLITS)).tolist()
            by_split = {name: count * bands * windows for name, count in zip(SPLITS, counts, strict=True)}
        sequences = per_window * windows
        pixels = settings.frames * settings.chip**2
        kind = self.stack.dtype
        size = pixels * kind.itemsize * (_PACKED if kind.kind != "f" else 0.95) + settings.frames * _BESIDE + _BLOCK
        seconds, measured = seconds_per_sequence(settings)
        frame = 4 * self.stack.grid.height * self.stack.grid.width
        return Estimate(
            sequences=sequences, by_split=by_split, windows=windows, bytes=round(sequences * size),
            seconds=_START + sequences * seconds,
            memory=min(CACHE_BYTES, frame * settings.frames) + 3 * 64 * 1024**2 + 4 * pixels * len(rows) // 8,
            measured=measured,
        )  # fmt: skip

    def splits(self) -> NDArray[np.uint8]:
        """Split of the chips on each pixel, (height, width); ``none`` in gaps and outside the area.

        Where it is split by time, all of the area is ``train``: every split has the same ground.
        """
        if self.settings.split_by == "time":
            codes = np.zeros(self.stack.grid.shape, np.uint8)
        else:
            codes = split_map(self.stack.grid, self.settings)
        if self.stack.area is not None:
            codes[~self.stack.area] = NONE
        return codes

    def split_dates(self) -> tuple[str, ...]:
        """The period that each date lies in, where it is split by time; else none at all."""
        until = self.settings.train_until, self.settings.validation_until
        if self.settings.split_by != "time" or None in until:
            return ()
        borders = [np.datetime64(day.replace(tzinfo=None), "s") for day in until if day is not None]
        return tuple(SPLITS[int(code)] for code in np.searchsorted(borders, self.stack.times, side="left"))

    def preview(self, count: int = 6, *, band: str | int | None = None, progress: Progress | None = None) -> Sequences:
        """A few sequences, evenly over the area, cut for real from the first window of dates.

        Raises StackError: the stack is too short or too small.
        """
        few = self.settings.model_copy(update={"chips": count})
        return cut(self.stack, few, band=self.bands[0] if band is None else band, start=0, progress=progress)

    @property
    def key(self) -> str:
        """Changes with all that decides what the dataset holds."""
        area = self.stack.area
        facts = {
            "settings": self.settings.model_dump(mode="json"),
            "stack": self.stack.name,
            "bands": self.bands,
            "shape": self.stack.shape,
            "scenes": [[scene.id, scene.time.isoformat()] for scene in self.stack.scenes],
            "area": None if area is None else hashlib.sha256(np.packbits(area).tobytes()).hexdigest(),
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:12]

    def place_in(self, folder: Path) -> Path:
        """Path of the dataset in a folder: the same plan has the same path, so it is made once."""
        plain = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in self.stack.name)
        return folder / f"{plain.strip('-') or 'ice'}-{self.key}.zarr"


def make_plan(
    stack: SceneStack,
    *,
    bands: Sequence[str | int] | None = None,
    dates: Sequence[int] | None = None,
    area: NDArray[np.bool_] | None = None,
    **settings: Any,
) -> DataPlan:
    """Plan a dataset.

    Parameters
    ----------
    stack : SceneStack
        Left as it is.
    bands : sequence of str or int, optional
        Default: all.
    dates : sequence of int, optional
        Indices of the dates that are used. Default: all.
    area : array of bool, (height, width), optional
        Ground that is used, within the stack's own area of interest. Default: all of that.
    **settings
        Further fields of :class:`~napari_icenet.datasets.settings.DatasetSettings`; None is the default.

    Raises
    ------
    UsageError
        A setting cannot be used, or no date or no ground is left.
    StackError
        The stack has too few dates, or is smaller than a chip.
    DatasetError
        There are too few dates to be split by time.
    """
    chosen = make_dataset_settings(bands=None if bands is None else tuple(bands), **settings)
    used = subset(stack, dates, area)
    for band in chosen.bands or ():
        used.band(band)
    check_fits(used, chosen)
    window_starts(used, chosen)
    plan = DataPlan(used, settled_periods([used], chosen.on_frame(used.grid.shape)))
    if not len(plan.positions[0]):
        raise UsageError(
            f"no chip of {chosen.chip} px lies in the area by {chosen.min_valid:.0%}; "
            "draw a larger area, or choose a smaller chip."
        )
    return plan


def split_of_weights(weights: str | Path, stack: str, chip: int = 128) -> dict[str, Any]:
    """Settings that hold out the same ice of a stack as when some weights were trained.

    Whoever trains such weights further, or judges them, on that stack needs them: with other blocks, ice that
    the weights know would count as held out.

    Parameters
    ----------
    weights : str or path
        Name of bundled weights, or a file.
    stack : str
        Name of the stack.
    chip : int
        Of the dataset that is to be made, px.

    Returns
    -------
    dict
        Fields of :class:`~napari_icenet.datasets.settings.DatasetSettings`; empty where the weights know nothing
        of the stack, or their card does not tell how it was split.

    Raises
    ------
    WeightsError
        There are no such weights, or their card cannot be read.
    """
    for one in start_card(weights).data.datasets:
        split = one.split or {}
        if stack not in one.stacks:
            continue
        if split.get("by") == "area":
            shared: dict[str, Any] = {name: split[name] for name in ("seed", "validation", "test") if name in split}
            return {"split_by": "area", "block": split["block_px"] / chip, "gap": split["gap_px"], **shared}
        if split.get("by") == "time":
            return {"split_by": "time", **{name: split.get(name) for name in ("train_until", "validation_until")}}
    return {}

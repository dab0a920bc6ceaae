"""Sequences for an evaluation, cut from a stack: every band and window of dates, in each way of tracking."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from napari_icenet.datasets.cut import CACHE_BYTES, Tracker, check_fits, cut_tracks, window_starts
from napari_icenet.datasets.sequences import Sequences
from napari_icenet.datasets.settings import DatasetSettings
from napari_icenet.datasets.tracking.chip_grid import grid_positions
from napari_icenet.datasets.tracking.tracks import Tracks
from napari_icenet.evaluation.scoring.displacement import Expected, expected_places
from napari_icenet.evaluation.scoring.known_flow import known_flow
from napari_icenet.evaluation.settings import EvaluationSettings, Mode
from napari_icenet.matching.engine.engine import Engine
from napari_icenet.matching.pictures import Pictures, TileCache
from napari_icenet.scenes.credit import credits_of
from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.stack import SceneStack

#: Sequences that are in memory at once: 128 px and 12 frames make 200 MB of them.
BATCH = 256


@dataclass(frozen=True)
class Task:
    """Batches that one process scores after the other: some windows of one band in one way of tracking.

    Attributes
    ----------
    mode : {"chain", "robust"}
    part : tuple
        What of the source.
    batches : int
        How many batches that is, at least; for progress.
    """

    mode: Mode
    part: tuple[Any, ...]
    batches: int


@dataclass(frozen=True, eq=False)
class Batch:
    """Some sequences of one band.

    Attributes
    ----------
    key : tuple of int
        Tells it from the others of its way of tracking, and their order.
    sequences : Sequences
    expected : callable, or None
        Where the ice of t0 is known to lie; None where nothing is known.
    lot : object
        What the source reads the same sequences again by.
    title : str
        What it is, for progress.
    """

    key: tuple[int, ...]
    sequences: Sequences
    expected: Expected | None
    lot: Any
    title: str


class StackSource:
    """Cuts sequences from a stack as they are asked for.

    Parameters
    ----------
    stack : SceneStack
    settings : EvaluationSettings
    path : Path, optional
        Where the stack was opened; a simulated archive's truth lies there.
    threads : int, optional
        Of the tracking. Default: all cores; results do not depend on it.

    Raises
    ------
    StackError
        Too few dates, or too small for a chip.
    UsageError
        There is no such band.
    """

    def __init__(
        self, stack: SceneStack, settings: EvaluationSettings, path: Path | None = None, *, threads: int | None = None
    ) -> None:
        self.stack = stack
        self.bands = tuple(dict.fromkeys(stack.band(b) for b in settings.bands or stack.bands))
        self.settings = settings
        self._cutting = DatasetSettings(
            chip=settings.chip, frames=settings.frames, scale=settings.scale, stride=settings.stride, bands=self.bands
        )
        check_fits(stack, self._cutting)
        self.starts = window_starts(stack, self._cutting)
        self._kept: Tracker | None = None
        self._engine = Engine("cpu", threads=threads)
        self._path = path
        self._flow = known_flow(stack, path)
        #: What else there is to know of the stack, sentence by sentence.
        self.messages: list[str] = []

    @property
    def name(self) -> str:
        """Name of what is evaluated."""
        return self.stack.name

    @property
    def notices(self) -> list[str]:
        """Notices of the opening of the stack, and of its covariates."""
        return [*(notice.message for notice in self.stack.notices), *self.messages]

    @property
    def modes(self) -> tuple[Mode, ...]:
        """The ways of tracking there are."""
        return self.settings.modes

    @property
    def grids(self) -> dict[str, Grid]:
        """The map grid of each stack, by its name."""
        return {self.stack.name: self.stack.grid}

    @property
    def split_by(self) -> dict[str, Any] | None:
        """Rule that decides which ice is held out: nothing is, of a stack."""
        return None

    @property
    def covariates(self) -> tuple[str, ...]:
        """Names of what is known of each date beside its picture."""
        return () if self.stack.covariates is None else self.stack.covariates.names

    @property
    def simulated(self) -> bool:
        """True if the scenes come from a simulator."""
        return self.stack.simulated

    @property
    def credits(self) -> tuple[str, ...]:
        """Whom to thank for the scenes, each once."""
        return credits_of(self.stack.scenes)

    @property
    def flow_known(self) -> bool:
        """True if the motion of the ice is known exactly."""
        return self._flow is not None

    @property
    def batches(self) -> int:
        """Bands times windows of dates: the least number of batches in a mode."""
        return len(self.bands) * len(self.starts)

    @property
    def amount(self) -> int:
        """Sequences there are at most, in all ways of tracking together."""
        return len(grid_positions(self.stack.grid.shape, self._cutting)[0]) * self.batches * len(self.modes)

    def again_by(self) -> Callable[[], StackSource]:
        """Recipe by which another process opens the source once more."""
        return partial(StackSource, self.stack, self.settings, self._path, threads=1)

    def tasks(self, processes: int = 1) -> list[Task]:
        """The whole in parts: a band's windows stay together as far as there is work for all processes."""
        runs = min(len(self.starts), -(-2 * processes // (len(self.bands) * len(self.modes))))
        cuts = np.linspace(0, len(self.starts), runs + 1).round().astype(int)
        return [
            Task(mode, (b, int(first), int(last)), int(last - first))
            for mode in self.modes
            for b in range(len(self.bands))
            for first, last in pairwise(cuts)
        ]

    def read(self, task: Task) -> Iterator[Batch]:
        """The sequences of a task, batch by batch."""
        b, first, last = task.part
        band = self.bands[b]
        for w in range(first, last):
            start = self.starts[w]
            tracks = self._tracker(band).track(start, task.mode)
            for k in range(0, len(tracks), BATCH):
                lot = band, start, tracks[slice(k, k + BATCH)]
                sequences = cut_tracks(self._tracker(band).pictures, lot[2], self._cutting, start)
                title = f"{band} from {self.stack.labels[start]}, {task.mode}"
                yield Batch((b, w, k // BATCH), sequences, self._expected(sequences, start), lot, title)

    def again(self, lot: tuple[str, int, Tracks], index: int) -> Sequences:
        """One sequence of a batch that was read before, by its lot."""
        band, start, tracks = lot
        return cut_tracks(self._tracker(band).pictures, tracks[slice(index, index + 1)], self._cutting, start)

    def _tracker(self, band: str) -> Tracker:
        if self._kept is None or self._kept.pictures.band != band:
            # Bands are read one after the other, so one is kept at a time.
            pictures = Pictures(self.stack, band, cache=TileCache(CACHE_BYTES))
            self._kept = Tracker(pictures, self._cutting, engine=self._engine)
        return self._kept

    def _expected(self, sequences: Sequences, start: int) -> Expected | None:
        if self._flow is None:
            return None
        dates = np.tile(np.arange(start, start + self.settings.frames), (len(sequences), 1))
        return expected_places(sequences, dates, self.settings.t0, self._flow)

"""Sequences for an evaluation, cut from a stack: every band and window of dates, in each way of tracking."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_icenet.errors import StackError
from napari_icenet.evaluation.displacement import Expected, Flow, expected_places
from napari_icenet.evaluation.settings import EvaluationSettings, Mode
from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.simulation.truth import Truth, load_truth
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.sequences.cut import CACHE_BYTES, check_fits, cut_tracks, track_window, window_starts
from napari_icenet.sequences.sequences import Sequences
from napari_icenet.sequences.settings import DatasetSettings
from napari_icenet.sequences.tracks import Tracks
from napari_icenet.tracking.engine.engine import Engine
from napari_icenet.tracking.pictures import Pictures, TileCache

#: Sequences that are in memory at once: 128 px and 12 frames make 200 MB of them.
LOT = 256


@dataclass(frozen=True, eq=False)
class Batch:
    """Some sequences of one band.

    Attributes
    ----------
    number : int
    sequences : Sequences
    expected : callable, or None
        Where the ice of t0 is known to lie; None where nothing is known.
    share : float
        How much of the whole is done with this batch, 0 to 1.
    title : str
        What it is, for progress.
    """

    number: int
    sequences: Sequences
    expected: Expected | None
    share: float
    title: str


class StackSource:
    """Cuts sequences from a stack as they are asked for.

    Parameters
    ----------
    stack : SceneStack
    settings : EvaluationSettings
    path : Path, optional
        Where the stack was opened; a simulated archive's truth lies there.

    Raises
    ------
    StackError
        Too few dates, or too small for a chip.
    UsageError
        There is no such band.
    """

    def __init__(self, stack: SceneStack, settings: EvaluationSettings, path: Path | None = None) -> None:
        self.stack = stack
        self.bands = tuple(dict.fromkeys(stack.band(b) for b in settings.bands or stack.bands))
        self.settings = settings
        self._cutting = DatasetSettings(
            chip=settings.chip, frames=settings.frames, scale=settings.scale, stride=settings.stride, bands=self.bands
        )
        check_fits(stack, self._cutting)
        self.starts = window_starts(stack, self._cutting)
        self._pictures: dict[str, Pictures] = {}
        self._engine = Engine("cpu")
        self._lots: dict[int, tuple[str, int, Tracks]] = {}
        self._flow = _known_flow(stack, path)

    @property
    def name(self) -> str:
        """What is evaluated."""
        return self.stack.name

    @property
    def notices(self) -> list[str]:
        """What was noticed while the stack was opened."""
        return [notice.message for notice in self.stack.notices]

    @property
    def modes(self) -> tuple[Mode, ...]:
        """The ways of tracking there are."""
        return self.settings.modes

    @property
    def grids(self) -> dict[str, Grid]:
        """The map grid of each stack, by its name."""
        return {self.stack.name: self.stack.grid}

    @property
    def simulated(self) -> bool:
        """Whether the scenes come from a simulator."""
        return self.stack.simulated

    @property
    def flow_known(self) -> bool:
        """Whether the motion of the ice is known exactly."""
        return self._flow is not None

    @property
    def batches(self) -> int:
        """Bands times windows of dates: the least number of batches in a mode."""
        return len(self.bands) * len(self.starts)

    def read(self, mode: Mode) -> Iterator[Batch]:
        """All sequences of one way of tracking, batch by batch."""
        done = 0
        for band in self.bands:
            pictures = self._picture(band)
            for start in self.starts:
                tracks = track_window(pictures, self._cutting, start=start, mode=mode, engine=self._engine)
                done += 1
                for first in range(0, len(tracks), LOT):
                    part = tracks[slice(first, first + LOT)]
                    number = len(self._lots)
                    self._lots[number] = band, start, part
                    title = f"{band} from {self.stack.labels[start]}, {mode}"
                    sequences = cut_tracks(pictures, part, self._cutting, start)
                    yield Batch(number, sequences, self._expected(sequences, start), done / self.batches, title)

    def again(self, batch: int, index: int) -> Sequences:
        """One sequence of a batch that was read before."""
        band, start, tracks = self._lots[batch]
        return cut_tracks(self._picture(band), tracks[slice(index, index + 1)], self._cutting, start)

    def _picture(self, band: str) -> Pictures:
        if band not in self._pictures:
            # Bands are read one after the other, so one is kept at a time.
            self._pictures = {band: Pictures(self.stack, band, cache=TileCache(CACHE_BYTES))}
        return self._pictures[band]

    def _expected(self, sequences: Sequences, start: int) -> Expected | None:
        if self._flow is None:
            return None
        dates = np.tile(np.arange(start, start + self.settings.frames), (len(sequences), 1))
        return expected_places(sequences, dates, self.settings.t0, self._flow)


def _known_flow(stack: SceneStack, path: Path | None) -> Flow | None:
    """The exact motion between the stack's dates, where a simulator has left it beside the scenes."""
    if path is None or not stack.simulated:
        return None
    try:
        truth = load_truth(path)
    except StackError:
        return None  # simulated elsewhere, or saved without its truth: then nothing is known
    offset = truth.grid.offset_of(stack.grid)
    dates = _dates(truth, stack)
    if offset is None or dates is None:
        return None

    def flow(
        row: NDArray[np.float64], col: NDArray[np.float64], first: int, second: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return truth.displacement(row + offset[0], col + offset[1], dates[first], dates[second])

    return flow


def _dates(truth: Truth, stack: SceneStack) -> list[int] | None:
    """The number in the truth of each of the stack's dates; None where one is missing."""
    known = {np.datetime64(when.replace(tzinfo=None), "s"): k for k, when in enumerate(truth.times)}
    found = [known.get(time) for time in stack.times]
    return None if None in found else [k for k in found if k is not None]

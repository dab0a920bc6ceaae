"""The work behind a map, as it is done in a process of its own: following chips, and scoring them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_icenet.datasets.cut import Tracker, cut_tracks
from napari_icenet.datasets.sequences import Sequences
from napari_icenet.datasets.tracking.chip_grid import chip_grid
from napari_icenet.datasets.tracking.tracks import Tracks
from napari_icenet.errors import StackError
from napari_icenet.evaluation.correlation_map.maps import CorrelationMaps
from napari_icenet.evaluation.correlation_map.settings import DateWindow, MapSettings
from napari_icenet.evaluation.scoring.displacement import Expected, expected_places
from napari_icenet.evaluation.scoring.known_flow import known_flow
from napari_icenet.evaluation.scoring.scorer import Scorer
from napari_icenet.evaluation.scoring.scores import Scores
from napari_icenet.jobs.progress import Progress
from napari_icenet.matching.engine.engine import Engine
from napari_icenet.matching.pictures import Pictures, TileCache
from napari_icenet.predictors.learned import LearnedOptions
from napari_icenet.predictors.predictor_set import PredictorSet
from napari_icenet.scenes.stack import SceneStack

Places = tuple[NDArray[np.int64], NDArray[np.int64]]
#: Fields of sequences with an axis of frames.
_BY_FRAME = (
    "chips", "times", "days", "rows", "cols", "track_rows", "track_cols", "ncc", "peak_ratio", "valid", "cloud", "fill",
)  # fmt: skip
#: While in this, work is not stopped: half an import or half a network would be left.
Undisturbed = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True, eq=False)
class TaskSpec:
    """Work of a process until it is told otherwise.

    Attributes
    ----------
    settings : MapSettings
    predictor_set : PredictorSet
    memory : int
        Bytes of pictures that are kept.
    """

    settings: MapSettings
    predictor_set: PredictorSet
    memory: int


@dataclass(frozen=True, eq=False)
class Follow:
    """Follow chips through a window of dates.

    Attributes
    ----------
    number : int
        Of the window.
    window : DateWindow
    places : (array of int64, array of int64), each (n,)
        Positions that chips begin at, where they show enough.
    threads : int
    """

    number: int
    window: DateWindow
    places: Places
    threads: int


@dataclass(frozen=True, eq=False)
class Score:
    """Score a tile's chips.

    Attributes
    ----------
    number : int
        Of the window.
    window : DateWindow
    tile : int
        Number of the tile.
    tracks : Tracks
        Of its chips, as far as there are dates.
    index : array of int64, (n,)
        Number of each chip among those of the window.
    searched : array of bool, (n,)
        Chips whose templates are searched for.
    entries : tuple of int
        Numbers of the predictors in the predictor set.
    """

    number: int
    window: DateWindow
    tile: int
    tracks: Tracks
    index: NDArray[np.int64]
    searched: NDArray[np.bool_]
    entries: tuple[int, ...]


@dataclass(frozen=True)
class Prepare:
    """Load what is needed, such as the networks of these entries, so that the first tile need not wait for it."""

    entries: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Report:
    """Write the report of maps to a folder."""

    maps: CorrelationMaps
    folder: Path
    force: bool


Job = Follow | Score | Prepare | Report


class WorkerContext:
    """A stack, and all that is kept between one job and the next."""

    def __init__(self, stack: SceneStack, undisturbed: Undisturbed) -> None:
        self.stack = stack
        self._flow = known_flow(stack)
        self._undisturbed = undisturbed
        self._engine = Engine("cpu", threads=1)
        self._told = len(stack.notices)
        self._spec: TaskSpec | None = None
        self._pictures: Pictures | None = None
        self._tracker: tuple[tuple[object, ...], Tracker] | None = None
        self._scorers: dict[tuple[object, ...], Scorer] = {}

    @property
    def spec(self) -> TaskSpec:
        """Task specification that is worked on."""
        assert self._spec is not None
        return self._spec

    def take(self, spec: TaskSpec) -> None:
        """Work on something else from now on; what serves both stays."""
        if self._spec is not None and self._spec.predictor_set != spec.predictor_set:
            self._scorers.clear()
        self._spec = spec

    def do(self, job: Job, say: Progress) -> object:
        """Do a job; what comes of it."""
        if isinstance(job, Follow):
            return self.follow(job, say)
        if isinstance(job, Score):
            return self.score(job)
        if isinstance(job, Report):
            return self.report(job, say)
        self.prepare(job)
        return None

    def follow(self, job: Follow, say: Progress) -> tuple[Tracks, Places]:
        """Tracks of the chips that show enough on the first date, and the positions they begin at."""
        tracker, window, settings = self._tracking(), job.window, self.spec.settings
        self._engine.threads = job.threads
        grid = chip_grid(tracker.pictures, window.start, settings.cutting, among=job.places)
        places = grid.rows, grid.cols
        tracks = tracker.track(window.start, settings.tracking, places=places, frames=window.dates, progress=say)
        self._check(window)
        return tracks, places

    def score(self, job: Score) -> Scores:
        """Scores of a tile's chips; the axis of the predictors is that of the job's entries."""
        settings, window = self.spec.settings, job.window
        scorer = self._scorer(job.entries, window.last)
        sequences = cut_tracks(self._read(), job.tracks, settings.cutting, window.start)
        sequences = padded(sequences, window.frames)
        scores = scorer.score(sequences, job.number, job.searched, self._expected(sequences, window))
        self._check(window)
        return replace(scores, index=job.index)

    def prepare(self, job: Prepare) -> None:
        """Load networks, and what tracking needs."""
        self._tracking()
        if job.entries:
            self._scorer(job.entries, 0)

    def report(self, job: Report, say: Progress) -> Path:
        """Write a report; where it is."""
        with self._undisturbed():
            from napari_icenet.evaluation.correlation_map.report import write_report
        return write_report(job.maps, self.stack, job.folder, force=job.force, progress=say)

    def _read(self) -> Pictures:
        band = self.stack.band(self.spec.settings.band)
        if self._pictures is None or self._pictures.band != band:
            self._pictures = Pictures(self.stack, band, cache=TileCache(self.spec.memory))
        return self._pictures

    def _tracking(self) -> Tracker:
        pictures, cutting = self._read(), self.spec.settings.cutting
        key = pictures.band, cutting.model_dump_json(exclude={"tracking"})
        if self._tracker is None or self._tracker[0] != key:
            with self._undisturbed():
                self._tracker = key, Tracker(pictures, cutting, engine=self._engine)
        return self._tracker[1]

    def _scorer(self, entries: tuple[int, ...], last: int) -> Scorer:
        settings, predictor_set = self.spec.settings, self.spec.predictor_set
        key = entries, last, settings.chip
        if key not in self._scorers:
            with self._undisturbed():
                chosen = PredictorSet(
                    entries=tuple(predictor_set.entries[p] for p in entries),
                    device=predictor_set.device,
                    samples=predictor_set.samples,
                ).make(settings.chip)
                for one in chosen:
                    if isinstance(one, LearnedOptions):
                        one.network()
                scorer = Scorer(chosen, last, settings.search_px, threads=1)
                scorer.tracking.prepare()
                self._scorers[key] = scorer
        return self._scorers[key]

    def _expected(self, sequences: Sequences, window: DateWindow) -> Expected | None:
        if self._flow is None or window.dates < window.frames:
            return None
        dates = np.tile(np.arange(window.start, window.start + window.frames), (len(sequences), 1))
        return expected_places(sequences, dates, window.last, self._flow)

    def _check(self, window: DateWindow) -> None:
        """Stop where t0 or what came after it cannot be read any more; older dates count as missing."""
        needed = {scene.id for scene in self.stack.scenes[window.t0 : window.start + window.dates]}
        for notice in self.stack.notices[self._told :]:
            if notice.scene in needed:
                message = notice.message.removesuffix(".")
                raise StackError(f"{message}; open the stack again.")


def padded(sequences: Sequences, frames: int) -> Sequences:
    """Sequences with frames of nothing after the last, a median step apart each, where the stack ends before t2."""
    missing = frames - sequences.chips.shape[1]
    if not missing:
        return sequences
    step = np.median(np.diff(sequences.days, axis=1), axis=1)[:, None] * np.arange(1, missing + 1)
    new: dict[str, Any] = {name: _more(getattr(sequences, name), missing) for name in _BY_FRAME}
    new["chips"][:, -missing:] = np.nan
    new["days"][:, -missing:] += step
    new["times"][:, -missing:] += (step * 86400).astype("timedelta64[s]")
    new["valid"][:, -missing:] = False
    for name in ("ncc", "peak_ratio", "cloud"):
        new[name][:, -missing:] = np.nan
    new["fill"][:, -missing:] = 1
    if sequences.covariates is not None:
        new["covariates"] = _more(sequences.covariates, missing)
    return replace(sequences, **new)


def _more(values: NDArray[np.generic], count: int) -> NDArray[np.generic]:
    """An array (n, T, …) with its last frame repeated."""
    return np.concatenate([values, np.repeat(values[:, -1:], count, axis=1)], axis=1)

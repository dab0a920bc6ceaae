"""One map in the making: what there is to do, in which order, and what came of it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.device import may_have
from napari_icenet.datasets.cut import CACHE_BYTES, check_fits
from napari_icenet.datasets.tracking.tracks import Tracks
from napari_icenet.evaluation.correlation_map.cells import choose_cells
from napari_icenet.evaluation.correlation_map.gather import Gathering
from napari_icenet.evaluation.correlation_map.maps import CorrelationMaps, MapMetadata, WindowTracks
from napari_icenet.evaluation.correlation_map.settings import MapSettings
from napari_icenet.evaluation.correlation_map.tasks import Follow, Job, Places, Score, TaskSpec
from napari_icenet.evaluation.scoring.known_flow import known_flow
from napari_icenet.evaluation.scoring.scores import Scores
from napari_icenet.models.precision import NETWORK_AUTO
from napari_icenet.predictors.predictor_set import PredictorSet
from napari_icenet.scenes.stack import SceneStack

#: Side of a tile, cells: a second of a network on one core.
_TILE = 4
#: Share of a window's work that following its chips is taken for.
_FOLLOWING = 0.25
#: Windows whose tracks are kept for the next map.
_KEPT = 64


@dataclass(eq=False)
class TrackCache:
    """Tracks of one stack, for all maps that follow the same chips."""

    stack: SceneStack
    tracks: dict[tuple[object, ...], tuple[Tracks, Places]] = field(default_factory=dict)

    def keep(self, key: tuple[object, ...], found: tuple[Tracks, Places]) -> None:
        """Keep the tracks of a window, and forget the oldest beyond what is kept."""
        self.tracks[key] = found
        while len(self.tracks) > _KEPT:
            del self.tracks[next(iter(self.tracks))]


class MapRun:
    """A map that is being made.

    Parameters
    ----------
    number : int
        Tells it from other runs; later ones have higher numbers.
    known : TrackCache
        The stack, and what is known of its tracks.
    settings : MapSettings
    predictor_set : PredictorSet
    area : array of bool, (y, x), or None
    workers : int
        Processes that will work on it.

    Raises
    ------
    UsageError, StackError
        It cannot be made as asked.
    """

    def __init__(
        self,
        number: int,
        known: TrackCache,
        settings: MapSettings,
        predictor_set: PredictorSet,
        *,
        area: NDArray[np.bool_] | None,
        workers: int,
    ) -> None:
        stack = known.stack
        ground = MapMetadata.of(stack, settings.band, flow_known=known_flow(stack) is not None)
        check_fits(stack, settings.cutting)
        self.number, self.stack = number, stack
        self.windows = settings.windows(stack)
        self.cells = choose_cells(stack.grid.shape, settings, area)
        self.spec = TaskSpec(settings, predictor_set, CACHE_BYTES // workers)
        self.learned = tuple(p for p, entry in enumerate(predictor_set.entries) if entry.learned)
        self.apart = bool(self.learned) and on_graphics(predictor_set.device)
        self._known, self._gathering = known, Gathering(settings, predictor_set, ground, self.windows, self.cells)
        self._tiles = self.cells.tiles(_TILE)
        # Several windows are followed side by side; a single one has all cores.
        self._threads = workers if len(self.windows) == 1 else 1
        self._follow: deque[Follow] = deque()
        self._scores: dict[tuple[int, ...], deque[Score]] = {entries: deque() for entries in self._groups()}
        self._shares = np.zeros(len(self.windows))
        #: Jobs of scoring by window: those that are not done, and all.
        self._left = np.zeros(len(self.windows), np.int64)
        self._whole = np.zeros(len(self.windows), np.int64)
        for w, window in enumerate(self.windows):
            held = known.tracks.get(self._key(w))
            if held is None:
                self._follow.append(Follow(w, window, self.cells.places, self._threads))
            else:
                self.followed(w, *held)

    def _groups(self) -> list[tuple[int, ...]]:
        every = tuple(range(len(self.spec.predictor_set.entries)))
        if not self.apart:
            return [every]
        return [group for group in (tuple(p for p in every if p not in self.learned), self.learned) if group]

    def _key(self, w: int) -> tuple[object, ...]:
        settings, window = self.spec.settings, self.windows[w]
        chosen = settings.model_dump(include={"chip", "scale", "stride", "tracking"})
        band = self.stack.band(settings.band)
        return band, window.start, window.dates, tuple(chosen.items()), self.cells.followed.tobytes()

    def next_job(self, *, networks: bool) -> Job | None:
        """Next job of a process; None where nothing is left for it.

        Parameters
        ----------
        networks : bool
            Whether it is the one that works on the graphics processor.
        """
        for entries, waiting in reversed(self._scores.items()):
            if waiting and (networks or not self.apart or entries != self.learned):
                return waiting.popleft()
        return self._follow.popleft() if self._follow else None

    def told(self, job: Job, share: float) -> None:
        """A process says how far it is."""
        if isinstance(job, Follow):
            self._shares[job.number] = _FOLLOWING * share

    def done(self, job: Job, result: object) -> None:
        """Take what came of a job."""
        if isinstance(job, Follow):
            assert isinstance(result, tuple)
            self._known.keep(self._key(job.number), result)
            self.followed(job.number, *result)
        elif isinstance(job, Score):
            assert isinstance(result, Scores)
            self._gathering.score(job, result)
            self._left[job.number] -= 1
            self._tell_share(job.number)

    def followed(self, w: int, tracks: Tracks, places: Places) -> None:
        """Chips of a window are known: their tiles can be scored."""
        cells = self.cells.numbers(*places)
        self._gathering.follow(w, WindowTracks(tracks, cells))
        at = np.full(self.cells.asked.size, -1)
        at[cells] = np.arange(len(cells))
        searched = self._searched(w, cells)
        for t, tile in enumerate(self._tiles):
            index = at[tile][at[tile] >= 0]
            if index.size:
                for entries, waiting in self._scores.items():
                    job = Score(w, self.windows[w], t, tracks[index], index, searched[index], entries)
                    waiting.append(job)
                    self._left[w] += 1
        self._whole[w] = self._left[w]
        self._tell_share(w)

    def _tell_share(self, w: int) -> None:
        whole = self._whole[w]
        share = 1 - self._left[w] / whole if whole else 1.0
        self._shares[w] = _FOLLOWING + (1 - _FOLLOWING) * share

    def _searched(self, w: int, cells: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Chips whose templates are searched for: a seeded sample of those that are asked for."""
        settings = self.spec.settings
        chosen = np.zeros(len(cells), bool)
        asked = np.flatnonzero(self.cells.asked.ravel()[cells])
        quota = min(len(asked), -(-settings.tracked // len(self.windows)))
        chosen[np.random.default_rng([settings.seed, w]).choice(asked, quota, replace=False)] = True
        return chosen

    @property
    def share(self) -> float:
        """Share of the work that is done."""
        return float(self._shares.mean())

    @property
    def finished(self) -> bool:
        """True if nothing is left to do; what processes work on still counts as left."""
        return not self._follow and not self._left.any() and not any(self._scores.values()) and self.share >= 1

    def maps(self) -> CorrelationMaps:
        """Maps as far as they are done."""
        return self._gathering.maps(1.0 if self.finished else min(self.share, 0.999))


def on_graphics(device: str) -> bool:
    """True if networks will, or may, compute on a graphics processor."""
    return any(map(may_have, NETWORK_AUTO)) if device == "auto" else device != "cpu"

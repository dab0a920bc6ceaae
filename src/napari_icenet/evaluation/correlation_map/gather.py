"""Put what comes back from the processes together to maps."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
from numpy.typing import NDArray

from napari_icenet.evaluation.correlation_map.cells import Cells
from napari_icenet.evaluation.correlation_map.maps import CellState, CorrelationMaps, MapMetadata, WindowTracks
from napari_icenet.evaluation.correlation_map.settings import DateWindow, MapSettings
from napari_icenet.evaluation.correlation_map.tasks import Score
from napari_icenet.evaluation.scoring.scores import Scores
from napari_icenet.predictors.predictor_set import PredictorSet

#: Fields of the scores with an axis of predictors.
_BY_PREDICTOR = ("ncc", "early", "lacking", "miss", "peak_ratio")


class Gathering:
    """Sums by place and predictor, and the scores themselves."""

    def __init__(
        self,
        settings: MapSettings,
        predictor_set: PredictorSet,
        ground: MapMetadata,
        windows: tuple[DateWindow, ...],
        cells: Cells,
    ) -> None:
        self.settings, self.predictor_set, self.ground, self.windows, self.cells = (
            settings,
            predictor_set,
            ground,
            windows,
            cells,
        )
        count, kinds = cells.asked.size, len(predictor_set.entries)
        self._asked: NDArray[np.bool_] = cells.asked.ravel()
        #: Windows that have told of a cell, sums of correlations, chips that count, and those with a template.
        self._arrived = np.zeros((kinds, count), np.int64)
        self._sums = np.zeros((kinds, 2, count))
        self._counted = np.zeros((kinds, 2, count), np.int64)
        self._templates = np.zeros((kinds, 2, count), np.int64)
        self._waiting: dict[tuple[int, int], dict[tuple[int, ...], Scores]] = {}
        self._parts: list[Scores] = []
        self._followed: dict[int, WindowTracks] = {}

    def follow(self, number: int, found: WindowTracks) -> None:
        """Take the chips of a window; cells without one are lost in it."""
        self._followed[number] = found
        left_out = self._asked.copy()
        left_out[found.cells] = False
        self._arrived[:, left_out] += 1

    def score(self, job: Score, scores: Scores) -> None:
        """Take the scores of a tile by some of the predictors."""
        cells = self._followed[job.number].cells[job.index]
        for column, p in enumerate(job.entries):
            self._arrived[p, cells] += 1
            for k in (0, 1):
                good = scores.counted[:, k]
                self._sums[p, k, cells[good]] += scores.ncc[good, column, k]
                self._counted[p, k, cells[good]] += 1
                self._templates[p, k, cells[good & ~scores.lacking[:, column, k]]] += 1
        held = self._waiting.setdefault((job.number, job.tile), {})
        held[job.entries] = scores
        if sum(map(len, held)) == len(self.predictor_set.entries):
            self._parts.append(_side_by_side(self._waiting.pop((job.number, job.tile))))

    def maps(self, done: float) -> CorrelationMaps:
        """Maps as far as they are done."""
        shape = (2, *self.cells.shape)
        values, states = {}, {}
        for p, key in enumerate(self.predictor_set.keys):
            found = self._templates[p] > 0
            mean = self._sums[p] / np.maximum(self._counted[p], 1)
            values[key] = np.where(found, mean, np.nan).astype(np.float32).reshape(shape)
            through = self._arrived[p] == len(self.windows)
            state = np.where(through, CellState.LOST, CellState.WAITING)
            state = np.where(self._counted[p] > 0, CellState.NO_TEMPLATE, state)
            state = np.where(found, CellState.SCORED, state)
            states[key] = np.where(self._asked, state, CellState.OUTSIDE).astype(np.uint8).reshape(shape)
        return CorrelationMaps(
            self.settings, self.predictor_set, self.ground, self.windows, self.cells.rows, self.cells.cols,
            values, states, done, tuple(self._parts), dict(self._followed),
        )  # fmt: skip


def _side_by_side(parts: dict[tuple[int, ...], Scores]) -> Scores:
    """Scores of the same chips by several predictors, in the order of the predictor set."""
    if len(parts) == 1:
        return next(iter(parts.values()))
    order = np.argsort([p for entries in parts for p in entries])
    held = list(parts.values())
    joined = {
        field.name: np.concatenate([getattr(one, field.name) for one in held], axis=1)[:, order]
        for field in fields(Scores)
        if field.name in _BY_PREDICTOR
    }
    return replace(held[0], **joined)

"""A small stack of moving, noisy ice, and a model of maps that remembers what it told."""

from __future__ import annotations

import threading

import numpy as np

from napari_icenet.evaluation.correlation_map.background import MapTool
from napari_icenet.evaluation.correlation_map.maps import CorrelationMaps
from napari_icenet.evaluation.correlation_map.settings import MapSettings
from napari_icenet.predictors.predictor_set import PredictorSet
from tests.datasets.ice import moving, stack_of

SETTINGS = MapSettings(chip=32, stride=16, tracking="chain", t0=10, resamples=100)
LINE_UP = PredictorSet.of_names("persistence", "high-pass", "blurred")


def noisy_ice(dates: int = 14, side: int = 112, seed: int = 3):
    """Ice that moves by a pixel a date under noise; its upper left corner was never seen."""
    noise = np.random.default_rng(seed).normal(0, 900, (dates, side, side))
    values = (moving(dates, side, (1, 1)) + noise).astype(np.float32)
    values[:, :40, :40] = np.nan
    return stack_of(values)


class Told:
    """All that a model told, and the wish to be told more."""

    def __init__(self, tool: MapTool) -> None:
        self.tool = tool
        self.maps: list[CorrelationMaps] = []
        self.busy: list[bool] = []
        self.errors: list[Exception] = []
        self.shares: list[float] = []
        self.changed = threading.Event()
        tool.maps_changed.connect(self._maps)
        tool.busy_changed.connect(self.busy.append)
        tool.failed.connect(self.errors.append)
        tool.progressed.connect(lambda share, _: self.shares.append(share))

    def _maps(self, maps: CorrelationMaps) -> None:
        self.maps.append(maps)
        self.changed.set()

    def made(self, *request, timeout: float = 60) -> CorrelationMaps:
        """The maps of a request that succeeds."""
        for held in (self.maps, self.busy, self.errors, self.shares):
            held.clear()
        self.tool.start(*request)
        assert self.tool.wait(timeout)
        assert not self.errors
        return self.tool.maps

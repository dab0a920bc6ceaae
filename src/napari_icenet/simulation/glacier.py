"""A glacier drawn by lot, with its scenes in memory: many of them make a training set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from napari_icenet.common.settings_model import Settings
from napari_icenet.common.types import F64
from napari_icenet.simulation.random_fields import Raster, stream
from napari_icenet.simulation.settings import SimulationSettings
from napari_icenet.simulation.simulator import Simulation

#: Of the orbit's passes, those that a glacier's dates are drawn from: some three summers.
PASSES = 30
#: An even chip's geometric centre lies half a pixel before its nominal one.
CENTRE = -0.5
#: Farthest that the ice may move in all, as a share of the room that a chip has in the frame.
MOST_TRAVEL = 0.6


class TrainingSettings(Settings):
    """Settings of simulated training sequences; glaciers, light and weather vary around the ``byrd`` preset.

    Attributes
    ----------
    chip : int
        Side C of the chips, even pixels.
    frames : int
        Dates of a sequence.
    size : int
        Side of a glacier's frame, pixels.
    bands : int
        Number of bands, from B1.
    per_glacier : int
        Most sequences cut from one glacier.
    clear_sky : bool
        No cloud at all.
    any_dates : float
        Share of the glaciers whose dates are any passes in order; the others' are consecutive.
    max_cloud, max_fill : float
        A frame with a larger share of cloud and shadow, or of fill, is not valid.
    """

    chip: int = Field(default=128, ge=16, le=512, multiple_of=2)
    frames: int = Field(default=12, ge=2, le=PASSES)
    size: int = Field(default=320, ge=256, le=2048)
    bands: int = Field(default=7, ge=1, le=7)
    per_glacier: int = Field(default=16, ge=1, le=1000)
    clear_sky: bool = False
    any_dates: float = Field(default=0.5, ge=0, le=1)
    max_cloud: float = Field(default=0.3, ge=0, le=1)
    max_fill: float = Field(default=0.5, ge=0, lt=1)


@dataclass(frozen=True, eq=False)
class SimulatedGlacier:
    """Some scenes of one glacier.

    Attributes
    ----------
    simulation : Simulation
    dates : array of int64, (T,)
        Numbers of the simulation's dates that are shown.
    times : array of datetime64[s], (T,)
    bands : tuple of str
    pictures : array of float32, (T, bands, size, size)
        Top-of-atmosphere reflectance; NaN is fill.
    clouded : array of bool, (T, size, size)
        Cloud and cloud shadow in truth.
    """

    simulation: Simulation
    dates: NDArray[np.int64]
    times: NDArray[np.datetime64]
    bands: tuple[str, ...]
    pictures: Raster
    clouded: NDArray[np.bool_]

    @property
    def settings(self) -> SimulationSettings:
        """Of the simulation."""
        return self.simulation.settings

    def positions(self, rows: ArrayLike, cols: ArrayLike) -> tuple[F64, F64]:
        """(rows, cols), each (n, T): where the ice of chips at (row, col) on the first date is on every date."""
        row, col = np.asarray(rows, float), np.asarray(cols, float)
        moved = [
            self.simulation.displacement(row + CENTRE, col + CENTRE, int(self.dates[0]), int(date))
            for date in self.dates
        ]
        return np.stack([row + m[0] for m in moved], axis=1), np.stack([col + m[1] for m in moved], axis=1)


def draw_glacier(settings: TrainingSettings, seed: int, number: int) -> SimulatedGlacier:
    """Make glacier ``number`` of a seed."""
    generator = stream(seed, "glacier", number)
    dates = _draw_dates(settings, generator)
    simulation = Simulation(_draw_settings(settings, dates, generator), quick=True)
    if (span := float(simulation.days[dates[-1]] - simulation.days[dates[0]])) > 0:
        # Ice that would leave the frame is slowed down.
        per_day = simulation.flow.speed * (1 + simulation.settings.acceleration)
        room = MOST_TRAVEL * (settings.size - settings.chip)
        if per_day * span > room:
            slower = simulation.settings.speed * room / (per_day * span)
            simulation = Simulation(simulation.settings.model_copy(update={"speed": slower}), quick=True)
    shape = settings.size, settings.size
    pictures = np.empty((len(dates), settings.bands, *shape), np.float32)
    clouded = np.empty((len(dates), *shape), bool)
    for t, date in enumerate(dates):
        frame = simulation.frame(int(date))
        pictures[t] = list(frame.reflectance.values())
        clouded[t] = frame.cloud | frame.shadow
    times = np.array([simulation.times[date] for date in dates], "datetime64[s]")
    return SimulatedGlacier(simulation, dates, times, simulation.bands, pictures, clouded)


def _draw_dates(settings: TrainingSettings, generator: np.random.Generator) -> NDArray[np.int64]:
    if generator.random() < settings.any_dates:
        # Not over more than some two years, or there would be little left of what can be foreseen.
        passes = min(PASSES, 2 * settings.frames)
        return np.sort(generator.permutation(passes)[: settings.frames])
    return np.arange(settings.frames) + generator.integers(0, PASSES - settings.frames + 1)


def _draw_settings(
    settings: TrainingSettings, dates: NDArray[np.int64], generator: np.random.Generator
) -> SimulationSettings:
    """Around the ``byrd`` preset: every relief, speed and weather is drawn anew."""
    base = SimulationSettings.of("byrd")

    def around(name: str, spread: float, most: float) -> float:
        return float(min(getattr(base, name) * np.exp(spread * generator.standard_normal()), most))

    cloud = 0.0 if settings.clear_sky else float(generator.uniform(0, 0.5))
    return SimulationSettings.of(
        "byrd",
        seed=int(generator.integers(0, 2**31)),
        dates=int(dates[-1]) + 1,
        size=settings.size,
        bands=settings.bands,
        speed=around("speed", 0.8, 3000),
        acceleration=float(generator.uniform(0, 0.3)),
        heading=float(generator.uniform(0, 360)),
        half_width=float(generator.uniform(0.25, 0.6)),
        mountains=float(generator.uniform(0.15, 1.0)),
        **{
            f"{kind}_slope": around(f"{kind}_slope", 0.4, 0.15)
            for kind in ("undulation", "streak", "crevasse", "sastrugi", "fresh")
        },
        sastrugi_days=around("sastrugi_days", 0.8, 1000),
        snow=float(generator.uniform(0.1, 0.6)),
        cloud=cloud,
        cloud_spread=0.25 if cloud else 0.0,
        cloud_depth=around("cloud_depth", 0.4, 8),
        cloud_size=around("cloud_size", 0.4, 1000),
        veil=around("veil", 0.7, 1.0),
        veil_size=around("veil_size", 0.4, 400),
        haze=around("haze", 0.7, 1.0),
        noise=around("noise", 0.5, 0.02),
        jitter=float(generator.uniform(0, 0.5)),
    )

"""Weather over the glacier: drifting cloud, its shadow, haze; and light on the relief."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import map_coordinates

from napari_icenet.simulation.random_fields import Raster, fractal, random_field, step, stream
from napari_icenet.simulation.settings import SimulationSettings


@dataclass(frozen=True)
class Weather:
    """The air of one date.

    Attributes
    ----------
    snow : float
        Share of small relief that fresh snow hides.
    haze : float
        Optical depth of haze, uniform.
    cloud_share : float
        Share of the frame under cloud that was drawn; the frame's own is close to it.
    cloud_height : float
        Height of the cloud above the ground, pixels (30 m).
    """

    snow: float
    haze: float
    cloud_share: float
    cloud_height: float


def draw_weather(settings: SimulationSettings, date: int) -> Weather:
    """The weather of date number ``date``."""
    generator = stream(settings.seed, "weather", date)
    snow, height = generator.standard_normal(2)
    haze = generator.exponential(settings.haze) if settings.haze else 0.0
    return Weather(
        snow=float(np.clip(settings.snow + settings.snow_spread * snow, 0, 0.95)),
        haze=float(haze),
        cloud_share=_share(settings.cloud, settings.cloud_spread, generator),
        cloud_height=float(20 + 8 * np.clip(height, -1.5, 2)),
    )


def _share(mean: float, spread: float, generator: np.random.Generator) -> float:
    """Draw from the beta distribution with this mean and spread; skies are mostly clear or mostly grey."""
    if mean in (0.0, 1.0) or spread == 0:
        return mean
    weight = max(mean * (1 - mean) / spread**2 - 1, 0.15)
    return float(generator.beta(mean * weight, (1 - mean) * weight))


def cloud_depth(
    settings: SimulationSettings, weather: Weather, date: int, toward_sun: tuple[float, float]
) -> tuple[Raster, Raster]:
    """Optical depth of cloud over each pixel, and on the way from the sun to it.

    Parameters
    ----------
    settings : SimulationSettings
    weather : Weather
    date : int
        Number of the date; each has a field of its own.
    toward_sun : tuple of float
        (row, col) from a pixel to the point under the cloud that stands between it and the sun.

    Returns
    -------
    overhead, sunward : arrays of float32, (size, size)
    """
    size = settings.size
    if weather.cloud_share <= 0 or settings.cloud_depth <= 0:
        nothing = np.zeros((size, size), np.float32)
        return nothing, nothing
    reach = int(np.ceil(max(abs(v) for v in toward_sun))) + 2
    generator = stream(settings.seed, "cloud", date)
    shape = (size + 2 * reach, size + 2 * reach)
    banks = random_field(shape, generator, fractal(settings.cloud_size, 1.75, 3, 0.5))
    # The share holds over the frame that is seen, not over the wider field.
    inner = banks[reach : reach + size, reach : reach + size]
    level = float(np.quantile(inner, 1 - min(weather.cloud_share, 0.999)))
    depth = np.asarray(settings.cloud_depth * step(banks, level - 0.25, level + 1.4) ** 1.1, np.float32)
    row, col = (reach + np.arange(size) + v for v in toward_sun)
    where = np.stack(np.meshgrid(row, col, indexing="ij"))
    sunward = map_coordinates(depth, where, np.float32, order=1, mode="nearest")
    return depth[reach : reach + size, reach : reach + size].copy(), np.asarray(sunward, np.float32)


def veil_depth(settings: SimulationSettings, date: int) -> Raster:
    """Optical depth of the veil over each pixel, float32 (size, size): bands of a log-normal field."""
    shape = (settings.size, settings.size)
    if not settings.veil:
        return np.zeros(shape, np.float32)
    bands = random_field(shape, stream(settings.seed, "veil", date), fractal(settings.veil_size, 2.0, 6, 2.0))
    # Its deviation is about as large as its mean.
    return np.asarray(settings.veil * np.exp(0.8 * bands - 0.32), np.float32)


def sunlight(height: Raster, spacing: float, toward: tuple[float, float], elevation: float) -> Raster:
    """Direct light on the relief, as a share of that on level ground.

    Parameters
    ----------
    height : array, (h, w)
        Pixels.
    spacing : float
        Pixels between the samples.
    toward : tuple of float
        Unit vector (row, col) towards the sun.
    elevation : float
        Of the sun, degrees.
    """
    d0, d1 = np.gradient(height, np.float32(spacing))
    tangent = np.float32(np.tan(np.radians(elevation)))
    facing = -(d0 * np.float32(toward[0]) + d1 * np.float32(toward[1])) / tangent
    return np.asarray(np.clip((1 + facing) / np.sqrt(1 + d0 * d0 + d1 * d1), 0, None), np.float32)


def cast_shadow(height: Raster, spacing: float, toward: tuple[float, float], elevation: float) -> Raster:
    """Share of the sun's disc (0–1) that high ground leaves to each point.

    Looks towards the sun in steps of one sample, as far as the highest ground can shade.
    """
    rise = float(np.tan(np.radians(elevation))) * spacing
    steps = int(min((height.max() - np.median(height)) / rise, max(height.shape)))
    horizon = np.full(height.shape, -np.inf, np.float32)
    padded = np.pad(height, 1, mode="edge")
    for n in range(1, steps + 1):
        dr, dc = round(n * toward[0]), round(n * toward[1])
        rows = np.clip(np.arange(height.shape[0]) + dr, -1, height.shape[0]) + 1
        cols = np.clip(np.arange(height.shape[1]) + dc, -1, height.shape[1]) + 1
        np.maximum(horizon, padded[np.ix_(rows, cols)] - np.float32(n * rise), out=horizon)
    # The half-shade is about as wide as a coarse sample.
    return np.asarray(1 - step(horizon - height, 0.0, 0.8), np.float32)


def cloud_light(depth: Raster, toward: tuple[float, float]) -> Raster:
    """Brightness of the cloud's top by its own relief: the side towards the sun is the brighter, around 1."""
    d0, d1 = np.gradient(depth)
    return np.asarray(1 + 0.12 * np.tanh(-5.0 * (d0 * np.float32(toward[0]) + d1 * np.float32(toward[1]))), np.float32)

"""A simulated glacier that makes its scenes one by one, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import cv2
import numpy as np
from affine import Affine
from numpy.typing import ArrayLike, NDArray
from pyproj import Transformer
from rasterio.crs import CRS

from napari_icenet.common.types import F64
from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.scene import Flag
from napari_icenet.simulation.flow import Flow
from napari_icenet.simulation.random_fields import Raster, fractal, random_field, stream
from napari_icenet.simulation.settings import SimulationSettings
from napari_icenet.simulation.sky import (
    Weather,
    cast_shadow,
    cloud_depth,
    cloud_light,
    draw_weather,
    sunlight,
    veil_depth,
)
from napari_icenet.simulation.spectra import OPTICS, Light, reflectance
from napari_icenet.simulation.sun import Sun, pass_times, sun_position
from napari_icenet.simulation.surface import SUPERSAMPLING, Surface

#: Byrd Glacier, 80°01′25″ S, 153°11′10″ E.
LATITUDE, LONGITUDE = -(80 + 1 / 60 + 25 / 3600), 153 + 11 / 60 + 10 / 3600
PIXEL = 30.0
#: Turn of the footprint's edges against the grid (degrees) and half its side, as a share of the frame.
FOOTPRINT_TURN, FOOTPRINT_HALF = 31.0, 0.61
#: Spread (standard deviation, pixels) of the instrument's optics and the product's resampling.
OPTICS_BLUR = 0.6
#: Optical depth from which a pixel counts as cloud, or as lying in a cloud's shadow, in the truth.
CLOUDED, SHADED = 0.15, 0.3


@dataclass(frozen=True)
class Frame:
    """One simulated scene.

    Attributes
    ----------
    reflectance : dict of str to array
        Top-of-atmosphere reflectance by band (``B1`` …), float32 (size, size); NaN is fill.
    flags : array of uint8, (size, size)
        :class:`~napari_icenet.scenes.scene.Flag` bits as an imperfect detection gives them.
    cloud, shadow : arrays of bool, (size, size)
        Where there is cloud and cloud shadow in truth.
    """

    reflectance: dict[str, Raster]
    flags: NDArray[np.uint8]
    cloud: NDArray[np.bool_]
    shadow: NDArray[np.bool_]


class Simulation:
    """A glacier and its weather. Nothing is written; frames can be made in any order.

    Parameters
    ----------
    settings : SimulationSettings
    quick : bool
        Look the ground up by a quicker interpolation, right to a sixtieth of a pixel: for training sets.

    Attributes
    ----------
    times : list of datetime
        Acquisitions, UTC.
    days : array of float64, (dates,)
        Days since the first.
    jitter : array of float64, (dates, 2)
        (row, col) by which each scene's content lies off its true place, pixels.
    grid : Grid
        EPSG:3031, 30 m.
    flow : Flow
    """

    def __init__(self, settings: SimulationSettings, *, quick: bool = False) -> None:
        self.settings = settings
        self.quick = quick
        self.grid = byrd_grid(settings.size)
        self.flow = byrd_flow(settings, self.grid)
        self.times: list[datetime] = pass_times(settings.dates, LONGITUDE, LATITUDE)
        self.days = np.array([(when - self.times[0]).total_seconds() / 86400 for when in self.times])
        generator = stream(settings.seed, "jitter")
        # Drawn one by one, so that a longer archive begins with the same scenes.
        self.jitter = settings.jitter * np.array([generator.standard_normal(2) for _ in self.times])

    @property
    def bands(self) -> tuple[str, ...]:
        """Names of the bands."""
        return tuple(OPTICS)[: self.settings.bands]

    @cached_property
    def surface(self) -> Surface:
        """The ground; made on first use."""
        return Surface(self.settings, self.flow, float(self.days[-1]), quick=self.quick)

    def sun(self, date: int) -> Sun:
        """The sun over the scene's centre."""
        return sun_position(self.times[date], LONGITUDE, LATITUDE)

    def toward_sun(self, date: int) -> tuple[float, float]:
        """Unit vector (row, col) on the grid towards the sun."""
        # On the south polar map north points away from the pole: along the meridian's own angle.
        azimuth = np.radians(self.sun(date).azimuth + LONGITUDE)
        return float(-np.cos(azimuth)), float(np.sin(azimuth))

    def weather(self, date: int) -> Weather:
        """Snow, haze and cloud of a date."""
        return draw_weather(self.settings, date)

    def fill(self, date: int) -> NDArray[np.bool_]:
        """Pixels that the rotated footprint of the scene leaves empty."""
        size = self.settings.size
        shift = stream(self.settings.seed, "footprint", date).uniform(-0.008, 0.008, 2) * size
        middle = (size - 1) / 2
        row, col = np.arange(size)[:, None] - middle - shift[0], np.arange(size)[None, :] - middle - shift[1]
        turn = np.radians(FOOTPRINT_TURN)
        u, v = col * np.cos(turn) + row * np.sin(turn), row * np.cos(turn) - col * np.sin(turn)
        return np.asarray(np.maximum(np.abs(u), np.abs(v)) > FOOTPRINT_HALF * size)

    def displacement(self, row: ArrayLike, col: ArrayLike, time_i: int, time_j: int) -> tuple[F64, F64]:
        """(drow, dcol) from date ``time_i`` to ``time_j`` of what lies at (row, col) in the scene of ``time_i``.

        Pixels; exact, with the geolocation jitter of both scenes in it.
        """
        return self.flow.displacement(
            row, col, float(self.days[time_j] - self.days[time_i]), self.jitter[time_i], self.jitter[time_j]
        )

    def frame(self, date: int, bands: Sequence[str] | None = None) -> Frame:
        """Make the scene of date number ``date``, with all bands or those named."""
        light = self._light(date)
        fill = self.fill(date)
        sine = np.sin(np.radians(self.sun(date).elevation))
        pictures = {}
        for band in self.bands if bands is None else bands:
            noise = stream(self.settings.seed, f"noise {band}", date)
            picture = reflectance(OPTICS[band], light)
            # The noise is the instrument's: the lower the sun, the more of it in the reflectance.
            grains = noise.standard_normal(picture.shape, dtype=np.float32)
            picture += grains * np.float32(self.settings.noise * OPTICS[band].noise / sine)
            picture[fill] = np.nan
            pictures[band] = picture
        cloud = (light.overhead > CLOUDED) & ~fill
        shadow = (light.sunward > SHADED) & ~cloud & ~fill
        return Frame(pictures, self._detected(date, light, fill), cloud, shadow)

    def _light(self, date: int) -> Light:
        weather, sun, toward = self.weather(date), self.sun(date), self.toward_sun(date)
        row, col = self.jitter[date]
        ground = self.surface.ground(float(self.days[date]), weather.snow, (float(row), float(col)))
        spacing = 1 / SUPERSAMPLING
        direct = sunlight(ground.height, spacing, toward, sun.elevation)
        coarse = _block_mean(ground.height, 2 * SUPERSAMPLING)
        shade = cast_shadow(coarse, 2.0, toward, sun.elevation)
        direct *= _enlarged(shade, 2 * SUPERSAMPLING, ground.height.shape)
        snow, ice = (1 - ground.rock) * (1 - ground.bare), (1 - ground.rock) * ground.bare
        reach = weather.cloud_height / np.tan(np.radians(sun.elevation))
        offset = (toward[0] * reach, toward[1] * reach)
        overhead, sunward = cloud_depth(self.settings, weather, date, offset)

        def mean(values: Raster) -> Raster:
            blurred = cv2.GaussianBlur(values, (0, 0), SUPERSAMPLING * OPTICS_BLUR, borderType=cv2.BORDER_REFLECT)
            return _block_mean(np.asarray(blurred, np.float32), SUPERSAMPLING)

        return Light(
            snow=mean(snow),
            ice=mean(ice),
            rock=mean(ground.rock),
            snow_lit=mean(snow * direct),
            ice_lit=mean(ice * direct),
            rock_lit=mean(ground.rock * direct),
            grain=mean(ground.grain),
            overhead=overhead,
            sunward=sunward,
            veil=veil_depth(self.settings, date),
            cloud_light=cloud_light(overhead, toward),
            haze=weather.haze,
        )

    def _detected(self, date: int, light: Light, fill: NDArray[np.bool_]) -> NDArray[np.uint8]:
        """Flags as a cloud detection over ice gives them: thin cloud is missed, bright snow taken for cloud."""
        doubt = random_field(fill.shape, stream(self.settings.seed, "detection", date), fractal(30, 1.2, 3))
        cloud = light.overhead + 0.13 * doubt > 0.45
        shadow = (light.sunward + 0.15 * doubt > 0.7) & ~cloud
        flags = np.where(light.rock < 0.5, np.uint8(Flag.SNOW), np.uint8(0))
        flags = np.where(cloud, np.uint8(Flag.CLOUD), flags | np.where(shadow, np.uint8(Flag.SHADOW), np.uint8(0)))
        flags[fill] = Flag.FILL
        return flags.astype(np.uint8)


def byrd_grid(size: int) -> Grid:
    """A square grid of 30 m in EPSG:3031 around Byrd Glacier, in phase with Landsat's."""
    x, y = Transformer.from_crs(4326, 3031, always_xy=True).transform(LONGITUDE, LATITUDE)
    # Landsat's pixel centres lie on multiples of 30 m.
    left, top = (PIXEL * round(v / PIXEL) for v in (x - PIXEL * size / 2, y + PIXEL * size / 2))
    return Grid(size, size, Affine(PIXEL, 0, left - PIXEL / 2, 0, -PIXEL, top + PIXEL / 2), CRS.from_epsg(3031))


def byrd_flow(settings: SimulationSettings, grid: Grid) -> Flow:
    """The trunk of the simulated glacier: down the map's −x, in a wide bend."""
    size = settings.size
    middle = (size - 1) / 2
    per_day = settings.speed * grid.map_scale(middle, middle)[0] / PIXEL / 365.25
    # Byrd's own trunk is some 20 km wide; in a larger frame it stays so.
    return Flow(
        middle=(middle, middle),
        heading=settings.heading,
        radius=2.2 * size,
        half_width=settings.half_width * min(size, 1200),
        stretch=0.5 * size / max(settings.acceleration, 1e-9),
        speed=per_day,
    )


def _block_mean(values: Raster, block: int) -> Raster:
    height, width = (n // block for n in values.shape)
    cut = values[: height * block, : width * block]
    return np.asarray(cut.reshape(height, block, width, block).mean(axis=(1, 3), dtype=np.float32))


def _enlarged(values: Raster, factor: int, shape: tuple[int, ...]) -> Raster:
    """Bilinear enlargement of block means."""
    large = cv2.resize(values, (values.shape[1] * factor, values.shape[0] * factor), interpolation=cv2.INTER_LINEAR)
    rest = [(0, n - m) for n, m in zip(shape, large.shape, strict=True)]
    return np.asarray(np.pad(large, rest, mode="edge"), np.float32)

"""Reflectance of snow, ice, rock and cloud in the seven OLI bands, and what the air adds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_icenet.simulation.random_fields import Raster


@dataclass(frozen=True)
class BandOptics:
    """One band; reflectances and shares are 0–1.

    Attributes
    ----------
    snow, ice, rock, cloud, haze : float
        Reflectance of fine snow, of bare blue ice, of rock, of thick cloud and of haze.
    grain : float
        How much of its logarithm one unit of grain coarseness takes from the snow's reflectance.
    skylight : float
        Share of the light on level ground that comes from the whole sky, so that shadows are not black.
    path : float
        Reflectance of the clear air itself.
    noise : float
        Of the sensor, relative to the visible bands.
    """

    snow: float
    ice: float
    rock: float
    cloud: float
    haze: float
    grain: float
    skylight: float
    path: float
    noise: float


#: B1–B7. Snow and ice are bright in the visible, darker in the near infrared, dark in the short-wave
#: infrared, where grain size decides; a cloud stays fairly bright there.
OPTICS: dict[str, BandOptics] = {
    "B1": BandOptics(0.97, 0.80, 0.12, 0.96, 0.90, 0.002, 0.24, 0.070, 1.0),
    "B2": BandOptics(0.96, 0.78, 0.13, 0.95, 0.89, 0.002, 0.19, 0.050, 1.0),
    "B3": BandOptics(0.94, 0.70, 0.15, 0.94, 0.87, 0.004, 0.13, 0.025, 1.0),
    "B4": BandOptics(0.92, 0.58, 0.18, 0.94, 0.86, 0.008, 0.09, 0.014, 1.0),
    "B5": BandOptics(0.86, 0.38, 0.22, 0.92, 0.82, 0.022, 0.05, 0.006, 1.0),
    "B6": BandOptics(0.13, 0.03, 0.26, 0.52, 0.30, 0.22, 0.02, 0.002, 0.4),
    "B7": BandOptics(0.11, 0.02, 0.23, 0.42, 0.24, 0.22, 0.015, 0.001, 0.4),
}


@dataclass(frozen=True)
class Light:
    """Light and materials of one scene, averaged over its pixels; arrays (size, size), float32.

    ``snow``, ``ice`` and ``rock`` are the shares of the pixel; ``snow_lit`` … the same, weighted
    with the direct sunlight on them (1 on level ground).
    """

    snow: Raster
    ice: Raster
    rock: Raster
    snow_lit: Raster
    ice_lit: Raster
    rock_lit: Raster
    grain: Raster
    overhead: Raster
    sunward: Raster
    veil: Raster
    cloud_light: Raster
    haze: float


def reflectance(optics: BandOptics, light: Light) -> Raster:
    """Top-of-atmosphere reflectance of one band, without noise.

    Returns
    -------
    array of float32, (size, size)
    """
    snow = np.float32(optics.snow) * np.exp(-np.float32(optics.grain) * light.grain)
    level = snow * light.snow + optics.ice * light.ice + optics.rock * light.rock
    direct = snow * light.snow_lit + optics.ice * light.ice_lit + optics.rock * light.rock_lit
    # A cloud scatters forwards: it takes less from the light than its depth says, and brightens the sky.
    through = np.exp(-0.55 * (light.sunward + light.veil))
    sky = np.float32(optics.skylight) + (1 - through) * np.float32(0.35 * optics.cloud * (1 - optics.skylight))
    surface = level * sky + direct * through * np.float32(1 - optics.skylight)
    opacity = 1 - np.exp(-0.75 * (light.overhead + light.veil))
    below = surface * (1 - opacity) + np.float32(optics.cloud) * light.cloud_light * opacity
    clear = np.float32(np.exp(-light.haze))
    return np.asarray(optics.path + clear * below + (1 - clear) * np.float32(optics.haze), np.float32)

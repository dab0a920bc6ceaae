"""The simulated ground: relief and materials, carried by the ice and never resampled twice."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates, spline_filter

from napari_icenet.simulation.flow import Flow
from napari_icenet.simulation.random_fields import Amplitude, Raster, fractal, random_field, ripples, step, stream
from napari_icenet.simulation.settings import SimulationSettings

#: Spacing of the maps in trunk coordinates, pixels. Their shortest waves span four samples or more.
SPACING = 0.5
#: Room around the frame in the maps, pixels, for interpolation and for the scene's jitter.
MARGIN = 24.0
#: Sub-pixels along each side of a pixel, over which the sensor averages.
SUPERSAMPLING = 2


@dataclass(frozen=True)
class Ground:
    """Ground under each sub-pixel of a scene; arrays (2 · size, 2 · size), float32.

    Attributes
    ----------
    height : array
        Relief in pixels (30 m).
    bare : array
        Share of bare (blue) ice, and of crevasses' dark, 0–1.
    rock : array
        Share of rock, 0–1.
    grain : array
        Coarseness of the snow's grains, about −2 … 2.
    """

    height: Raster
    bare: Raster
    rock: Raster
    grain: Raster


class Surface:
    """Maps of the ground in trunk coordinates (along, across), as it lies at day 0.

    A scene looks each of its sub-pixels up at the place where that piece of ice lay on day 0, with
    a cubic spline of a band-limited map: blur does not add up over the dates.

    Parameters
    ----------
    settings : SimulationSettings
    flow : Flow
    last_day : float
        Latest day that will be asked for.
    quick : bool
        Interpolate by cubic convolution, to a sixtieth of a pixel, in place of the spline.
    """

    def __init__(self, settings: SimulationSettings, flow: Flow, last_day: float, *, quick: bool = False) -> None:
        self.settings = settings
        self._look_up = _convolved if quick else _splined
        self.flow = flow
        edge = np.linspace(-MARGIN, settings.size - 1 + MARGIN, 257)
        ends = np.full_like(edge, -MARGIN), np.full_like(edge, settings.size - 1 + MARGIN)
        along, across = flow.trunk(np.concatenate([edge, edge, *ends]), np.concatenate([*ends, edge, edge]))
        upstream = flow.carried(along, across, -last_day - 1)
        self._start = min(float(upstream.min()), float(along.min())), float(across.min())
        self._shape = (
            int((along.max() - self._start[0]) / SPACING) + 2,
            int((across.max() - self._start[1]) / SPACING) + 2,
        )
        across_axis = self._start[1] + SPACING * np.arange(self._shape[1])
        self._across: Raster = across_axis[None, :].astype(np.float32)
        self._make_ice()
        self._make_walls()

    def _field(self, purpose: str, amplitude: Amplitude) -> Raster:
        return random_field(self._shape, stream(self.settings.seed, purpose), amplitude, SPACING)

    def _make_ice(self) -> None:
        s, half = self.settings, self.flow.half_width
        share = (np.abs(self._across) / half).astype(np.float32)
        trunk = 1 - step(share, 0.94, 1.04)
        undulation = self._field("undulation", fractal(70, 2.6, 9, 0.7))
        streaks = self._field("streaks", fractal(26, 1.1, 3.0, 14.0))
        self._undulation = _sloped(undulation, s.undulation_slope)
        # Streaks are born at the margins and between confluent streams: bands across the trunk.
        bands = random_field((1, self._shape[1]), stream(s.seed, "bands"), fractal(60, 1.0, 12), SPACING)
        strength = (0.35 + step(bands, -0.6, 1.2)) * trunk
        self._streaks = _sloped(streaks, s.streak_slope) * strength
        fields, depth = self._crevasses(share)
        self._crevassing = fields * trunk
        self._sastrugi = tuple(
            _sloped(self._field(f"sastrugi {n}", fractal(12, 0.8, 2.2, 2.0)), s.sastrugi_slope) for n in range(2)
        )
        patches = self._field("blue ice", fractal(90, 1.8, 6, 3.0))
        blue = step(patches + 1.2 * step(share, 0.75, 1.0) * trunk, 1.1, 2.2) * 0.55
        self._bare = np.clip(blue + 0.10 * np.clip(streaks, 0, 2) * strength + depth * trunk, 0, 1).astype(np.float32)
        self._grain = self._field("grain", fractal(40, 1.3, 3, 2.0))
        self._drift = self._field("drift", fractal(50, 1.5, 5, 2.0))

    def _crevasses(self, share: Raster) -> tuple[Raster, Raster]:
        """Relief and darkness of crevasses: across the flow in patches, oblique along the margins."""
        s = self.settings
        along_patches = self._field("crevasse patches", fractal(110, 1.6, 12))
        centre = step(along_patches, 0.3, 1.2) * (1 - step(share, 0.65, 0.85))
        margin = step(share, 0.62, 0.82) * step(self._field("margin patches", fractal(60, 1.2, 8)), -0.9, 0.4)
        # Extension opens them across the flow; shear turns the marginal ones 45° upstream.
        sides = [("transverse", 0.0, centre), ("left margin", 45.0, margin * (self._across < 0))]
        sides.append(("right margin", -45.0, margin * (self._across >= 0)))
        relief = np.zeros(self._shape, np.float32)
        dark = np.zeros(self._shape, np.float32)
        for purpose, direction, where in sides:
            wave = self._field(purpose, ripples(7.5, direction, 20.0)) + 0.5 * self._field(
                purpose + " fine", ripples(5.0, direction, 12.0)
            )
            cracks = np.clip(wave - np.float32(0.2), 0, 2.2)
            relief -= _sloped(cracks, 2.2 * s.crevasse_slope) * where
            dark += 0.12 * cracks * where
        return relief, dark

    def _make_walls(self) -> None:
        """Rock walls, their snow fields and the stagnant ice at their feet."""
        wander = self._field("wall's foot", fractal(110, 2.4, 10))
        # Never nearer to the axis than the half width: rock must not move.
        beyond = np.abs(self._across) - np.float32(self.flow.half_width + 9) - 9 * np.maximum(wander, -1)
        terrain = self._field("mountains", fractal(150, 2.9, 7))
        ridges = 1.5 - np.sqrt(terrain**2 + np.float32(0.02))
        rise = step(beyond, 0, 60)
        relief = rise * (5 + 8 * ridges) + 0.05 * np.clip(beyond, 0, 120)
        self._terrain = (np.float32(self.settings.mountains) * relief).astype(np.float32)
        slope = np.hypot(*np.gradient(self._terrain, SPACING))
        rubble = self._field("rubble", fractal(20, 1.0, 2.5))
        self._rock = (step(slope + 0.05 * rubble + 0.24 * ridges, 0.44, 0.64) * step(beyond, -2, 4)).astype(np.float32)
        self._terrain += 0.12 * rubble * self._rock

    def ground(self, days: float, snow: float, shift: tuple[float, float]) -> Ground:
        """The ground as a scene sees it.

        Parameters
        ----------
        days : float
            Since day 0.
        snow : float
            Share of small relief and bare ice that fresh snow hides (0–1).
        shift : tuple of float
            (row, col) by which the scene's content lies off its true place, pixels.
        """
        size, k = self.settings.size, SUPERSAMPLING
        fine = (np.arange(size * k) + 0.5) / k - 0.5
        along, across = self.flow.trunk(fine[:, None] - shift[0], fine[None, :] - shift[1])
        along = self.flow.carried(along, across, -days)
        where = np.stack([(along - self._start[0]) / SPACING, (across - self._start[1]) / SPACING])
        hidden = np.clip(snow * (1 + 0.35 * self._drift), 0, 1)
        # Half of the sastrugi is made anew in the given time, so their correlation falls by half.
        kept = 0.5 ** (days / self.settings.sastrugi_days)
        sastrugi = kept * self._sastrugi[0] + np.sqrt(1 - kept**2) * self._sastrugi[1]
        cover = 1 - hidden
        height = self._terrain + self._undulation + cover * (self._streaks + self._crevassing) + sastrugi
        relief = self._look_up(height, where)
        if self.settings.fresh_slope:
            # It lies on the ground as it is now and is gone on the next date, so the ice need not carry it.
            wind = stream(self.settings.seed, "fresh roughness", round(days))
            fresh = random_field((size * k, size * k), wind, fractal(12, 0.8, 2.2, 2.0), 1 / k)
            relief += _sloped(fresh, self.settings.fresh_slope)
        return Ground(
            height=relief,
            bare=np.clip(self._look_up(cover * self._bare, where), 0, 1),
            rock=np.clip(self._look_up((1 - 0.3 * hidden) * self._rock, where), 0, 1),
            grain=self._look_up(self._grain, where),
        )


def _sloped(relief: Raster, slope: float) -> Raster:
    """Relief scaled to a standard deviation of its slope (m/m) along either axis."""
    d0, d1 = np.gradient(relief, SPACING)
    deviation = float(np.sqrt((np.square(d0, dtype=np.float64).mean() + np.square(d1, dtype=np.float64).mean()) / 2))
    return np.asarray(relief * (slope / deviation if deviation > 0 else 0), np.float32)


def _splined(values: Raster, where: NDArray[np.float64]) -> Raster:
    spline = spline_filter(values, order=3, output=np.float32, mode="nearest")
    return np.asarray(map_coordinates(spline, where, np.float32, order=3, mode="nearest", prefilter=False), np.float32)


def _convolved(values: Raster, where: NDArray[np.float64]) -> Raster:
    # OpenCV knows 32 places between two samples.
    row, col = where.astype(np.float32)
    return np.asarray(cv2.remap(values, col, row, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.float32)

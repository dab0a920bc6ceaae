"""Random fields with a given spectrum, each from its own named stream."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import fft

Raster = NDArray[np.float32]
#: Relative amplitude of the frequencies (cycles per pixel) along axis 0 and axis 1.
Amplitude = Callable[[Raster, Raster], Raster]


def stream(seed: int, purpose: str, number: int = 0) -> np.random.Generator:
    """A generator for one purpose, so that no field depends on the order in which fields are made."""
    return np.random.default_rng([seed, zlib.crc32(purpose.encode()), number])


def random_field(
    shape: tuple[int, int],
    generator: np.random.Generator,
    amplitude: Amplitude,
    spacing: float = 1.0,
) -> Raster:
    """A periodic Gaussian field with mean 0 and variance 1.

    Parameters
    ----------
    shape : tuple of int
    generator : numpy.random.Generator
    amplitude : callable
        Takes the frequencies (cycles per pixel) along axis 0, (height, 1), and axis 1, (1, width),
        and gives the relative amplitude of each.
    spacing : float
        Pixels between the samples.

    Returns
    -------
    array of float32, ``shape``
    """
    height, width = (fft.next_fast_len(n, real=True) for n in shape)
    white = generator.standard_normal((height, width), dtype=np.float32)
    f0 = fft.fftfreq(height, spacing).astype(np.float32)[:, None]
    f1 = fft.rfftfreq(width, spacing).astype(np.float32)[None, :]
    weights = np.broadcast_to(amplitude(f0, f1), (height, width // 2 + 1)).copy()
    weights[0, 0] = 0
    field = fft.irfft2(fft.rfft2(white) * weights, s=(height, width))[: shape[0], : shape[1]]
    field -= field.mean(dtype=np.float64)
    deviation = field.std(dtype=np.float64)
    return np.asarray(field / deviation if deviation > 0 else field, np.float32)


def fractal(longest: float, slope: float, shortest: float = 2.5, stretch: float = 1.0) -> Amplitude:
    """Amplitude falling as a power of frequency between two wavelengths.

    Parameters
    ----------
    longest, shortest : float
        Wavelengths in pixels; beyond them the spectrum is flat and falls off, in turn.
    slope : float
        Exponent of the fall of amplitude.
    stretch : float
        Features are longer along axis 0 by this factor.
    """

    def amplitude(f0: Raster, f1: Raster) -> Raster:
        f2 = (f0 * stretch) ** 2 + f1**2
        fall = (f2 + np.float32(1 / longest**2)) ** np.float32(-slope / 2)
        return np.asarray(fall * np.exp(-f2 * np.float32(shortest**2) / 2), np.float32)

    return amplitude


def ripples(wavelength: float, direction: float, length: float, spread: float = 0.35) -> Amplitude:
    """Amplitude of parallel ripples.

    Parameters
    ----------
    wavelength : float
        From crest to crest, pixels.
    direction : float
        Angle of the wave vector from axis 0 towards axis 1, degrees.
    length : float
        Length of a crest, pixels.
    spread : float
        Relative spread of the wavelength.
    """
    angle = np.radians(direction)

    def amplitude(f0: Raster, f1: Raster) -> Raster:
        along = f0 * np.float32(np.cos(angle)) + f1 * np.float32(np.sin(angle))
        across = -f0 * np.float32(np.sin(angle)) + f1 * np.float32(np.cos(angle))
        ring = np.exp(-0.5 * ((np.abs(along) * wavelength - 1) / spread) ** 2)
        return np.asarray(ring * np.exp(-0.5 * (across * length) ** 2), np.float32)

    return amplitude


def step(values: Raster, start: float, end: float) -> Raster:
    """Rise smoothly from 0 at ``start`` to 1 at ``end``."""
    x = np.clip((values - np.float32(start)) / np.float32(end - start), 0, 1)
    return np.asarray(x * x * (3 - 2 * x), np.float32)

"""Small pictures of ice whose motion is known to the pixel."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from napari_icenet.datasets.settings import DatasetSettings
from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.stack import SceneStack

SETTINGS = DatasetSettings(chip=16, frames=4, scale=1.5, stride=16, block=2, gap=8, min_valid=1.0)
FIRST = datetime(2020, 1, 1)


def texture(side: int, seed: int = 0, width: float = 0.15) -> NDArray[np.float64]:
    """Band-limited noise on a torus, of mean 8000 and deviation 2000."""
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side)))
    noise = np.fft.fft2(np.random.default_rng(seed).normal(size=(side, side)))
    smooth = np.fft.ifft2(noise * np.exp(-((frequency / width) ** 2))).real
    return np.asarray(8000 + 2000 * smooth / smooth.std(), np.float64)


def moving(
    dates: int = 6,
    side: int = 96,
    step: tuple[int, int] = (1, 2),
    seed: int = 0,
    dtype: Any = np.uint16,
    width: float = 0.15,
) -> NDArray[Any]:
    """Pictures (dates, side, side) of ice that moves ``step`` (rows, columns) from date to date."""
    ice = texture(side, seed, width)
    return np.stack([np.roll(ice, (t * step[0], t * step[1]), (0, 1)) for t in range(dates)]).round().astype(dtype)


def stack_of(
    pictures: NDArray[Any], name: str = "ice", days: int = 16, grid: Grid | None = None, fill: Any = None
) -> SceneStack:
    """Pictures (time, [band,] y, x) as a stack, ``days`` apart."""
    times = [FIRST + timedelta(days=days * t) for t in range(len(pictures))]
    return SceneStack.from_array(pictures, times, name=name, grid=grid, fill=fill)


def dated_pictures(folder: Path, count: int = 6, side: int = 288) -> Path:
    """A folder of dated pictures of moving ice, in 8 bits, which can be opened as a stack."""
    folder.mkdir()
    for day, picture in enumerate(moving(count, side, (0, 1)), start=1):
        scaled = np.clip(128 + (picture.astype(float) - 8000) / 60, 1, 255).astype(np.uint8)
        Image.fromarray(scaled).save(folder / f"202001{day:02}.png")
    return folder

"""Maps of pairs whose missing pixels nobody has declared, against the motion that they were made with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from napari_icenet.errors import SceneWarning
from napari_icenet.scenes import SceneStack, open_stack
from napari_icenet.velocity.map_pair import map_pair
from napari_icenet.velocity.settings import VelocitySettings
from napari_icenet.velocity.velocity_map import VelocityMap
from tests.scenes.products import write_tiff

SIDE, STEP = 200, (3, -2)
SETTINGS = VelocitySettings(chip=32, max_chip=32, spacing=16, radius=8)
DAYS = (datetime(2020, 1, 1), datetime(2020, 1, 17))
Y, X = np.mgrid[:SIDE, :SIDE]

pytestmark = pytest.mark.slow


def moved() -> list[np.ndarray]:
    """Band-limited noise about 8000 ± 2000 on two dates, the second STEP further."""
    frequency = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.fftfreq(SIDE)[None])
    noise = np.fft.fft2(np.random.default_rng(0).normal(size=(SIDE, SIDE)))
    smooth = np.fft.ifft2(noise * np.exp(-((frequency / 0.1) ** 2))).real
    first = 8000 + 2000 * smooth / smooth.std()
    return [first, np.roll(first, STEP, (0, 1))]


def counts(dtype: str = "uint16") -> list[np.ndarray]:
    scale = 64 if dtype == "uint8" else 1
    return [np.clip(np.round(one / scale), 1, np.iinfo(dtype).max).astype(dtype) for one in moved()]


def opened(pictures: list[np.ndarray], folder: Path, how: str) -> SceneStack:
    if how == "array":
        return SceneStack.from_array(np.stack(pictures), DAYS)
    for day, picture in zip(("20200101", "20200117"), pictures, strict=True):
        write_tiff(folder / f"{day}.tif", picture, **({"nodata": 0} if how == "declared" else {}))
    return open_stack(folder)


def errors(found: VelocityMap) -> np.ndarray:
    """Distance of the valid cells from the truth, px."""
    return np.hypot(found.drow - STEP[0], found.dcol - STEP[1])[found.valid]


def hole(_date: int) -> np.ndarray:
    return (Y >= 80) & (Y < 120) & (X >= 80) & (X < 120)


def ragged(_date: int) -> np.ndarray:
    return np.hypot(Y - 100, X - 100) < 20 + 4 * np.sin(7 * np.arctan2(Y - 100, X - 100))


def slanted_border(_date: int) -> np.ndarray:
    return X + Y // 3 < 95


def stripes(date: int) -> np.ndarray:
    inside = (Y >= 10) & (Y < SIDE - 10) & (X >= 10) & (X < SIDE - 10)
    return (((Y + 5 * date + X // 4) % 14) < 4) & inside


@pytest.mark.parametrize("how", ["files", "array"])
@pytest.mark.parametrize("missing", [hole, ragged, slanted_border, stripes])
def test_zeros_that_nobody_declared_do_not_stand_still(
    missing: Callable[[int], np.ndarray], how: str, tmp_path: Path
) -> None:
    pictures = counts("uint8" if missing is stripes else "uint16")
    for date, picture in enumerate(pictures):
        picture[missing(date)] = 0
    stack = opened(pictures, tmp_path, how)
    with pytest.warns(SceneWarning, match="connected zeros"):
        found = map_pair(stack, 0, 1, SETTINGS)
    assert len(stack.notices) == 1
    wrong = errors(found)
    assert wrong.size >= 25
    assert np.median(wrong) < 0.2
    known = opened(pictures, tmp_path, "declared")
    declared = map_pair(known, 0, 1, SETTINGS)
    assert known.notices == []
    assert wrong.max() < max(0.3, errors(declared).max() + 0.05)
    # Of stripes a few crumbs at their ends are too small to be told from dark pixels.
    assert (found.valid != declared.valid).mean() <= (0.02 if missing is stripes else 0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("value", [-np.inf, np.inf, float(np.finfo(np.float32).min)])
def test_infinite_pixels_are_as_nan(value: float, dtype: str, tmp_path: Path) -> None:
    decibels = [10 * np.log10(np.maximum(one, 1) / 1000) for one in moved()]
    maps = []
    for lost in (np.nan, value):
        pictures = [one.astype(dtype) for one in decibels]
        for date, picture in enumerate(pictures):
            rows, cols = np.random.default_rng(date).integers(20, 180, (2, 5))
            picture[rows, cols] = lost
        maps.append(map_pair(opened(pictures, tmp_path, "files"), 0, 1, SETTINGS))
    as_nan, found = maps
    assert found.valid.mean() > 0.8
    assert errors(found).max() < 0.2
    np.testing.assert_array_equal(found.drow, as_nan.drow)
    np.testing.assert_array_equal(found.dcol, as_nan.dcol)

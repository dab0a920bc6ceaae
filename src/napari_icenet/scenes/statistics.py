"""A coarse look at one date: enough pixels for shares and contrast, never the whole frame in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from napari_icenet.errors import SceneError
from napari_icenet.scenes.grid import Window
from napari_icenet.scenes.scene import Flag
from napari_icenet.scenes.stack import SceneStack

#: Pixels a side that a coarse look keeps at most.
SAMPLE_SIDE_PX = 1000
#: Pixels read at once while a frame is thinned out.
STRIP_PIXELS = 2**24
#: Contrast of large frames is taken from so many windows a side, of so many pixels a side.
CONTRAST_WINDOWS, CONTRAST_WINDOW_PX = 8, 128
#: Contrast runs between these percentiles of the pixels that show ground.
CONTRAST_PERCENTILES = (1.0, 99.0)
#: With fewer clear pixels than this part of the valid ones, the cloud mask is not accepted.
LEAST_CLEAR_SHARE = 0.02
_CLOUDY = np.uint8(Flag.CLOUD | Flag.CLOUD_MARGIN | Flag.SHADOW)


@runtime_checkable
class Thumbnailed(Protocol):
    """A band that can thin itself out, quicker than by reading all of it."""

    def thumbnail(self, max_side: int) -> NDArray[np.float32]:
        """Stored values with NaN for fill, no side longer than ``max_side``."""
        ...


@dataclass(frozen=True)
class Shares:
    """Shares of fill in a frame, and of cloud in the rest.

    Attributes
    ----------
    fill : float
        Pixels without measurement, 0–1, of all pixels of the frame.
    cloud : float or None
        Pixels flagged as cloud, 0–1, of those with a measurement; None where there is no mask
        or no measurement.
    """

    fill: float
    cloud: float | None


def shares(stack: SceneStack, time: int) -> Shares:
    """Fill and cloud shares of a date, from every n-th pixel."""
    scene = stack.scenes[time]
    first = next((band for band in stack.bands if band in scene.bands), None)
    if first is None:
        return Shares(fill=1.0, cloud=None)
    valid, cloud = _valid(stack, time, first), None
    if scene.mask is not None and valid.any():
        # The same pixels as those of `valid`: both are thinned out to the nearest centre.
        flags = _thinned(lambda window: stack.mask(time, window), stack.grid.shape, valid.shape)
        valid &= (flags & np.uint8(Flag.FILL)) == 0
        cloud = float(((flags & np.uint8(Flag.CLOUD)) != 0)[valid].mean()) if valid.any() else None
    return Shares(fill=1 - float(valid.mean()), cloud=cloud)


def contrast(stack: SceneStack, time: int, band: str | int) -> tuple[float, float]:
    """Display limits in stored values: percentiles of valid, cloud-free pixels all over the frame.

    Kept with the stack: a second call costs nothing.

    Returns
    -------
    low, high : float
        ``low < high``; (0, 1) where the whole frame is fill.
    """
    name = stack.band(band)
    if (time, name) not in stack.contrasts:
        stack.contrasts[time, name] = _contrast(stack, time, name)
    return stack.contrasts[time, name]


def _contrast(stack: SceneStack, time: int, band: str) -> tuple[float, float]:
    values, clear = [], []
    for window in _spread_windows(stack.grid.shape):
        pixels = stack.read(time, band, window)
        valid = np.isfinite(pixels)
        values.append(pixels[valid])
        clear.append(((stack.mask(time, window) & _CLOUDY) == 0)[valid])
    shown, cloudless = np.concatenate(values), np.concatenate(clear)
    # Over bright ice a mask may call everything cloud; a picture is then better than none.
    if cloudless.sum() > LEAST_CLEAR_SHARE * cloudless.size:
        shown = shown[cloudless]
    if shown.size == 0:
        return 0.0, 1.0
    low, high = (float(v) for v in np.percentile(shown, CONTRAST_PERCENTILES))
    return (low, high) if high > low else (low, low + 1.0)


def _valid(stack: SceneStack, time: int, band: str) -> NDArray[np.bool_]:
    from napari_icenet.scenes.raster.band import thumbnail_shape

    source = stack.scenes[time].bands[band]
    small = thumbnail_shape(stack.grid.shape, SAMPLE_SIDE_PX)
    if isinstance(source, Thumbnailed):
        try:
            thumbnail = source.thumbnail(SAMPLE_SIDE_PX)
        except SceneError as error:
            stack.warn(
                f"{stack.labels[time]} {band} cannot be read and counts as missing: {error}", stack.scenes[time].id
            )
            return np.zeros(small, bool)
        return np.asarray(np.isfinite(thumbnail))
    return np.asarray(np.isfinite(_thinned(lambda window: stack.read(time, band, window), stack.grid.shape, small)))


def _thinned(read: Callable[[Window], NDArray[Any]], shape: tuple[int, int], small: tuple[int, int]) -> NDArray[Any]:
    """The pixels nearest to the centres of a coarser frame, read strip by strip."""
    rows, cols = (((np.arange(few) + 0.5) * (many / few)).astype(int) for few, many in zip(small, shape, strict=True))
    height = max(1, STRIP_PIXELS // shape[1])
    strips = []
    for top in range(0, shape[0], height):
        inside = rows[(rows >= top) & (rows < top + height)]
        if inside.size:
            strip = read(Window(top, 0, min(height, shape[0] - top), shape[1]))
            strips.append(strip[np.ix_(inside - top, cols)])
    return np.concatenate(strips)


def _spread_windows(shape: tuple[int, int]) -> list[Window]:
    """Windows all over a large frame; a small one whole."""
    if max(shape) <= CONTRAST_WINDOWS * CONTRAST_WINDOW_PX:
        return [Window(0, 0, *shape)]
    side = CONTRAST_WINDOW_PX
    rows, cols = (
        np.unique(np.linspace(0, max(0, length - side), CONTRAST_WINDOWS + 2)[1:-1].astype(int)).tolist()
        for length in shape
    )
    return [Window(row, col, min(side, shape[0]), min(side, shape[1])) for row in rows for col in cols]

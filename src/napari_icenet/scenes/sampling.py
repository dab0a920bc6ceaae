"""A coarse look at one date: enough pixels for shares and contrast, never the whole frame in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_icenet.scenes.grid import Window
from napari_icenet.scenes.scene import Flag

if TYPE_CHECKING:
    from napari_icenet.scenes.stack import SceneStack

#: Pixels a side that a coarse look keeps at most.
SAMPLE_SIDE_PX = 1000
#: Rows read at once; tiles of Landsat files are 256 or 512 high.
STRIP_ROWS = 512
#: Contrast runs between these percentiles of the pixels that show ground.
CONTRAST_PERCENTILES = (1.0, 99.0)
#: With fewer clear pixels than this part of the valid ones, the cloud mask is not believed.
LEAST_CLEAR_SHARE = 0.02
_CLOUDY = np.uint8(Flag.CLOUD | Flag.SHADOW)


@dataclass(frozen=True)
class Shares:
    """What part of a frame shows nothing, and what part of the rest is cloud.

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


def sample(
    stack: SceneStack, time: int, band: str | None = None, side: int = SAMPLE_SIDE_PX
) -> tuple[NDArray[np.float32] | None, NDArray[np.uint8]]:
    """Every n-th pixel of a date, in both directions, n such that at most ``side`` remain a side.

    Returns
    -------
    values : array of float32 or None
        Stored values of ``band`` with NaN for fill; None without a ``band``.
    flags : array of uint8
        :class:`~napari_icenet.scenes.scene.Flag` bits of the same pixels.
    """
    height, width = stack.grid.shape
    step = max(1, -(-max(height, width) // side))
    values, flags = [], []
    for top in range(0, height, STRIP_ROWS):
        # The strips start anywhere, the kept rows must not: they stay on multiples of the step.
        rows = slice(-top % step, None, step)
        window = Window(top, 0, min(STRIP_ROWS, height - top), width)
        if band is not None:
            values.append(stack.read(time, band, window)[rows, ::step])
        flags.append(stack.flags(time, window)[rows, ::step])
    return (np.concatenate(values) if values else None), np.concatenate(flags)


def shares(stack: SceneStack, time: int) -> Shares:
    """Fill and cloud shares of a date, from a coarse look."""
    _, flags = sample(stack, time)
    valid = (flags & Flag.FILL) == 0
    count = int(valid.sum())
    cloud = None
    if stack.scenes[time].mask is not None and count:
        cloud = float(((flags & Flag.CLOUD) != 0)[valid].mean())
    return Shares(fill=1 - count / flags.size, cloud=cloud)


def contrast(stack: SceneStack, time: int, band: str) -> tuple[float, float]:
    """Display limits in stored values: percentiles of the valid, cloud-free pixels of a coarse look.

    Returns
    -------
    low, high : float
        ``low < high``; (0, 1) where the whole frame is fill.
    """
    values, flags = sample(stack, time, band)
    assert values is not None
    valid = np.isfinite(values)
    clear = valid & ((flags & _CLOUDY) == 0)
    # Over bright ice a mask may call everything cloud; a picture is then better than none.
    shown = values[clear if clear.sum() > LEAST_CLEAR_SHARE * valid.sum() else valid]
    if shown.size == 0:
        return 0.0, 1.0
    low, high = (float(v) for v in np.percentile(shown, CONTRAST_PERCENTILES))
    return (low, high) if high > low else (low, low + 1.0)

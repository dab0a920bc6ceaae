"""Sources of frames of a stack: a band, three bands in colour, the mask."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.palette import MASK
from napari_icenet.errors import StackError
from napari_icenet.scenes.grid import Window
from napari_icenet.scenes.scene import Flag
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.scenes.statistics import contrast

Limits = tuple[float, float]

#: Where several flags hold at one pixel, the first of these is shown; the label is its place, from 1.
SHOWN_FLAGS = (Flag.FILL, Flag.CLOUD | Flag.CLOUD_MARGIN, Flag.SHADOW, Flag.CIRRUS, Flag.SNOW, Flag.WATER)
MASK_NAMES = tuple(MASK)


class FrameSource(Protocol):
    """Frames of one kind, read by window on any thread."""

    @property
    def key(self) -> Hashable:
        """Tells sources of one stack apart."""
        ...

    @property
    def stack(self) -> SceneStack:
        """The stack that is shown."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the frames."""
        ...

    @property
    def channels(self) -> tuple[int, ...]:
        """Trailing axes: () or (3,)."""
        ...

    @property
    def missing(self) -> Any:
        """Value that stands for no measurement, or not read yet."""
        ...

    def read(self, time: int, window: Window) -> NDArray[Any]:
        """Values of a window inside the frame."""
        ...

    def prepare(self, time: int) -> None:
        """Work out, on the reading thread, what showing the frame needs besides its values."""
        ...


class BandFrames:
    """One band, as stored or as reflectance.

    Parameters
    ----------
    stack : SceneStack
    band : str
    reflectance : bool
        Stored values keep their type, with 0 for fill (NaN in floating types); reflectance is
        float32 with NaN.
    """

    channels: tuple[int, ...] = ()

    def __init__(self, stack: SceneStack, band: str, *, reflectance: bool = False) -> None:
        self.stack, self.band, self.reflectance = stack, stack.band(band), reflectance
        self.key: Hashable = (self.band, reflectance)
        self.dtype = np.dtype(np.float32) if reflectance else stack.dtype
        self.missing = self.dtype.type(np.nan if self.dtype.kind == "f" else 0)
        self._limits: dict[int, Limits] = {}

    def read(self, time: int, window: Window) -> NDArray[Any]:
        """Values of a window inside the frame."""
        if self.reflectance and self.has_scaling(time):
            return self.stack.read(time, self.band, window, reflectance=True)
        stored = None if self.reflectance else self.stack.read_stored(time, self.band, window)
        if stored is None:
            return np.full((window.height, window.width), self.missing, self.dtype)
        values, fill = stored
        values = values.astype(self.dtype, copy=True)
        values[fill] = self.missing
        return values

    def has_scaling(self, time: int) -> bool:
        """True if the date's metadata give the reflectance of this band."""
        return self.band in self.stack.scenes[time].scaling

    def limits(self, time: int) -> Limits | None:
        """Display limits of a date, once :meth:`prepare` has run."""
        return self._limits.get(time)

    def prepare(self, time: int) -> None:
        """Work out the display limits of a date."""
        low, high = contrast(self.stack, time, self.band)
        scaling = self.stack.scenes[time].scaling.get(self.band)
        if self.reflectance and scaling is not None:
            low, high = ((scaling.gain * v + scaling.offset) / scaling.divisor for v in (low, high))
        self._limits[time] = (low, high)

    def estimate(self, time: int, coarse: NDArray[Any]) -> None:
        """Display limits from a coarse frame, until :meth:`prepare` knows better."""
        if time in self._limits:
            return
        valid = coarse[np.isfinite(coarse)] if self.dtype.kind == "f" else coarse[coarse != self.missing]
        if valid.size:
            low, high = (float(v) for v in np.percentile(valid, (1, 99)))
            self._limits[time] = (low, high if high > low else low + 1)


class CompositeFrames:
    """Three bands as red, green and blue, each stretched by the date's own limits.

    Parameters
    ----------
    stack : SceneStack
    bands : sequence of 3 str
        Red, green, blue.
    """

    channels: tuple[int, ...] = (3,)
    dtype = np.dtype(np.uint8)
    missing = np.uint8(0)

    def __init__(self, stack: SceneStack, bands: Sequence[str]) -> None:
        if len(bands) != 3:
            raise StackError(f"A composite needs three bands, not {len(bands)}.")
        self.stack = stack
        self.bands = tuple(stack.band(band) for band in bands)
        self.key: Hashable = ("composite", *self.bands)

    def read(self, time: int, window: Window) -> NDArray[np.uint8]:
        """Red, green and blue of a window inside the frame; black where any of them is missing."""
        out = np.zeros((window.height, window.width, 3), np.uint8)
        fill = np.zeros((window.height, window.width), bool)
        for channel, band in enumerate(self.bands):
            values = self.stack.read(time, band, window)
            low, high = contrast(self.stack, time, band)
            fill |= np.isnan(values)
            # 1 … 255: black stays the sign of what is missing.
            shade = np.clip((values - low) / (high - low), 0, 1) * 254 + 1
            out[..., channel] = np.nan_to_num(shade).astype(np.uint8)
        out[fill] = 0
        return out

    def prepare(self, time: int) -> None:
        """Nothing more is needed."""


class MaskFrames:
    """The mask as labels: 0 clear, then one number for each of ``MASK_NAMES``."""

    channels: tuple[int, ...] = ()
    dtype = np.dtype(np.uint8)
    missing = np.uint8(0)
    key: Hashable = "mask"

    def __init__(self, stack: SceneStack) -> None:
        self.stack = stack

    def read(self, time: int, window: Window) -> NDArray[np.uint8]:
        """Labels of a window inside the frame."""
        return labels_of(self.stack.flags(time, window))

    def prepare(self, time: int) -> None:
        """Nothing more is needed."""


def labels_of(flags: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """One label for each pixel's flags: the first of ``SHOWN_FLAGS`` that holds, counted from 1."""
    table = np.zeros(256, np.uint8)
    values = np.arange(256)
    for label, flag in reversed(list(enumerate(SHOWN_FLAGS, 1))):
        table[(values & flag) != 0] = label
    return table[flags]

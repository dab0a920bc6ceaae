"""A stack as dask arrays for napari: one chunk per band and date, read when it is shown."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_icenet.scenes.raster.array import lazy_frames
from napari_icenet.scenes.scene import fill_marker
from napari_icenet.scenes.stack import SceneStack


def read_frame(stack: SceneStack, time: int, band: str) -> NDArray[Any]:
    """Stored values of a whole frame in the stack's dtype, (height, width).

    Integer values are untouched; in floating types fill is NaN. A scene that lacks the band, or
    whose file can no longer be read, is all fill.
    """
    source = stack.scenes[time].bands.get(band)
    values = None
    if source is not None and source.dtype.kind == "f":
        stored = stack.read_stored(time, band)
        values = None if stored is None else np.where(stored[1], fill_marker(source.dtype), stored[0])
    elif source is not None:
        values = stack.read_values(time, band)
    if values is None:
        return np.full(stack.grid.shape, fill_marker(stack.dtype), stack.dtype)
    return values.astype(stack.dtype, copy=False)


def lazy_array(stack: SceneStack) -> Any:
    """Give the stack as a dask array of ``stack.dtype``, (time, band, y, x)."""
    return lazy_frames(partial(read_frame, stack), len(stack.scenes), stack.bands, stack.grid.shape, stack.dtype)

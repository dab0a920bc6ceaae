"""A stack as dask arrays for napari: one chunk per band and date, read when it is shown."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_icenet.scenes.scene import fill_marker
from napari_icenet.scenes.stack import SceneStack

# Names tell dask's graphs apart; hashing the files for them would mean reading the files.
_serial = count()


def read_frame(stack: SceneStack, time: int, band: str) -> NDArray[Any]:
    """Stored values of a whole frame in the stack's dtype.

    Integer values are untouched; in floating types fill is NaN. A scene that lacks the band, or
    whose file can no longer be read, is all fill.

    Returns
    -------
    array of ``stack.dtype``, (height, width)
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
    """Give the stack as a dask array.

    Returns
    -------
    dask.array.Array of ``stack.dtype``, (time, band, y, x)
        One chunk per band and date.
    """
    times, bands, height, width = stack.shape

    def frame(block_info: dict[Any, Any]) -> NDArray[Any]:
        time, band, *_ = block_info[None]["chunk-location"]
        return read_frame(stack, time, stack.bands[band])[None, None]

    return _blocks(frame, ((1,) * times, (1,) * bands, (height,), (width,)), stack.dtype)


def lazy_flags(stack: SceneStack) -> Any:
    """Give the quality flags as a dask array.

    Returns
    -------
    dask.array.Array of uint8, (time, y, x)
        :class:`~napari_icenet.scenes.scene.Flag` bits, one chunk per date.
    """
    times, _, height, width = stack.shape

    def flags(block_info: dict[Any, Any]) -> NDArray[np.uint8]:
        return stack.flags(block_info[None]["chunk-location"][0])[None]

    return _blocks(flags, ((1,) * times, (height,), (width,)), np.dtype(np.uint8))


def _blocks(read: Callable[[dict[Any, Any]], NDArray[Any]], chunks: Any, dtype: np.dtype[Any]) -> Any:
    import dask.array as da

    map_blocks: Any = da.map_blocks
    return map_blocks(read, dtype=dtype, chunks=chunks, name=f"icenet-{next(_serial)}", meta=np.empty((), dtype))

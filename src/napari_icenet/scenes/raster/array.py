"""A band in an array, in memory or read when sliced; and frames as such an array."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import count
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_icenet.errors import StackError
from napari_icenet.scenes.grid import Grid, Window
from napari_icenet.scenes.raster.fill import assumed_missing, unmeasured
from napari_icenet.scenes.raster.packed_mask import PackedMask
from napari_icenet.scenes.scene import Scene

# Names tell the arrays of dask apart; hashing the pictures for them would mean reading them.
_serial = count()


class AssumedMissing:
    """Pixels of a picture that are assumed to hold no measurement, looked for when they are first asked for.

    Parameters
    ----------
    bands : sequence of array, (height, width)
        All bands of the picture.
    """

    def __init__(self, bands: Sequence[Any]) -> None:
        self._bands = bands
        self._found: PackedMask | None = None
        self._looking = Lock()

    def __getstate__(self) -> tuple[Sequence[Any], PackedMask | None]:
        """All but the lock, for another process."""
        return self._bands, self._found

    def __setstate__(self, state: tuple[Sequence[Any], PackedMask | None]) -> None:
        """Take a lock of one's own."""
        self._bands, self._found = state
        self._looking = Lock()

    def mask(self) -> PackedMask:
        """Where the picture is assumed to hold no measurement."""
        with self._looking:
            if self._found is None:
                self._found = PackedMask.of(assumed_missing(np.asarray(band) for band in self._bands))
            return self._found


class ArrayBand:
    """A band held in an array: numpy's, or one that is read when sliced (dask, zarr).

    Parameters
    ----------
    values : array, (height, width)
        NaN, infinities and the ends of the type are fill in floating types.
    fill : array of bool, (height, width), optional
        Further pixels without a measurement.
    assumed : AssumedMissing, optional
        Pixels that are assumed to hold none.
    """

    def __init__(self, values: Any, fill: Any = None, assumed: AssumedMissing | None = None) -> None:
        self._values = values
        self._fill = fill
        self._assumed = assumed

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self._values.shape[0], self._values.shape[1]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""
        dtype: np.dtype[Any] = np.dtype(self._values.dtype)
        return dtype

    def read(self, window: Window) -> NDArray[Any]:
        """Values of a window inside the frame."""
        return np.asarray(self._values[window.slices])

    def fill(self, window: Window, values: NDArray[Any] | None = None) -> NDArray[np.bool_]:
        """True where there is no measurement."""
        fill: NDArray[np.bool_] = np.zeros((window.height, window.width), bool)
        if self.dtype.kind == "f":
            fill = unmeasured(self.read(window) if values is None else values)
        if self._assumed is not None:
            fill = fill | self._assumed.mask().read(window)
        return fill if self._fill is None else fill | np.asarray(self._fill[window.slices])

    def assumed_share(self) -> float:
        """Share of the frame, 0–1, that is assumed to be missing without being declared so."""
        return 0.0 if self._assumed is None else self._assumed.mask().share


def lazy_frames(
    read: Callable[[int, str], NDArray[Any]], times: int, bands: Sequence[str], shape: tuple[int, int], dtype: Any
) -> Any:
    """Frames as a dask array (time, band, y, x), a chunk per band and date.

    Parameters
    ----------
    read : callable
        Gives the frame (y, x) of a date's index and a band.
    times : int
        Dates there are.
    bands : sequence of str
    shape : (int, int)
    dtype : dtype
    """
    import dask.array as da

    def frame(block_info: dict[Any, Any]) -> NDArray[Any]:
        time, band, *_ = block_info[None]["chunk-location"]
        return read(time, bands[band])[None, None]

    map_blocks: Any = da.map_blocks
    chunks = ((1,) * times, (1,) * len(bands), (shape[0],), (shape[1],))
    return map_blocks(frame, dtype=dtype, chunks=chunks, name=f"icenet-{next(_serial)}", meta=np.empty((), dtype))


def scenes_of_array(
    array: Any, times: Sequence[datetime], *, bands: Sequence[str] | None, grid: Grid | None, name: str, fill: Any
) -> tuple[list[Scene], tuple[str, ...], Grid]:
    """Scenes over the pictures of one array; see ``SceneStack.from_array`` for the parameters.

    Raises StackError: the dates are not as many as the pictures, or the array does not fit the bands or the grid.
    """
    if array.ndim not in (3, 4):
        raise StackError(f"{name} has {array.ndim} axes; a stack needs (time, y, x) or (time, band, y, x).")
    if len(times) != array.shape[0]:
        raise StackError(f"{name} has {array.shape[0]} pictures and {len(times)} dates; give one date for each.")
    if array.ndim == 3:
        array = array[:, None]
    names = tuple(bands or (f"B{i + 1}" for i in range(array.shape[1])))
    grid = grid or Grid(array.shape[2], array.shape[3])
    if len(names) != array.shape[1] or grid.shape != tuple(array.shape[2:]):
        raise StackError(
            f"{name} has {array.shape[1]} bands of {array.shape[2]} × {array.shape[3]} pixels, "
            f"not {len(names)} of {grid.height} × {grid.width}; give band names and a grid that fit."
        )
    # Leading zeros keep the ids in the order of the pictures.
    digits = len(str(len(times) - 1))
    undeclared = fill is None and np.dtype(array.dtype).kind in "ui"

    def bands_of(i: int) -> dict[str, ArrayBand]:
        assumed = AssumedMissing([array[i, j] for j in range(len(names))]) if undeclared else None
        return {b: ArrayBand(array[i, j], None if fill is None else fill[i], assumed) for j, b in enumerate(names)}

    scenes = [
        Scene(
            id=f"{name} {i:0{digits}}",
            time=when,
            grid=grid,
            bands=bands_of(i),
            time_known=(when.hour, when.minute, when.second) != (0, 0, 0),
        )
        for i, when in enumerate(times)
    ]
    return scenes, names, grid

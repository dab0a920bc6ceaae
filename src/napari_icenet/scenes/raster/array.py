"""A band in an array, in memory or read when sliced; and frames as such an array."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.instant import Instant, instant
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
    array: Any, times: Sequence[Instant], *, bands: Sequence[str] | None, grid: Grid | None, name: str, fill: Any
) -> tuple[list[Scene], tuple[str, ...], Grid]:
    """Scenes over the pictures of one array; see ``SceneStack.from_array`` for the parameters.

    Raises StackError: the dates are not as many as the pictures, or the array does not fit the bands, grid or fill.
    Raises UsageError: a date is none.
    """
    array = _numbers(array, name)
    if isinstance(times, str) or not hasattr(times, "__len__"):
        raise StackError(f"{name} needs a sequence of dates, one for each picture, not {times!r}.")
    dates = [instant(when) for when in times]
    if array.ndim not in (3, 4):
        raise StackError(f"{name} has {array.ndim} axes; a stack needs (time, y, x) or (time, band, y, x).")
    if len(times) != array.shape[0]:
        raise StackError(f"{name} has {array.shape[0]} pictures and {len(times)} dates; give one date for each.")
    if 0 in array.shape:
        raise StackError(f"{name} has the shape {tuple(array.shape)} and no pixels; give pictures that have some.")
    if array.ndim == 3:
        array = array[:, None]
    names = _names(bands, array.shape[1], name)
    fill = None if fill is None else _fill(fill, array.shape, name)
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
        return {
            b: ArrayBand(array[i, j], None if fill is None else fill[i, j % fill.shape[1]], assumed)
            for j, b in enumerate(names)
        }

    scenes = [
        Scene(
            id=f"{name} {i:0{digits}}",
            time=when,
            grid=grid,
            bands=bands_of(i),
            time_known=(when.hour, when.minute, when.second) != (0, 0, 0),
        )
        for i, when in enumerate(dates)
    ]
    return scenes, names, grid


def _numbers(array: Any, name: str) -> Any:
    """Pictures that can be sliced: as they are, or a list as an array."""
    if hasattr(array, "dims") and hasattr(array, "coords"):
        raise StackError(f"{name} is a {type(array).__name__} of xarray; use SceneStack.from_xarray for it.")
    if not all(hasattr(array, part) for part in ("ndim", "shape", "dtype")):
        try:
            array = np.asarray(array)
        except ValueError as error:
            raise StackError(f"{name} holds pictures of different sizes; give all of them one size.") from error
    kind = np.dtype(array.dtype)
    if kind.kind not in "uifb":
        raise StackError(f"{name} holds {kind}, which is no number of a picture; convert it to integers or floats.")
    return array


def _names(bands: Sequence[str] | None, count: int, name: str) -> tuple[str, ...]:
    """Names of the bands, all different; ``B1``, ``B2`` … where none are given."""
    if bands is None:
        return tuple(f"B{i + 1}" for i in range(count))
    several = (bands,) if isinstance(bands, str | int) else bands
    names = tuple(f"B{band}" if isinstance(band, int) else str(band) for band in several)
    if not names:
        raise StackError(f"{name} was given no band; name one for each of its {count}, or leave bands out.")
    twice = sorted({band for band in names if names.count(band) > 1})
    if twice:
        raise StackError(f"{name} has the band {', '.join(twice)} twice; give each band a name of its own.")
    return names


def _fill(fill: Any, shape: tuple[int, ...], name: str) -> Any:
    """Where pictures (time, band, y, x) hold no measurement: for all bands, (time, 1, y, x), or for each."""
    mask = fill if hasattr(fill, "shape") else np.asarray(fill)
    if np.dtype(mask.dtype).kind != "b":
        raise StackError(
            f"fill of {name} holds {mask.dtype}; give True where a picture holds no measurement, as in array == 0."
        )
    pictures = (shape[0], *shape[2:])
    if tuple(mask.shape) == shape:
        return mask
    if tuple(mask.shape) == pictures[1:]:
        mask = np.broadcast_to(np.asarray(mask), pictures)
    if tuple(mask.shape) != pictures:
        raise StackError(
            f"fill of {name} has the shape {tuple(mask.shape)}, its pictures {pictures}; give (time, y, x) or (y, x)."
        )
    return mask[:, None]

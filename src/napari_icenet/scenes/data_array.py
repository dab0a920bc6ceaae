"""Pictures as an xarray DataArray (time, band, y, x), and what a stack needs of one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from napari_icenet.common.types import F32
from napari_icenet.errors import StackError
from napari_icenet.scenes.cf_grid import SPATIAL_REF, coordinates, dimensions
from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.raster.array import lazy_frames
from napari_icenet.scenes.raster.array_grid import grid_of


class Pictures(NamedTuple):
    """Parts of a stack: pictures (time, band, y, x), their dates, bands, grid and name.

    With them what is missing, of the shape of the pictures, where a value says so, and what is to be said.
    """

    values: Any
    times: list[datetime]
    bands: tuple[str, ...]
    grid: Grid
    name: str
    fill: Any
    said: str | None


def data_array(
    read: Callable[[int, str], F32],
    times: NDArray[np.datetime64],
    bands: Sequence[str],
    grid: Grid,
    *,
    name: str,
    scenes: Sequence[str],
    attributes: dict[str, Any],
) -> xr.DataArray:
    """Pictures as a lazy array with CF coordinates, a chunk per band and date.

    Parameters
    ----------
    read : callable
        Gives the picture (y, x) of a date's index and a band, NaN for fill.
    times : array of datetime64, (time,)
    bands : sequence of str
    grid : Grid
    name : str
    scenes : sequence of str
        Ids, one a date.
    attributes : dict

    Returns
    -------
    xarray.DataArray of float32, (time, band, y, x), or (time, band, row, col) without a map
    """
    values = lazy_frames(read, len(times), bands, grid.shape, np.float32)
    when = {"standard_name": "time", "long_name": "acquisition, UTC"}
    coords: dict[str, Any] = {
        "time": xr.Variable("time", times.astype("datetime64[ns]"), when),
        "band": np.array(bands, np.str_),
        "scene": xr.Variable("time", np.array(scenes, np.str_), {"long_name": "scene"}),
        **coordinates(grid),
    }
    place = {"grid_mapping": SPATIAL_REF} if grid.georeferenced else {}
    return xr.DataArray(values, coords, ("time", "band", *dimensions(grid)), name, attributes | place)


def pictures_of(array: xr.DataArray) -> Pictures:
    """Parts of a stack, from an array as :func:`data_array` or rioxarray makes it.

    Raises StackError: it is no DataArray (time, band, y, x) or (time, y, x) with dates, or its coordinates are no grid.
    """
    if not isinstance(array, xr.DataArray):
        raise StackError(f"A {type(array).__name__} is no DataArray; choose one variable of a dataset.")
    called = str(array.name or "array")
    if array.ndim not in (3, 4) or array.dims[0] != "time" or (array.ndim == 4 and array.dims[1] != "band"):
        found = ", ".join(str(axis) for axis in array.dims)
        raise StackError(f"{called} has the axes ({found}); transpose it to (time, band, y, x) or (time, y, x).")
    if "time" not in array.coords or array["time"].dtype.kind != "M":
        raise StackError(f"{called} has no dates; add a coordinate time of datetime64.")
    if np.isnat(array["time"].values).any():
        raise StackError(f"{called} has a date that is missing (NaT); leave it out, or write it.")
    seconds = array["time"].values.astype("datetime64[s]").astype(np.int64)
    times = [datetime.fromtimestamp(int(s), UTC).replace(tzinfo=None) for s in seconds]
    if array.ndim == 3:
        array = array.expand_dims({"band": [str(array.coords["band"].values) if "band" in array.coords else "B1"]}, 1)
    names = array["band"].values if "band" in array.coords else [f"B{i + 1}" for i in range(array.shape[1])]
    grid, said = grid_of(array)
    return Pictures(array.data, times, tuple(str(band) for band in names), grid, called, _missing(array, called), said)


def _missing(array: xr.DataArray, called: str) -> Any:
    """True where pictures have the value that stands for missing; None where NaN alone does."""
    found = None
    for name in ("_FillValue", "nodata", "missing_value"):
        value = array.attrs.get(name)
        if value is None:
            continue
        try:
            number = float(value)
        except (TypeError, ValueError) as error:
            raise StackError(f"{name} of {called} is {value!r} and no number; correct or delete it.") from error
        if not np.isnan(number):
            here = array.data == number
            found = here if found is None else found | here
    return found

"""Velocity maps as CF-1.8 NetCDF, under the names of ITS_LIVE and autoRIFT, and back.

One pair is laid out as ITS_LIVE's granules are, on ``(y, x)``; several as its data cubes are, on
``(mid_date, y, x)`` with both dates of every pair along ``mid_date``. Pictures without a map have
``(row, col)`` in place of ``(y, x)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from pydantic import ValidationError

from napari_icenet.common.atomic_io import write_whole
from napari_icenet.errors import TrackingError
from napari_icenet.matching.lost_reason import REASONS, reason_code
from napari_icenet.velocity.cf.attributes import (
    FORMAT,
    REASON_WORDS,
)
from napari_icenet.velocity.cf.map_dataset import dataset_of, distinct_middle
from napari_icenet.velocity.cf.record import MapRecord
from napari_icenet.velocity.velocity_map import VelocityMap

if TYPE_CHECKING:
    from napari_icenet.velocity.time_series.series import VelocitySeries

#: Side of a compressed block, cells.
CHUNK = 512
#: CF-1.8 knows no 64-bit integers.
_TIME = {"units": "seconds since 1970-01-01 00:00:00", "calendar": "proleptic_gregorian", "dtype": "float64"}
_ARRAYS = ("drow", "dcol", "ncc", "peak_ratio", "error_row", "error_col")


def write_netcdf(
    maps: Sequence[VelocityMap] | VelocityMap, path: str | Path, *, series: VelocitySeries | None = None
) -> None:
    """Write maps of one grid as NetCDF-4.

    Parameters
    ----------
    maps : VelocityMap, or sequence of them
        Several are put in order of the middle of their dates.
    path : path
        Replaced if it is there; whole or absent.
    series : VelocitySeries, optional
        The time series inverted from the maps; becomes the group ``/series``.

    Raises
    ------
    UsageError
        There is no map, or the maps lie on different grids.
    TrackingError
        The file cannot be written.
    """
    ordered = [maps] if isinstance(maps, VelocityMap) else sorted(maps, key=distinct_middle)
    dataset = dataset_of(ordered)

    def write(beside: Path) -> None:
        dataset.to_netcdf(beside, engine="h5netcdf", encoding=_encoding(dataset))
        if series is not None:
            inverted = series.to_xarray()
            inverted.to_netcdf(beside, mode="a", group="series", engine="h5netcdf", encoding=_encoding(inverted))

    write_whole(path, {".nc": write}, "velocity maps with their dates")


def _encoding(dataset: xr.Dataset) -> dict[str, dict[str, Any]]:
    """Compression, blocks, missing values and times of every variable."""
    encoding: dict[str, dict[str, Any]] = {}
    for name, variable in dataset.variables.items():
        said: dict[str, Any] = {}
        if variable.ndim >= 2 and variable.dtype.kind in "fiu":
            sides = tuple(min(CHUNK, n) for n in variable.shape[-2:])
            chunks = (1,) * (variable.ndim - 2) + sides
            said = {"zlib": True, "complevel": 4, "shuffle": True, "chunksizes": chunks}
        if variable.dtype.kind == "M":
            said |= _TIME | {"_FillValue": None}
        if variable.dtype.kind == "f":
            missing = name not in dataset.coords and variable.ndim >= 2
            said["_FillValue"] = variable.dtype.type(np.nan) if missing else None
        encoding[str(name)] = said
    return encoding


def read_netcdf(path: str | Path) -> list[VelocityMap]:
    """Open maps that :func:`write_netcdf` has written, in the file's order.

    Raises
    ------
    TrackingError
        The file is missing, damaged, or holds no maps of this package.
    """
    path = Path(path)
    if not path.is_file():
        problem = "is no file" if path.exists() else "is not there"
        raise TrackingError(f"{path} {problem}; give a .nc that icenet velocity has written.")
    try:
        with xr.open_dataset(path, engine="h5netcdf", decode_timedelta=False, chunks=None) as dataset:
            _check_format(path, dataset)
            records = [MapRecord.model_validate_json(str(text)) for text in np.atleast_1d(dataset["record"].values)]
            return [_map_at(dataset, index, record) for index, record in enumerate(records)]
    except (OSError, KeyError, ValueError, ValidationError) as error:
        reason = str(error).strip().splitlines()[0].rstrip(".")
        raise TrackingError(f"{path} cannot be read as velocity maps ({reason}); make it again.") from error


def _check_format(path: Path, dataset: xr.Dataset) -> None:
    found = str(dataset.attrs.get("format", ""))
    if found == FORMAT:
        return
    if found.rpartition(" ")[0] == FORMAT.rpartition(" ")[0]:
        raise TrackingError(f"{path} was written by a newer napari-icenet; update to open it.")
    raise TrackingError(f"{path} holds no velocity maps of icenet; give a .nc that icenet velocity has written.")


def _map_at(dataset: xr.Dataset, index: int, record: MapRecord) -> VelocityMap:
    def values(name: str) -> NDArray[Any]:
        variable = dataset[name]
        return np.asarray((variable.isel(mid_date=index) if "mid_date" in variable.dims else variable).values)

    arrays: dict[str, Any] = {name: values(name).astype(np.float32) for name in _ARRAYS}
    arrays["chip_size"] = values("chip_size").astype(np.uint16)
    arrays["reason"] = _reasons(values("reason"), str(dataset["reason"].attrs["flag_meanings"]))
    arrays["stable"] = values("stable").astype(bool) if record.has_stable else None
    return VelocityMap(**arrays, **record.fields())


def _reasons(stored: NDArray[Any], meanings: str) -> NDArray[np.uint8]:
    """Codes of this version for those of a file, which tells what each of its own means."""
    codes = np.array([reason_code(REASONS[REASON_WORDS.index(word)]) for word in meanings.split()], np.uint8)
    return np.asarray(codes[stored.astype(int)])

"""The grid of an xarray array: by its grid mapping (CF, rioxarray, odc-geo), its attributes, or its axes' names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyproj
import xarray as xr
from affine import Affine
from rasterio.crs import CRS
from rasterio.errors import CRSError

from napari_icenet.common.types import F64
from napari_icenet.errors import StackError
from napari_icenet.scenes.cf_grid import SPATIAL_REF
from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.raster.georeference import NoMap

#: Coordinates that are off the regular grid by more than this part of a pixel are no grid.
_REGULAR_PX = 0.01
_DOWN, _ALONG = ("y", "lat", "latitude", "row", "northing"), ("x", "lon", "longitude", "col", "easting")
_DEGREES = (("lat", "latitude"), ("lon", "longitude"))
#: Attributes by which a grid mapping tells its coordinate system, and those of an array itself.
_TOLD = ("crs_wkt", "spatial_ref", "grid_mapping_name")
_OWN = ("crs", "crs_wkt", "spatial_ref", "epsg")
NO_SYSTEM = NoMap(
    "coordinates without a coordinate system", 'name it, as in array.attrs["crs"] = "EPSG:3031", if they are of a map'
)


def grid_of(array: xr.DataArray) -> tuple[Grid, str | None]:
    """The grid of the last two axes of an array, and what is to be said of it; pixels alone without a map.

    Raises StackError: the axes are the other way round, the coordinate system is none that is known, or the
    coordinates are not regular.
    """
    called, (height, width) = str(array.name or "array"), array.shape[-2:]
    down, along = (str(axis) for axis in array.dims[-2:])
    if down.lower() in _ALONG or along.lower() in _DOWN:
        raise StackError(f"{called} has the axes (…, {down}, {along}); transpose it to (…, {along}, {down}).")
    mapping = _mapping(array)
    crs = _crs(array, mapping, called)
    if crs is None:
        numbered = all(axis not in array.coords or _numbered(array.coords[axis].values) for axis in (down, along))
        return Grid(height, width), None if numbered else NO_SYSTEM.said_of(f"{called} has")
    return Grid(height, width, _transform(array, mapping, called), crs), None


def _mapping(array: xr.DataArray) -> Mapping[str, Any]:
    """Attributes of the variable that tells the coordinate system; empty without one."""
    named = array.attrs.get("grid_mapping", array.encoding.get("grid_mapping", SPATIAL_REF))
    others = (
        name for name, coord in array.coords.items() if not coord.ndim and any(key in coord.attrs for key in _TOLD)
    )
    for name in (named, SPATIAL_REF, *others):
        if name in array.coords:
            found = array.coords[name]
            told: dict[str, Any] = {str(key): value for key, value in found.attrs.items()}
            if not any(key in told for key in _TOLD) and found.ndim == 0 and found.dtype.kind in "iu" and found > 0:
                told["crs_wkt"] = int(found)  # odc-geo's value is the code
            return told
    return {}


def _crs(array: xr.DataArray, mapping: Mapping[str, Any], called: str) -> CRS | None:
    """The coordinate system that an array tells, or that its axes' names mean."""
    told = next((mapping[key] for key in _TOLD[:2] if mapping.get(key)), None)
    if told is None and mapping.get("grid_mapping_name"):
        try:
            told = pyproj.CRS.from_cf(dict(mapping)).to_wkt()
        except (ValueError, KeyError, pyproj.exceptions.CRSError) as error:
            raise _unknown(called) from error
    if told is None:
        told = next((array.attrs[key] for key in _OWN if array.attrs.get(key) not in (None, "")), None)
    if told is None and "epsg" in array.coords and not array.coords["epsg"].ndim:
        told = array.coords["epsg"].item()
    if told is None:
        names = tuple(str(axis).lower() for axis in array.dims[-2:])
        degrees = all(name in known for name, known in zip(names, _DEGREES, strict=True))
        return CRS.from_epsg(4326) if degrees and set(array.dims[-2:]) <= set(array.coords) else None
    return _system(told, called)


def _system(told: Any, called: str) -> CRS:
    """A coordinate system of a text, a code or an object of pyproj or rasterio."""
    if isinstance(told, np.generic):
        told = told.item()
    if isinstance(told, str) and told.strip().isdecimal():
        told = int(told)
    try:
        if isinstance(told, str) and "[" in told:
            return CRS.from_wkt(told)
        return CRS.from_wkt(pyproj.CRS.from_user_input(told).to_wkt())
    except (ValueError, TypeError, KeyError, pyproj.exceptions.CRSError, CRSError) as error:
        raise _unknown(called) from error


def _unknown(called: str) -> StackError:
    return StackError(f"{called} names a coordinate system that is not known; write it as crs_wkt, or as EPSG:3031.")


def _numbered(values: Any) -> bool:
    """True if coordinates are the pixels' own numbers."""
    return bool(np.array_equal(values, np.arange(len(values))))


def _transform(array: xr.DataArray, mapping: Mapping[str, Any], called: str) -> Affine:
    down, along = (str(axis) for axis in array.dims[-2:])
    told = mapping.get("GeoTransform")
    own = Affine.from_gdal(*(float(v) for v in str(told).split())) if told is not None else None
    if down not in array.coords or along not in array.coords or down == "row":
        if own is None:
            raise StackError(f"{called} has a coordinate system but no coordinates; add {down} and {along}.")
        return own
    y, x = _places(array, down, called), _places(array, along, called)
    size = {name: (v[-1] - v[0]) / (len(v) - 1) if len(v) > 1 else np.nan for name, v in (("y", y), ("x", x))}
    if own is not None:
        # One row or column has no distance to the next; a part of an array keeps the transform of the whole.
        size = {"y": own.e if np.isnan(size["y"]) else size["y"], "x": own.a if np.isnan(size["x"]) else size["x"]}
    if not np.isfinite(list(size.values())).all():
        raise StackError(f"{called} has a single row or column and no GeoTransform, so no pixel size; add one.")
    for axis, name, v in ((down, "y", y), (along, "x", x)):
        if np.abs(v - (v[0] + size[name] * np.arange(len(v)))).max() > _REGULAR_PX * abs(size[name]):
            raise StackError(
                f"The coordinates {axis} of {called} are not evenly spaced; resample it to a regular grid."
            )
    found = Affine(size["x"], 0, x[0] - size["x"] / 2, 0, size["y"], y[0] - size["y"] / 2)
    # The told transform is exact; coordinates are rounded.
    alike = own is not None and own.almost_equals(found, _REGULAR_PX * abs(size["x"]) / max(len(x), len(y)))
    return own if own is not None and alike else found


def _places(array: xr.DataArray, axis: str, called: str) -> F64:
    """Coordinates along an axis.

    Raises StackError: they are no numbers, or some are missing.
    """
    values = array.coords[axis].values
    if values.dtype.kind not in "iuf" or not np.isfinite(values).all():
        raise StackError(f"The coordinates {axis} of {called} are no numbers, or some are missing; write all of them.")
    return np.asarray(values, float)

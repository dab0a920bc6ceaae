"""A grid in the words of the CF conventions, for xarray, GDAL and rioxarray, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyproj
import xarray as xr
from affine import Affine
from rasterio.crs import CRS

from napari_icenet.errors import StackError
from napari_icenet.scenes.grid import Grid

#: Name of the variable that tells the coordinate system, as rioxarray and odc-geo call it.
SPATIAL_REF = "spatial_ref"
#: Coordinates that are off the regular grid by more than this part of a pixel are no grid.
_REGULAR_PX = 0.01


def grid_mapping(cells: Grid) -> dict[str, Any]:
    """Attributes of the variable ``mapping``: the coordinate system for CF, GDAL and rioxarray alike."""
    assert cells.crs is not None
    wkt = cells.crs.to_wkt()
    attributes: dict[str, Any] = pyproj.CRS.from_wkt(wkt).to_cf()
    if attributes.get("grid_mapping_name") == "polar_stereographic":
        # CF wants it; it follows from the standard parallel's side.
        pole = float(np.copysign(90.0, attributes.get("standard_parallel", 90.0)))
        attributes.setdefault("latitude_of_projection_origin", pole)
    t = cells.transform
    geotransform = " ".join(repr(float(v)) for v in (t.c, t.a, t.b, t.f, t.d, t.e))
    return attributes | {"crs_wkt": wkt, "spatial_ref": wkt, "GeoTransform": geotransform}


def axis_attributes(cells: Grid) -> dict[str, dict[str, str]]:
    """CF's attributes of the coordinates ``x`` and ``y``."""
    assert cells.crs is not None
    if cells.pixel_size_note is not None:
        where = "from the upper left corner of the pictures"
        return {
            "x": {"axis": "X", "long_name": f"x {where}, to the right", "units": "m"},
            "y": {"axis": "Y", "long_name": f"y {where}, upward", "units": "m"},
        }
    crs = pyproj.CRS.from_wkt(cells.crs.to_wkt())
    axes = crs.cs_to_cf()
    found = {
        axis["axis"].lower(): {k: ("m" if v == "metre" else v) for k, v in axis.items()} for axis in reversed(axes)
    }
    if not {"x", "y"} <= set(found):
        # pyproj takes axes to the west or south for y both; in the order of the system they are x and y here.
        found = {
            name: {
                "axis": name.upper(),
                "long_name": f"{own.name} (toward {own.direction})",
                "standard_name": f"projection_{name}_coordinate",
                "units": "m" if axis["units"] == "metre" else axis["units"],
            }
            for name, own, axis in zip("xy", crs.axis_info, axes, strict=False)
        }
    return found


def dimensions(grid: Grid) -> tuple[str, str]:
    """``(y, x)``, or ``(row, col)`` without a map and where the grid is turned on its map."""
    t = grid.transform
    return ("y", "x") if grid.georeferenced and t.b == 0 and t.d == 0 else ("row", "col")


def coordinates(grid: Grid) -> dict[str, xr.Variable]:
    """Coordinates of the pixels' centres, with the coordinate system as ``spatial_ref`` where there is one."""
    i, j = np.arange(grid.height), np.arange(grid.width)
    row = xr.Variable("row", i, {"long_name": "row, downward from pixel 0", "units": "px"})
    col = xr.Variable("col", j, {"long_name": "column, from pixel 0", "units": "px"})
    if not grid.georeferenced:
        return {"row": row, "col": col}
    axes = axis_attributes(grid)
    mapping = {SPATIAL_REF: xr.Variable((), np.int8(0), grid_mapping(grid))}
    if dimensions(grid) == ("y", "x"):
        y, x = xr.Variable("y", grid.xy(i, 0)[1], axes["y"]), xr.Variable("x", grid.xy(0, j)[0], axes["x"])
        return {"y": y, "x": x, **mapping}
    # A grid that is turned on its map has no x of a column: both coordinates belong to every cell.
    over_x, over_y = grid.xy(i[:, None], j[None, :])
    turned = {name: {k: v for k, v in axes[name].items() if k != "axis"} for name in "xy"}
    return {
        "row": row,
        "col": col,
        "y": xr.Variable(("row", "col"), over_y, turned["y"]),
        "x": xr.Variable(("row", "col"), over_x, turned["x"]),
        **mapping,
    }


def grid_of(array: xr.DataArray) -> Grid:
    """The grid of the last two axes of an array: by its grid mapping and coordinates; pixels alone without them.

    Raises StackError: the coordinate system is none that is known, or the coordinates are not regular.
    """
    height, width = array.shape[-2:]
    name = array.attrs.get("grid_mapping", array.encoding.get("grid_mapping", SPATIAL_REF))
    if name not in array.coords:
        return Grid(height, width)
    mapping = array.coords[name].attrs
    return Grid(height, width, _transform(array, mapping), _crs(mapping, str(array.name)))


def _crs(mapping: Mapping[str, Any], called: str) -> CRS:
    try:
        wkt = mapping.get("crs_wkt") or mapping.get("spatial_ref") or pyproj.CRS.from_cf(dict(mapping)).to_wkt()
        return CRS.from_wkt(str(wkt))
    except (ValueError, KeyError, pyproj.exceptions.CRSError) as error:
        raise StackError(f"{called} names a coordinate system that is not known; write it as crs_wkt.") from error


def _transform(array: xr.DataArray, mapping: Mapping[str, Any]) -> Affine:
    down, along = array.dims[-2:]
    told = mapping.get("GeoTransform")
    own = Affine.from_gdal(*(float(v) for v in str(told).split())) if told is not None else None
    if down not in array.coords or along not in array.coords or str(down) == "row":
        if own is None:
            raise StackError(f"{array.name} has a coordinate system but no coordinates; add x and y.")
        return own
    y, x = (np.asarray(array.coords[axis].values, float) for axis in (down, along))
    size = {name: (v[-1] - v[0]) / (len(v) - 1) if len(v) > 1 else np.nan for name, v in (("y", y), ("x", x))}
    if own is not None:
        # One row or column has no distance to the next; a part of an array keeps the transform of the whole.
        size = {"y": own.e if np.isnan(size["y"]) else size["y"], "x": own.a if np.isnan(size["x"]) else size["x"]}
    if not np.isfinite(list(size.values())).all():
        raise StackError(f"{array.name} has a single row or column and no GeoTransform, so no pixel size; add one.")
    for name, v in (("y", y), ("x", x)):
        if np.abs(v - (v[0] + size[name] * np.arange(len(v)))).max() > _REGULAR_PX * abs(size[name]):
            raise StackError(f"The coordinates {name} of {array.name} are not regular; resample it to a grid.")
    found = Affine(size["x"], 0, x[0] - size["x"] / 2, 0, size["y"], y[0] - size["y"] / 2)
    # The told transform is exact; coordinates are rounded.
    alike = own is not None and own.almost_equals(found, _REGULAR_PX * abs(size["x"]) / max(len(x), len(y)))
    return own if own is not None and alike else found

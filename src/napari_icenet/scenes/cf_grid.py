"""A grid in the words of the CF conventions, for xarray, GDAL and rioxarray."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyproj
import xarray as xr

from napari_icenet.scenes.grid import Grid

#: Name of the variable that tells the coordinate system, as rioxarray and odc-geo call it.
SPATIAL_REF = "spatial_ref"


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

"""Lay velocity maps out as the xarray dataset that a NetCDF file holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from napari_icenet.errors import UsageError
from napari_icenet.scenes.cf_grid import axis_attributes, grid_mapping
from napari_icenet.velocity.cf.attributes import (
    dtype_of,
    global_attributes,
    map_values,
    middle,
    pair_facts,
    variable_attributes,
)
from napari_icenet.velocity.cf.record import MapRecord
from napari_icenet.velocity.map_arrays import MapArrays

# Names tell the arrays of dask apart; hashing the maps for them would cost more than the file.
_serial = count()
MAPPING = "mapping"
_ON_GROUND = ("chip_size_width", "chip_size_height")


def dataset_of(maps: Sequence[MapArrays]) -> xr.Dataset:
    """Maps of one grid as the dataset that is written; one map has no dimension ``mid_date``.

    Of several maps the arrays are lazy, so that derived velocities of all pairs need not be in memory.

    Raises
    ------
    UsageError
        There is no map, or the maps lie on different grids.
    """
    if not maps:
        raise UsageError("There is no velocity map to write; compute one first.")
    first = maps[0]
    if any(velocity.cells != first.cells or velocity.frame != first.frame for velocity in maps):
        raise UsageError("The velocity maps lie on different grids; write each to a file of its own.")
    one, (coordinates, place, alike) = len(maps) == 1, _coordinates(first)
    leading = () if one else ("mid_date",)
    dimensions = leading + (("y", "x") if "y" in coordinates and coordinates["y"].ndim == 1 else ("row", "col"))
    variables: dict[str, Any] = dict(alike)
    for name, attributes in variable_attributes(first).items():
        if name in _ON_GROUND and not first.frame.georeferenced:
            continue
        if name == "stable" and all(velocity.stable is None for velocity in maps):
            continue
        values = map_values(first, name) if one else _stacked(maps, name)
        variables[name] = xr.Variable(dimensions, values, attributes | place)
    facts = [pair_facts(velocity) for velocity in maps]
    for name, (_, attributes) in facts[0].items():
        variables[name] = _fact([fact[name][0] for fact in facts], attributes, leading)
    records = [MapRecord.of(velocity).model_dump_json() for velocity in maps]
    variables["record"] = _fact(records, {"long_name": "settings and circumstances of the pair, JSON"}, leading)
    coordinates["mid_date"] = _fact(
        [middle(velocity) if one else distinct_middle(velocity) for velocity in maps],
        {
            "standard_name": "time",
            "long_name": "middle of the two acquisitions, UTC"
            + ("" if one else "; the days between them are added as microseconds, so that no two are alike"),
        },
        leading,
    )
    if one:
        variables["img_pair_info"] = _pair_info(first)
        _say_shift(variables, facts[0])
    return xr.Dataset(variables, coordinates, global_attributes(list(maps)))


def distinct_middle(velocity: MapArrays) -> np.datetime64:
    """Pairs about one middle differ in length; ITS_LIVE keeps its middles apart in the microseconds too."""
    distinct: np.datetime64 = middle(velocity).astype("datetime64[us]") + round(abs(velocity.days))
    return distinct


def _stacked(maps: Sequence[MapArrays], name: str) -> Any:
    """One variable of several maps as a dask array, (mid_date, y, x), a chunk per map."""
    import dask.array as da

    shape, dtype = maps[0].shape, dtype_of(name)

    def chunk(block_info: dict[Any, Any]) -> NDArray[Any]:
        # A copy, so that what the map works out for itself is forgotten with it.
        return map_values(replace(maps[block_info[None]["chunk-location"][0]]), name)[None]

    map_blocks: Any = da.map_blocks
    chunks = ((1,) * len(maps), (shape[0],), (shape[1],))
    return map_blocks(chunk, dtype=dtype, chunks=chunks, name=f"{name}-{next(_serial)}", meta=np.empty((), dtype))


def _fact(values: list[Any], attributes: dict[str, Any], leading: tuple[str, ...]) -> xr.Variable:
    """A value for each map, or of the one map."""
    text = isinstance(values[0], str)
    array = np.array(values, object if text else None)
    if array.dtype.kind == "M":
        array = array.astype("datetime64[ns]")
    return xr.Variable(leading, array if leading else array[0], attributes)


def _coordinates(velocity: MapArrays) -> tuple[dict[str, xr.Variable], dict[str, Any], dict[str, xr.Variable]]:
    """Coordinates of the cells, what ties a variable to the map, and what all maps of the grid share."""
    cells, rows, cols = velocity.cells, velocity.rows, velocity.cols
    row = {"long_name": "row of the cell's centre in the pictures, downward from pixel 0", "units": "px"}
    col = {"long_name": "column of the cell's centre in the pictures, from pixel 0", "units": "px"}
    if not cells.georeferenced:
        return {"row": xr.Variable("row", rows, row), "col": xr.Variable("col", cols, col)}, {}, {}
    axes, t = axis_attributes(cells), cells.transform
    alike = {MAPPING: xr.Variable((), np.int8(0), grid_mapping(cells))}
    i, j = np.arange(cells.height), np.arange(cells.width)
    if t.b == 0 and t.d == 0:
        dimensions = ("y", "x")
        coordinates = {
            "x": xr.Variable("x", cells.xy(0, j)[0], axes["x"]),
            "y": xr.Variable("y", cells.xy(i, 0)[1], axes["y"]),
        }
        # No coordinates: a second one along an axis would be in the way of whoever reprojects the map.
        alike |= {"row": xr.Variable("y", rows, row), "col": xr.Variable("x", cols, col)}
    else:
        # A grid that is turned on its map has no x of a column: both coordinates belong to every cell.
        dimensions = ("row", "col")
        x, y = cells.xy(i[:, None], j[None, :])
        turned = {name: {k: v for k, v in axes[name].items() if k != "axis"} for name in "xy"}
        coordinates = {
            "row": xr.Variable("row", rows, row),
            "col": xr.Variable("col", cols, col),
            "x": xr.Variable(dimensions, x, turned["x"]),
            "y": xr.Variable(dimensions, y, turned["y"]),
        }
    place = {"grid_mapping": MAPPING}
    for name, scale in zip("xy", velocity.ground_scale, strict=True):
        words = {"long_name": f"map units along {name} per metre on the ground"}
        alike[f"map_scale_{name}"] = xr.Variable(dimensions, scale, words | place)
    return coordinates, place, alike


def _pair_info(velocity: MapArrays) -> xr.Variable:
    """ITS_LIVE's variable of a granule whose attributes tell of the pair."""
    first, second = (f"{when.astype('datetime64[s]').item():%Y%m%dT%H:%M:%S}" for when in velocity.times)
    attributes = {
        "long_name": "the two acquisitions, in the attributes",
        "acquisition_date_img1": first,
        "acquisition_date_img2": second,
        "date_center": f"{middle(velocity).item():%Y%m%dT%H:%M:%S}",
        "date_dt": velocity.days,
        "id_img1": velocity.scenes[0],
        "id_img2": velocity.scenes[1],
    }
    return xr.Variable((), np.int8(0), attributes)


def _say_shift(variables: dict[str, Any], facts: dict[str, tuple[Any, dict[str, Any]]]) -> None:
    """Repeat the shift of stable ground where ITS_LIVE's granules have it: as attributes of vx and vy."""
    for name in ("vx", "vy"):
        error = variables[f"{name}_error"].values
        variables[name].attrs |= {
            "error": float(np.nanmedian(error)) if np.isfinite(error).any() else float("nan"),
            "stable_shift": facts[f"{name}_stable_shift"][0],
            "stable_shift_flag": facts["stable_shift_flag"][0],
        }

"""A velocity series as an xarray dataset, laid out as the maps are."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from napari_icenet.velocity.io.map_dataset import dataset_of
from napari_icenet.velocity.time_series.series import VelocitySeries


def series_dataset(series: VelocitySeries) -> xr.Dataset:
    """Velocities (interval, y, x) with coordinates, units and what they rest on.

    Parameters
    ----------
    series : VelocitySeries
    """
    like = dataset_of([series.template])
    plane: tuple[str, ...] = like["drow"].dims  # type: ignore[assignment]
    place = {"grid_mapping": "mapping"} if "mapping" in like else {}
    over_time = ("interval", *plane)
    where = "on the ground" if series.frame.georeferenced else "of the picture"
    variables: dict[str, Any] = {
        str(name): like[name].variable for name in like.data_vars if str(name).startswith("map")
    }

    def add(name: str, dims: tuple[str, ...], values: Any, long_name: str, units: str) -> None:
        gridded = place if dims[-2:] == plane else {}
        variables[name] = xr.Variable(dims, values, {"long_name": long_name, "units": units, **gridded})

    add("vx", over_time, series.vx, f"velocity along the grid's x {where}", series.unit)
    add("vy", over_time, series.vy, f"velocity along the grid's y {where}", series.unit)
    add("v", over_time, series.v, f"speed {where}", series.unit)
    add("v_error", over_time, series.v_error, "one-sigma error of the speed", series.unit)
    add("drow", over_time, series.drow, "displacement down the rows in the interval", "px")
    add("dcol", over_time, series.dcol, "displacement along the columns in the interval", "px")
    add("error_row", over_time, series.error_row, "one-sigma error of the displacement down the rows", "px")
    add("error_col", over_time, series.error_col, "one-sigma error of the displacement along the columns", "px")
    add("resolved", over_time, series.resolved.astype(np.int8), "1 where the interval is measured by itself", "1")
    add("pairs_used", over_time, series.pairs_used.astype(np.int16), "believed pairs that span the interval", "1")
    add("weight", ("pair", *plane), series.weight, "how far a pair is believed, 0 to 1", "1")
    add("residual", plane, series.residual, "root mean square of what pairs contradict each other by", "px")
    mean = series.mean
    for name, values in (("vx", mean.vx), ("vy", mean.vy), ("v", mean.v), ("v_error", mean.v_error)):
        add(f"mean_{name}", plane, values, f"{name} of the steady motion that fits all pairs best", series.unit)
    for axis, name in enumerate(("row", "col")):
        add(f"jump_{name}", ("date",), series.jump[:, axis], "how far the whole scene lies off steady motion", "px")
    add("date_weight", ("date",), series.date_weight, "mean weight of the pairs with this date", "1")
    first, second = np.array(series.pairs, np.int32).reshape(-1, 2).T
    add("first", ("pair",), first, "index of the pair's first date", "1")
    add("second", ("pair",), second, "index of the pair's second date", "1")
    times = series.times.astype("datetime64[s]")
    coordinates: dict[str, Any] = {
        **{str(name): like[name].variable for name in like.coords if str(name) != "mid_date"},
        "date": xr.Variable("date", times, {"standard_name": "time", "long_name": "acquisition, UTC"}),
        "start": xr.Variable("interval", times[:-1], {"long_name": "start of the interval, UTC"}),
        "end": xr.Variable("interval", times[1:], {"long_name": "end of the interval, UTC"}),
    }
    return xr.Dataset(variables, coordinates, {"title": "velocity in time", "comment": "\n".join(series.notes)})

"""GPS points with velocities, from GeoPackage, GeoJSON or CSV, in pixels and along the axes of a frame.

Columns, in any case of letters:

==============================  =================================================================
``lon, lat`` or ``x, y``        Place, in a CSV: degrees (WGS84), or units of the frame's map.
                                In a GeoPackage or GeoJSON the shapes say it.
``vx, vy``                      Velocity, m/yr: east and north where places are degrees, else along
                                the axes of the map that the places are given on.
``ve, vn``                      Velocity to the true east and north, m/yr, wherever the place is from.
``v, azimuth``                  Speed, m/yr, and degrees clockwise from true north.
``vx_error, vy_error`` …        One-sigma errors of the two, optional (``v_error`` and
                                ``azimuth_error``, in degrees, for speed and azimuth).
``start, end``                  Days or times of the measurement (ISO, UTC), optional.
``station`` or ``name``         Optional; also ``site``, ``point``, ``id``.
==============================  =================================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Geod, Transformer

from napari_icenet.common.csv_table import number_of
from napari_icenet.common.types import F64
from napari_icenet.errors import TrackingError
from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.vectors.to_grid import pixels, to_map
from napari_icenet.scenes.vectors.vector_files import has_shapes, read_layers
from napari_icenet.tracking.points import TEXTS, read_records

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame

_PLACES = (("lon", "lat"), ("longitude", "latitude"), ("x", "y"))
_NAMES = ("station", "name", "site", "point", "id")
_STARTS, _ENDS = ("start", "start_date", "first_date", "date_start"), ("end", "end_date", "second_date", "date_end")
#: Columns of velocity with those of its errors; the first pair found counts.
_VELOCITIES = {
    ("vx", "vy"): ("vx_error", "vy_error"),
    ("ve", "vn"): ("ve_error", "vn_error"),
    ("v", "azimuth"): ("v_error", "azimuth_error"),
}
_WGS84 = CRS.from_epsg(4326)
#: Half the length over which the direction of a map's axis is measured: map units, or degrees.
_STEP, _STEP_DEGREES = 500.0, 0.005


@dataclass(frozen=True)
class GpsPoints:
    """Velocities of points on the ice; arrays have the shape (n,).

    Attributes
    ----------
    names : tuple of str
    rows, cols : array of float64
        px of the frame.
    vx, vy : array of float64
        Along the axes of the frame's map, m/yr on the ground.
    vx_error, vy_error : array of float64
        One-sigma, m/yr; NaN is unknown.
    start, end : array of datetime64
        When they were measured, UTC; NaT is unknown.
    frame : Grid
    path : Path or None
    notices : tuple of str
        What was left out.
    """

    names: tuple[str, ...]
    rows: F64
    cols: F64
    vx: F64
    vy: F64
    vx_error: F64
    vy_error: F64
    start: NDArray[np.datetime64]
    end: NDArray[np.datetime64]
    frame: Grid
    path: Path | None = None
    notices: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    @property
    def v(self) -> F64:
        """Speed, m/yr."""
        return np.hypot(self.vx, self.vy)

    @property
    def v_error(self) -> F64:
        """One-sigma error of the speed, m/yr; NaN is unknown."""
        speed = np.maximum(self.v, 1e-12)
        return np.hypot(self.vx_error * self.vx / speed, self.vy_error * self.vy / speed)


def read_gps(path: str | Path, grid: Grid) -> GpsPoints:
    """Read GPS points with velocities; the columns are those of this module.

    Parameters
    ----------
    path : path
        ``.gpkg``, ``.geojson``, ``.csv`` or ``.tsv``, also with decimal commas where semicolons or tabs
        separate the cells; Parquet and GeoParquet.
    grid : Grid
        The frame, which must have a coordinate reference system.

    Raises
    ------
    TrackingError
        The file cannot be read, lacks columns, holds what is no number or no date, or the frame has
        no coordinate reference system.
    """
    path = Path(path)
    if not grid.on_earth:
        lacks = "no map of the Earth" if grid.georeferenced else "no coordinate reference system"
        raise TrackingError(
            f"{path} holds velocities of the ground, but these pictures have {lacks} to compare them on; "
            "open georeferenced ones."
        )
    tables = _tables(path, grid)
    if not tables:
        raise TrackingError(f"{path} holds no point; give GPS stations as points.")
    parts = [_read(path, grid, table) for table in tables]
    columns = {
        name: np.concatenate([part[name] for part in parts])
        for name in ("rows", "cols", "vx", "vy", "vx_error", "vy_error", "start", "end")
    }
    names = [name for part in parts for name in part["names"]]
    known = np.isfinite(columns["rows"] + columns["cols"] + columns["vx"] + columns["vy"])
    if not known.any():
        raise TrackingError(f"{path} holds no point with a velocity; fill in its columns.")
    left_out = int((~known).sum())
    notices = (f"{path.name}: points without a place or velocity are left out ({left_out}).",) if left_out else ()
    return GpsPoints(
        names=tuple(name for name, ok in zip(names, known, strict=True) if ok),
        **{name: values[known] for name, values in columns.items()},
        frame=grid,
        path=path,
        notices=notices,
    )


def axes_on_ground(crs: CRS, x: F64, y: F64) -> F64:
    """Directions of a map's axes on the ground (WGS84).

    Parameters
    ----------
    crs : pyproj.CRS
    x, y : array of float64, (n,)
        Places, units of the map.

    Returns
    -------
    array of float64, (n, 2, 2)
        What turns (vx, vy) along the map's axes into (east, north).
    """
    to_degrees, geod = Transformer.from_crs(crs, _WGS84, always_xy=True), Geod(ellps="WGS84")
    step = _STEP_DEGREES if crs.is_geographic else _STEP
    out = np.empty((len(x), 2, 2))
    for axis, (dx, dy) in enumerate(((step, 0.0), (0.0, step))):
        # From the place forward and backward: the mean of the two bearings is that at the place itself.
        here, ahead, behind = (to_degrees.transform(x + k * dx, y + k * dy) for k in (0, 1, -1))
        forward, _, _ = geod.inv(*here, *ahead)
        backward, _, _ = geod.inv(*here, *behind)
        unit = np.exp(1j * np.radians(forward)) - np.exp(1j * np.radians(backward))
        unit /= np.abs(unit)
        out[:, 0, axis], out[:, 1, axis] = unit.imag, unit.real
    return out


def _tables(path: Path, grid: Grid) -> list[GeoDataFrame]:
    """A file's points, layer by layer, in their own reference system; names of columns in lower case."""
    import geopandas
    import pandas as pd

    if path.suffix.lower() in TEXTS or (path.suffix.lower() == ".parquet" and not has_shapes(path)):
        table = pd.DataFrame(read_records(path, decimal_commas=True))
        pair = next((p for p in _PLACES if {*p} <= {*table.columns}), None)
        if pair is None:
            raise _lacking(path, table, "place", "lon, lat or x, y")
        assert grid.crs is not None
        crs = grid.crs.to_wkt() if pair == ("x", "y") else _WGS84
        places = geopandas.points_from_xy(*(_numbers(path, table, name) for name in pair))
        return [geopandas.GeoDataFrame(table, geometry=places, crs=crs)]
    found = []
    for _, layer in read_layers(path, grid):
        points = layer[layer.geometry.geom_type.isin(["Point", "MultiPoint"])].explode(ignore_index=True)
        if len(points):
            points = points.rename(columns=lambda name: str(name).strip().lower())
            found.append(points.loc[:, ~points.columns.duplicated(keep="last")])
    return found


def _read(path: Path, grid: Grid, table: GeoDataFrame) -> dict[str, Any]:
    crs, xy = table.crs, np.stack([table.geometry.x, table.geometry.y], axis=1)
    pair = next((p for p in _VELOCITIES if {*p} <= {*table.columns}), None)
    if pair is None:
        raise _lacking(path, table, "velocity", "vx, vy or ve, vn or v, azimuth (m/yr)")
    places = pixels(to_map(crs, grid, path)(xy), grid)
    first, second = (_numbers(path, table, name) for name in pair)
    errors = [_numbers(path, table, name) for name in _VELOCITIES[pair]]
    # Velocities and their errors along unit vectors whose (east, north) are the columns of `axes`.
    velocity, error = np.stack([first, second], axis=1), np.stack(errors, axis=1)
    axes = np.broadcast_to(np.eye(2), (len(xy), 2, 2))
    if pair == ("vx", "vy"):
        assert crs is not None  # to_map has seen to it
        axes = axes_on_ground(crs, *xy.T)
    elif pair == ("v", "azimuth"):
        sine, cosine = np.sin(np.radians(second)), np.cos(np.radians(second))
        axes = np.moveaxis(np.array([[sine, cosine], [cosine, -sine]]), -1, 0)
        across = np.where(np.isfinite(error[:, 1]), np.abs(first) * np.radians(error[:, 1]), error[:, 0])
        velocity, error = np.stack([first, np.zeros_like(first)], axis=1), np.stack([error[:, 0], across], axis=1)
    assert grid.crs is not None
    ours = axes_on_ground(CRS.from_wkt(grid.crs.to_wkt()), *grid.xy(*places.T))
    good = np.isfinite(ours).all(axis=(1, 2)) & np.isfinite(axes).all(axis=(1, 2))
    turn = np.full((len(xy), 2, 2), np.nan)
    turn[good] = np.linalg.solve(ours[good], axes[good])
    vx, vy = np.einsum("nij,nj->in", turn, velocity)
    vx_error, vy_error = np.sqrt(np.einsum("nij,nj->in", turn**2, error**2))
    titles = next((table[name] for name in _NAMES if name in table), [None] * len(table))
    return {
        "names": [_title(value, number) for number, value in enumerate(titles, 1)],
        "rows": places[:, 0],
        "cols": places[:, 1],
        **{"vx": vx, "vy": vy, "vx_error": vx_error, "vy_error": vy_error},
        "start": _times(path, table, _STARTS),
        "end": _times(path, table, _ENDS),
    }


def _title(value: Any, number: int) -> str:
    return f"point {number}" if value is None or value != value or not str(value).strip() else str(value).strip()  # noqa: PLR0124


def _lacking(path: Path, table: pd.DataFrame, what: str, wanted: str) -> TrackingError:
    columns = ", ".join(name for name in table.columns if name != "geometry") or "no columns"
    return TrackingError(f"{path} does not say the points' {what} (it has {columns}); name its columns {wanted}.")


def _numbers(path: Path, table: pd.DataFrame, name: str) -> F64:
    """A column's numbers, (n,); NaN where it is missing."""
    if name not in table:
        return np.full(len(table), np.nan)
    try:
        return np.array([number_of(value) for value in table[name]], float)
    except ValueError as error:
        raise TrackingError(f"{path} holds a value in {name} that cannot be used: {error}.") from error


def _times(path: Path, table: pd.DataFrame, names: Sequence[str]) -> NDArray[np.datetime64]:
    import pandas as pd

    name = next((n for n in names if n in table), None)
    values = [None] * len(table) if name is None else list(table[name])
    try:
        times = pd.to_datetime(pd.Series(values, dtype=object), utc=True, format="ISO8601")
    except (ValueError, TypeError) as error:
        raise TrackingError(f"{path} holds a value in {name} that is no date; write it as 2020-01-31.") from error
    return np.asarray(times.dt.tz_localize(None).to_numpy(), "datetime64[ms]")

"""Lines drawn on a frame, as files for other programs."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from napari_icenet.common.atomic_io import write_whole
from napari_icenet.common.types import F64
from napari_icenet.errors import UsageError
from napari_icenet.scenes.grid import Grid
from napari_icenet.velocity.vectors.features import Line
from napari_icenet.velocity.vectors.vector_files import BEND_TOLERANCE_PX, bent

#: Length of a degree of latitude, about, m.
_DEGREE_M = 111e3


def write_lines(lines: Sequence[Line | F64], path: str | Path, grid: Grid) -> None:
    """Write lines, as drawn, to ``.geojson`` (WGS84) or ``.gpkg`` (the frame's own map), whole or absent.

    Read again, they lie where they lay: in degrees corners are added where an edge bends, and a line
    over the 180th meridian goes on beyond 180°. Without a map, places are pixels (x = column, y = row).

    Parameters
    ----------
    lines : sequence of Line, or of array (n, 2) of (row, col), px
    path : path
        Replaced if it is there.
    grid : Grid
        The frame.

    Raises
    ------
    UsageError
        Another suffix, or no line.
    TrackingError
        The folder is missing or closed.
    """
    named = [
        line if isinstance(line, Line) else Line(np.asarray(line, float), f"line {number}")
        for number, line in enumerate(lines, 1)
    ]
    if not named or any(len(line.path) < 2 for line in named):
        raise UsageError("there is no line of two or more places to write; draw one first.")
    write_whole(
        path,
        {
            ".geojson": lambda to: _write_geojson(named, to, grid),
            ".gpkg": lambda to: _write_geopackage(named, to, grid),
        },
        "lines",
    )


def _write_geojson(lines: Sequence[Line], path: Path, grid: Grid) -> None:
    features = [
        {
            "type": "Feature",
            "properties": {"name": line.name},
            "geometry": {"type": "LineString", "coordinates": np.round(_degrees(line.path, grid), 9).tolist()},
        }
        for line in lines
    ]
    # Older GeoJSON says by null that places are on no map; without it they would be degrees.
    about = {} if grid.georeferenced else {"crs": None}
    path.write_text(json.dumps({"type": "FeatureCollection", **about, "features": features}), encoding="utf-8")


def _degrees(path: F64, grid: Grid) -> F64:
    if not grid.georeferenced:
        return path[:, ::-1]
    first = float(grid.lonlat(*path[0])[0])

    def lonlat(places: F64) -> F64:
        lon, lat = grid.lonlat(places[:, 0], places[:, 1])
        return np.stack([first + (lon - first + 180) % 360 - 180, lat], axis=1)

    # A degree of latitude is the longest, so this tolerance is kept everywhere.
    pixel = 1 / (grid.map_scale(*path[0])[1] * _DEGREE_M) * min(grid.pixel_size)
    return bent(path, lonlat, BEND_TOLERANCE_PX * pixel)


def _write_geopackage(lines: Sequence[Line], path: Path, grid: Grid) -> None:
    import geopandas
    import shapely

    xy = [np.stack(grid.xy(*line.path.T), axis=1) if grid.georeferenced else line.path[:, ::-1] for line in lines]
    table = geopandas.GeoDataFrame(
        {"name": [line.name for line in lines]},
        geometry=[shapely.linestrings(places) for places in xy],
        crs=None if grid.crs is None else grid.crs.to_wkt(),
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="'crs' was not provided")
        table.to_file(path, driver="GPKG", layer="lines")

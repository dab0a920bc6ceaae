"""Outlines, lines and points of a vector file, as a GeoDataFrame on a frame's map."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_icenet.common.types import F64, Bool
from napari_icenet.errors import SceneWarning
from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.vectors.to_grid import bent, pixels, to_map
from napari_icenet.scenes.vectors.vector_files import read_layers

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

#: Columns that name a feature, the first one found counts; lower case.
_NAMES = ("name", "glac_name", "glacier", "station", "site", "id", "fid")
_KINDS = {"Polygon": "outline", "LineString": "line", "Point": "point"}


def read_features(path: str | Path, grid: Grid) -> GeoDataFrame:
    """Read outlines, lines and points, and bring them to a frame's map.

    Every layer of a GeoPackage is read, and from the file's coordinate reference system brought to
    the frame's. An edge is straight in the file's system, so it may bend in the frame's: corners are
    added until it is followed to 0.05 px. In degrees an edge takes the short way around the globe.
    GeoJSON is WGS84 unless it names another system (``"crs": null``: none). Heights are dropped.

    Parameters
    ----------
    path : path
        GeoPackage or GeoJSON; other vector files that GDAL knows are read too.
    grid : Grid
        The frame. Where it has no coordinate reference system, the file must have none either: its
        coordinates then are pixels, x = column and y = row, integer = pixel centre.

    Returns
    -------
    geopandas.GeoDataFrame
        A row for each polygon, line and point that touches the frame; parts of a multi-polygon are
        rows of one name. ``kind`` is ``outline``, ``line`` or ``point``; ``name`` comes from a column
        ``name``, ``station``, ``id`` …, else it is the layer and a number; ``layer``; then the file's
        columns, those of our names with ``_`` behind. ``attrs`` hold the ``path`` and ``notices``, a
        sentence each for what was left out and why. :func:`in_pixels` gives pixels.

    Raises
    ------
    TrackingError
        The file is missing, is no vector file, is empty, or has no or an unknown coordinate
        reference system.

    Warns
    -----
    SceneWarning
        Nothing touches the frame, or something is left out; said in the notices too.
    """
    import geopandas
    import pandas as pd

    path = Path(path)
    tables, shapeless, broken = [], 0, 0
    for layer, table in read_layers(path, grid):
        change = to_map(table.crs, grid, path)
        degrees = table.crs is not None and table.crs.is_geographic
        parts = _named(layer, table)
        shapeless += int(_shapeless(parts).sum())
        parts = _exploded(parts)
        parts["geometry"] = [_placed(part, change, degrees, grid) for part in parts.geometry]
        parts = parts[~parts.geometry.array.isna()]
        broken += int(parts.geometry.is_empty.sum())
        tables.append(parts[~parts.geometry.is_empty])
    tables = [table for table in tables if len(table)]
    nothing = geopandas.GeoDataFrame(columns=["kind", "name", "layer", "geometry"], geometry="geometry")
    found = pd.concat(tables, ignore_index=True) if tables else nothing
    found = found.set_crs(None if grid.crs is None else grid.crs.to_wkt(), allow_override=True)
    found["kind"] = [_KINDS.get(name, "line") for name in found.geometry.geom_type]
    notices = _notices(path, shapeless, broken, bool(tables))
    for notice in notices:
        warnings.warn(notice, SceneWarning, stacklevel=2)
    found.attrs = {"path": path, "notices": notices}
    return found


def in_pixels(features: GeoDataFrame, grid: Grid) -> GeoDataFrame:
    """Features with their shapes in pixels of the frame they were read for: x = col, y = row; on no map.

    Returns
    -------
    geopandas.GeoDataFrame
        A copy.
    """
    import shapely

    shapes = shapely.transform(features.geometry.values, lambda xy: pixels(xy, grid)[:, ::-1])
    return features.set_geometry(shapes).set_crs(None, allow_override=True)


def corners(shape: Any) -> F64:
    """(row, col) of a ring's, line's or point's corners, given its shape in pixels (:func:`in_pixels`); (n, 2)."""
    import shapely

    return np.asarray(shapely.get_coordinates(shape)[:, ::-1], float)


def _named(layer: str, table: GeoDataFrame) -> GeoDataFrame:
    """A layer with our columns first, on no map, its rows in the file's order."""
    columns = {str(name).lower(): name for name in reversed(table.columns) if name != table.geometry.name}
    column = next((columns[wanted] for wanted in _NAMES if wanted in columns), None)
    titles = [""] * len(table) if column is None else table[column].astype(object).where(table[column].notna(), "")
    names = [str(title).strip() or f"{layer} {number}" for number, title in enumerate(titles, 1)]
    taken = {name: f"{name}_" for name in ("kind", "layer") if name in table.columns}
    out = table.rename(columns=taken).drop(columns="name", errors="ignore").reset_index(drop=True)
    for name, values in (("layer", layer), ("name", names), ("kind", "")):
        out.insert(0, name, values)
    return out.set_crs(None, allow_override=True)


def _shapeless(table: GeoDataFrame) -> Bool:
    # Of the arrays: a GeoSeries warns of empty shapes each time.
    return np.asarray(table.geometry.array.isna() | table.geometry.array.is_empty)


def _exploded(table: GeoDataFrame) -> GeoDataFrame:
    """Polygons, lines and points of any geometry, a row each; empty ones left out."""
    while True:
        table = table[~_shapeless(table)]
        if not table.geometry.geom_type.str.contains("Multi|Collection").any():
            return table.copy()
        table = table.explode(ignore_index=True)


def _placed(part: Any, change: Callable[[F64], F64], degrees: bool, grid: Grid) -> Any | None:
    """A polygon, line or point on the frame's map; None elsewhere, empty where the map cannot hold it."""
    import shapely

    rings = [_unwrapped(ring, degrees) for ring in _rings(part)]
    if not _near(pixels(change(rings[0]), grid), grid):
        return None
    rings = [bent(ring, change, grid) for ring in rings]
    if not all(np.isfinite(ring).all() for ring in rings):
        return type(part)()
    kind = part.geom_type
    outer = pixels(rings[0], grid)[:, ::-1]
    frame = shapely.box(-0.5, -0.5, grid.width - 0.5, grid.height - 0.5)
    if not shapely.make_valid(_shape(kind, [outer])).intersects(frame):
        return None
    return _shape(kind, rings)


def _shape(kind: str, rings: list[F64]) -> Any:
    import shapely

    if kind == "Polygon":
        return shapely.Polygon(rings[0], rings[1:])
    return shapely.Point(rings[0][0]) if kind == "Point" else shapely.LineString(rings[0])


def _rings(part: Any) -> list[Any]:
    return [part.exterior, *part.interiors] if part.geom_type == "Polygon" else [part]


def _unwrapped(ring: Any, degrees: bool) -> F64:
    xy = np.asarray(ring.coords, float)[:, :2].copy()
    if degrees:
        xy[:, 0] = np.unwrap(xy[:, 0], period=360)
    return xy


def _near(corners: F64, grid: Grid) -> bool:
    """True if a shape may touch the frame, given its corners: edges bend out by less than its size."""
    known = np.isfinite(corners).all(axis=1)
    if not known.all():
        return bool(known.any())  # all out of the map's reach is elsewhere; some, to be said
    low, high = corners.min(axis=0), corners.max(axis=0)
    size = max(high - low)
    return bool((high + size >= -1).all() and (low - size <= grid.shape).all())


def _notices(path: Path, shapeless: int, broken: int, any_found: bool) -> tuple[str, ...]:
    notices = []
    if shapeless:
        notices.append(f"{path.name}: features without a usable shape are left out ({shapeless}).")
    if broken:
        notices.append(f"{path.name}: features that reach where the frame's map cannot are left out ({broken}).")
    if not any_found:
        notices.append(f"{path.name} has nothing on this frame; check that it shows the same ground.")
    return tuple(notices)

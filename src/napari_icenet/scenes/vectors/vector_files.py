"""Layers of vector files as GeoDataFrames, in the file's own coordinate reference system."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from pyproj import CRS
from pyproj.exceptions import ProjError

from napari_icenet.common.ground import way_between
from napari_icenet.errors import TrackingError
from napari_icenet.scenes.grid import Grid

#: Of a layer with more features than this, only those around the frame are read.
_MANY = 1000
_GEOJSON = frozenset({".geojson", ".json"})
_PARQUET = frozenset({".parquet", ".geoparquet"})
#: Suffixes of vector files, Parquet aside, which may hold a plain table.
SUFFIXES = _GEOJSON | {".gpkg", ".shp", ".fgb", ".kml", ".gml"}


def has_shapes(path: Path) -> bool:
    """Whether a file is a vector file, by its suffix; a Parquet by whether it names columns of shapes."""
    suffix = path.suffix.lower()
    if suffix not in _PARQUET or not path.is_file():
        return suffix in SUFFIXES
    try:
        import pyarrow.parquet
    except ImportError:
        return False
    try:
        return b"geo" in (pyarrow.parquet.read_schema(path).metadata or {})
    except (OSError, ValueError):
        return False


def read_layers(path: Path, grid: Grid | None = None) -> list[tuple[str, Any]]:
    """Layers of a vector file that have places: (name, geopandas.GeoDataFrame) each.

    A shape that is damaged is None. Of a layer with many features, only those around ``grid`` are read.

    Raises
    ------
    TrackingError
        The file is missing, is no vector file, is empty, or names its system in a way not known.
    """
    import pyogrio
    from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError

    if not path.is_file():
        problem = "is no file" if path.exists() else "is not there"
        raise TrackingError(f"{path} {problem}; give a .gpkg or .geojson file.")
    if path.stat().st_size == 0:
        raise TrackingError(f"{path} is empty; give a .gpkg or .geojson file with outlines, lines or points.")
    if path.suffix.lower() in _PARQUET:
        return [(path.stem, _read_parquet(path))]
    stated = _stated_crs(path)
    tables, any_shape = [], False
    try:
        with warnings.catch_warnings():
            # Heights and measures along a line that shapely does not keep are not used here.
            warnings.simplefilter("ignore")
            for layer, kind in pyogrio.list_layers(path):
                if kind is None:
                    continue
                info = pyogrio.read_info(path, layer=layer, force_feature_count=True)
                around = None if grid is None or info["features"] <= _MANY else _around(grid, info["crs"], str(path))
                table = pyogrio.read_dataframe(path, layer=layer, bbox=around, on_invalid="ignore", fid_as_index=True)
                table = table.sort_index()  # a search by place gives them in any order
                if stated is None:
                    table = table.set_crs(None, allow_override=True)
                any_shape |= around is not None or bool((~(table.geometry.is_empty | table.geometry.isna())).any())
                if len(table):
                    tables.append((str(layer), table))
    except (DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError, ProjError, ValueError) as error:
        raise TrackingError(
            f"{path} cannot be read as a vector file; give a .gpkg or .geojson with outlines, lines or points."
        ) from error
    if not any_shape:
        raise TrackingError(f"{path} holds no outline, line or point; draw some, or choose another file.")
    return tables


def _read_parquet(path: Path) -> Any:
    import geopandas

    try:
        return geopandas.read_parquet(path)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise TrackingError(f"{path} cannot be read as GeoParquet; give a .gpkg or .geojson file.") from error


def _around(grid: Grid, crs: str | None, called: str) -> tuple[float, float, float, float] | None:
    """A frame's bounds (left, bottom, right, top) in a file's system, with a margin; None where there are none."""
    if crs is None or grid.crs is None:
        return None
    x, y = grid.xy([-0.5, -0.5, grid.height, grid.height], [-0.5, grid.width, -0.5, grid.width])
    theirs = CRS(crs)
    change = way_between(grid.crs.to_wkt(), theirs, called)
    left, bottom, right, top = change.transform_bounds(x.min(), y.min(), x.max(), y.max(), densify_pts=51)
    if not np.isfinite([left, bottom, right, top]).all():
        return None
    wide, high = 0.02 * abs(right - left), 0.02 * (top - bottom)
    if theirs.is_geographic:
        # Longitudes may run from -180 to 180, from 0 to 360, or on over the 180th meridian.
        return -720.0, bottom - high, 720.0, top + high
    return left - wide, bottom - high, right + wide, top + high


def _stated_crs(path: Path) -> str | None:
    """``default``, or what a GeoJSON says of its system: None for none; GDAL takes an unknown one for WGS84."""
    if path.suffix.lower() not in _GEOJSON:
        return "default"
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
        if not isinstance(data, dict) or "crs" not in data:
            return "default"
        return None if data["crs"] is None else CRS(str(data["crs"]["properties"]["name"])).name
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, ValueError):
            raise TrackingError(f"{path} is no GeoJSON; write it again.") from error
        raise TrackingError(f"{path} names its coordinate reference system in a way not known; use EPSG.") from error
    except ProjError as error:
        raise TrackingError(f"{path} names a coordinate reference system that is not known; use EPSG.") from error
    except OSError as error:
        raise TrackingError(f"{path} cannot be read ({error.strerror}); check its permissions.") from error

"""Positions from a table or a vector file, and records of exports."""

from __future__ import annotations

import json
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from napari_icenet.common.csv_table import MISSING, number_of, read_cells, with_decimal_points
from napari_icenet.common.ground import way_between
from napari_icenet.common.types import F64
from napari_icenet.errors import SceneWarning, TrackingError
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.scenes.vectors.to_grid import pixels, to_map
from napari_icenet.scenes.vectors.vector_files import has_shapes, read_layers

#: Pairs of columns that say where a point is, the first pair found counts: pixels, map, degrees.
_PAIRS = (
    ("row", "col"),
    ("x", "y"),
    ("lon", "lat"),
    ("longitude", "latitude"),
)
_PLACES = frozenset(name for pair in _PAIRS for name in pair)
TEXTS = frozenset({".csv", ".tsv"})


def read_records(path: Path, *, decimal_commas: bool = False) -> list[dict[str, Any]]:
    """Rows of a CSV, GeoJSON or Parquet file by column; a GeoJSON point's place is ``lon``, ``lat``.

    Parameters
    ----------
    path : Path
    decimal_commas : bool
        Take commas for decimal points where that is beyond doubt
        (:func:`~napari_icenet.common.csv_table.with_decimal_points`).

    Returns
    -------
    list of dict
        Names in lower case; cells of a CSV are text, None where they are empty.

    Raises
    ------
    TrackingError
        The file is missing, damaged or of another kind.
    """
    import pandas as pd

    if not path.is_file():
        problem = "is no file" if path.exists() else "is not there"
        raise TrackingError(f"{path} {problem}; give a .csv or .geojson file.")
    if path.stat().st_size == 0:
        raise TrackingError(f"{path} is empty; give a .csv or .geojson file with positions.")
    try:
        match path.suffix.lower():
            case ".csv" | ".tsv":
                return _csv(path, decimal_commas)
            case ".parquet":
                table = pd.read_parquet(path)
            case ".geojson" | ".json":
                return _geojson(json.loads(path.read_text(encoding="utf-8-sig")))
            case _:
                raise TrackingError(f"{path} is neither .csv nor .geojson; convert it to one of them.")
    except ImportError as error:
        raise TrackingError(
            f"{path} needs pyarrow; install it with pip install 'napari-icenet[parquet]', or use a .csv."
        ) from error
    except OSError as error:
        raise TrackingError(f"{path} cannot be read ({error.strerror}); check its permissions.") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise TrackingError(f"{path} is no GeoJSON collection of features; write it again.") from error
    except ValueError as error:
        raise TrackingError(f"{path} cannot be read ({error}); check the file.") from error
    table.columns = [str(name).strip().lower() for name in table.columns]
    return [{str(k): v for k, v in row.items()} for row in table.to_dict("records")]


def _csv(path: Path, decimal_commas: bool) -> list[dict[str, Any]]:
    """Rows of a CSV: columns in lower case, text or None."""
    delimiter, lines = read_cells(path, TrackingError, "table of points", comment="#")
    if not lines:
        raise TrackingError(f"{path} is empty; give a .csv or .geojson file with positions.")
    (_, header), *rest = lines
    if len(header) == 1 and len(header[0].split()) > 1:  # separated by spaces
        header, rest = header[0].split(), [(number, " ".join(cells).split()) for number, cells in rest]
    names = [name.strip().lower() for name in header]
    twice = [name for name, count in Counter(names).items() if count > 1 and name in _PLACES]
    if twice:
        raise TrackingError(f"{path} has two columns {twice[0]}; leave one of them out.")
    for number, cells in rest:
        if any(cell.strip() for cell in cells[len(names) :]):
            raise TrackingError(
                f"{path}, line {number}, has more cells than its header has names; write decimals with a point, as in "
                "150.25, and a name for each column."
            )
    rows = [cells for _, cells in rest]
    records = []
    for cells in with_decimal_points(delimiter, rows) if decimal_commas else rows:
        known = [cell.strip() if cell.strip().casefold() not in MISSING else None for cell in cells[: len(names)]]
        known += [None] * (len(names) - len(known))
        records.append({name: value for name, value in zip(names, known, strict=True) if name})
    return records


def _geojson(data: dict[str, Any]) -> list[dict[str, Any]]:
    records = []
    for feature in data["features"]:
        record = {str(k).lower(): v for k, v in (feature.get("properties") or {}).items()}
        geometry = feature.get("geometry") or {}
        if geometry.get("type") == "Point":
            record["lon"], record["lat"] = (float(v) for v in geometry["coordinates"][:2])
        records.append(record)
    return records


def read_points(path: str | Path, stack: SceneStack) -> list[tuple[float, float]]:
    """Pixel positions from a file of points.

    Parameters
    ----------
    path : path
        CSV or Parquet with columns ``row, col`` (pixels), ``x, y`` (map units of the stack) or ``lon, lat``
        (WGS84); or GeoJSON, GeoPackage, GeoParquet or another vector file of points, in the coordinate
        reference system that it names. A multi-point is as many points.
    stack : SceneStack

    Returns
    -------
    list of (row, col)
        In the file's order.

    Raises
    ------
    TrackingError
        The file cannot be read, has no usable columns or points, or gives map positions for a stack
        without a coordinate reference system.

    Warns
    -----
    SceneWarning
        Lines, polygons and features without a place are left out.
    """
    path = Path(path)
    places = _from_shapes(path, stack) if has_shapes(path) else _from_table(path, stack)
    return [(float(row), float(col)) for row, col in places]


def _from_shapes(path: Path, stack: SceneStack) -> F64:
    """(row, col) of the points of a vector file, (n, 2)."""
    import shapely

    found, left_out = [], 0
    for _, table in read_layers(path):
        if stack.grid.crs is None and table.crs is not None:
            raise TrackingError(
                f"{path} is on a map, but {stack.name} has no coordinate reference system; give row, col in a .csv "
                "instead."
            )
        change = to_map(table.crs, stack.grid, path)
        for shape in table.geometry.array:
            if shape is None or shape.is_empty or shape.geom_type not in {"Point", "MultiPoint"}:
                left_out += 1
                continue
            xy = np.asarray(shapely.get_coordinates(shape), np.float64)
            place = pixels(change(xy), stack.grid)
            if not np.isfinite(place).all():
                raise TrackingError(
                    f"{path} holds a place that {stack.name}'s map does not reach; check its coordinates."
                )
            found.append(place)
    if not found:
        raise TrackingError(f"{path} has no points; add them.")
    if left_out:
        warnings.warn(
            f"{path.name}: lines, outlines and features without a place are left out ({left_out}); only points are "
            "followed.",
            SceneWarning,
            stacklevel=3,
        )
    return np.concatenate(found)


def _from_table(path: Path, stack: SceneStack) -> F64:
    """(row, col) of the rows of a table, (n, 2)."""
    records = read_records(path)
    pair = next((p for p in _PAIRS if any(p[0] in r and p[1] in r for r in records)), None)
    if pair is None:
        raise TrackingError(f"{path} has no columns row, col or x, y or lon, lat; add them.")
    try:
        first, second = (np.array([number_of(record.get(name)) for record in records]) for name in pair)
    except ValueError as error:
        raise TrackingError(f"{path} holds a value in {pair[0]}, {pair[1]} that cannot be used: {error}.") from error
    if np.isnan(first).any() or np.isnan(second).any():
        raise TrackingError(f"{path} holds an empty value in {pair[0]}, {pair[1]}; fill it in or remove the row.")
    if pair == ("row", "col"):
        return np.stack([first, second], axis=1)
    crs = stack.grid.crs
    if crs is None:
        raise TrackingError(
            f"{path} gives {pair[0]}, {pair[1]}, but {stack.name} has no coordinate reference system; "
            "give row, col instead."
        )
    if pair != ("x", "y"):
        first, second = way_between("EPSG:4326", crs.to_wkt(), str(path)).transform(first, second)
        if not (np.isfinite(first).all() and np.isfinite(second).all()):
            raise TrackingError(f"{path} holds a place that {stack.name}'s map does not reach; check its lon and lat.")
    return np.stack(stack.grid.rowcol(first, second), axis=1)

"""Positions from a CSV or GeoJSON file."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from napari_icenet.common.ground import way_between
from napari_icenet.errors import TrackingError
from napari_icenet.scenes.stack import SceneStack

#: Pairs of columns that say where a point is, the first pair found counts: pixels, map, degrees.
_PAIRS = (
    ("row", "col"),
    ("x", "y"),
    ("lon", "lat"),
    ("longitude", "latitude"),
)
_DECIMAL_COMMA = re.compile(r"\s*[-+]?\d+,\d+\s*")


def read_records(path: Path) -> list[dict[str, Any]]:
    """Rows of a CSV, GeoJSON or Parquet file by column; a GeoJSON point's place is ``lon``, ``lat``.

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
            case ".csv":
                # Commas, semicolons or tabs: spreadsheets write all three.
                table = pd.read_csv(path, sep=None, engine="python", encoding="utf-8-sig", comment="#")
            case ".parquet":
                table = pd.read_parquet(path)
            case ".geojson" | ".json":
                return _geojson(json.loads(path.read_text(encoding="utf-8")))
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
    except (csv.Error, ValueError) as error:
        raise TrackingError(f"{path} cannot be read ({error}); check the file.") from error
    if not isinstance(table.index, pd.RangeIndex):
        # Pandas takes the first cells of longer rows for their names: 150,25,180,75 would lie at (180, 75).
        raise TrackingError(
            f"{path} has rows with more cells than its header has names; write decimals with a point, as in 150.25, "
            "and a name for each column."
        )
    table.columns = [str(name).strip().lower() for name in table.columns]
    return [{str(k): v for k, v in row.items()} for row in table.to_dict("records")]


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
        CSV with columns ``row, col`` (pixels), ``x, y`` (map units of the stack) or ``lon, lat``
        (WGS84); or GeoJSON with points in WGS84.
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
    """
    path = Path(path)
    records = read_records(path)
    # In GeoJSON the geometry counts, whatever else its properties say.
    pairs = [("lon", "lat")] if path.suffix.lower() in {".geojson", ".json"} else _PAIRS
    pair = next((p for p in pairs if any(p[0] in r and p[1] in r for r in records)), None)
    if pair is None:
        wanted = "points" if len(pairs) == 1 else "columns row, col or x, y or lon, lat"
        raise TrackingError(f"{path} has no {wanted}; add them.")
    try:
        first, second = (np.array([float(r[name]) for r in records if pair[0] in r], float) for name in pair)
    except (TypeError, ValueError, KeyError) as error:
        commas = any(_DECIMAL_COMMA.fullmatch(str(r.get(name))) for r in records for name in pair)
        advice = "write decimals with a point, as in 150.25" if commas else "mend it"
        raise TrackingError(f"{path} holds a value in {pair[0]}, {pair[1]} that is no number; {advice}.") from error
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise TrackingError(f"{path} holds an empty value in {pair[0]}, {pair[1]}; fill it in or remove the row.")
    if pair == ("row", "col"):
        rows, cols = first, second
    elif not stack.grid.georeferenced:
        raise TrackingError(
            f"{path} gives {pair[0]}, {pair[1]}, but {stack.name} has no coordinate reference system; "
            "give row, col instead."
        )
    else:
        if pair != ("x", "y"):
            crs = stack.grid.crs
            assert crs is not None
            first, second = way_between("EPSG:4326", crs.to_wkt(), str(path)).transform(first, second)
            if not (np.isfinite(first).all() and np.isfinite(second).all()):
                raise TrackingError(
                    f"{path} holds a place that {stack.name}'s map does not reach; check its lon and lat."
                )
        rows, cols = stack.grid.rowcol(first, second)
    return [(float(r), float(c)) for r, c in zip(rows, cols, strict=True)]

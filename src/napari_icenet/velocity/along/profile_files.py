"""Profiles along flowlines as tables and files."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_icenet.common.antimeridian import DEGREE_DECIMALS, line_geometry
from napari_icenet.common.atomic_io import write_parquet, write_whole
from napari_icenet.common.software import software
from napari_icenet.errors import TrackingError

if TYPE_CHECKING:
    import pandas as pd

    from napari_icenet.velocity.along.flowline import FlowlineProfile


def write_profile(profile: FlowlineProfile, path: str | Path) -> None:
    """Write the table of a profile as ``.csv``, ``.geojson`` (WGS84) or ``.parquet``, whole or absent.

    Raises
    ------
    UsageError
        Another suffix.
    TrackingError
        GeoJSON of pictures that lie on no map of the Earth, or a folder that is missing or closed.
    """
    path = Path(path)
    if path.suffix.lower() == ".geojson" and not profile.frame.on_earth:
        lacks = "a map of the Earth" if profile.frame.georeferenced else "a coordinate reference system"
        raise TrackingError(
            f"{profile.name} lies on pictures without {lacks}, so it has no longitude and latitude; "
            "write a .csv instead."
        )
    write_whole(
        path,
        {
            ".csv": lambda to: _write_csv(profile, to),
            ".geojson": lambda to: _write_geojson(profile, to),
            ".parquet": lambda to: write_parquet(profile.to_dataframe(), to),
        },
        "profiles",
    )


def rounded(profile: FlowlineProfile) -> pd.DataFrame:
    """The table with the digits that mean something, for files that people read; no number is -0."""
    shown = profile.to_dataframe()
    speed = 2 if profile.unit == "m/yr" else 4
    decimals = dict.fromkeys(("v", "v_error", "v_along", "vx", "vy"), speed) | {"ncc": 4, "days": 4}
    decimals |= dict.fromkeys(("distance", "x", "y"), 2) | dict.fromkeys(("row", "col"), 3)
    if profile.frame.crs is not None and profile.frame.crs.is_geographic:
        decimals |= dict.fromkeys(("x", "y"), DEGREE_DECIMALS)
    for name in [name for name in decimals if name in shown]:
        shown[name] = shown[name].astype(float).round(decimals[name]) + 0.0
    return shown


def _write_csv(profile: FlowlineProfile, path: Path) -> None:
    shown = rounded(profile)
    shown["valid"] = shown["valid"].map({True: "true", False: "false"})
    path.write_text(shown.to_csv(index=False, lineterminator="\n", float_format="%.10g"), encoding="utf-8")


def _write_geojson(profile: FlowlineProfile, path: Path) -> None:
    lon, lat = (np.round(degrees, DEGREE_DECIMALS) for degrees in profile.frame.lonlat(profile.rows, profile.cols))
    places = np.stack([lon, lat], axis=1).tolist()
    about = {"line": profile.name, "length_m": round(float(profile.distance[-1]), 2), "software": software()}
    features = [_feature(line_geometry(lon, lat), about)]
    for i, row in enumerate(rounded(profile).to_dict("records")):
        properties = {str(name): _plain(value) for name, value in row.items()}
        features.append(_feature({"type": "Point", "coordinates": places[i % len(places)]}, properties))
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}, allow_nan=False), encoding="utf-8")


def _feature(geometry: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _plain(value: Any) -> Any:
    """A number or text that JSON knows; None for missing."""
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value

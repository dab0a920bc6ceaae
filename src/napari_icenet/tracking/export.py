"""Write tracks to files and read them, and points, back."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_icenet.common.antimeridian import DEGREE_DECIMALS, line_geometry
from napari_icenet.common.atomic_io import check_folder, check_name, write_parquet, write_whole
from napari_icenet.common.software import software
from napari_icenet.errors import TrackingError, UsageError
from napari_icenet.scenes.selection.given import check_stack
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.tracking.points import read_points, read_records
from napari_icenet.tracking.settings import TrackSettings, make_settings
from napari_icenet.tracking.table import SETTING_COLUMNS, rounded, track_table
from napari_icenet.tracking.track import Track

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".csv", ".geojson", ".parquet")


@dataclass(frozen=True)
class SavedTrack:
    """Settings and start of a track in an export, enough to make it again.

    Attributes
    ----------
    number : int
    row, col : float
        Where its chip was placed, pixels.
    date : str
        Label of the date it was placed on.
    settings : TrackSettings
    """

    number: int
    row: float
    col: float
    date: str
    settings: TrackSettings


def check_destination(path: Path, stack: SceneStack) -> None:
    """Make sure that tracks of a stack can be written to a file, before they are followed.

    Raises
    ------
    UsageError
        The name ends in no suffix that is known.
    TrackingError
        GeoJSON of scenes that lie on no map of the Earth, or a folder that is missing or closed.
    """
    check_name(path, SUFFIXES, "tracks")
    if path.suffix.lower() == ".geojson" and not stack.grid.on_earth:
        lacks = "lies on no map of the Earth" if stack.grid.georeferenced else "has no coordinate reference system"
        if (note := stack.grid.pixel_size_note) is not None:
            lacks = f"lies on no map ({note})"
        raise TrackingError(
            f"{stack.name} {lacks}, so its tracks have no longitude and latitude; write a .csv instead."
        )
    check_folder(path)


def write_tracks(tracks: Sequence[Track] | Track, stack: SceneStack, path: str | Path) -> None:
    """Write tracks as ``.csv``, ``.geojson`` (WGS84) or ``.parquet``, by the name's suffix.

    The file is whole or absent: it is written beside and then renamed.

    Parameters
    ----------
    tracks : sequence of Track, or one
    stack : SceneStack
        The stack they were made on.
    path : path
        Replaced if it is there.

    Raises
    ------
    UsageError
        Another suffix.
    TrackingError
        GeoJSON of scenes that lie on no map of the Earth, Parquet without pyarrow, or the folder
        cannot be written to.
    """
    check_stack(stack)
    path, tracks = Path(path), [tracks] if isinstance(tracks, Track) else list(tracks)
    for track in tracks:
        if not isinstance(track, Track):
            raise UsageError(f"A {type(track).__name__} is no track; give those of icenet.follow.")
    check_destination(path, stack)
    writers: dict[str, Callable[[Path], None]] = {
        ".csv": lambda to: _write_csv(track_table(tracks, stack), to),
        ".geojson": lambda to: _write_geojson(tracks, stack, to),
        ".parquet": lambda to: _write_parquet(track_table(tracks, stack), to),
    }
    write_whole(path, writers, "tracks")


def csv_text(table: pd.DataFrame) -> str:
    """A table of tracks as CSV: empty where there is no number, ``true`` and ``false`` for validity."""
    shown = rounded(table)
    if len(shown):
        shown["valid"] = shown["valid"].map({True: "true", False: "false"})
    return str(shown.to_csv(index=False, lineterminator="\n", float_format="%.10g"))


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    path.write_text(csv_text(table), encoding="utf-8")


def _write_parquet(table: pd.DataFrame, path: Path) -> None:
    # Names and numbers may mix over tracks of different bands.
    write_parquet(table.assign(band=table["band"].astype(str) if len(table) else None), path)


def _write_geojson(tracks: Sequence[Track], stack: SceneStack, path: Path) -> None:
    table = rounded(track_table(tracks, stack))
    features: list[dict[str, Any]] = []
    for track in tracks:
        lon, lat = (np.round(degrees, DEGREE_DECIMALS) for degrees in stack.grid.lonlat(*track.ground))
        placed = np.isfinite(lon)
        settings = track.settings.model_dump() | {"band": stack.band(track.settings.band)}
        if track.shifts is not None:
            settings["co_registered"] = track.shifts.source
        features.append(
            _feature(
                line_geometry(lon[placed], lat[placed]) if placed.sum() > 1 else None,
                {
                    "track": track.number,
                    "start_date": stack.labels[track.origin_time],
                    "start_row": track.origin_row,
                    "start_col": track.origin_col,
                    **settings,
                    "scenes": [scene.id for scene in stack.scenes],
                    "software": software(),
                },
            )
        )
        rows = table[table["track"] == track.number].to_dict("records")
        for i, row in enumerate(rows):
            geometry = {"type": "Point", "coordinates": [float(lon[i]), float(lat[i])]} if placed[i] else None
            features.append(_feature(geometry, {str(name): _plain(value) for name, value in row.items()}))
    collection = {"type": "FeatureCollection", "software": software(), "features": features}
    path.write_text(json.dumps(collection, allow_nan=False), encoding="utf-8")


def _feature(geometry: dict[str, Any] | None, properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _plain(value: Any) -> Any:
    """A number or text that JSON knows; None for missing."""
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_tracks(path: str | Path) -> list[SavedTrack]:
    """Read how the tracks of an export were made, so that they can be made again.

    Parameters
    ----------
    path : path
        A ``.csv``, ``.geojson`` or ``.parquet`` of :func:`write_tracks`.

    Raises
    ------
    TrackingError
        The file cannot be read or is not such an export.
    """
    path = Path(path)
    found: dict[int, SavedTrack] = {}
    for record in read_records(path):
        try:
            number = int(record["track"])
            if number not in found:
                settings = make_settings(**{name: _setting(name, record[name]) for name in SETTING_COLUMNS})
                found[number] = SavedTrack(
                    number,
                    float(record["start_row"]),
                    float(record["start_col"]),
                    str(record["start_date"]),
                    settings,
                )
        except (KeyError, TypeError, ValueError) as error:
            raise TrackingError(
                f"{path} is not an export of tracks (column {error} is missing or cannot be read); "
                "export the tracks again."
            ) from error
    if not found:
        raise TrackingError(f"{path} holds no track; export the tracks again.")
    return list(found.values())


def _setting(name: str, value: Any) -> Any:
    # A spreadsheet may have turned the name of a band into a number.
    return str(value) if name == "band" else value


__all__ = ["SavedTrack", "csv_text", "read_points", "read_tracks", "track_table", "write_tracks"]

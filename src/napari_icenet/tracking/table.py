"""Tracks as a table: a row per track and date."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_icenet.scenes.stack import SceneStack
from napari_icenet.tracking.settings import TrackSettings
from napari_icenet.tracking.track import Track

if TYPE_CHECKING:
    import pandas as pd

#: Columns that every table has, in this order; the georeferenced ones follow where there is a map.
COLUMNS = ("track", "date", "row", "col", "drow", "dcol", "ncc", "peak_ratio", "valid")
MAP_COLUMNS = ("x", "y", "vx", "vy", "v")
#: Settings that a table repeats on each row, so that it can be followed again.
SETTING_COLUMNS = tuple(TrackSettings.model_fields)

#: Decimals worth writing: a match is good to some thousandths of a pixel at best.
DECIMALS = {
    **dict.fromkeys(("row", "col", "drow", "dcol"), 3),
    **dict.fromkeys(("drow_error", "dcol_error", "round_trip", "ncc", "peak_ratio"), 4),
    **dict.fromkeys(("vx", "vy", "v", "v_error", "azimuth"), 2),
}


def rounded(table: pd.DataFrame) -> pd.DataFrame:
    """A table with the digits that mean something, for files that people read; no number is -0."""
    shown = table.copy()
    for name in [name for name in DECIMALS if name in shown]:
        shown[name] = shown[name].astype(float).round(DECIMALS[name]) + 0.0
    return shown


@cache
def software() -> str:
    """Name and version of this package, for the record."""
    return f"napari-icenet {version('napari-icenet')}"


def track_table(tracks: Sequence[Track], stack: SceneStack) -> pd.DataFrame:
    """A row per track and date.

    Parameters
    ----------
    tracks : sequence of Track
    stack : SceneStack
        The stack they were made on.

    Returns
    -------
    pandas.DataFrame
        ``track, date, row, col, drow, dcol, ncc, peak_ratio, valid``; if georeferenced
        ``x, y`` (map units) and ``vx, vy, v`` (m/yr); then the scene's id, days since the first date,
        days since the last valid one, why a row is lost, errors (one sigma), azimuth (degrees
        clockwise from true north, or from the top of a picture without a map), and the settings.
        ``drow, dcol`` and velocities are since the last valid date. A lost row has no numbers.
    """
    import pandas as pd

    parts = [pd.DataFrame(_columns(track, stack)) for track in tracks]
    if not parts:
        maps = MAP_COLUMNS if stack.grid.georeferenced else ()
        return pd.DataFrame(columns=[*COLUMNS, *maps])
    return pd.concat(parts, ignore_index=True)


def _columns(track: Track, stack: SceneStack) -> dict[str, Any]:
    valid = track.valid
    columns: dict[str, Any] = {
        "track": track.number,
        "date": stack.labels,
        "row": track.rows,
        "col": track.cols,
        "drow": track.drow,
        "dcol": track.dcol,
        "ncc": np.where(valid, track.ncc, np.nan),
        "peak_ratio": np.where(valid, [fix.peak_ratio for fix in track.observations], np.nan),
        "valid": valid,
    }
    if stack.grid.georeferenced:
        columns["x"], columns["y"] = stack.grid.xy(track.rows, track.cols)
        columns |= {"vx": track.vx, "vy": track.vy, "v": track.speed}
    error = track.displacement_error
    columns |= {
        "scene": [scene.id for scene in stack.scenes],
        "days": track.days,
        "interval_days": track.interval_days,
        "reason": [fix.reason.value if fix.reason else "" for fix in track.observations],
        "drow_error": error[:, 0],
        "dcol_error": error[:, 1],
    }
    if stack.grid.georeferenced:
        columns["v_error"] = track.speed_error
    columns |= {
        "azimuth": track.azimuth,
        "round_trip": np.where(valid, [fix.round_trip_px for fix in track.observations], np.nan),
        "start_date": stack.labels[track.origin_time],
        "start_row": track.origin_row,
        "start_col": track.origin_col,
    }
    settings = track.settings.model_dump()
    columns |= {name: settings[name] for name in SETTING_COLUMNS}
    columns["band"] = stack.band(track.settings.band)
    return columns | {"software": software()}

"""Tracks as a table: a row per track and date."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

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
    **dict.fromkeys(("row", "col", "drow", "dcol", "shift_row", "shift_col"), 3),
    **dict.fromkeys(("drow_error", "dcol_error", "shift_error", "round_trip", "ncc", "peak_ratio"), 4),
    **dict.fromkeys(("vx", "vy", "v", "v_error", "azimuth"), 2),
}


def rounded(table: pd.DataFrame) -> pd.DataFrame:
    """A table with the digits that mean something, for files that people read; no number is -0."""
    shown = table.copy()
    for name in [name for name in DECIMALS if name in shown]:
        shown[name] = shown[name].astype(float).round(DECIMALS[name]) + 0.0
    return shown


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
        clockwise from true north, or from the top of a picture without a map), and the settings. Where metres rest
        on a pixel size that a person gave, ``georeference`` says so.
        ``drow, dcol`` and velocities are since the last valid date. A lost row has no numbers.
        Of a co-registered stack ``row, col`` are where the chip is in its date's picture; ``drow, dcol, x, y`` and
        velocities are less the shift of the date, which ``shift_row, shift_col, shift_error`` (px, against the date
        the chip was placed on) and ``shift_source`` tell.
    """
    import pandas as pd

    scenes = [scene.id for scene in stack.scenes]
    parts = [pd.DataFrame(track.columns(stack.labels, stack.band(track.settings.band), scenes)) for track in tracks]
    if not parts:
        maps = MAP_COLUMNS if stack.grid.georeferenced else ()
        return pd.DataFrame(columns=[*COLUMNS, *maps])
    return pd.concat(parts, ignore_index=True)

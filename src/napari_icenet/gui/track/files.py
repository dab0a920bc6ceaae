"""Tracks to files and back: the dialogs, and what reopening an export means."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

from qtpy.QtWidgets import QFileDialog, QWidget

from napari_icenet.errors import UsageError
from napari_icenet.tracking.click_tracker import ClickTracker
from napari_icenet.tracking.export import read_tracks, write_tracks


def suffixes(on_earth: bool) -> dict[str, str]:
    """Filters of the file dialog, by suffix, for what can be written."""
    found = {".csv": "Table (*.csv)"}
    if on_earth:
        found[".geojson"] = "Map, WGS84 (*.geojson)"
    if importlib.util.find_spec("pyarrow") is not None:
        found[".parquet"] = "Parquet (*.parquet)"
    return found


def ask_export(parent: QWidget | None, name: str, on_earth: bool) -> Path | None:
    """Ask where to write; the dialog asks before it lets an existing file be replaced."""
    filters = suffixes(on_earth)
    chosen, picked = QFileDialog.getSaveFileName(
        parent, "Export tracks", f"{name} tracks.csv", ";;".join(filters.values())
    )
    if not chosen:
        return None
    path = Path(chosen)
    if path.suffix.lower() in {".csv", ".geojson", ".parquet"}:
        return path
    return path.with_name(path.name + next((s for s, text in filters.items() if text == picked), ".csv"))


def ask_open(parent: QWidget | None) -> Path | None:
    """Ask which export to reopen."""
    chosen, _ = QFileDialog.getOpenFileName(parent, "Open tracks", "", "Exported tracks (*.csv *.geojson *.parquet)")
    return Path(chosen) if chosen else None


def export(tracker: ClickTracker, path: Path) -> None:
    """Write all tracks, once they are computed.

    Raises
    ------
    UsageError
        There is no track, or one is still being followed.
    TrackingError
        As for :func:`~napari_icenet.tracking.export.write_tracks`.
    """
    tracks = list(tracker.tracks.values())
    if not tracks:
        raise UsageError("there is no track to export; click the ice first.")
    current = {n: (m.row, m.col, m.time) for n, m in tracker.marks.items()}
    done = {t.number: (t.origin_row, t.origin_col, t.origin_time) for t in tracks if t.settings == tracker.settings}
    if tracker.busy and done != current:
        raise UsageError("the tracks are still being followed; export them when they are done.")
    write_tracks(tracks, tracker.stack, path)


def reopen(tracker: ClickTracker, path: Path) -> None:
    """Place the chips of an export again, with its settings; one step for undo.

    Raises
    ------
    TrackingError, UsageError
        The file is no export, or was made on other dates or bands; nothing changes.
    """
    saved = read_tracks(path)
    chips = [{"track": s.number, "row": s.row, "col": s.col, "date": s.date} for s in saved]
    state = {
        "settings": saved[0].settings.model_dump(),
        "chips": chips,
        "selected": saved[0].number,
        "stable": None,
        "date": tracker.stack.labels[tracker.time],
    }
    tracker.from_json(json.dumps(state))

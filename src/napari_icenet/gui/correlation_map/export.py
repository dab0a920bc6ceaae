"""Correlation maps to files and back: the dialogs, and the work behind them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qtpy.QtWidgets import QFileDialog, QWidget

from napari_icenet.evaluation.correlation_map.maps import CorrelationMaps
from napari_icenet.gui.widgets.preferences import Remembered
from napari_icenet.jobs.progress import Progress
from napari_icenet.scenes.stack import SceneStack

#: Files of maps that can be opened again.
MAPS = "Correlation maps (*.npz)"


@dataclass(frozen=True)
class Export:
    """A kind of file that maps are written to.

    Attributes
    ----------
    title, tip : str
        As the menu says it.
    suffix : str
        Empty for a folder.
    filters : str
        Of the file dialog.
    """

    title: str
    tip: str
    suffix: str
    filters: str


EXPORTS: dict[str, Export] = {
    "geotiff": Export("GeoTIFF…", "All maps as bands of one georeferenced file, for QGIS.", ".tif", "GeoTIFF (*.tif)"),
    "figure": Export("Figure…", "All maps on one scale of colours, like the paper's Figure 4.", ".png", "PNG (*.png)"),
    "csv": Export("Table of cells…", "A row for each cell, as CSV.", ".csv", "CSV (*.csv)"),
    "report": Export(
        "Report…", "The folder that icenet evaluate writes, from these scores: tables and figures.", "", ""
    ),
    "maps": Export("Save maps…", "One file that holds everything, to open the maps here again.", ".npz", MAPS),
}


def write(kind: str, maps: CorrelationMaps, stack: SceneStack, path: Path, progress: Progress | None = None) -> None:
    """Write maps, whole or not at all.

    Parameters
    ----------
    kind : str
        Of :data:`EXPORTS`.
    maps : CorrelationMaps
    stack : SceneStack
        That they are of.
    path : Path
        Replaced if it is there; the dialog has asked.
    progress : callable, optional
        Told how far a report is, which takes some seconds; may raise to stop.

    Raises
    ------
    IceNetError
        It cannot be written.
    """
    from napari_icenet.evaluation.correlation_map import export as map_files

    writers: dict[str, Callable[[], Any]] = {
        "geotiff": lambda: map_files.write_geotiff(maps, stack, path),
        "figure": lambda: map_files.write_figure(maps, path),
        "csv": lambda: map_files.write_csv(maps, path),
        "report": lambda: map_files.write_report(maps, stack, path, force=True, progress=progress),
        "maps": lambda: map_files.save_maps(maps, path),
    }
    writers[kind]()


def read(path: Path) -> CorrelationMaps:
    """Maps of a file.

    Raises
    ------
    IceNetError
        It is no such file, or cannot be read.
    """
    from napari_icenet.evaluation.correlation_map.store import read_maps

    return read_maps(path)


def ask_write(parent: QWidget | None, kind: str, name: str) -> Path | None:
    """Ask where to write maps; the dialog asks before it lets an existing file be replaced."""
    export = EXPORTS[kind]
    start = str(_folder() / f"{name} correlation{export.suffix or ' report'}")
    title = export.title.removesuffix("…")
    chosen, _ = QFileDialog.getSaveFileName(parent, title, start, export.filters)
    if not chosen:
        return None
    _keep(chosen)
    path = Path(chosen)
    fits = not export.suffix or path.suffix.lower() == export.suffix
    return path if fits else path.with_name(path.name + export.suffix)


def ask_open(parent: QWidget | None) -> Path | None:
    """Ask which file to read."""
    chosen, _ = QFileDialog.getOpenFileName(parent, "Open correlation maps", str(_folder()), MAPS)
    if not chosen:
        return None
    _keep(chosen)
    return Path(chosen)


def _folder() -> Path:
    return Path(Remembered("map").get("folder", str(Path.home())))


def _keep(chosen: str) -> None:
    Remembered("map").set("folder", str(Path(chosen).parent))

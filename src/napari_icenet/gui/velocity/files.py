"""Velocity maps to files and back: the dialogs, and the work behind them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qtpy.QtWidgets import QFileDialog, QWidget

from napari_icenet.gui.widgets.preferences import Remembered
from napari_icenet.velocity.time_series.series import VelocitySeries
from napari_icenet.velocity.velocity_map import VelocityMap

NETCDF = "NetCDF, for xarray and QGIS (*.nc)"
GEOTIFF = "Cloud-optimised GeoTIFF (*.tif)"
SUFFIXES = {".nc": NETCDF, ".tif": GEOTIFF, ".tiff": GEOTIFF}
MAPS = "Velocity maps (*.nc)"
PRIORS = "Velocity maps (*.nc *.tif *.tiff)"
REPORT = "Report (*.json)"


def ask_save(parent: QWidget | None, name: str, count: int) -> Path | None:
    """Where to write maps; the dialog asks before it lets an existing file be replaced."""
    filters = [NETCDF] if count > 1 else [NETCDF, GEOTIFF]
    chosen, picked = QFileDialog.getSaveFileName(
        parent, "Save velocity", _start(f"{name} velocity.nc"), ";;".join(filters)
    )
    if not chosen:
        return None
    _keep(chosen)
    path = Path(chosen)
    return (
        path
        if path.suffix.lower() in SUFFIXES
        else path.with_name(path.name + (".tif" if picked == GEOTIFF else ".nc"))
    )


def ask_report(parent: QWidget | None, name: str) -> Path | None:
    """Where to write a report; its figure goes beside it."""
    chosen, _ = QFileDialog.getSaveFileName(parent, "Write report", _start(f"{name} quality.json"), REPORT)
    if not chosen:
        return None
    _keep(chosen)
    return Path(chosen).with_suffix(".json")


def ask_open(parent: QWidget | None, title: str, filters: str) -> Path | None:
    """Which file to read."""
    chosen, _ = QFileDialog.getOpenFileName(parent, title, _start(""), filters)
    if not chosen:
        return None
    _keep(chosen)
    return Path(chosen)


def read(path: Path) -> tuple[list[VelocityMap], Any, VelocitySeries | None]:
    """Maps of a file, how good they are, and their time series where their pairs are redundant."""
    from napari_icenet.velocity.io.netcdf import read_netcdf
    from napari_icenet.velocity.quality.assess import quality_report
    from napari_icenet.velocity.time_series.inversion import series_of

    maps = read_netcdf(path)
    return maps, quality_report(maps), series_of(maps)


def write_report(maps: Sequence[VelocityMap], report: Any, path: Path) -> None:
    """Write a quality report as JSON, and its figure beside it as PNG."""
    from napari_icenet.common.atomic_io import write_durably
    from napari_icenet.velocity.quality.figure import report_figure

    report_figure(list(maps), path.with_suffix(".png"))
    write_durably(path, report.model_dump_json(indent=1).encode(), flush=False)


def _start(name: str) -> str:
    return str(Path(Remembered("velocity").get("folder", str(Path.home()))) / name)


def _keep(chosen: str) -> None:
    Remembered("velocity").set("folder", str(Path(chosen).parent))

"""The report of an evaluation: a folder of tables, maps and figures, whole or absent."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from napari_icenet.common.atomic_io import replaced_folder
from napari_icenet.errors import UsageError
from napari_icenet.evaluation.evaluate import Evaluation
from napari_icenet.evaluation.report.correlation_figure import map_figure
from napari_icenet.evaluation.report.figure_style import save
from napari_icenet.evaluation.report.markdown import markdown
from napari_icenet.evaluation.report.panels import panels_figure
from napari_icenet.evaluation.report.strata_figure import strata_figure
from napari_icenet.evaluation.scoring.place_means import PlaceMeans, place_means, write_map
from napari_icenet.jobs.progress import Progress

TABLE = "table.json"


def check_report(folder: Path, *, force: bool = False) -> None:
    """Make sure that a report can be written, before the work that fills it.

    Raises UsageError: there is something else, or a report that is not to be replaced, or no folder to write in.
    """
    if not folder.parent.is_dir():
        raise UsageError(f"{folder} cannot be written: there is no folder {folder.parent}; make it first.")
    if not os.access(folder.parent, os.W_OK | os.X_OK):
        raise UsageError(f"{folder} cannot be written: its folder may not be written to; choose another.")
    if not folder.exists():
        return
    if not (folder / TABLE).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is no report of icenet and is left as it is; choose another name.")
    if not force:
        raise UsageError(f"{folder} exists; choose another name, or replace it with force=True (--force).")


def write_report(
    made: Evaluation, folder: str | Path, *, force: bool = False, progress: Progress | None = None
) -> Path:
    """Write ``table.json``, ``table.md``, maps (GeoTIFF and PNG), panels and strata (PNG) to a folder, and return it.

    Parameters
    ----------
    made : Evaluation
    folder : path
        Folder to make.
    force : bool
        Replace a report that is there; anything else there is never touched.
    progress : Progress, optional

    Raises
    ------
    UsageError
        See :func:`check_report`; or the disk is full.
    """
    folder = Path(folder)
    check_report(folder, force=force)
    try:
        with replaced_folder(folder) as unfinished:
            _fill(made, unfinished, progress)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written ({error.strerror or error}); choose another folder.") from error
    return folder


def _fill(made: Evaluation, folder: Path, progress: Progress | None) -> None:
    def say(share: float, what: str) -> None:
        if progress is not None:
            progress(0.95 + 0.05 * share, what)

    say(0.0, "tables")
    (folder / TABLE).write_text(json.dumps(made.as_dict(), indent=1, allow_nan=False) + "\n", encoding="utf-8")
    (folder / "table.md").write_text(markdown(made), encoding="utf-8")
    say(0.1, "correlation maps")
    _write_maps(made, folder)
    for k, mode in enumerate(made.scores):
        say(0.3 + 0.3 * k, f"panels, {mode}")
        save(panels_figure(made, mode), folder / f"panels_{mode}.png")
    say(0.9, "strata")
    save(strata_figure(made), folder / "strata.png")
    say(1.0, "report")


def _write_maps(made: Evaluation, folder: Path) -> None:
    """GeoTIFFs in a folder of their own, and a figure of them; for each stack where there are several."""
    (folder / "maps").mkdir()
    grids: dict[str, Any] = made.source.grids
    for name, grid in grids.items():
        prefix = f"{_file_name(name)}_" if len(grids) > 1 else ""
        maps: dict[str, PlaceMeans] = {}
        for mode, scores in made.scores.items():
            mine = scores[scores.stack == name]
            if not mine.counted.any():
                continue
            maps[mode] = place_means(mine, grid, chip=made.settings.chip, stride=made.settings.stride)
            for p, predictor in enumerate(made.names):
                path = folder / "maps" / f"{prefix}{mode}_{predictor}.tif"
                write_map(maps[mode], p, path, title=predictor, simulated=made.source.simulated)
        if maps:
            save(map_figure(made, maps, name), folder / f"{prefix}correlation_maps.png")


def _file_name(text: str) -> str:
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in text)

"""Files of correlation maps for other programs and for people: GeoTIFF, CSV, a figure, a report."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_icenet.common.atomic_io import write_whole
from napari_icenet.common.software import software
from napari_icenet.evaluation.correlation_map.figure import maps_figure
from napari_icenet.evaluation.correlation_map.maps import CellState, CorrelationMaps
from napari_icenet.evaluation.correlation_map.scheduler import WORK, map_process_died, unsendable
from napari_icenet.evaluation.correlation_map.store import read_maps, save_maps
from napari_icenet.evaluation.correlation_map.tasks import Report
from napari_icenet.evaluation.correlation_map.words import STATE_WORDS, dates_words, record
from napari_icenet.evaluation.report.figure_style import save
from napari_icenet.evaluation.report.write import check_report
from napari_icenet.evaluation.settings import TARGETS
from napari_icenet.jobs.pool_worker import Task, UnsendableError
from napari_icenet.jobs.progress import Progress
from napari_icenet.jobs.worker_pool import WorkerPool
from napari_icenet.jobs.worker_process import ONE_THREAD
from napari_icenet.scenes.stack import SceneStack

if TYPE_CHECKING:
    import pandas as pd

#: Seconds that a report which is stopped has to clear away what it has begun.
_CLEARING = 5.0

__all__ = ["maps_table", "read_maps", "save_maps", "write_csv", "write_figure", "write_geotiff", "write_report"]


def write_geotiff(maps: CorrelationMaps, stack: SceneStack | None, path: str | Path) -> None:
    """Write maps as GeoTIFF of float32: a band for each predictor and target, NaN where there is no number.

    Bands are named such as ``IceNet t2``. Without a map the transform is that of the cells in pixels of the pictures.

    Parameters
    ----------
    maps : CorrelationMaps
    stack : SceneStack, optional
        Not needed: maps know their grid.
    path : path
        Its name ends in ``.tif`` or ``.tiff``; replaced if it is there.

    Raises
    ------
    UsageError, TrackingError
        It cannot be written under this name.
    """
    _write(path, lambda beside: _geotiff(maps, beside), (".tif", ".tiff"), "A GeoTIFF")


def write_csv(maps: CorrelationMaps, path: str | Path) -> None:
    """Write :func:`maps_table` as CSV; parameters and errors as of :func:`write_geotiff`."""
    _write(path, lambda beside: maps_table(maps).to_csv(beside, index=False), (".csv",), "A table of maps")


def write_figure(maps: CorrelationMaps, path: str | Path) -> None:
    """Write maps as PNG, all on one scale of colours; parameters and errors as of :func:`write_geotiff`."""
    _write(path, lambda beside: save(maps_figure(maps), beside), (".png",), "A figure")


def write_report(
    maps: CorrelationMaps,
    stack: SceneStack,
    folder: str | Path,
    *,
    force: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Write the report of :func:`~napari_icenet.evaluation.correlation_map.report.write_report`, and wait for it.

    Written in a process of its own, whose networks and figures hold up nothing here: a window calls it on a thread.

    Parameters
    ----------
    maps, stack, folder, force
        As of :func:`~napari_icenet.evaluation.correlation_map.report.write_report`.
    progress : Progress, optional
        May raise to stop, and nothing is left behind.

    Raises
    ------
    IceNetError
        It cannot be written, or its process has ended.
    """
    folder = Path(folder).absolute()
    check_report(folder, force=force)

    def tell(_: int, share: float, text: str) -> None:
        if progress is not None:
            progress(share, text)

    task = Task(f"{WORK}:do", (Report(maps, folder, force),), {"stack": stack})
    with WorkerPool(
        1, died=map_process_died, setup=f"{WORK}:set_up", environment=ONE_THREAD, patience=_CLEARING
    ) as pool:
        try:
            return Path(pool.run([task], tell)[0])
        except UnsendableError as error:
            raise unsendable(stack.name) from error


def maps_table(maps: CorrelationMaps) -> pd.DataFrame:
    """A row for each cell that was asked for, predictor and target.

    Returns
    -------
    pandas.DataFrame
        ``row, col`` (position of the cell's chip on the first date, px), ``x, y`` of its centre where there is a map,
        ``predictor, target, state, ncc`` (empty where there is none), ``chips`` (in the mean), ``peak_ratio`` and
        ``error_px`` (medians, of tracking with the template), and what was compared: stack, band, dates, tracking,
        chip, stride, whether it is simulated, and the version of this package.
    """
    import pandas as pd

    kinds, width = len(maps.keys), len(maps.cols)
    asked = np.flatnonzero(maps.states[maps.keys[0]][0].ravel() != CellState.OUTSIDE)
    sums = _by_cell(maps)
    parts = []
    for p, key in enumerate(maps.keys):
        for k, target in enumerate(TARGETS):
            state = maps.states[key][k].ravel()[asked]
            columns = {
                "row": maps.rows[asked // width],
                "col": maps.cols[asked % width],
                "predictor": key,
                "target": target,
                "state": [STATE_WORDS[CellState(int(s))].partition(":")[0] for s in state],
                "ncc": np.round(maps.values[key][k].ravel()[asked].astype(np.float64), 4) + 0.0,
            }
            parts.append(pd.DataFrame(columns).join(sums[k * kinds + p].reindex(asked).reset_index(drop=True)))
    table = pd.concat(parts, ignore_index=True)
    table["chips"] = table["chips"].fillna(0).astype(int)
    _place(table, maps)
    settings, ground = maps.settings, maps.ground
    table["stack"], table["band"], table["dates"] = ground.name, ground.band, dates_words(maps)
    for name in ("tracking", "chip", "scale", "stride"):
        table[name] = getattr(settings, name)
    table["simulated"], table["software"] = ground.simulated, software()
    return table


def _by_cell(maps: CorrelationMaps) -> list[pd.DataFrame]:
    """Chips, and medians of tracking with the template, by cell: all predictors for t1, then for t2."""
    import pandas as pd

    scores, cells = maps.scores, np.zeros(len(maps.scores), np.int64)
    for number, found in maps.followed.items():
        here = scores.batch == number
        cells[here] = found.cells[scores.index[here]]
    out = []
    for k in range(len(TARGETS)):
        counted = scores.counted[:, k]
        for p in range(len(maps.keys)):
            values = {
                "peak_ratio": scores.peak_ratio[counted, p, k].round(4),
                "error_px": scores.miss[counted, p, k].round(3),
            }
            by = pd.DataFrame(values).groupby(cells[counted])
            out.append(pd.concat([by.size().rename("chips"), by.median()], axis=1))
    return out


def _place(table: pd.DataFrame, maps: CorrelationMaps) -> None:
    """Add where the cells' centres lie on the map, after their columns in the picture."""
    if maps.ground.grid.crs is None:
        return
    # The middle of an even chip lies half a pixel before its position.
    x, y = maps.ground.grid.xy(table["row"].to_numpy(float) - 0.5, table["col"].to_numpy(float) - 0.5)
    table.insert(2, "x", np.round(x, 2))
    table.insert(3, "y", np.round(y, 2))


def _geotiff(maps: CorrelationMaps, path: Path) -> None:
    import rasterio

    cells, told = maps.cells, record(maps)
    with rasterio.open(
        path, "w", driver="GTiff", height=cells.height, width=cells.width, count=2 * len(maps.keys), dtype="float32",
        nodata=float("nan"), crs=cells.crs, transform=cells.transform, compress="DEFLATE",
    ) as out:  # fmt: skip
        number = 0
        for entry in maps.predictor_set.entries:
            for k, target in enumerate(TARGETS):
                number += 1
                out.write(maps.values[entry.key][k], number)
                out.set_band_description(number, f"{entry.title} {target}")
                meaning = f"correlation of {entry.title} with the chip at {target}"
                out.update_tags(number, long_name=meaning, predictor=entry.key, target=target)
        out.update_tags(
            TIFFTAG_SOFTWARE=software(),
            TIFFTAG_IMAGEDESCRIPTION=_description(maps),
            simulated="yes" if maps.ground.simulated else "no",
            credits="; ".join(maps.ground.credits),
            record=json.dumps(told),
            **cells.attributes,
        )


def _description(maps: CorrelationMaps) -> str:
    mark = "Simulated scenes. " if maps.ground.simulated else ""
    return f"{mark}Correlation of predictors with what came: {maps.ground.name}, {dates_words(maps)}"


def _write(path: str | Path, write: Callable[[Path], None], suffixes: tuple[str, ...], what: str) -> None:
    write_whole(path, dict.fromkeys(suffixes, write), what)

"""A velocity map made before, on which a search can be centred."""

from __future__ import annotations

import warnings
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import rasterio
from numpy.typing import ArrayLike
from pyproj import Transformer
from rasterio.errors import RasterioIOError
from rasterio.io import DatasetReader
from rasterio.windows import Window as RasterWindow

from napari_icenet.common.ground import way_between
from napari_icenet.common.types import F32, F64
from napari_icenet.errors import SceneWarning, TrackingError, UsageError
from napari_icenet.scenes.grid import Grid, Window
from napari_icenet.scenes.raster.georeference import on_map
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.tracking.track import DAYS_PER_YEAR
from napari_icenet.velocity.prior_values import factor_of, read_velocity, without_impossible

if TYPE_CHECKING:
    from napari_icenet.velocity.velocity_map import VelocityMap

_NETCDF = frozenset({".nc", ".nc4", ".cdf"})
_NAMES = ("vx", "vy")
#: Points along the frame's edge that are brought to the prior's map to find the part to read.
_EDGE_POINTS = 21


@dataclass(frozen=True)
class Prior:
    """Velocities on a map of their own, around the frame of a stack.

    Attributes
    ----------
    vx, vy : array of float32, (y, x)
        Velocity along the prior's own x and y, m/yr on the ground; NaN is missing.
    grid : Grid
        The prior's grid, cut to the stack.
    frame : Grid
        The stack's grid.
    name : str
        The file, for notes.
    notices : tuple of str
        What was left out or guessed.
    """

    vx: F32
    vy: F32
    grid: Grid
    frame: Grid
    name: str
    notices: tuple[str, ...] = ()

    def displacement(self, rows: ArrayLike, cols: ArrayLike, days: float) -> tuple[F64, F64]:
        """Displacement of ice in ``days`` from positions on the stack's frame, px, by this map.

        Parameters
        ----------
        rows, cols : array of float, (n,)
            Pixels of the stack; whole numbers are pixel centres.
        days : float
            May be negative.

        Returns
        -------
        drow, dcol : array of float64, (n,)
            Pixels of the stack; NaN where the map says nothing.
        """
        there, back = _between(self.frame, self.grid, self.name), _between(self.grid, self.frame, self.name)
        rows, cols = np.asarray(rows, float), np.asarray(cols, float)
        x, y = (np.asarray(v) for v in there.transform(*self.frame.xy(rows, cols)))
        at = self.grid.rowcol(x, y)
        vx, vy = (_bilinear(v, *at) for v in (self.vx, self.vy))
        # Where the ice goes to is brought back as a place: that turns and stretches as the maps do.
        share = days / DAYS_PER_YEAR
        kx, ky = self.grid.map_scale(self.grid.height / 2, self.grid.width / 2)
        known = np.isfinite(vx) & np.isfinite(vy)
        goal = back.transform(np.where(known, x + vx * kx * share, x), np.where(known, y + vy * ky * share, y))
        goal_rows, goal_cols = self.frame.rowcol(*goal)
        return np.where(known, goal_rows - rows, np.nan), np.where(known, goal_cols - cols, np.nan)


def prior_of(given: Prior | VelocityMap | str | Path, stack: SceneStack) -> Prior:
    """A velocity map for a stack, made of whatever it is given as: one of :func:`map_pair`, or the file of one.

    Raises
    ------
    UsageError
        It is no velocity map, or one of the two lies on no map.
    TrackingError
        As of :func:`read_prior`, or the map lies elsewhere.
    """
    from napari_icenet.velocity.velocity_map import VelocityMap

    if isinstance(given, Prior):
        if given.frame != stack.grid:
            raise UsageError(f"The prior map {given.name} was read for another grid than that of {stack.name}.")
        return given
    if isinstance(given, str | Path):
        return read_prior(given, stack)
    if not isinstance(given, VelocityMap):
        raise UsageError(f"A {type(given).__name__} is no prior map; give a velocity map, or the path of one.")
    called = f"the map {given.labels[0]} to {given.labels[1]}"
    for grid, whose in ((stack.grid, stack.name), (given.cells, called)):
        if not grid.georeferenced:
            raise UsageError(f"{whose} lies on no map, so no prior map can guide the search; leave prior out.")
    part = _part(given.cells, stack.grid, called)
    window = Window(part.row_off, part.col_off, part.height, part.width)
    vx, vy = (np.where(given.valid, v, np.nan).astype(np.float32)[window.slices] for v in (given.vx, given.vy))
    if not (np.isfinite(vx) & np.isfinite(vy)).any():
        raise TrackingError(f"{called} holds no velocity where {stack.name} lies; choose one that covers it.")
    return Prior(vx, vy, given.cells.window(window), stack.grid, called)


def read_prior(path: str | Path, stack: SceneStack) -> Prior:
    """Read the part of a velocity map that a stack covers.

    Parameters
    ----------
    path : str or Path
        A NetCDF with variables ``vx`` and ``vy`` (as of ITS_LIVE, or written by this package), a
        GeoTIFF with bands of these names or with these two bands, or one file of a pair such as
        ``flow_vx.tif`` and ``flow_vy.tif``. In the unit that the file names, else m/yr; on any map.
    stack : SceneStack

    Returns
    -------
    Prior

    Raises
    ------
    UsageError
        The file is not there, or the stack lies on no map.
    TrackingError
        The file cannot be read, holds no velocities or several maps of them, names a unit that is not known,
        lies on no map or elsewhere.

    Warns
    -----
    SceneWarning
        Numbers that no ice has are left out, or a NetCDF names no unit.
    """
    path = Path(path)
    if not stack.grid.georeferenced:
        raise UsageError(f"{path.name} cannot guide the search: {stack.name} lies on no map; leave the prior map out.")
    if not path.is_file():
        raise UsageError(f"There is no velocity map {path}; check the name.")
    with ExitStack() as files:
        bands = _bands(path, files)
        grid = _grid(bands[0][0], path)
        if any(_grid(dataset, path) != grid for dataset, _ in bands):
            raise TrackingError(f"vx and vy of {path} lie on different grids; give a map with both on one.")
        factors = [factor_of(dataset, band, str(path)) for dataset, band in bands]
        window = _part(grid, stack.grid, path)
        (vx, no_vx), (vy, no_vy) = (
            read_velocity(dataset, band, window, 1.0 if factor is None else factor, str(path))
            for (dataset, band), factor in zip(bands, factors, strict=True)
        )
    along_x, along_y, left_out = without_impossible(vx, vy, no_vx | no_vy, path.name)
    known = np.isfinite(along_x)
    if not known.any():
        raise TrackingError(f"{path} holds no velocity where {stack.name} lies; choose a map that covers it.")
    if not (along_x[known].any() or along_y[known].any()):
        raise TrackingError(
            f"{path} holds nothing but zeros where {stack.name} lies; choose a map that covers it, or leave it out."
        )
    notices = [] if left_out is None else [left_out]
    if None in factors and path.suffix.lower() in _NETCDF:
        notices.append(f"{path.name} names no unit of its velocities; they are taken for m/yr.")
    for notice in notices:
        warnings.warn(notice, SceneWarning, stacklevel=2)
    part = Window(window.row_off, window.col_off, window.height, window.width)
    return Prior(along_x, along_y, grid.window(part), stack.grid, path.name, tuple(notices))


def _between(here: Grid, there: Grid, called: str) -> Transformer:
    if here.crs is None or there.crs is None:
        raise ValueError("both grids need a coordinate system")
    return way_between(here.crs.to_wkt(), there.crs.to_wkt(), called)


def _open(name: str, path: Path, files: ExitStack) -> DatasetReader:
    try:
        return files.enter_context(rasterio.open(name))
    except RasterioIOError as error:
        raise TrackingError(
            f"{path} cannot be read as a map of vx and vy; give a NetCDF or GeoTIFF of both."
        ) from error


def _bands(path: Path, files: ExitStack) -> list[tuple[DatasetReader, int]]:
    """Datasets and band numbers of vx and vy."""
    if path.suffix.lower() in _NETCDF:
        datasets = [_open(f'NETCDF:"{path}":{name}', path, files) for name in _NAMES]
        if any(dataset.count > 1 for dataset in datasets):
            raise TrackingError(f"{path} holds several velocity maps; give a file of one map, such as a mosaic.")
        return [(dataset, 1) for dataset in datasets]
    dataset = _open(str(path), path, files)
    named = [str(text or "").lower() for text in dataset.descriptions]
    if all(name in named for name in _NAMES):
        return [(dataset, named.index(name) + 1) for name in _NAMES]
    if dataset.count == 2:
        return [(dataset, 1), (dataset, 2)]
    if dataset.count == 1:
        for own, other in (_NAMES, _NAMES[::-1]):
            head, found, tail = path.stem.rpartition(own)
            beside = path.with_name(f"{head}{other}{tail}{path.suffix}")
            if found and beside.is_file():
                both = {own: dataset, other: _open(str(beside), beside, files)}
                return [(both[name], 1) for name in _NAMES]
    raise TrackingError(
        f"{path} has no bands vx and vy; give a GeoTIFF with both, or two files named alike but for vx and vy."
    )


def _grid(dataset: DatasetReader, path: Path) -> Grid:
    if dataset.crs is None:
        raise TrackingError(f"{path} has no coordinate system; give a velocity map that lies on a map.")
    grid, why = on_map(dataset.height, dataset.width, dataset.transform, dataset.crs)
    if why is not None:
        raise TrackingError(f"{path} carries {why.fault}, so its velocities lie nowhere; {why.remedy}.")
    return grid


def _part(grid: Grid, frame: Grid, path: Path | str) -> RasterWindow:
    """The window of a prior that a frame covers, and two pixels around."""
    along = np.linspace(0, 1, _EDGE_POINTS)
    rows, cols = (a.ravel() for a in np.meshgrid(along * frame.height - 0.5, along * frame.width - 0.5))
    rows, cols = grid.rowcol(*_between(frame, grid, str(path)).transform(*frame.xy(rows, cols)))
    reached = np.isfinite(rows) & np.isfinite(cols)
    if reached.any():
        sides = []
        for at, size in ((rows[reached], grid.height), (cols[reached], grid.width)):
            sides.append((max(int(np.floor(at.min())) - 2, 0), min(int(np.ceil(at.max())) + 3, size)))
        (top, bottom), (left, right) = sides
        if top < bottom and left < right:
            return RasterWindow(left, top, right - left, bottom - top)
    raise TrackingError(f"{path} does not reach the ground of these scenes; choose a velocity map that covers it.")


def _bilinear(values: F32, rows: F64, cols: F64) -> F64:
    """Values between pixel centres; the missing corners of a pixel do not count, NaN with none or outside."""
    height, width = values.shape
    top, left = np.floor(rows), np.floor(cols)
    total, weight = np.zeros(rows.shape), np.zeros(rows.shape)
    for i in (0, 1):
        for j in (0, 1):
            row, col = top + i, left + j
            inside = (row >= 0) & (row < height) & (col >= 0) & (col < width)
            corner = values[np.where(inside, row, 0).astype(int), np.where(inside, col, 0).astype(int)]
            share = np.abs(1 - i - (rows - top)) * np.abs(1 - j - (cols - left))
            share = np.where(inside & np.isfinite(corner), share, 0)
            total += share * np.nan_to_num(corner)
            weight += share
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(weight > 0, total / np.where(weight > 0, weight, 1), np.nan))

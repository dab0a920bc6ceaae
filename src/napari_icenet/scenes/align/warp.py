"""Bands and masks of a scene, reprojected to the stack's grid."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.io import MemoryFile
from rasterio.vrt import WarpedVRT
from rasterio.warp import transform

from napari_icenet.common.ground import share_body
from napari_icenet.scenes.grid import Grid, Window
from napari_icenet.scenes.scene import BandSource, Flag, MaskSource, assumed_share, fill_marker

#: Reprojection positions are right to this part of a source pixel. GDAL's default is 1/8 pixel, and
#: the error depends on the window read, which would show as motion.
POSITION_TOLERANCE_PX = 1e-3
#: Threads that share the interpolation of a block, 0.15 s for a million pixels on one.
WARPING_THREADS = min(4, os.cpu_count() or 1)
#: No set of flags has this value: it tells a mask's outside while it is reprojected.
NO_FLAGS = 255
#: Reach of the cubic kernel in source pixels, and a pixel to spare.
KERNEL_REACH_PX = 3
#: Target pixels a side that are reprojected at once: bounds the memory, whatever the frame.
BLOCK_SIDE_PX = 1024


class _Warped:
    """What is reprojected to the stack's grid, block by block.

    Parameters
    ----------
    own : Grid
        The scene's own grid.
    grid : Grid
        The stack's grid.
    """

    def __init__(self, own: Grid, grid: Grid) -> None:
        self._own = own
        self._grid = grid
        self._coarser = coarser_by(own, grid)

    def _read(self, window: Window, missing: Any, warp: Callable[[Window, Window], NDArray[Any]]) -> NDArray[Any]:
        """What ``warp`` makes of the part of the scene's own frame that a block needs; ``missing`` beside that."""
        out = np.full((window.height, window.width), missing)
        for block in window.tiles(BLOCK_SIDE_PX):
            needed = _needed(self._own, self._grid, block, self._coarser)
            if needed.height and needed.width:
                out[block.shifted(-window.row, -window.col).slices] = warp(needed, block)
        return out

    def _reprojected(
        self, source: NDArray[Any], needed: Window, block: Window, *, nodata: float, resampling: Resampling
    ) -> NDArray[Any]:
        own, target = self._own.window(needed), self._grid.window(block)
        return _reproject(source, own, target, nodata=nodata, resampling=resampling, coarser=self._coarser)


class WarpedBand(_Warped):
    """A band that is reprojected to the stack's grid, cubic; fill does not bleed into its values.

    Integer values are rounded; a valid one that would round to the type's fill marker moves by one count.
    """

    def __init__(self, source: BandSource, own: Grid, grid: Grid) -> None:
        super().__init__(own, grid)
        self._source = source

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self._grid.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the stored values."""
        return self._source.dtype

    def read(self, window: Window) -> NDArray[Any]:
        """Interpolated values; what lies beside the source is the fill marker of the type."""
        return self._read(window, fill_marker(self.dtype), self._block)

    def fill(self, window: Window, values: NDArray[Any] | None = None) -> NDArray[np.bool_]:
        """True where the source holds no measurement or does not reach."""
        values = self.read(window) if values is None else values
        fill: NDArray[np.bool_] = np.isnan(values) if self.dtype.kind == "f" else values == fill_marker(self.dtype)
        return fill

    def assumed_share(self) -> float:
        """Share of the source, 0–1, that is assumed to be missing without being declared so."""
        return assumed_share(self._source)

    def _block(self, needed: Window, block: Window) -> NDArray[Any]:
        values = self._source.read(needed)
        picture = values.astype(np.float32 if self.dtype.itemsize < 4 or self.dtype == np.float32 else np.float64)
        picture[self._source.fill(needed, values)] = np.nan
        warped = self._reprojected(picture, needed, block, nodata=np.nan, resampling=Resampling.cubic)
        if self.dtype.kind == "f":
            return warped.astype(self.dtype, copy=False)
        marker = fill_marker(self.dtype)
        missing, limits = np.isnan(warped), np.iinfo(self.dtype)
        warped[missing] = 0
        rounded = np.clip(np.rint(warped), limits.min, limits.max).astype(self.dtype)
        rounded[rounded == marker] = marker + 1
        rounded[missing] = marker
        return np.asarray(rounded)


class WarpedMask(_Warped):
    """A mask that is reprojected to the stack's grid, nearest; beside the source is fill."""

    def __init__(self, source: MaskSource, own: Grid, grid: Grid) -> None:
        super().__init__(own, grid)
        self._source = source

    def read(self, window: Window) -> NDArray[np.uint8]:
        """:class:`~napari_icenet.scenes.scene.Flag` bits of a window inside the stack's frame."""
        return self._read(window, np.uint8(Flag.FILL), self._block)

    def _block(self, needed: Window, block: Window) -> NDArray[np.uint8]:
        flags = self._source.read(needed)
        warped = self._reprojected(flags, needed, block, nodata=NO_FLAGS, resampling=Resampling.nearest)
        warped[warped == NO_FLAGS] = np.uint8(Flag.FILL)
        return warped


def frame_on(grid: Grid, other: Grid, points: int = 21) -> tuple[float, float, float, float] | None:
    """The smallest rectangle on ``grid`` that holds the frame of ``other``.

    Parameters
    ----------
    grid, other : Grid
        Both georeferenced, in any coordinate systems.
    points : int
        Along each edge of the frame, which is curved where the projections differ.

    Returns
    -------
    (top, left, bottom, right) or None
        Pixel borders on ``grid``: pixel (0, 0) reaches from 0 to 1. None where the projection
        does not reach, as to another body.
    """
    if not share_body(grid.crs, other.crs):
        return None
    along, ends = np.linspace(0, 1, points), np.repeat([0.0, 1.0], points)
    rows = np.concatenate([np.tile(along, 2), ends]) * other.height - 0.5
    cols = np.concatenate([ends, np.tile(along, 2)]) * other.width - 0.5
    x, y = other.xy(rows, cols)
    if grid.crs != other.crs:
        x, y = (np.array(values) for values in transform(other.crs, grid.crs, x.ravel(), y.ravel()))
    r, c = (values + 0.5 for values in grid.rowcol(x, y))
    if not (np.isfinite(r).all() and np.isfinite(c).all()):
        return None
    return float(r.min()), float(c.min()), float(r.max()), float(c.max())


def coarser_by(own: Grid, grid: Grid) -> float:
    """Source pixels a side in a pixel of the stack's grid; 1 where it is finer or alike."""
    row, col = grid.height / 2, grid.width / 2
    x, y = grid.xy(np.array([row, row, row + 1]), np.array([col, col + 1, col]))
    if own.crs != grid.crs:
        x, y = (np.array(values) for values in transform(grid.crs, own.crs, x, y))
    r, c = own.rowcol(x, y)
    ratio = float(np.sqrt(abs((r[1] - r[0]) * (c[2] - c[0]) - (r[2] - r[0]) * (c[1] - c[0]))))
    # Two projections of the same ground differ by a few per cent in scale; that needs no averaging.
    return ratio if ratio > 1.1 else 1.0


def _needed(own: Grid, grid: Grid, block: Window, coarser: float) -> Window:
    """The part of the scene's own frame that a block of the stack's grid is made from."""
    box = frame_on(own, grid.window(block))
    if box is None:
        return Window(0, 0, 0, 0)
    margin = int(np.ceil(KERNEL_REACH_PX * coarser))
    top, left = int(np.floor(box[0])) - margin, int(np.floor(box[1])) - margin
    bottom, right = int(np.ceil(box[2])) + margin, int(np.ceil(box[3])) + margin
    return Window(top, left, bottom - top, right - left).clipped(own.shape)


def _reproject(
    source: NDArray[Any], own: Grid, target: Grid, *, nodata: float, resampling: Resampling, coarser: float
) -> NDArray[Any]:
    # Of rasterio's two ways only the virtual dataset lets the tolerance be chosen, so the source
    # becomes a dataset in memory.
    with MemoryFile() as memory:
        frame = {"height": own.height, "width": own.width, "transform": own.transform, "crs": own.crs}
        with memory.open(driver="GTiff", count=1, dtype=source.dtype, **frame) as dataset:
            dataset.write(source, 1)
        with (
            memory.open() as dataset,
            WarpedVRT(
                dataset,
                crs=target.crs,
                transform=target.transform,
                height=target.height,
                width=target.width,
                resampling=resampling,
                src_nodata=nodata,
                nodata=nodata,
                tolerance=POSITION_TOLERANCE_PX,
                num_threads=WARPING_THREADS,
                # GDAL would guess the kernel's width from the sizes of the two frames, so that a
                # pixel would depend on the window that it is read with.
                XSCALE=1 / coarser,
                YSCALE=1 / coarser,
            ) as warped,
        ):
            return np.asarray(warped.read(1))

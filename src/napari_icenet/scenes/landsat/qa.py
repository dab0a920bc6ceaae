"""Quality bands of Landsat products, decoded to :class:`~napari_icenet.scenes.scene.Flag` bits."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from napari_icenet.scenes.grid import Grid, Window
from napari_icenet.scenes.raster.band import RasterBand
from napari_icenet.scenes.raster.file import RasterInfo
from napari_icenet.scenes.scene import Flag


class QualityLayout(Enum):
    """Meanings of the bits of a quality band.

    ``COLLECTION_2`` is ``QA_PIXEL`` (Landsat 8-9 Collection 2 Level 1 and 2 Data Format Control
    Books), ``COLLECTION_1`` is ``BQA`` (Landsat Collection 1 Level 1 Product Definition),
    ``SURFACE_COLLECTION_1`` is ``pixel_qa`` of surface reflectance ordered in Collection 1 (LaSRC
    and LEDAPS product guides) and ``PRE_COLLECTION`` is ``BQA`` of Landsat 8 before 2017.
    """

    COLLECTION_2 = "QA_PIXEL"
    COLLECTION_1 = "BQA of Collection 1"
    SURFACE_COLLECTION_1 = "pixel_qa"
    PRE_COLLECTION = "BQA before the collections"


# (flag, lowest bit, number of bits): a single bit counts when set, a two-bit confidence when it
# is high (3). Medium confidence is left out: over ice it marks most of the glacier.
_BITS: dict[QualityLayout, tuple[tuple[Flag, int, int], ...]] = {
    QualityLayout.COLLECTION_2: (
        (Flag.FILL, 0, 1),
        (Flag.CLOUD_MARGIN, 1, 1),
        (Flag.CIRRUS, 2, 1),
        (Flag.CLOUD, 3, 1),
        (Flag.SHADOW, 4, 1),
        (Flag.SNOW, 5, 1),
        (Flag.WATER, 7, 1),
        (Flag.CLOUD, 8, 2),
        (Flag.SHADOW, 10, 2),
        (Flag.SNOW, 12, 2),
        (Flag.CIRRUS, 14, 2),
    ),
    QualityLayout.COLLECTION_1: (
        (Flag.FILL, 0, 1),
        (Flag.CLOUD, 4, 1),
        (Flag.CLOUD, 5, 2),
        (Flag.SHADOW, 7, 2),
        (Flag.SNOW, 9, 2),
        (Flag.CIRRUS, 11, 2),
    ),
    QualityLayout.SURFACE_COLLECTION_1: (
        (Flag.FILL, 0, 1),
        (Flag.WATER, 2, 1),
        (Flag.SHADOW, 3, 1),
        (Flag.SNOW, 4, 1),
        (Flag.CLOUD, 5, 1),
        (Flag.CLOUD, 6, 2),
        (Flag.CIRRUS, 8, 2),
    ),
    QualityLayout.PRE_COLLECTION: (
        (Flag.FILL, 0, 1),
        (Flag.WATER, 4, 2),
        (Flag.SNOW, 10, 2),
        (Flag.CIRRUS, 12, 2),
        (Flag.CLOUD, 14, 2),
    ),
}


_PART = 1 << 18


@lru_cache
def _table(layout: QualityLayout) -> NDArray[np.uint8]:
    values = np.arange(65536)
    table = np.zeros(values.size, np.uint8)
    for flag, low, count in _BITS[layout]:
        high = (1 << count) - 1
        table[(values >> low) & high == high] |= np.uint8(flag)
    table[table & np.uint8(Flag.FILL) > 0] = Flag.FILL
    table.setflags(write=False)
    return table


def decode_quality(values: NDArray[np.integer], layout: QualityLayout) -> NDArray[np.uint8]:
    """Flags of stored quality values.

    Cloud is the cloud bit or high cloud confidence, as in the cloud cover that the metadata
    give; dilated cloud is a flag of its own, the margin. Fill carries no other flag.

    Parameters
    ----------
    values : array of int
        As stored, 0–65535.
    layout : QualityLayout

    Returns
    -------
    array of uint8
        :class:`~napari_icenet.scenes.scene.Flag` bits.
    """
    table = _table(layout)
    flat = np.ravel(values)
    flags = np.empty(flat.size, np.uint8)
    # numpy indexes through eight bytes per pixel; in parts, these stay small and in the cache.
    for start in range(0, flat.size, _PART):
        flags[start : start + _PART] = table[flat[start : start + _PART].astype(np.uint16, copy=False)]
    return flags.reshape(values.shape)


class QualityMask:
    """Flags of one scene, read by window from its quality band.

    Parameters
    ----------
    info : RasterInfo
        Of the quality band's file.
    layout : QualityLayout
    grid : Grid, optional
        The scene's grid where it differs from the quality band's (the 15 m of band 8): each of
        its pixels takes the flags of the quality pixel that its centre lies in. The two share
        CRS and axes.
    """

    def __init__(self, info: RasterInfo, layout: QualityLayout, grid: Grid | None = None) -> None:
        self.path = info.path
        self.layout = layout
        self._band = RasterBand(info)
        self._own = info.grid
        self._grid = None if grid is None or grid == info.grid else grid

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return (self._grid or self._own).shape

    def read(self, window: Window) -> NDArray[np.uint8]:
        """Flags of a window inside the frame; outside the quality band it is fill."""
        if self._grid is None:
            return decode_quality(self._band.read(window), self.layout)
        x, _ = self._grid.xy(0, np.arange(window.col, window.col + window.width))
        _, y = self._grid.xy(np.arange(window.row, window.row + window.height), 0)
        rows, cols = self._own.rowcol(np.full(y.shape, x[0]), y)[0], self._own.rowcol(x, np.full(x.shape, y[0]))[1]
        rows, cols = np.floor(rows + 0.5).astype(int), np.floor(cols + 0.5).astype(int)
        out = np.full((window.height, window.width), Flag.FILL, np.uint8)
        inside_rows = (rows >= 0) & (rows < self._own.height)
        inside_cols = (cols >= 0) & (cols < self._own.width)
        if not inside_rows.any() or not inside_cols.any():
            return out
        rows, cols = rows[inside_rows], cols[inside_cols]
        top, left = rows.min(), cols.min()
        needed = Window(int(top), int(left), int(rows.max() - top) + 1, int(cols.max() - left) + 1)
        flags = decode_quality(self._band.read(needed), self.layout)
        out[np.ix_(inside_rows, inside_cols)] = flags[np.ix_(rows - top, cols - left)]
        return out

"""Bands of rasters whose pixels are numbers of colours in a table, as GIS programs write classified or scanned maps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_icenet.scenes.grid import Window
from napari_icenet.scenes.raster.band import ALL_MEASURED, FillRule, RasterBand
from napari_icenet.scenes.raster.file import RasterInfo, dataset_of


def colour_table(info: RasterInfo) -> NDArray[np.uint8]:
    """Red, green, blue and alpha of every number that a pixel can hold, (number, 4); what has no colour is transparent.

    Raises SceneError: the file has vanished or is damaged.
    """
    table = np.zeros((256 ** info.dtypes[0].itemsize, 4), np.uint8)
    with dataset_of(info.path) as dataset:
        for number, colour in dataset.colormap(1).items():
            table[number] = colour
    return table


def palette_bands(info: RasterInfo, rule: FillRule) -> list[RasterBand]:
    """Red, green and blue of a raster with a table of colours, or one band where all of them are grey.

    Parameters
    ----------
    info : RasterInfo
    rule : FillRule
        How missing pixels are told by their numbers, as for :class:`~napari_icenet.scenes.raster.band.RasterBand`.
    """
    table = colour_table(info)
    # Number 0 is ground that was not seen only if it looks so.
    rule = ALL_MEASURED if rule.assumed and table[0, :3].any() else rule
    grey = bool((table[:, :1] == table[:, :3]).all())
    return [PaletteBand(info, table[:, i], table[:, 3] == 0, rule) for i in range(1 if grey else 3)]


class PaletteBand(RasterBand):
    """Red, green or blue of a raster with a table of colours.

    Parameters
    ----------
    info : RasterInfo
    values : array of uint8, (number,)
        The colour's share by number.
    transparent : array of bool, (number,)
    fill : FillRule
        How missing pixels are told by their numbers.
    """

    def __init__(
        self, info: RasterInfo, values: NDArray[np.uint8], transparent: NDArray[np.bool_], fill: FillRule
    ) -> None:
        super().__init__(info, 1, fill)
        self._values = values
        self._transparent = transparent

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the colours."""
        return self._values.dtype

    def read(self, window: Window) -> NDArray[Any]:
        """Colours of a window inside the frame."""
        return np.asarray(self._values[super().read(window)])

    def fill(self, window: Window, values: NDArray[Any] | None = None) -> NDArray[np.bool_]:
        """True where a window inside the frame is missing or transparent; colours do not tell."""
        numbers = super().read(window)
        return np.asarray(super().fill(window, numbers) | self._transparent[numbers])

    def thumbnail(self, max_side: int) -> NDArray[np.float32]:
        """Colours of every n-th pixel, no side longer than ``max_side``; NaN is fill."""
        numbers = super().thumbnail(max_side)
        picture = np.full_like(numbers, np.nan)
        shown = np.isfinite(numbers)
        of_shown = numbers[shown].astype(np.intp)
        picture[shown] = np.where(self._transparent[of_shown], np.nan, self._values[of_shown])
        return picture

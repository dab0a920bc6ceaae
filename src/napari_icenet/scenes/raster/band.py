"""Bands of raster files, read by window, from any thread."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window as RasterioWindow

from napari_icenet.common.byte_cache import ByteCache
from napari_icenet.errors import SceneError
from napari_icenet.scenes.grid import Window
from napari_icenet.scenes.raster.file import RasterInfo, dataset_of, file_state, unreadable
from napari_icenet.scenes.raster.fill import assumed_missing, unmeasured
from napari_icenet.scenes.raster.packed_mask import PackedMask


class FillRule(NamedTuple):
    """How missing pixels of a file are told; what can be no measurement (NaN, infinities) is missing in any case.

    Attributes
    ----------
    value : float or None
        A stored value that stands for them.
    mask : bool
        The file's own mask or alpha band.
    assumed : bool
        Nothing is declared: what holds no measurement by all appearance
        (:func:`~napari_icenet.scenes.raster.fill.assumed_missing`, looked for once in the whole file).
    """

    value: float | None = None
    mask: bool = False
    assumed: bool = False


#: Nothing but what can be no measurement.
ALL_MEASURED = FillRule()

#: Where files that declare nothing are assumed to hold no measurement; a frame of 32 768² fits.
_found: ByteCache[PackedMask] = ByteCache(128 * 2**20)


class RasterBand:
    """One band of a raster file, read by window; nothing is kept but the open file.

    Parameters
    ----------
    info : RasterInfo
        Of the file, from :func:`inspect`.
    index : int
        Band of the file, from 1.
    fill : FillRule, or float
        How missing pixels are told; a float is a stored value.
    page : int
        Page of a TIFF of several, from 1; 0 is the file itself.
    """

    def __init__(self, info: RasterInfo, index: int = 1, fill: FillRule | float = ALL_MEASURED, page: int = 0) -> None:
        self.path = info.path
        self.index = index
        self.page = page
        self.fill_rule = fill if isinstance(fill, FillRule) else FillRule(fill)
        self._shape = info.grid.shape
        self._dtype = info.dtypes[index - 1]

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self._shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the stored values."""
        return self._dtype

    def read(self, window: Window) -> NDArray[Any]:
        """Stored values of a window inside the frame."""
        with dataset_of(self.path, self.page) as dataset:
            return np.asarray(dataset.read(self.index, window=_for_rasterio(window)))

    def fill(self, window: Window, values: NDArray[Any] | None = None) -> NDArray[np.bool_]:
        """True where a window inside the frame holds no measurement.

        Parameters
        ----------
        window : Window
        values : array, optional
            What :meth:`read` has just given for this window; spares a second read.

        Raises
        ------
        SceneError
            The file has vanished or is damaged here.
        """
        stored = self.read(window) if values is None and self._told_by_values else values
        fill = np.zeros((window.height, window.width), bool) if stored is None else self._missing(stored)
        if self.fill_rule.assumed:
            fill = fill | self._assumed().read(window)
        if self.fill_rule.mask:
            with dataset_of(self.path, self.page) as dataset:
                fill = fill | (dataset.read_masks(self.index, window=_for_rasterio(window)) == 0)
        return fill

    def assumed_share(self) -> float:
        """Share of the file, 0–1, that is assumed to be missing without being declared so.

        Raises
        ------
        SceneError
            The file has vanished or is damaged.
        """
        return self._assumed().share if self.fill_rule.assumed else 0.0

    def thumbnail(self, max_side: int) -> NDArray[np.float32]:
        """A decimated picture, every n-th pixel, from the file's overviews where it has any.

        Parameters
        ----------
        max_side : int
            Neither side is longer than this.

        Returns
        -------
        array of float32
            Stored values; NaN is fill.

        Raises
        ------
        SceneError
            The file has vanished or is damaged.
        """
        shape = thumbnail_shape(self.shape, max_side)
        with dataset_of(self.path, self.page) as dataset:
            values = dataset.read(self.index, out_shape=shape)
            fill = self._missing(values)
            if self.fill_rule.mask:
                fill |= dataset.read_masks(self.index, out_shape=shape) == 0
        if self.fill_rule.assumed:
            fill |= self._assumed().at(*_nearest(shape, self.shape))
        with np.errstate(over="ignore"):  # beyond float32 lies only what is fill
            picture = values.astype(np.float32)
        picture[fill] = np.nan
        return np.asarray(picture)

    @property
    def _told_by_values(self) -> bool:
        return self._dtype.kind == "f" or self.fill_rule.value is not None

    def _missing(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        fill = unmeasured(values)
        value = self.fill_rule.value
        return fill if value is None else np.asarray(fill | (values == value))

    def _assumed(self) -> PackedMask:
        def whole_file() -> PackedMask:
            with dataset_of(self.path, self.page) as dataset:
                return PackedMask.of(assumed_missing(dataset.read(index) for index in dataset.indexes))

        try:
            return _found.get((*file_state(self.path), self.page), whole_file)
        except OSError as error:
            raise SceneError(unreadable(self.path, error)) from error


def thumbnail_shape(shape: tuple[int, int], max_side: int) -> tuple[int, int]:
    """Height and width of the thumbnail of a frame."""
    step = max(1.0, max(shape) / max_side)
    return max(1, int(shape[0] / step)), max(1, int(shape[1] / step))


def decimated(values: NDArray[Any], shape: tuple[int, int]) -> NDArray[Any]:
    """The pixels of ``values`` that lie nearest those of a smaller frame."""
    rows, cols = _nearest(shape, values.shape[-2:])
    return np.asarray(values[..., rows[:, None], cols[None, :]])


def _nearest(shape: tuple[int, ...], full: tuple[int, ...]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of a frame that lie nearest those of a smaller one."""
    rows, cols = (
        ((np.arange(small) + 0.5) * (large / small)).astype(np.intp) for small, large in zip(shape, full, strict=True)
    )
    return rows, cols


def _for_rasterio(window: Window) -> RasterioWindow:
    return RasterioWindow(window.col, window.row, window.width, window.height)

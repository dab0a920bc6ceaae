"""Bands of JPEG and PNG pictures, which can only be decoded whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import ColorInterp

from napari_icenet.common.byte_cache import ByteCache
from napari_icenet.errors import SceneError
from napari_icenet.scenes.grid import Window
from napari_icenet.scenes.raster.band import decimated, thumbnail_shape
from napari_icenet.scenes.raster.file import RasterInfo, dataset_of, file_state, unreadable
from napari_icenet.scenes.raster.fill import assumed_missing, black_border
from napari_icenet.scenes.raster.palette import colour_table

#: Formats that GDAL decodes from the top down to whatever row is asked for.
WHOLE_FILE_DRIVERS = frozenset({"JPEG", "PNG"})


@dataclass(frozen=True)
class DecodedPicture:
    """A picture in memory.

    Attributes
    ----------
    values : array, (band, height, width)
        Without the alpha band.
    fill : array of bool, (height, width)
        True where the picture is transparent, or black around its measurements.
    assumed_share : float
        Share of further pixels, 0–1, that are taken for missing without being told so.
    """

    values: NDArray[Any]
    fill: NDArray[np.bool_]
    assumed_share: float = 0.0

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return self.values.nbytes + self.fill.nbytes

    @property
    def grey(self) -> bool:
        """True if all bands are the same."""
        return all(np.array_equal(self.values[0], band) for band in self.values[1:])


#: Decoded pictures that all bands share; 23 pictures of 992 × 1231 × 3 take 110 MB.
_pictures: ByteCache[DecodedPicture] = ByteCache(256 * 2**20)


def decode(info: RasterInfo) -> DecodedPicture:
    """The picture of a JPEG or PNG file, decoded once and kept while memory lasts.

    Raises SceneError: the file has vanished or is damaged.
    """
    try:
        state = file_state(info.path)
    except OSError as error:
        raise SceneError(unreadable(info.path, error)) from error
    return _pictures.get(state, lambda: _decode(info))


def _decode(info: RasterInfo) -> DecodedPicture:
    with dataset_of(info.path) as dataset:
        values = dataset.read()
        if info.colors[0] == ColorInterp.palette:
            values = np.moveaxis(colour_table(info)[values[0]], -1, 0)
            alpha = values[3]
            values = values[:3]
        elif ColorInterp.alpha in info.colors:
            at = info.colors.index(ColorInterp.alpha)
            alpha, values = values[at], np.delete(values, at, axis=0)
        else:
            # Of colours that one value each stands for missing, a pixel is where it has them all.
            alpha = dataset.dataset_mask() if info.masked or info.nodata is not None else None
    fill = black_border(values.max(axis=0), lossy=info.driver == "JPEG")
    share = 0.0
    if alpha is not None:
        fill = fill | (alpha == 0)
    elif info.driver == "PNG":  # in JPEGs no two pixels of a region have the same value
        assumed = assumed_missing(iter(values)) & ~fill
        fill, share = fill | assumed, float(assumed.mean())
    return DecodedPicture(upright(values, info.orientation), upright(fill, info.orientation), share)


def upright(values: NDArray[Any], orientation: int) -> NDArray[Any]:
    """A picture (..., height, width) as it is to be looked at, whichever way EXIF says that it is stored (1 to 8)."""
    if orientation >= 5:  # stored by columns
        values = values.swapaxes(-1, -2)
    # What was the last row or column of what is stored comes first.
    down = orientation in {3, 4, 7, 8}
    across = orientation in {2, 3, 6, 7}
    return np.ascontiguousarray(values[..., :: -1 if down else 1, :: -1 if across else 1])


class PictureBand:
    """One band of a JPEG or PNG picture; windows are cut from the decoded picture.

    Parameters
    ----------
    info : RasterInfo
        Of the file.
    index : int
        Band of the picture, from 1, alpha not counted.
    """

    def __init__(self, info: RasterInfo, index: int = 1) -> None:
        self.path = info.path
        self.index = index
        self._info = info

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self._info.grid.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the stored values."""
        return self._info.dtypes[0]

    def read(self, window: Window) -> NDArray[Any]:
        """Stored values of a window inside the frame."""
        return np.array(decode(self._info).values[self.index - 1][window.slices])

    def fill(self, window: Window, values: NDArray[Any] | None = None) -> NDArray[np.bool_]:
        """True where a window inside the frame is transparent or outside the picture's ground."""
        return np.array(decode(self._info).fill[window.slices])

    def assumed_share(self) -> float:
        """Share of the picture, 0–1, that is assumed to be missing without being declared so."""
        return decode(self._info).assumed_share

    def thumbnail(self, max_side: int) -> NDArray[np.float32]:
        """A decimated picture, every n-th pixel, no side longer than ``max_side``; NaN is fill."""
        picture, shape = decode(self._info), thumbnail_shape(self.shape, max_side)
        values = decimated(picture.values[self.index - 1], shape).astype(np.float32)
        values[decimated(picture.fill, shape)] = np.nan
        return values

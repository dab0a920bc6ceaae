"""Bands of raster files, read by window, from any thread."""

from __future__ import annotations

import threading
import warnings
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window as RasterioWindow

from napari_icenet.errors import SceneError
from napari_icenet.scenes.cache import ByteCache
from napari_icenet.scenes.fill import black_border
from napari_icenet.scenes.grid import Grid, Window

# Pictures without georeference are ordinary here, and Grid says which they are.
warnings.filterwarnings("ignore", category=NotGeoreferencedWarning)

#: Open files per thread: a stack of 84 files must not use up the process's handles.
HANDLES_PER_THREAD = 24

#: How missing pixels are told: one stored value, the file's own mask or alpha, or the black
#: border of the picture. NaN is missing in any case.
FillRule = float | Literal["mask", "border", "none"]

_borders: ByteCache[NDArray[np.bool_]] = ByteCache(128 * 2**20)


@dataclass(frozen=True)
class RasterInfo:
    """What opening a raster file once tells.

    Attributes
    ----------
    path : Path
    driver : str
        GDAL's name of the format, ``GTiff``, ``PNG``, ``JPEG`` …
    grid : Grid
        Without a CRS its transform is the identity.
    dtypes : tuple of numpy.dtype
        One per band of the file.
    colors : tuple of rasterio.enums.ColorInterp
        What each band is.
    nodata : float or None
        The declared value of missing pixels.
    masked : bool
        The file carries an alpha or mask band.
    transform : Affine
        As stored, whether or not it belongs to a known map.
    """

    path: Path
    driver: str
    grid: Grid
    dtypes: tuple[np.dtype[Any], ...]
    colors: tuple[ColorInterp, ...]
    nodata: float | None
    masked: bool
    transform: Affine

    @property
    def band_count(self) -> int:
        """Number of bands in the file, alpha included."""
        return len(self.dtypes)


def inspect(path: Path) -> RasterInfo:
    """Open a raster file, check that it is whole, and close it again.

    Raises
    ------
    SceneError
        The file is missing, no picture, or shorter than its own table of contents says.
    """
    try:
        with rasterio.open(path) as dataset:
            if dataset.driver == "GTiff" and _is_truncated(dataset, path):
                raise SceneError(f"{path} is truncated; download it again.")
            crs = dataset.crs if dataset.crs else None
            return RasterInfo(
                path=path,
                driver=dataset.driver,
                grid=Grid(
                    dataset.height,
                    dataset.width,
                    dataset.transform if crs is not None else Affine.identity(),
                    crs,
                ),
                dtypes=tuple(np.dtype(name) for name in dataset.dtypes),
                colors=tuple(dataset.colorinterp),
                nodata=dataset.nodata,
                masked=any(
                    MaskFlags.per_dataset in flags and MaskFlags.nodata not in flags
                    for flags in dataset.mask_flag_enums
                ),
                transform=dataset.transform,
            )
    except (RasterioError, OSError) as error:
        raise SceneError(_unreadable(path, error)) from error


def _is_truncated(dataset: DatasetReader, path: Path) -> bool:
    """Whether a block of a TIFF is said to end behind the end of the file."""
    size = path.stat().st_size
    separate = dataset.tags(ns="IMAGE_STRUCTURE").get("INTERLEAVE") == "BAND"
    for index in dataset.indexes if separate else dataset.indexes[:1]:
        height, width = dataset.block_shapes[index - 1]
        for row in range(-(-dataset.height // height)):
            for col in range(-(-dataset.width // width)):
                offset = dataset.get_tag_item(f"BLOCK_OFFSET_{col}_{row}", "TIFF", bidx=index)
                if offset is None:  # a sparse file leaves empty blocks out
                    continue
                length = dataset.get_tag_item(f"BLOCK_SIZE_{col}_{row}", "TIFF", bidx=index)
                if int(offset) + int(length or 0) > size:
                    return True
    return False


def _unreadable(path: Path, error: Exception) -> str:
    if not path.exists():
        return f"{path} is missing; put it back or download it again."
    if path.stat().st_size == 0:
        return f"{path} is empty; download it again."
    reason = str(error.__cause__ or error).strip().rstrip(".").splitlines()[-1]
    return f"{path} cannot be read as a picture ({reason}); download it again."


class _Handles(threading.local):
    """Open datasets of one thread (GDAL's handles must not be shared), least recently used first."""

    def __init__(self) -> None:
        self.datasets: OrderedDict[tuple[Path, int, int], DatasetReader] = OrderedDict()


_handles = _Handles()


def _state(path: Path) -> tuple[Path, int, int]:
    """A key that changes when the file does."""
    status = path.stat()
    return path, status.st_mtime_ns, status.st_size


@contextmanager
def dataset_of(path: Path) -> Iterator[DatasetReader]:
    """Open a file once in each thread; what goes wrong in the block is told of the file.

    Raises
    ------
    SceneError
        The file has vanished or cannot be read.
    """
    try:
        key = _state(path)
        dataset = _handles.datasets.pop(key, None)
        if dataset is None:
            dataset = rasterio.open(path)
        _handles.datasets[key] = dataset
        while len(_handles.datasets) > HANDLES_PER_THREAD:
            _handles.datasets.popitem(last=False)[1].close()
        yield dataset
    except (RasterioError, OSError) as error:
        raise SceneError(_unreadable(path, error)) from error


class RasterBand:
    """One band of a raster file, read by window; nothing is kept but the open file.

    Parameters
    ----------
    info : RasterInfo
        Of the file, from :func:`inspect`.
    index : int
        Band of the file, from 1.
    fill : float or {"mask", "border", "none"}
        How missing pixels are told: a stored value, the file's mask or alpha band, the black
        border of the picture (0 in all bands, connected to the frame's edge), or not at all.
        NaN is missing whatever the rule.
    """

    def __init__(self, info: RasterInfo, index: int = 1, fill: FillRule = "none") -> None:
        self.path = info.path
        self.index = index
        self.fill_rule = fill
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
        """Stored values of a window inside the frame.

        Raises
        ------
        SceneError
            The file has vanished or is damaged here.
        """
        with dataset_of(self.path) as dataset:
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
        if self.fill_rule == "border":
            fill = fill | self._border()[window.slices]
        elif self.fill_rule == "mask":
            with dataset_of(self.path) as dataset:
                fill = fill | (dataset.read_masks(self.index, window=_for_rasterio(window)) == 0)
        return fill

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
        with dataset_of(self.path) as dataset:
            values = dataset.read(self.index, out_shape=shape)
            fill = self._missing(values)
            if self.fill_rule == "mask":
                fill |= dataset.read_masks(self.index, out_shape=shape) == 0
        if self.fill_rule == "border":
            fill |= decimated(self._border(), shape)
        picture = values.astype(np.float32)
        picture[fill] = np.nan
        return np.asarray(picture)

    @property
    def _told_by_values(self) -> bool:
        return self._dtype.kind == "f" or not isinstance(self.fill_rule, str)

    def _missing(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        fill = np.isnan(values) if values.dtype.kind == "f" else np.zeros(values.shape, bool)
        if not isinstance(self.fill_rule, str):
            fill |= values == self.fill_rule
        return np.asarray(fill)

    def _border(self) -> NDArray[np.bool_]:
        def whole_file() -> NDArray[np.bool_]:
            with dataset_of(self.path) as dataset:
                brightest = dataset.read(1) != 0
                for index in dataset.indexes[1:]:
                    brightest |= dataset.read(index) != 0
            return black_border(brightest, solid=False)

        try:
            return _borders.get(_state(self.path), whole_file)
        except OSError as error:
            raise SceneError(_unreadable(self.path, error)) from error


def thumbnail_shape(shape: tuple[int, int], max_side: int) -> tuple[int, int]:
    """Height and width of the thumbnail of a frame."""
    step = max(1.0, max(shape) / max_side)
    return max(1, int(shape[0] / step)), max(1, int(shape[1] / step))


def decimated(values: NDArray[Any], shape: tuple[int, int]) -> NDArray[Any]:
    """The pixels of ``values`` that lie nearest those of a smaller frame."""
    rows, cols = (
        ((np.arange(small) + 0.5) * (large / small)).astype(int)
        for small, large in zip(shape, values.shape[-2:], strict=True)
    )
    return np.asarray(values[..., rows[:, None], cols[None, :]])


def _for_rasterio(window: Window) -> RasterioWindow:
    return RasterioWindow(window.col, window.row, window.width, window.height)

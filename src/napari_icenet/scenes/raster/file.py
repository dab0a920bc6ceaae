"""Raster files: what they are, whether they are whole, and their open handles, thread by thread."""

from __future__ import annotations

import os
import threading
import warnings
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.errors import CRSError, NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader

from napari_icenet.errors import SceneError
from napari_icenet.scenes.grid import Grid

# Pictures without georeference are ordinary here, and Grid says which they are.
warnings.filterwarnings("ignore", category=NotGeoreferencedWarning)

#: PNG and JPEG end with a mark, behind which some programs add a little.
_TAIL = 4096

# GDAL would keep decoded blocks in a twentieth of the machine's memory; two frames of a Landsat
# scene are enough. Whoever has set the variable keeps their choice.
os.environ.setdefault("GDAL_CACHEMAX", "256")

#: Open files per thread: a stack of 84 files must not use up the process's handles.
HANDLES_PER_THREAD = 24


@dataclass(frozen=True)
class RasterInfo:
    """Facts of a raster file, read in one opening.

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
    pages : tuple of int
        Pages of a TIFF of several, from 1, that are like its first; empty where there is one.
    other_pages : int
        Pages that are not: thumbnails, or pictures of another size or type.
    """

    path: Path
    driver: str
    grid: Grid
    dtypes: tuple[np.dtype[Any], ...]
    colors: tuple[ColorInterp, ...]
    nodata: float | None
    masked: bool
    transform: Affine
    pages: tuple[int, ...] = ()
    other_pages: int = 0


def inspect(path: Path) -> RasterInfo:
    """Open a raster file, check that it is whole, and close it again.

    Raises SceneError: the file is missing, no picture, or shorter than its own table of contents says.
    """
    try:
        with rasterio.open(path) as dataset:
            if _is_truncated(dataset, path):
                raise SceneError(f"{path} is truncated; download it again.")
            pages = _pages_alike(dataset, path)
            crs = dataset.crs or (None if dataset.transform.is_identity else _crs_beside(path))
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
                pages=pages,
                other_pages=len(dataset.subdatasets) - len(pages) if pages else 0,
            )
    except (RasterioError, OSError) as error:
        raise SceneError(unreadable(path, error)) from error


def _pages_alike(dataset: DatasetReader, path: Path) -> tuple[int, ...]:
    """Pages of a TIFF that have the size and type of its first, from 1; none where it is the only one."""
    count = len(dataset.subdatasets) if dataset.driver == "GTiff" else 0
    if count < 2:
        return ()
    first = (dataset.shape, dataset.dtypes)
    alike = []
    for page in range(1, count + 1):
        with rasterio.open(page_name(path, page)) as other:
            if (other.shape, other.dtypes) == first:
                alike.append(page)
    return tuple(alike)


def page_name(path: Path, page: int) -> str:
    """GDAL's name of a page of a TIFF, counted from 1; page 0 is the file itself."""
    return f"GTIFF_DIR:{page}:{path}" if page else str(path)


def _crs_beside(path: Path) -> CRS | None:
    """The coordinate system in a ``.prj`` file, which comes with world files and which GDAL passes over."""
    prj = path.with_suffix(".prj")
    if not prj.is_file():
        return None
    try:
        return CRS.from_wkt(prj.read_text(encoding="utf-8", errors="replace"))
    except CRSError as error:
        raise SceneError(f"{prj} holds no coordinate system in WKT; write it anew, or remove it.") from error


def _is_truncated(dataset: DatasetReader, path: Path) -> bool:
    """True if a file ends too early, told without decoding it unless its end looks odd."""
    if dataset.driver == "GTiff":
        return _lacks_blocks(dataset, path)
    end = {"PNG": b"IEND", "JPEG": b"\xff\xd9"}.get(dataset.driver)
    with path.open("rb") as file:
        file.seek(-min(_TAIL, path.stat().st_size), os.SEEK_END)
        if end is None or end in file.read():
            return False
    if dataset.driver == "PNG":
        return end not in path.read_bytes()
    try:
        dataset.read()  # in a JPEG the mark ends thumbnails too, so only decoding tells
    except RasterioError:
        return True
    return False


def _lacks_blocks(dataset: DatasetReader, path: Path) -> bool:
    """True if a block of a TIFF is said to end behind the end of the file."""
    size = path.stat().st_size
    separate = dataset.tags(ns="IMAGE_STRUCTURE").get("INTERLEAVE") == "BAND"
    for index in dataset.indexes if separate else dataset.indexes[:1]:
        height, width = dataset.block_shapes[index - 1]
        rows, cols = -(-dataset.height // height), -(-dataset.width // width)
        # Blocks are written in order, so the end of the file shows in the last ones; the first
        # column is looked at too, for files that were updated in place.
        edge = {(rows - 1, col) for col in range(cols)} | {(row, 0) for row in range(0, rows, max(1, rows // 64))}
        for row, col in edge:
            offset = dataset.get_tag_item(f"BLOCK_OFFSET_{col}_{row}", "TIFF", bidx=index)
            if offset is None:  # a sparse file leaves empty blocks out
                continue
            length = dataset.get_tag_item(f"BLOCK_SIZE_{col}_{row}", "TIFF", bidx=index)
            if int(offset) + int(length or 0) > size:
                return True
    return False


def unreadable(path: Path, error: Exception) -> str:
    """One sentence on a file that could not be opened or read."""
    if not path.exists():
        return f"{path} is missing; put it back or download it again."
    if path.stat().st_size == 0:
        return f"{path} is empty; download it again."
    if not os.access(path, os.R_OK):
        return f"{path} cannot be read; check its permissions."
    reason = str(error.__cause__ or error).strip().rstrip(".").splitlines()[-1].replace(f"'{path}' ", "")
    return f"{path} cannot be read as a picture ({reason}); download it again."


class _Handles(threading.local):
    """Open datasets of one thread (GDAL's handles must not be shared), least recently used first."""

    def __init__(self) -> None:
        self.datasets: OrderedDict[tuple[Path, int, int, int], DatasetReader] = OrderedDict()


_handles = _Handles()


def file_state(path: Path) -> tuple[Path, int, int]:
    """Path, time and size: a key that changes when the file does.

    Raises OSError: the file has vanished.
    """
    status = path.stat()
    return path, status.st_mtime_ns, status.st_size


@contextmanager
def dataset_of(path: Path, page: int = 0) -> Iterator[DatasetReader]:
    """Open a file, or a page of it, once in each thread; what goes wrong in the block is told of the file.

    Raises SceneError: the file has vanished or cannot be read.
    """
    try:
        key = (*file_state(path), page)
        dataset = _handles.datasets.pop(key, None)
        if dataset is None:
            # Whole frames of tiled files are decoded on all cores.
            options = {"num_threads": "all_cpus"} if path.suffix.lower() in {".tif", ".tiff"} else {}
            dataset = rasterio.open(page_name(path, page), **options)
        _handles.datasets[key] = dataset
        while len(_handles.datasets) > HANDLES_PER_THREAD:
            _handles.datasets.popitem(last=False)[1].close()
        yield dataset
    except (RasterioError, OSError) as error:
        raise SceneError(unreadable(path, error)) from error

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
from rasterio.windows import Window as RasterioWindow

from napari_icenet.errors import SceneError
from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.raster.georeference import CONTROL_POINTS, POLYNOMIALS, NoMap, on_map

# Pictures without georeference are ordinary here, and Grid says which they are.
warnings.filterwarnings("ignore", category=NotGeoreferencedWarning)

#: PNG and JPEG end with a mark, behind which some programs add a little.
_TAIL = 4096
#: In these alpha is what it is called.
_PICTURE_DRIVERS = ("PNG", "JPEG")
#: Orientations of EXIF whose stored rows are the picture's columns.
_ON_ITS_SIDE = range(5, 9)
#: Alpha is judged by windows of so many pixels a side, three by three over the frame; in a mask at most
#: this share of them is neither transparent nor opaque.
_ALPHA_WINDOW_PX, _SOFT_SHARE = 64, 0.05

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
        What each band is; alpha only where it looks like a mask.
    nodata : float or None
        The declared value of missing pixels.
    masked : bool
        The file carries an alpha or mask band.
    transform : Affine
        As stored, whether or not it belongs to a known map.
    no_map : NoMap or None
        Why a georeference that the file carries gives no metres.
    not_alpha : bool
        A band is tagged as alpha and holds measurements.
    pages : tuple of int
        Pages of a TIFF of several, from 1, that are like its first; empty where there is one.
    other_pages : int
        Pages that are not: thumbnails, or pictures of another size or type.
    orientation : int
        How the stored rows and columns of a picture without a map lie, 1 to 8 as EXIF counts; 1 is upright. The
        grid is that of the upright picture.
    """

    path: Path
    driver: str
    grid: Grid
    dtypes: tuple[np.dtype[Any], ...]
    colors: tuple[ColorInterp, ...]
    nodata: float | None
    masked: bool
    transform: Affine
    no_map: NoMap | None = None
    not_alpha: bool = False
    pages: tuple[int, ...] = ()
    other_pages: int = 0
    orientation: int = 1


def inspect(path: Path) -> RasterInfo:
    """Open a raster file, check that it is whole, and close it again.

    Raises SceneError: the file is missing, no picture, or shorter than its own table of contents says.
    """
    try:
        with rasterio.open(path) as dataset:
            if _is_truncated(dataset, path):
                raise SceneError(f"{path} is truncated; download it again.")
            grid, why = _place(dataset, path)
            orientation = _orientation(dataset, grid)
            if orientation in _ON_ITS_SIDE:
                grid = Grid(grid.width, grid.height)
            colors, not_alpha = _colors(dataset)
            pages = _pages_alike(dataset, path)
            return RasterInfo(
                path=path,
                driver=dataset.driver,
                grid=grid,
                dtypes=tuple(np.dtype(name) for name in dataset.dtypes),
                colors=colors,
                nodata=dataset.nodata,
                masked=any(
                    MaskFlags.per_dataset in flags
                    and MaskFlags.nodata not in flags
                    and not (not_alpha and MaskFlags.alpha in flags)
                    for flags in dataset.mask_flag_enums
                ),
                transform=dataset.transform,
                no_map=why,
                not_alpha=not_alpha,
                pages=pages,
                other_pages=len(dataset.subdatasets) - len(pages) if pages else 0,
                orientation=orientation,
            )
    except (RasterioError, OSError) as error:
        raise SceneError(unreadable(path, error)) from error


def _place(dataset: DatasetReader, path: Path) -> tuple[Grid, NoMap | None]:
    """The grid of a file, and why a georeference that it carries gives no metres."""
    crs = dataset.crs or (None if dataset.transform.is_identity else _crs_beside(path))
    grid, why = on_map(dataset.height, dataset.width, dataset.transform, crs)
    if crs is None and why is None:
        why = CONTROL_POINTS if dataset.gcps[0] else POLYNOMIALS if dataset.rpcs else None
    return grid, why


def _orientation(dataset: DatasetReader, grid: Grid) -> int:
    """EXIF's orientation of a picture without a map; a map places the pixels as they are stored."""
    told = dataset.tags().get("EXIF_Orientation", "1").strip()
    if dataset.driver not in _PICTURE_DRIVERS or grid.georeferenced or told not in {*"12345678"}:
        return 1
    return int(told)


def _colors(dataset: DatasetReader) -> tuple[tuple[ColorInterp, ...], bool]:
    """What each band is, and whether one is tagged as alpha that is none.

    GDAL takes the fourth band of 8-bit files for alpha where nothing is said of it; often it is near-infrared.
    """
    colors = tuple(dataset.colorinterp)
    if ColorInterp.alpha not in colors or dataset.driver in _PICTURE_DRIVERS:
        return colors, False
    if _looks_like_a_mask(dataset, colors.index(ColorInterp.alpha) + 1):
        return colors, False
    return tuple(ColorInterp.undefined if color == ColorInterp.alpha else color for color in colors), True


def _looks_like_a_mask(dataset: DatasetReader, index: int) -> bool:
    """True if nearly all of a band is 0 or one other value, in windows all over the frame."""
    side = min(_ALPHA_WINDOW_PX, dataset.height), min(_ALPHA_WINDOW_PX, dataset.width)
    tops, lefts = (
        sorted({int(share * (whole - part)) for share in (0.5, 0.1, 0.9)})
        for whole, part in zip(dataset.shape, side, strict=True)
    )
    looks = [dataset.read(index, window=RasterioWindow(left, top, side[1], side[0])) for top in tops for left in lefts]
    values = np.concatenate([look.ravel() for look in looks])
    opaque = values.max()
    # The edge of a resampled or softened mask lies between.
    return bool(((values != 0) & (values != opaque)).mean() <= _SOFT_SHARE)


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

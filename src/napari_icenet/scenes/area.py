"""The area of interest of a folder: ``mask.*``, white inside."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import ColorInterp
from rasterio.warp import Resampling, reproject

from napari_icenet.common.ground import share_body
from napari_icenet.errors import SceneError
from napari_icenet.scenes.folder_listing import FolderListing, list_folder
from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.raster.file import dataset_of, inspect

MASK_SUFFIXES = frozenset({".tif", ".tiff", ".png", ".jpg", ".jpeg", ".bmp", ".gif", ".jp2", ".webp"})


def read_area(folder: Path | FolderListing, grids: Sequence[Grid]) -> tuple[NDArray[np.bool_] | None, str | None]:
    """Read a folder's area of interest.

    Parameters
    ----------
    folder : Path or FolderListing
    grids : sequence of Grid
        Of the folder's scenes.

    Returns
    -------
    area : array of bool, (height, width), or None
        True inside, on the first of the grids: where the mask is brighter than half of its
        brightest pixel and not transparent. None where there is no mask that can be used.
    problem : str or None
        Why a mask is not used, in one sentence.
    """
    paths = [
        path
        for path in list_folder(folder).files
        if path.stem.lower() == "mask" and path.suffix.lower() in MASK_SUFFIXES
    ]
    if not paths:
        return None, None
    path = paths[0]
    try:
        area, own = _white(path)
    except SceneError as error:
        return None, f"The area of interest is not used: {str(error).replace(str(path), path.name)}"
    if not area.any():
        return None, f"{path.name} is not used: it is all black; paint the area of interest white."
    return _on_images(path, area, own, grids)


def _on_images(
    path: Path, area: NDArray[np.bool_], own: Grid, grids: Sequence[Grid]
) -> tuple[NDArray[np.bool_] | None, str | None]:
    if own.georeferenced and grids[0].georeferenced:
        if share_body(own.crs, grids[0].crs):
            return on_grid(area, own, grids[0]), None
        return None, f"{path.name} is not used: it shares no map with the images; give it their coordinate system."
    alike = next((grid for grid in grids if grid.shape == own.shape), None)
    if alike is None:
        return None, (
            f"{path.name} is not used: it has {own.height} × {own.width} pixels, "
            f"the images have {grids[0].height} × {grids[0].width}; make it the same size."
        )
    return (on_grid(area, alike, grids[0]) if alike != grids[0] else area), None


def _white(path: Path) -> tuple[NDArray[np.bool_], Grid]:
    info = inspect(path)
    with dataset_of(path) as dataset:
        values = dataset.read()
        if info.colors[0] == ColorInterp.palette:
            table = dataset.colormap(1)
            values = np.moveaxis(np.array([table.get(i, (0, 0, 0, 0)) for i in range(256)])[values[0]], -1, 0)[:3]
    visible = np.ones(values.shape[1:], bool)
    if ColorInterp.alpha in info.colors:
        at = info.colors.index(ColorInterp.alpha)
        visible, values = values[at] > 0, np.delete(values, at, axis=0)
    brightness = np.nan_to_num(values.astype(np.float32).mean(axis=0))
    return visible & (brightness > brightness.max() / 2), info.grid


def on_grid(area: NDArray[np.bool_], own: Grid, grid: Grid) -> NDArray[np.bool_]:
    """An area of one grid (bool, its shape) where another grid's pixels lie: bool, (grid.height, grid.width)."""
    if own == grid:
        return area
    out = np.zeros(grid.shape, np.uint8)
    reproject(
        area.astype(np.uint8),
        out,
        src_transform=own.transform,
        src_crs=own.crs,
        dst_transform=grid.transform,
        dst_crs=grid.crs,
        resampling=Resampling.nearest,
    )
    return out.astype(bool)

"""Ground that a file says does not move: a picture, or outlines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import ColorInterp
from rasterio.errors import RasterioError

from napari_icenet.common.ground import share_body
from napari_icenet.errors import SceneError, TrackingError
from napari_icenet.scenes.area import on_grid
from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.raster.file import dataset_of, inspect

#: Suffixes of files of outlines; all others are pictures.
VECTOR_SUFFIXES = frozenset({".gpkg", ".geojson", ".json", ".shp", ".fgb", ".kml", ".gml"})
#: Formats that blur what should be black.
_LOSSY = frozenset({"JPEG", "WEBP"})


def read_stable_mask(path: str | Path, grid: Grid) -> NDArray[np.bool_]:
    """Read a mask of stable ground for a frame.

    Parameters
    ----------
    path : path
        A picture (GeoTIFF, PNG …) that is not 0 on stable ground: of the frame's shape, or, where both
        lie on a map, anywhere on it. Or a GeoPackage or GeoJSON of outlines around stable ground.
    grid : Grid
        The frame.

    Returns
    -------
    array of bool, (y, x)
        True on stable ground.

    Raises
    ------
    TrackingError
        The file cannot be read, does not fit the frame, or names no ground in it.
    """
    path = Path(path)
    stable = _outlined(path, grid) if path.suffix.lower() in VECTOR_SUFFIXES else _painted(path, grid)
    if not stable.any():
        raise TrackingError(f"{path} names no stable ground in the frame; give a mask that does.")
    return stable


def _outlined(path: Path, grid: Grid) -> NDArray[np.bool_]:
    """Pixels whose centre lies inside an outline, and in none of its holes."""
    from affine import Affine
    from rasterio.features import rasterize

    from napari_icenet.velocity.vectors.features import in_pixels, read_features

    features = in_pixels(read_features(path, grid), grid)
    outlines = features.geometry[features["kind"] == "outline"]
    if outlines.empty:
        raise TrackingError(f"{path} holds no outline of stable ground in the frame; give polygons that lie in it.")
    corner = Affine.translation(-0.5, -0.5)
    return np.asarray(rasterize(outlines, out_shape=grid.shape, transform=corner, dtype="uint8") > 0)


def _painted(path: Path, grid: Grid) -> NDArray[np.bool_]:
    try:
        info = inspect(path)
        with dataset_of(path) as dataset:
            values, known = dataset.read().astype(np.float32), dataset.dataset_mask() > 0
    except (SceneError, RasterioError) as error:
        raise TrackingError(str(error)) from error
    if ColorInterp.alpha in info.colors:
        values = np.delete(values, info.colors.index(ColorInterp.alpha), axis=0)
    bright = np.nan_to_num(values).max(axis=0)
    stable = known & (bright > (bright.max() / 2 if info.driver in _LOSSY else 0))
    own = info.grid
    if own == grid or (own.shape == grid.shape and not (own.georeferenced and grid.georeferenced)):
        return np.asarray(stable)
    if not (own.georeferenced and grid.georeferenced):
        raise TrackingError(
            f"{path} has {own.height} × {own.width} pixels, the frame has {grid.height} × {grid.width}; "
            "give a mask of the frame's size."
        )
    if not share_body(own.crs, grid.crs):
        raise TrackingError(f"{path} shares no map with the pictures; give it their coordinate system.")
    return on_grid(np.asarray(stable), own, grid)

"""One simulated scene as a Landsat product folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray

from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.scene import Flag
from napari_icenet.simulation.landsat_mtl import REFLECTANCE_GAIN, REFLECTANCE_OFFSET, mtl_groups, odl, product_id
from napari_icenet.simulation.random_fields import Raster
from napari_icenet.simulation.simulator import Frame, Simulation
from napari_icenet.simulation.sun import Sun

#: Stored values are multiples of this. It is below the sensor's noise; finer digits of noise would only
#: make the files larger.
DN_STEP = 32
README = """This is not a measurement. It is a simulated satellite scene, made by napari-icenet.

The glacier is invented; its place, grid, file names and metadata follow Landsat 8 Collection 2 Level 1
so that software for real scenes can read it. Do not use it as an observation of Byrd Glacier.
"""


def write_product(simulation: Simulation, date: int, frame: Frame, parent: Path, origin: str) -> Path:
    """Write a scene's bands, quality band, metadata and a note that it is simulated.

    Parameters
    ----------
    simulation : Simulation
    date : int
        Number of the scene.
    frame : Frame
    parent : Path
        Existing folder that receives the product folder.
    origin : str
        Who made it, for the metadata.

    Returns
    -------
    Path
        The product folder.
    """
    when, sun, grid = simulation.times[date], simulation.sun(date), simulation.grid
    name = product_id(when)
    folder = parent / name
    folder.mkdir()
    fill = (frame.flags & Flag.FILL) > 0
    for band, picture in frame.reflectance.items():
        write_tif(folder / f"{name}_{band}.TIF", digital_numbers(picture, sun, fill), grid, nodata=0)
    write_tif(folder / f"{name}_QA_PIXEL.TIF", qa_pixel(frame.flags), grid, nodata=1)
    cloud_percent = 100 * float(((frame.flags & Flag.CLOUD) > 0)[~fill].mean())
    groups = mtl_groups(
        origin=origin, when=when, sun=sun, grid=grid, bands=simulation.bands, cloud_percent=cloud_percent
    )
    (folder / f"{name}_MTL.txt").write_text(odl(groups), encoding="ascii")
    (folder / "README.txt").write_text(README, encoding="ascii")
    return folder


def digital_numbers(picture: Raster, sun: Sun, fill: NDArray[np.bool_]) -> NDArray[np.uint16]:
    """Stored values of a top-of-atmosphere reflectance; fill is 0, measurements are not."""
    overhead = np.nan_to_num(picture) * np.float32(np.sin(np.radians(sun.elevation)))
    counts = np.round((overhead - REFLECTANCE_OFFSET) / REFLECTANCE_GAIN / DN_STEP)
    numbers = np.clip(counts * DN_STEP, DN_STEP, 65535 // DN_STEP * DN_STEP).astype(np.uint16)
    numbers[fill] = 0
    return numbers


def qa_pixel(flags: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Collection 2 ``QA_PIXEL`` of :class:`~napari_icenet.scenes.scene.Flag` bits.

    Bit 0 fill, 3 cloud, 4 shadow, 5 snow, 6 clear; two-bit confidences (1 low, 3 high) of cloud from
    bit 8, of shadow from 10, of snow from 12, of cirrus from 14.
    """
    cloud, shadow, snow, fill = ((flags & flag) > 0 for flag in (Flag.CLOUD, Flag.SHADOW, Flag.SNOW, Flag.FILL))
    bits = (cloud << 3) | (shadow << 4) | (snow << 5) | (~cloud << 6)
    for first, found in ((8, cloud), (10, shadow), (12, snow)):
        bits |= np.where(found, 3, 1) << first
    bits |= 1 << 14
    return np.where(fill, 1, bits).astype(np.uint16)


def write_tif(path: Path, values: NDArray[np.generic], grid: Grid, nodata: float | None = None, **tags: str) -> None:
    """Write one GeoTIFF, tiled and deflated; (height, width) or (bands, height, width)."""
    layers = values if values.ndim == 3 else values[None]
    floating = layers.dtype.kind == "f"
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=len(layers),
        height=grid.height,
        width=grid.width,
        dtype=layers.dtype.name,
        crs=grid.crs,
        transform=grid.transform,
        nodata=nodata,
        tiled=True,
        blockxsize=128,
        blockysize=128,
        compress="deflate",
        predictor=3 if floating else 2,
        zlevel=9,
    ) as file:
        file.write(layers)
        file.update_tags(**tags)

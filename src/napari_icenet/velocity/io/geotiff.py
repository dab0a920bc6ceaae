"""A velocity map as a Cloud-Optimised GeoTIFF."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from rasterio.errors import RasterioError
from rasterio.io import MemoryFile
from rasterio.shutil import copy

from napari_icenet.common.atomic_io import write_whole
from napari_icenet.common.software import software
from napari_icenet.errors import TrackingError
from napari_icenet.velocity.cf.attributes import map_values, stable_shift, variable_attributes
from napari_icenet.velocity.cf.record import MapRecord
from napari_icenet.velocity.velocity_map import VelocityMap

SUFFIXES = (".tif", ".tiff")
#: Bands in their order; the first is what a viewer shows.
BANDS = ("vx", "vy", "v", "v_error", "ncc", "peak_ratio", "chip_size", "valid", "drow", "dcol")


def write_geotiff(velocity: VelocityMap, path: str | Path) -> None:
    """Write a map as a Cloud-Optimised GeoTIFF of float32, NaN where there is no value.

    Bands are named and carry their units; tags tell the dates, the settings and what was removed.
    Without a map the transform is the identity.

    Parameters
    ----------
    velocity : VelocityMap
    path : path
        Replaced if it is there; whole or absent.

    Raises
    ------
    TrackingError
        The file cannot be written.
    """
    cells, attributes = velocity.cells, variable_attributes(velocity)
    profile = {
        "driver": "GTiff",
        "height": cells.height,
        "width": cells.width,
        "count": len(BANDS),
        "dtype": "float32",
        "nodata": float("nan"),
        "crs": cells.crs,
        "transform": cells.transform if cells.georeferenced else None,
        "tiled": True,
    }

    def write(beside: Path) -> None:
        # The driver of COGs only copies: it lays out what is complete.
        with MemoryFile() as memory:
            with memory.open(**profile) as plain:
                for index, name in enumerate(BANDS, start=1):
                    plain.write(map_values(velocity, name).astype(np.float32), index)
                    plain.set_band_description(index, name)
                    plain.set_band_unit(index, attributes[name].get("units", ""))
                    plain.update_tags(index, long_name=attributes[name]["long_name"])
                plain.update_tags(**_tags(velocity))
            with memory.open() as plain:
                # Nearest, because sizes of chips and validity have no mean.
                copy(
                    plain, beside, driver="COG", compress="DEFLATE", predictor="YES", blocksize=256,
                    overview_resampling="NEAREST", num_threads="ALL_CPUS",
                )  # fmt: skip

    try:
        write_whole(path, dict.fromkeys(SUFFIXES, write), "maps of one pair")
    except RasterioError as error:
        raise TrackingError(f"{path} cannot be written ({error}); choose another folder.") from error


def _tags(velocity: VelocityMap) -> dict[str, str]:
    first, second = (str(when.astype("datetime64[s]")) for when in velocity.times)
    shift_x, shift_y = stable_shift(velocity)
    record = MapRecord.of(velocity)
    return {
        "TIFFTAG_SOFTWARE": software(),
        "TIFFTAG_DATETIME": f"{velocity.times[0].astype('datetime64[s]').item():%Y:%m:%d %H:%M:%S}",
        "acquisition_date_img1": first,
        "acquisition_date_img2": second,
        "date_dt": f"{velocity.days:.6f}",
        "id_img1": velocity.scenes[0],
        "id_img2": velocity.scenes[1],
        "units": velocity.unit,
        "simulated": "yes" if velocity.simulated else "no",
        "stable_shift_measured": f"{shift_x:.4f} {shift_y:.4f} {velocity.unit}",
        "stable_shift_removed": "yes" if velocity.offset_removed else "no",
        "settings": velocity.settings.model_dump_json(),
        "record": record.model_dump_json(),
        **velocity.frame.attributes,
    }

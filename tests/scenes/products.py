"""Writes tiny Landsat product folders and dated images for the tests."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray

SHAPE = (40, 50)
SUN_ELEVATION = 30.0  # sine 0.5
#: Upper left corner of pixel (0, 0), as GDAL has it.
ORIGIN_UTM = (365685.0, 8143815.0)
CRS_UTM = "EPSG:32624"
TRANSFORM_UTM = Affine(30, 0, ORIGIN_UTM[0], 0, -30, ORIGIN_UTM[1])

COLLECTION_2_L1 = "LC08_L1TP_005009_20150710_20200908_02_T1"
COLLECTION_2_L2 = "LC09_L2SP_005009_20220710_20220908_02_T1"
COLLECTION_1_L1 = "LE07_L1TP_230012_20000529_20170211_01_T1"
PRE_COLLECTION = "LC80540182015326LGN00"
PRODUCTS = {
    COLLECTION_2_L1: ("B1", "B2", "B4", "B10"),
    COLLECTION_2_L2: ("B1", "B2", "B4", "B10"),
    COLLECTION_1_L1: ("B1", "B2", "B6_VCID_1"),
    "LT05_L1TP_022006_19880401_20170209_01_T1": ("B1", "B2", "B6"),
    "LT04_L1TP_022006_19880401_20200917_02_T1": ("B1", "B2", "B6"),
    PRE_COLLECTION: ("B1", "B2", "B4"),
}

Groups = dict[str, dict[str, str]]


def stored_values(seed: int, shape: tuple[int, int] = SHAPE) -> NDArray[np.uint16]:
    """Values of a band: random, with a corner of fill (0)."""
    values = np.random.default_rng(seed).integers(7000, 20000, shape, dtype=np.uint16)
    values[:5, :7] = 0
    return values


def write_tiff(
    path: Path,
    values: NDArray[np.generic],
    *,
    transform: Affine | None = TRANSFORM_UTM,
    crs: str | None = CRS_UTM,
    **profile: object,
) -> Path:
    """Write a GeoTIFF of one band (height, width) or several (band, height, width)."""
    bands = values if values.ndim == 3 else values[None]
    options: dict[str, object] = {"driver": "GTiff", "count": len(bands), "dtype": bands.dtype, "crs": crs}
    options |= {"height": bands.shape[1], "width": bands.shape[2]}
    if transform is not None:
        options["transform"] = transform
    path.unlink(missing_ok=True)  # GDAL would delete the metadata beside a band with the band it replaces
    with rasterio.open(path, "w", **(options | profile)) as dataset:
        dataset.write(bands)
    return path


def write_picture(path: Path, values: NDArray[np.uint8], **profile: object) -> Path:
    """Write a PNG or JPEG of (height, width) or (band, height, width); alpha is the last of 2 or 4."""
    bands = values if values.ndim == 3 else values[None]
    driver = "PNG" if path.suffix == ".png" else "JPEG"
    options: dict[str, object] = {"driver": driver, "count": len(bands), "dtype": bands.dtype}
    options |= {"height": bands.shape[1], "width": bands.shape[2]}
    if driver == "JPEG":
        options["quality"] = 90
    with rasterio.open(path, "w", **(options | profile)) as dataset:
        dataset.write(bands)
    return path


def mtl_groups(product: str, bands: Sequence[str], shape: tuple[int, int] = SHAPE) -> Groups:
    """Metadata of a product, by group, as its collection has them."""
    if "_02_" in product:
        return _collection_2(product, bands, shape)
    return _collection_1(product, bands, shape)


def _extent(shape: tuple[int, int]) -> dict[str, str]:
    return {
        "REFLECTIVE_LINES": str(shape[0]),
        "REFLECTIVE_SAMPLES": str(shape[1]),
        "PANCHROMATIC_LINES": str(2 * shape[0]),
        "PANCHROMATIC_SAMPLES": str(2 * shape[1]),
        "CORNER_UL_PROJECTION_X_PRODUCT": f"{ORIGIN_UTM[0] + 15:.3f}",
        "CORNER_UL_PROJECTION_Y_PRODUCT": f"{ORIGIN_UTM[1] - 15:.3f}",
    }


def _projection() -> dict[str, str]:
    return {
        "MAP_PROJECTION": '"UTM"',
        "UTM_ZONE": "24",
        "GRID_CELL_SIZE_PANCHROMATIC": "15.00",
        "GRID_CELL_SIZE_REFLECTIVE": "30.00",
    }


def _numbers(bands: Sequence[str]) -> list[str]:
    return [band[1:] for band in bands]


def _rescaling(bands: Sequence[str], gain: str, offset: str) -> dict[str, str]:
    values = {f"REFLECTANCE_MULT_BAND_{n}": gain for n in _numbers(bands) if n not in {"10", "6", "6_VCID_1"}}
    return values | {key.replace("MULT", "ADD"): offset for key in values}


def _collection_2(product: str, bands: Sequence[str], shape: tuple[int, int]) -> Groups:
    sensor, level, path_row, day = product.split("_")[:4]
    level_2 = level.startswith("L2")
    files = {
        f"FILE_NAME_BAND_{'ST_B' if level_2 and band == 'B10' else ''}{band[1:]}": f'"{band_file(product, band)}"'
        for band in bands
    }
    groups = {
        "PRODUCT_CONTENTS": {
            "ORIGIN": '"Image courtesy of the U.S. Geological Survey"',
            "LANDSAT_PRODUCT_ID": f'"{product}"',
            "PROCESSING_LEVEL": f'"{level}"',
            "COLLECTION_NUMBER": "02",
            "COLLECTION_CATEGORY": f'"{product[-2:]}"',
            **files,
        },
        "IMAGE_ATTRIBUTES": {
            "SPACECRAFT_ID": f'"LANDSAT_{sensor[3]}"',
            "SENSOR_ID": '"OLI_TIRS"' if sensor[3] in "89" else '"TM"',
            "WRS_PATH": str(int(path_row[:3])),
            "WRS_ROW": str(int(path_row[3:])),
            "DATE_ACQUIRED": f"{day[:4]}-{day[4:6]}-{day[6:]}",
            "SCENE_CENTER_TIME": '"14:34:35.9783990Z"',
            "SUN_ELEVATION": str(SUN_ELEVATION),
        },
        "PROJECTION_ATTRIBUTES": _projection() | _extent(shape),
        "LEVEL1_PROCESSING_RECORD": {"PROCESSING_LEVEL": '"L1TP"', "DATE_PRODUCT_GENERATED": "2020-09-08T20:20:42Z"},
        "LEVEL1_RADIOMETRIC_RESCALING": _rescaling(bands, "2.0000E-05", "-0.100000"),
    }
    if level_2:
        groups["LEVEL2_SURFACE_REFLECTANCE_PARAMETERS"] = _rescaling(bands, "2.75e-05", "-0.2")
    return {"LANDSAT_METADATA_FILE": {}} | groups


def _collection_1(product: str, bands: Sequence[str], shape: tuple[int, int]) -> Groups:
    collection = "_01_" in product
    day = product.split("_")[3] if collection else "20151122"
    contents = {"ORIGIN": '"Image courtesy of the U.S. Geological Survey"', "FILE_DATE": "2017-02-11T09:26:14Z"}
    if collection:
        contents |= {"LANDSAT_PRODUCT_ID": f'"{product}"', "COLLECTION_NUMBER": "01"}
    else:
        contents |= {"LANDSAT_SCENE_ID": f'"{product}"'}
    sensor = {"LE07": "ETM", "LT05": "TM", "LT04": "TM"}.get(product[:4], "OLI_TIRS")
    return {
        "L1_METADATA_FILE": {},
        "METADATA_FILE_INFO": contents,
        "PRODUCT_METADATA": {
            "DATA_TYPE": '"L1TP"' if collection else '"L1T"',
            "SENSOR_ID": f'"{sensor}"',
            "DATE_ACQUIRED": f"{day[:4]}-{day[4:6]}-{day[6:]}",
            "SCENE_CENTER_TIME": '"14:34:35.9783990Z"',
            **{f"FILE_NAME_BAND_{band[1:]}": f'"{band_file(product, band)}"' for band in bands},
            **_extent(shape),
        },
        "IMAGE_ATTRIBUTES": {"SUN_ELEVATION": str(SUN_ELEVATION), "CLOUD_COVER": "12.00"},
        "RADIOMETRIC_RESCALING": _rescaling(bands, "2.0000E-05", "-0.100000"),
        "PROJECTION_PARAMETERS": _projection(),
    }


def band_file(product: str, band: str) -> str:
    """Name of a band's file."""
    if "_L2S" in product:
        return f"{product}_{'ST' if band == 'B10' else 'SR'}_{band}.TIF"
    return f"{product}_{band}.TIF"


def quality_file(product: str) -> str:
    """Name of the quality band's file."""
    return f"{product}_{'QA_PIXEL' if '_02_' in product else 'BQA'}.TIF"


def mtl_text(groups: Mapping[str, Mapping[str, str]]) -> str:
    """Groups as ``MTL.txt``; the first holds all others."""
    root, *others = groups
    lines = [f"GROUP = {root}"]
    for name in others:
        lines += [f"  GROUP = {name}", *(f"    {k} = {v}" for k, v in groups[name].items()), f"  END_GROUP = {name}"]
    return "\n".join([*lines, f"END_GROUP = {root}", "END", ""])


def mtl_json(groups: Mapping[str, Mapping[str, str]]) -> str:
    """Groups as ``MTL.json``; the first holds all others."""
    root, *others = groups
    return json.dumps({root: {name: {k: v.strip('"') for k, v in groups[name].items()} for name in others}})


def write_product(
    parent: Path,
    product: str = COLLECTION_2_L1,
    *,
    bands: Sequence[str] | None = None,
    groups: Groups | None = None,
    mtl: Sequence[str] = ("txt",),
    quality: NDArray[np.uint16] | None = None,
    pan: bool = False,
) -> Path:
    """Write a product folder of tiny bands and return it.

    Parameters
    ----------
    parent : Path
    product : str
        Its id, which says what collection and level it is.
    bands : sequence of str, optional
        Default: a few that its sensor has.
    groups : dict, optional
        Metadata to write in place of :func:`mtl_groups`.
    mtl : sequence of str
        Formats of the metadata file, ``txt`` and ``json``.
    quality : array of uint16, optional
        The quality band; default: fill where the bands are 0, otherwise clear.
    pan : bool
        Add band 8, of 15 m, whose origin lies half a 15 m pixel further in both directions.
    """
    folder = parent / product
    folder.mkdir(parents=True)
    bands = bands or PRODUCTS[product]
    for i, band in enumerate(bands):
        write_tiff(folder / band_file(product, band), stored_values(i))
    if pan:
        transform = Affine(15, 0, ORIGIN_UTM[0] + 7.5, 0, -15, ORIGIN_UTM[1] - 7.5)
        shape = (2 * SHAPE[0], 2 * SHAPE[1])
        write_tiff(folder / band_file(product, "B8"), stored_values(8, shape), transform=transform)
        bands = [*bands, "B8"]
    if quality is None:
        quality = np.where(stored_values(0) == 0, 1, 64 if "_02_" in product else 2).astype(np.uint16)
    write_tiff(folder / quality_file(product), quality)
    groups = groups or mtl_groups(product, bands)
    if "txt" in mtl:
        (folder / f"{product}_MTL.txt").write_text(mtl_text(groups))
    if "json" in mtl:
        (folder / f"{product}_MTL.json").write_text(mtl_json(groups))
    return folder

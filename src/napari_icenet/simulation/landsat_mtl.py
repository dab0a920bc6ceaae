"""The metadata file (MTL) of a simulated Level-1 product, group by group as Collection 2 has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from napari_icenet.scenes.grid import Grid
from napari_icenet.simulation.sun import Sun

#: Reflectance of a Level-1 product under an overhead sun: gain · DN + offset.
REFLECTANCE_GAIN, REFLECTANCE_OFFSET = 2.0e-5, -0.1
#: Solar irradiance of the bands at one astronomical unit, W/(m² µm), which ties radiance to reflectance.
IRRADIANCE = {"1": 1895.6, "2": 2004.6, "3": 1820.7, "4": 1549.4, "5": 951.2, "6": 247.6, "7": 85.5}
WRS_PATH, WRS_ROW = 54, 118
PROCESSED = "20200908"

Groups = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True)
class Literal:
    """A value that stands in the file without quotes, such as a date."""

    text: str


def product_id(when: datetime) -> str:
    """Name of a simulated product of Landsat 8, path 054, row 118, Collection 2, Tier 2."""
    return f"LC08_L1GT_{WRS_PATH:03d}{WRS_ROW:03d}_{when:%Y%m%d}_{PROCESSED}_02_T2"


def mtl_groups(
    *, origin: str, when: datetime, sun: Sun, grid: Grid, bands: Sequence[str], cloud_percent: float
) -> dict[str, dict[str, object]]:
    """Metadata of one product by group.

    Parameters
    ----------
    origin : str
        Says that the product is simulated.
    when : datetime
        Scene centre, UTC.
    sun : Sun
    grid : Grid
        EPSG:3031.
    bands : sequence of str
        ``B1`` …
    cloud_percent : float
        As the quality band has it.
    """
    product = product_id(when)
    numbers = [band[1:] for band in bands]
    files: dict[str, object] = {f"FILE_NAME_BAND_{n}": f"{product}_B{n}.TIF" for n in numbers}
    files["FILE_NAME_QUALITY_L1_PIXEL"] = f"{product}_QA_PIXEL.TIF"
    files["FILE_NAME_METADATA_ODL"] = f"{product}_MTL.txt"
    identity: dict[str, object] = {
        "LANDSAT_PRODUCT_ID": product,
        "PROCESSING_LEVEL": "L1GT",
        "COLLECTION_CATEGORY": "T2",
        "OUTPUT_FORMAT": "GEOTIFF",
    }
    types: dict[str, object] = {f"DATA_TYPE_BAND_{n}": "UINT16" for n in numbers}
    types["DATA_TYPE_QUALITY_L1_PIXEL"] = "UINT16"
    projection: dict[str, object] = {
        "MAP_PROJECTION": "PS",
        "DATUM": "WGS84",
        "ELLIPSOID": "WGS84",
        "VERTICAL_LON_FROM_POLE": Literal("0.00000"),
        "TRUE_SCALE_LAT": Literal("-71.00000"),
        "FALSE_EASTING": 0,
        "FALSE_NORTHING": 0,
        "GRID_CELL_SIZE_REFLECTIVE": Literal("30.00"),
        "ORIENTATION": "NORTH_UP",
    }
    return {
        "PRODUCT_CONTENTS": {"ORIGIN": origin} | identity | {"COLLECTION_NUMBER": Literal("02")} | files | types,
        "IMAGE_ATTRIBUTES": {
            "SPACECRAFT_ID": "LANDSAT_8",
            "SENSOR_ID": "OLI_TIRS",
            "WRS_TYPE": 2,
            "WRS_PATH": WRS_PATH,
            "WRS_ROW": WRS_ROW,
            "NADIR_OFFNADIR": "NADIR",
            "TARGET_WRS_PATH": WRS_PATH,
            "TARGET_WRS_ROW": WRS_ROW,
            "DATE_ACQUIRED": Literal(f"{when:%Y-%m-%d}"),
            "SCENE_CENTER_TIME": f"{when:%H:%M:%S.%f}0Z",
            "CLOUD_COVER": Literal(f"{cloud_percent:.2f}"),
            "SUN_AZIMUTH": Literal(f"{(sun.azimuth + 180) % 360 - 180:.8f}"),
            "SUN_ELEVATION": Literal(f"{sun.elevation:.8f}"),
            "EARTH_SUN_DISTANCE": Literal(f"{sun.distance:.7f}"),
        },
        "PROJECTION_ATTRIBUTES": projection | _extent(grid),
        "LEVEL1_PROCESSING_RECORD": {"ORIGIN": origin}
        | identity
        | {"DATE_PRODUCT_GENERATED": Literal(f"{PROCESSED[:4]}-{PROCESSED[4:6]}-{PROCESSED[6:]}T00:00:00Z")}
        | files,
        "LEVEL1_MIN_MAX_REFLECTANCE": {
            f"REFLECTANCE_{end}_BAND_{n}": Literal(f"{REFLECTANCE_GAIN * dn + REFLECTANCE_OFFSET:.6f}")
            for n in numbers
            for end, dn in (("MAXIMUM", 65535), ("MINIMUM", 1))
        },
        "LEVEL1_MIN_MAX_PIXEL_VALUE": {
            f"QUANTIZE_CAL_{end}_BAND_{n}": dn for n in numbers for end, dn in (("MAX", 65535), ("MIN", 1))
        },
        "LEVEL1_RADIOMETRIC_RESCALING": _rescaling(numbers, sun),
        "LEVEL1_PROJECTION_PARAMETERS": projection | {"RESAMPLING_OPTION": "CUBIC_CONVOLUTION"},
    }


def _rescaling(numbers: Sequence[str], sun: Sun) -> dict[str, object]:
    values: dict[str, object] = {}
    # π L d² / E is the reflectance, so radiance has the gain of reflectance times E / (π d²).
    radiance = {n: IRRADIANCE[n] / (3.14159265 * sun.distance**2) for n in numbers}
    values |= {f"RADIANCE_MULT_BAND_{n}": Literal(f"{REFLECTANCE_GAIN * radiance[n]:.4E}") for n in numbers}
    values |= {f"RADIANCE_ADD_BAND_{n}": Literal(f"{REFLECTANCE_OFFSET * radiance[n]:.5f}") for n in numbers}
    values |= {f"REFLECTANCE_MULT_BAND_{n}": Literal(f"{REFLECTANCE_GAIN:.4E}") for n in numbers}
    values |= {f"REFLECTANCE_ADD_BAND_{n}": Literal(f"{REFLECTANCE_OFFSET:.6f}") for n in numbers}
    return values


def _extent(grid: Grid) -> dict[str, object]:
    """Corners by the centres of the outermost pixels, as Landsat states them."""
    bottom, right = grid.height - 1, grid.width - 1
    values: dict[str, object] = {"REFLECTIVE_LINES": grid.height, "REFLECTIVE_SAMPLES": grid.width}
    for name, row, col in (("UL", 0, 0), ("UR", 0, right), ("LL", bottom, 0), ("LR", bottom, right)):
        longitude, latitude = (float(v) for v in grid.lonlat(row, col))
        x, y = (float(v) for v in grid.xy(row, col))
        values |= {
            f"CORNER_{name}_LAT_PRODUCT": Literal(f"{latitude:.5f}"),
            f"CORNER_{name}_LON_PRODUCT": Literal(f"{longitude:.5f}"),
            f"CORNER_{name}_PROJECTION_X_PRODUCT": Literal(f"{x:.3f}"),
            f"CORNER_{name}_PROJECTION_Y_PRODUCT": Literal(f"{y:.3f}"),
        }
    return values


def odl(groups: Groups) -> str:
    """The text of an ``MTL.txt`` (object description language)."""
    lines = ["GROUP = LANDSAT_METADATA_FILE"]
    for group, values in groups.items():
        lines.append(f"  GROUP = {group}")
        for key, value in values.items():
            text = value.text if isinstance(value, Literal) else f'"{value}"' if isinstance(value, str) else str(value)
            lines.append(f"    {key} = {text}")
        lines.append(f"  END_GROUP = {group}")
    return "\n".join([*lines, "END_GROUP = LANDSAT_METADATA_FILE", "END", ""])

"""Read time, reflectance scaling, map and origin from the metadata of a Landsat product."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from rasterio.crs import CRS

from napari_icenet.errors import SceneError
from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.landsat.mtl import Metadata
from napari_icenet.scenes.scene import Scaling

#: Surface reflectance ordered in Collection 1 is stored in ten-thousandths (LaSRC product guide).
ORDERED_SURFACE = Scaling(gain=1e-4, offset=0.0)

_THERMAL_OF_TIRS = {"B10", "B11"}
_THERMAL_OF_TM = {"B6", "B6_VCID_1", "B6_VCID_2"}
_GRID_TOLERANCE_PX = 0.01
UTM_ZONES = range(1, 61)


@dataclass(frozen=True)
class _Groups:
    """Groups of a metadata file by what they hold; the key alone does not tell."""

    contents: str
    files: str
    acquisition: str
    sun: str
    frame: str
    projection: str
    rescaling: str


_COLLECTION_1 = _Groups(
    contents="METADATA_FILE_INFO",
    files="PRODUCT_METADATA",
    acquisition="PRODUCT_METADATA",
    sun="IMAGE_ATTRIBUTES",
    frame="PRODUCT_METADATA",
    projection="PROJECTION_PARAMETERS",
    rescaling="RADIOMETRIC_RESCALING",
)
_COLLECTION_2 = _Groups(
    contents="PRODUCT_CONTENTS",
    files="PRODUCT_CONTENTS",
    acquisition="IMAGE_ATTRIBUTES",
    sun="IMAGE_ATTRIBUTES",
    frame="PROJECTION_ATTRIBUTES",
    projection="PROJECTION_ATTRIBUTES",
    rescaling="LEVEL1_RADIOMETRIC_RESCALING",
)
_SURFACE_GROUP = "LEVEL2_SURFACE_REFLECTANCE_PARAMETERS"


class LandsatMetadata:
    """A metadata file of any collection."""

    def __init__(self, metadata: Metadata) -> None:
        self.file = metadata
        self._groups = _COLLECTION_2 if "LANDSAT_METADATA_FILE" in metadata.groups else _COLLECTION_1

    def product_id(self) -> str | None:
        """The product's id; before the collections, the scene's."""
        contents = self._groups.contents
        return self.file.find("LANDSAT_PRODUCT_ID", contents) or self.file.find("LANDSAT_SCENE_ID", contents)

    def level(self) -> str | None:
        """``L1TP``, ``L2SP`` …; ``L1T`` and the like before the collections."""
        return self.file.find("PROCESSING_LEVEL", self._groups.contents) or self.file.find(
            "DATA_TYPE", self._groups.files
        )

    def day(self) -> date:
        """Day of acquisition, UTC.

        Raises SceneError: DATE_ACQUIRED is missing or no date.
        """
        return self.file.day("DATE_ACQUIRED", self._groups.acquisition)

    def time_of_day(self) -> time:
        """Time at the scene's centre, UTC.

        Raises SceneError: SCENE_CENTER_TIME is missing or no time.
        """
        return self.file.time_of_day("SCENE_CENTER_TIME", self._groups.acquisition)

    def processed(self) -> date | None:
        """Day of processing."""
        for key, groups in (
            ("DATE_PRODUCT_GENERATED", ("LEVEL2_PROCESSING_RECORD", "LEVEL1_PROCESSING_RECORD")),
            ("FILE_DATE", (self._groups.contents,)),
        ):
            text = self.file.find(key, *groups)
            if text is not None:
                try:
                    return datetime.fromisoformat(text[:10]).date()
                except ValueError:
                    continue
        return None

    def simulated(self) -> bool:
        """True if the product says of itself that it was simulated."""
        return (self.file.find("ORIGIN", self._groups.contents) or "").strip().lower().startswith("simulated")

    def band_files(self) -> dict[str, str]:
        """Names of the files of the bands that the product was delivered with, by band."""
        prefix = "FILE_NAME_BAND_"
        members = self.file.groups.get(self._groups.files, {})
        return {
            f"B{key.removeprefix(prefix).removeprefix('ST_B')}": name
            for key, name in members.items()
            if key.startswith(prefix)
        }

    def summary(self) -> dict[str, Any]:
        """Facts kept with the scene: spacecraft, sun and cloud cover, as stored."""
        found: dict[str, Any] = {"metadata_file": self.file.path.name}
        for key, groups in (
            ("SPACECRAFT_ID", (self._groups.acquisition,)),
            ("SENSOR_ID", (self._groups.acquisition,)),
            ("WRS_PATH", (self._groups.acquisition,)),
            ("WRS_ROW", (self._groups.acquisition,)),
            ("SUN_ELEVATION", (self._groups.sun,)),
            ("SUN_AZIMUTH", (self._groups.sun,)),
            ("CLOUD_COVER", (self._groups.sun,)),
            ("COLLECTION_NUMBER", (self._groups.contents,)),
            ("COLLECTION_CATEGORY", (self._groups.contents, self._groups.files)),
            ("ORIGIN", (self._groups.contents,)),
        ):
            value = self.file.find(key, *groups)
            if value is not None:
                found[key] = value
        return found

    def scaling(self, bands: Iterable[str]) -> tuple[dict[str, Scaling], str | None]:
        """Scaling of stored values to reflectance, top-of-atmosphere for Level 1, surface for Level 2.

        Level 2 never takes the values of Level 1, which stand in the same file.

        Parameters
        ----------
        bands : iterable of str
            Bands to scale; thermal ones have no reflectance and are passed over.

        Returns
        -------
        scaling : dict of str to Scaling
            Without the bands whose values are missing.
        problem : str or None
            One sentence, where a band's values are missing.
        """
        surface = (self.level() or "").upper().startswith("L2")
        group = _SURFACE_GROUP if surface else self._groups.rescaling
        sensor = self.file.find("SENSOR_ID", self._groups.acquisition) or ""
        thermal = _THERMAL_OF_TM if sensor.startswith(("TM", "ETM")) else _THERMAL_OF_TIRS
        scaling: dict[str, Scaling] = {}
        problems: dict[str, str] = {}
        for band in bands:
            if band in thermal:
                continue
            number = band.removeprefix("B")
            try:
                divisor = 1.0 if surface else self._sine_of_sun()
                scaling[band] = Scaling(
                    gain=self.file.number(f"REFLECTANCE_MULT_BAND_{number}", group),
                    offset=self.file.number(f"REFLECTANCE_ADD_BAND_{number}", group),
                    divisor=divisor,
                )
            except SceneError as error:
                problems[band] = str(error)
        if not problems:
            return scaling, None
        first = next(iter(problems.values())).split("; ")[0]
        return scaling, f"{first}; {', '.join(problems)} can be used as stored values only, not as reflectance."

    def _sine_of_sun(self) -> float:
        elevation = self.file.number("SUN_ELEVATION", self._groups.sun)
        if not 0 < elevation <= 90:
            raise SceneError(f"{self.file.path} gives a sun elevation of {elevation:g}°; that gives no reflectance")
        return math.sin(math.radians(elevation))

    def crs(self) -> CRS | None:
        """The map projection that the file names, or None."""
        group = self._groups.projection
        projection = self.file.find("MAP_PROJECTION", group)
        try:
            if projection == "UTM":
                zone = self.file.number("UTM_ZONE", group)
                return CRS.from_epsg(32600 + int(zone)) if zone in UTM_ZONES else None
            if projection == "PS":
                latitude = self.file.number("TRUE_SCALE_LAT", group)
                longitude = self.file.number("VERTICAL_LON_FROM_POLE", group)
                if (latitude, longitude) == (-71.0, 0.0):
                    return CRS.from_epsg(3031)
        except SceneError:
            return None  # a projection without its parameters is as good as none
        return None

    def disagreement(self, grid: Grid, *, pan: bool = False) -> str | None:
        """Difference between the file's account of the grid and the grid itself, or None.

        Parameters
        ----------
        grid : Grid
            Of the bands' files.
        pan : bool
            It is that of band 8.
        """
        kind = "PANCHROMATIC" if pan else "REFLECTIVE"
        frame, projection = self._groups.frame, self._groups.projection
        said = {
            key: self._maybe_number(key, group)
            for key, group in (
                (f"{kind}_LINES", frame),
                (f"{kind}_SAMPLES", frame),
                (f"GRID_CELL_SIZE_{kind}", projection),
                ("CORNER_UL_PROJECTION_X_PRODUCT", frame),
                ("CORNER_UL_PROJECTION_Y_PRODUCT", frame),
            )
        }
        lines, samples, cell, left, top = said.values()
        height, width = grid.pixel_size
        differences = []
        if (lines, samples) != (None, None) and (lines, samples) != (grid.height, grid.width):
            differences.append(f"{lines or 0:g} × {samples or 0:g} pixels, not {grid.height} × {grid.width}")
        if cell is not None and max(abs(height - cell), abs(width - cell)) > _GRID_TOLERANCE_PX * cell:
            differences.append(f"pixels of {cell:g} m, not {height:.4g} × {width:.4g} m")
        if left is not None and top is not None and not differences:
            # Corners are given at pixel centres; those of band 8 are not given at all.
            x, y = (float(v) for v in grid.xy(0, 0))
            if not pan and max(abs(x - left), abs(y - top)) > _GRID_TOLERANCE_PX * max(height, width):
                differences.append(f"its corner at {left:g}, {top:g}, not {x:g}, {y:g}")
        crs = self.crs()
        if crs is not None and grid.crs is not None and crs != grid.crs:
            differences.append(f"{_name(crs)}, not {_name(grid.crs)}")
        return "; ".join(differences) if differences else None

    def _maybe_number(self, key: str, group: str) -> float | None:
        try:
            return self.file.number(key, group)
        except SceneError:
            return None


def _name(crs: CRS) -> str:
    return f"EPSG:{crs.to_epsg()}" if crs.to_epsg() else crs.to_string()

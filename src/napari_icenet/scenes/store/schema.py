"""Schema of a saved stack: the attributes of the zarr store beside its arrays."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from affine import Affine
from pydantic import JsonValue, TypeAdapter
from rasterio.crs import CRS

from napari_icenet.common.settings_model import FrozenModel
from napari_icenet.common.zarr_attributes import zarr_attributes
from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.scene import Notice, Provenance, Scaling, Scene

FORMAT = "icenet stack"
#: Raised when a reader of an older version would misread the store.
VERSION = 1

_json: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)


class GridRecord(FrozenModel):
    """The grid: size, GDAL's six numbers of the transform, and the coordinate system as WKT."""

    height: int
    width: int
    transform: tuple[float, float, float, float, float, float]
    crs: str | None

    @classmethod
    def of(cls, grid: Grid) -> GridRecord:
        """The record of a grid."""
        return cls(
            height=grid.height,
            width=grid.width,
            transform=grid.transform.to_gdal(),
            crs=None if grid.crs is None else grid.crs.to_wkt(),
        )

    def grid(self) -> Grid:
        """The grid of the record."""
        crs = None if self.crs is None else CRS.from_wkt(self.crs)
        return Grid(self.height, self.width, Affine.from_gdal(*self.transform), crs)


class SceneRecord(FrozenModel):
    """One scene: all but its pixels."""

    id: str
    time: datetime
    time_known: bool
    bands: tuple[str, ...]
    masked: bool
    scaling: dict[str, tuple[float, float, float]]
    provenance: Provenance

    @classmethod
    def of(cls, scene: Scene, bands: tuple[str, ...]) -> SceneRecord:
        """The record of a scene in a stack of ``bands``."""
        # What JSON cannot hold (paths, dates) is kept as text.
        metadata = _json.validate_python(_plain(scene.provenance.metadata))
        assert isinstance(metadata, dict)
        return cls(
            id=scene.id,
            time=scene.time,
            time_known=scene.time_known,
            bands=tuple(band for band in bands if band in scene.bands),
            masked=scene.mask is not None,
            scaling={band: (s.gain, s.offset, s.divisor) for band, s in scene.scaling.items()},
            provenance=replace(scene.provenance, metadata=metadata),
        )

    def scalings(self) -> dict[str, Scaling]:
        """Scalings of stored values to reflectance."""
        return {band: Scaling(*numbers) for band, numbers in self.scaling.items()}


class NoticeRecord(FrozenModel):
    """Something that was told when the stack was opened."""

    message: str
    scene: str | None

    def notice(self) -> Notice:
        """The notice of the record."""
        return Notice(self.message, self.scene)


class StackRecord(FrozenModel):
    """The whole stack: all but its pixels.

    ``chunks`` counts the files of each array, so that a store that was copied in part is noticed.
    """

    name: str
    bands: tuple[str, ...]
    grid: GridRecord
    scenes: tuple[SceneRecord, ...]
    notices: tuple[NoticeRecord, ...]
    chunks: dict[str, int]


def is_saved_stack(path: Path) -> bool:
    """True if a Zarr folder is a stack saved by this package."""
    attributes = zarr_attributes(path)
    return attributes is not None and attributes.get("format") == FORMAT


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)

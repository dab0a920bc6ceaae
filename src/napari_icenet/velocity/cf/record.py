"""Record of a velocity map beside its arrays, as text in its file."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from affine import Affine
from pydantic import BaseModel, ConfigDict
from rasterio.crs import CRS

from napari_icenet.scenes.grid import Grid
from napari_icenet.velocity.map_arrays import MapArrays, Offset, map_cells
from napari_icenet.velocity.settings import VelocitySettings


class MapRecord(BaseModel):
    """All of a velocity map that is not an array over its cells."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    times: tuple[str, str]
    scenes: tuple[str, str]
    labels: tuple[str, str]
    settings: VelocitySettings
    radius: tuple[int, int]
    frame: tuple[int, int]
    transform: tuple[float, float, float, float, float, float]
    crs: str | None
    has_stable: bool
    offset: Offset | None
    offset_removed: bool
    device: str
    simulated: bool
    notes: tuple[str, ...]

    @classmethod
    def of(cls, velocity: MapArrays) -> Self:
        """The record of a map."""
        frame = velocity.frame
        return cls(
            times=(str(velocity.times[0]), str(velocity.times[1])),
            scenes=velocity.scenes,
            labels=velocity.labels,
            settings=velocity.settings,
            radius=velocity.radius,
            frame=frame.shape,
            transform=tuple(frame.transform)[:6],
            crs=None if frame.crs is None else frame.crs.to_wkt(),
            has_stable=velocity.stable is not None,
            offset=velocity.offset,
            offset_removed=velocity.offset_removed,
            device=velocity.device,
            simulated=velocity.simulated,
            notes=velocity.notes,
        )

    def fields(self) -> dict[str, Any]:
        """All fields of the map that are not arrays, by name."""
        frame = Grid(*self.frame, Affine(*self.transform), None if self.crs is None else CRS.from_wkt(self.crs))
        cells = map_cells(frame, self.settings.spacing)
        kept = ("scenes", "labels", "settings", "radius", "offset", "offset_removed", "device", "simulated", "notes")
        first, second = (np.datetime64(when) for when in self.times)
        same = {name: getattr(self, name) for name in kept}
        return {"cells": cells, "frame": frame, "times": (first, second), **same}

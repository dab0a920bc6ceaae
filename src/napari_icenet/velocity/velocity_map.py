"""A dense map of motion between two dates, for people and other programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_icenet.velocity.map_arrays import MapArrays

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True, repr=False)
class VelocityMap(MapArrays):
    """Displacement between two dates on a regular grid, with the evidence for every vector.

    Its fields and what follows from them are those of :class:`~napari_icenet.velocity.map_arrays.MapArrays`.
    """

    def to_xarray(self) -> xr.Dataset:
        """The map as a CF dataset on (y, x) with its coordinate system, under the names of ITS_LIVE; NaN is missing.

        Pictures without a map have (row, col) in place of (y, x). A velocity that is not believed is missing.
        """
        from napari_icenet.velocity.cf.map_dataset import dataset_of

        return dataset_of([self])

"""A dense map of motion between two dates, for people and other programs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_icenet.common.described import Described, dates_text
from napari_icenet.common.palette import SPEED_COLORMAP
from napari_icenet.common.text import percent_text
from napari_icenet.errors import UsageError
from napari_icenet.velocity.map_arrays import MapArrays

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class VelocityMap(Described, MapArrays):
    """Displacement between two dates on a regular grid, with the evidence for every vector.

    Its fields and what follows from them are those of :class:`~napari_icenet.velocity.map_arrays.MapArrays`.
    """

    def to_xarray(self) -> xr.Dataset:
        """The map as a CF dataset on (y, x) with its coordinate system, under the names of ITS_LIVE; NaN is missing.

        Pictures without a map have (row, col) in place of (y, x). A velocity that is not believed is missing.
        """
        from napari_icenet.velocity.cf.map_dataset import dataset_of

        return dataset_of([self])

    def facts(self) -> dict[str, str]:
        """Facts of a map: dates, shape, coordinate system, share of valid vectors."""
        speed = self.v[self.valid]
        middle = f"median {np.median(speed):.3g} {self.unit}" if speed.size else ""
        return {
            "dates": dates_text(self.times),
            "shape": f"{self.shape[0]} × {self.shape[1]}",
            "CRS": self.cells.crs_name,
            "valid": f"{percent_text(float(self.valid.mean()))} valid",
            "speed": middle,
            "origin": "simulated" if self.simulated else "",
        }

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the speed of the vectors that are believed, from zero, over the map.

        Parameters
        ----------
        ax : Axes, optional
            Default: new ones.
        """
        from napari_icenet.scenes.plot import draw_image, upper_limit

        speed = np.where(self.valid, self.v, np.nan)
        return draw_image(
            speed, self.cells, colours=SPEED_COLORMAP, limits=(0.0, upper_limit(speed)), label=f"speed ({self.unit})",
            title=f"{self.labels[0]} to {self.labels[1]}", ax=ax,
        )  # fmt: skip


def several_maps(found: VelocityMap | Iterable[VelocityMap]) -> tuple[VelocityMap, ...]:
    """Maps as they were handed over, one alone too.

    Raises UsageError: something else was handed over.
    """
    if isinstance(found, VelocityMap):
        return (found,)
    maps = tuple(found) if isinstance(found, Iterable) and not isinstance(found, str) else (found,)
    for one in maps:
        if not isinstance(one, VelocityMap):
            raise UsageError(f"A {type(one).__name__} is no velocity map; give those of icenet.map_pairs.")
    return maps

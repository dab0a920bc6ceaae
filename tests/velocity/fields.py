"""Velocity maps made by hand from velocities that are known everywhere."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from affine import Affine
from pyproj import Proj
from rasterio.crs import CRS

from napari_icenet.scenes.grid import Grid
from napari_icenet.velocity.map_arrays import map_cells
from napari_icenet.velocity.settings import VelocitySettings
from napari_icenet.velocity.velocity_map import VelocityMap

#: Byrd Glacier, polar stereographic, where the map draws ground 2 % too short.
POLAR = Grid(320, 480, Affine(30, 0, 400_000, 0, -30, -1_000_000), CRS.from_epsg(3031))
PLAIN = Grid(320, 480)

Field = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def scale_of(frame: Grid, x, y):
    """The projection's scale, from PROJ's own factors: a conformal map has one for all directions."""
    proj = Proj(frame.crs.to_wkt())
    lon, lat = proj(x, y, inverse=True)
    return np.asarray(proj.get_factors(lon, lat).meridional_scale)


def make_map(
    field: Field,
    *,
    frame: Grid = POLAR,
    spacing: int = 16,
    dates: tuple[str, str] = ("2020-01-31", "2020-02-20"),
    error_px: float = 0.05,
    ncc: float = 0.8,
    missing: np.ndarray | None = None,
) -> VelocityMap:
    """A map of ``field(x, y) -> (vx, vy)``: m/yr over map places, or px/day over (col, row) without a map."""
    cells = map_cells(frame, spacing)
    row, col = np.meshgrid(*(np.arange(n) * spacing + (spacing - 1) / 2 for n in cells.shape), indexing="ij")
    times = tuple(np.datetime64(f"{date}T12:00:00") for date in dates)
    days = (times[1] - times[0]) / np.timedelta64(1, "D")
    if frame.georeferenced:
        x, y = frame.transform @ (col + 0.5, row + 0.5)
        vx, vy = field(x, y)
        per = scale_of(frame, x, y) * days / 365.25
        dcol, drow = vx * per / frame.transform.a, vy * per / frame.transform.e
    else:
        vx, vy = field(col, row)
        dcol, drow = vx * days, vy * days
    reason = np.zeros(cells.shape, np.uint8)
    if missing is not None:
        reason[missing] = 1
    lost = np.where(reason > 0, np.nan, 1).astype(np.float32)

    def full(value: float) -> np.ndarray:
        return np.full(cells.shape, value, np.float32) * lost

    return VelocityMap(
        drow=drow.astype(np.float32) * lost,
        dcol=dcol.astype(np.float32) * lost,
        ncc=full(ncc),
        peak_ratio=full(2.0),
        error_row=full(error_px),
        error_col=full(error_px),
        chip_size=np.full(cells.shape, 32, np.uint16),
        reason=reason,
        cells=cells,
        frame=frame,
        times=times,
        scenes=("first", "second"),
        labels=dates,
        settings=VelocitySettings(spacing=spacing),
        radius=(20, 20),
    )

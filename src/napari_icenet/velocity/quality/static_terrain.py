"""Static terrain: what ground that does not move seems to move, as a density of velocities."""

from __future__ import annotations

import numpy as np

from napari_icenet.tracking.track import DAYS_PER_YEAR
from napari_icenet.velocity.quality.density import Density, blocks_of, density_of
from napari_icenet.velocity.velocity_map import VelocityMap


def static_density(velocity_map: VelocityMap) -> Density | None:
    """Density of displacements (dcol, drow) in px over stable ground; None with too few points.

    Less the scenes' offset where that is removed from the velocities, so that it describes what the
    map gives. x is along the columns, y down the rows; u and v have their widths.
    """
    if velocity_map.stable is None:
        return None
    used = velocity_map.stable & velocity_map.valid
    drow, dcol = (d[used].astype(float) for d in velocity_map.moved)
    rows, cols = np.nonzero(used)
    side = float(np.median(velocity_map.chip_size[used])) / velocity_map.settings.spacing if used.any() else 1.0
    return density_of(dcol, drow, blocks_of(rows, cols, side))


def per_pixel(velocity_map: VelocityMap) -> tuple[float, float]:
    """(u, v): velocity in the map's unit of one px along the columns and down the rows, in the middle.

    v has the sign of the grid's y. On a grid that is turned on its map both are lengths.
    """
    if not velocity_map.frame.georeferenced:
        return 1 / velocity_map.days, 1 / velocity_map.days
    t = velocity_map.frame.transform
    kx, ky = (float(np.median(k)) for k in velocity_map.ground_scale)
    per_year = DAYS_PER_YEAR / velocity_map.days
    if t.b == 0 and t.d == 0:
        return t.a / kx * per_year, t.e / ky * per_year
    return float(np.hypot(t.a / kx, t.d / ky)) * per_year, float(np.hypot(t.b / kx, t.e / ky)) * per_year

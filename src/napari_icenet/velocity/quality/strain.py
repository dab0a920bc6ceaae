"""Strain rates of a velocity map in the direction of flow, and how much they vary.

Ice deforms smoothly, so strain rates that vary from cell to cell are mostly errors of matching.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_icenet.common.types import F64, Bool
from napari_icenet.velocity.quality.density import Density, blocks_of, density_of
from napari_icenet.velocity.velocity_map import VelocityMap

#: Width of the neighbourhood whose mean direction is the flow's, metres; without a map in cells.
DIRECTION_METRES, DIRECTION_CELLS = 1500.0, 9
_WIDEST = 35
#: Ice flows where it moves this many times further than errors, and at least so far, px.
FLOWS_SIGMA, FLOWS_PX = 3.0, 0.5


@dataclass(frozen=True)
class StrainRates:
    """Strain rates in the direction of flow, (y, x); NaN where they are not known.

    Attributes
    ----------
    along : array of float64
        δx′x′'s argument: stretching along the flow, in ``unit``.
    shear : array of float64
        Half the shear rate between along and across, in ``unit``.
    across : array of float64
        Stretching across the flow, in ``unit``.
    flowing : array of bool
        Where the ice flows: only there are strain rates given.
    unit : str
        ``1/yr``, or ``1/day`` without a map.
    """

    along: F64
    shear: F64
    across: F64
    flowing: Bool
    unit: str


def flowing_cells(velocity_map: VelocityMap) -> Bool:
    """Valid cells that are not stable ground and move by more than errors could make them."""
    offset = velocity_map.offset
    drow, dcol = velocity_map.drow.astype(float), velocity_map.dcol.astype(float)
    spread = 0.0
    if offset is not None:
        drow, dcol = drow - offset.drow, dcol - offset.dcol
        spread = float(np.hypot(offset.spread_row, offset.spread_col))
    error = np.fmax(np.hypot(velocity_map.error_row, velocity_map.error_col), spread)
    moves = np.hypot(drow, dcol) > np.fmax(FLOWS_SIGMA * np.nan_to_num(error), FLOWS_PX)
    ground = np.zeros(velocity_map.shape, bool) if velocity_map.stable is None else velocity_map.stable
    return np.asarray(velocity_map.valid & moves & ~ground)


def strain_rates(velocity_map: VelocityMap) -> StrainRates:
    """Strain rates by Sobel's gradient over 3 × 3 cells, turned into the mean direction around each cell.

    The gradient is divided by 8, so that these are true rates (GLAFT's program leaves the factor in).
    The direction is the mean of the unit vectors within 1500 m.
    """
    from scipy.ndimage import correlate

    flowing = flowing_cells(velocity_map)
    vx, vy = (np.where(velocity_map.valid, v, np.nan).astype(float) for v in velocity_map.velocity)
    kernel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8
    by_col, by_row = ([correlate(v, k, mode="constant", cval=np.nan) for v in (vx, vy)] for k in (kernel, kernel.T))
    dx, dy = _gradients(velocity_map, by_col, by_row)
    cos, sin = _direction(velocity_map, vx, vy, flowing)
    exx, eyy, exy = dx[0], dy[1], (dy[0] + dx[1]) / 2
    along = exx * cos**2 + eyy * sin**2 + 2 * exy * sin * cos
    across = exx * sin**2 + eyy * cos**2 - 2 * exy * sin * cos
    shear = (eyy - exx) * sin * cos + exy * (cos**2 - sin**2)
    along, shear, across = (np.where(flowing, e, np.nan) for e in (along, shear, across))
    return StrainRates(along, shear, across, flowing, "1/yr" if velocity_map.frame.georeferenced else "1/day")


def strain_density(velocity_map: VelocityMap, rates: StrainRates) -> Density | None:
    """Density of (along, shear) over the flowing ice; its half-widths are δx′x′ and δx′y′."""
    known = np.isfinite(rates.along) & np.isfinite(rates.shear)
    rows, cols = np.nonzero(known)
    side = _chip_cells(velocity_map, known) + 2
    return density_of(rates.along[known], rates.shear[known], blocks_of(rows, cols, side))


def _chip_cells(velocity_map: VelocityMap, cells: Bool) -> float:
    side = float(np.median(velocity_map.chip_size[cells])) if cells.any() else 0.0
    return max(side / velocity_map.settings.spacing, 1.0)


def _gradients(velocity_map: VelocityMap, by_col: list[F64], by_row: list[F64]) -> tuple[list[F64], list[F64]]:
    """Derivatives along x and y, on the ground, from those per cell along columns and rows."""
    if not velocity_map.frame.georeferenced:
        spacing = velocity_map.settings.spacing
        return [g / spacing for g in by_col], [g / spacing for g in by_row]
    t, (kx, ky) = velocity_map.cells.transform, velocity_map.ground_scale
    # x = (a col + b row) / kx, y = (d col + e row) / ky; turned round for d col/dx and so on.
    turn = t.a * t.e - t.b * t.d
    in_x = [(t.e * c - t.d * r) / turn * kx for c, r in zip(by_col, by_row, strict=True)]
    in_y = [(t.a * r - t.b * c) / turn * ky for c, r in zip(by_col, by_row, strict=True)]
    return in_x, in_y


def _direction(velocity_map: VelocityMap, vx: F64, vy: F64, flowing: Bool) -> tuple[F64, F64]:
    from scipy.ndimage import uniform_filter

    size: float = DIRECTION_CELLS
    if velocity_map.frame.georeferenced:
        side = float(np.mean(velocity_map.cells.pixel_size)) / float(np.median(velocity_map.ground_scale[0]))
        size = DIRECTION_METRES / side
    size = min(2 * int(max(size, 3) // 2) + 1, _WIDEST)
    with np.errstate(invalid="ignore", divide="ignore"):
        speed = np.hypot(vx, vy)
        unit = [np.where(flowing & (speed > 0), v / speed, 0.0) for v in (vx, vy)]
    # The sum of unit vectors knows no jump from 360° to 0°.
    mean = [uniform_filter(u, size, mode="constant") for u in unit]
    length = np.hypot(*mean)
    with np.errstate(invalid="ignore", divide="ignore"):
        cos, sin = (np.where(length > 1e-9, m / length, np.nan) for m in mean)
    return cos, sin

"""Offset of two scenes against each other, from ground that does not move.

Stable ground is what a mask names, or else the slow mode of the map: a narrow, compact cluster of
displacements nearer to zero than what moves. Where neither is there, nothing is removed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.robust import robust_deviation
from napari_icenet.common.text import capital
from napari_icenet.common.types import Bool
from napari_icenet.errors import TrackingError
from napari_icenet.tracking.stable_ground import check_mask
from napari_icenet.velocity.map_arrays import Offset
from napari_icenet.velocity.stable_ground.slow_mode import slow_cells
from napari_icenet.velocity.velocity_map import VelocityMap

#: Fewer valid points than this do not measure an offset.
LEAST_POINTS = 10
#: A match is one of stable ground if at least this share of its chip is.
STABLE_SHARE = 0.75
#: Sides of the squares, in chips, that are left out in turn to see what an offset leaves behind.
_BLOCK_CHIPS = 2


class StableGroundError(TrackingError):
    """Too few matches of a pair lie on stable ground, though others may have enough."""


@dataclass(frozen=True)
class Residual:
    """Residual motion on stable ground once its offset is removed.

    Attributes
    ----------
    drow, dcol : float
        Half the difference of the medians over two halves of the ground (a chequerboard of blocks
        two chips wide): how far the offset itself can be trusted, px. NaN where one half has too
        few points.
    rms : float
        Root mean square length of the displacements about the offset, outliers included, px.
    """

    drow: float
    dcol: float
    rms: float


def stable_cells(velocity_map: VelocityMap, mask: Bool) -> Bool:
    """Cells of a map whose chip lies on stable ground for at least ``STABLE_SHARE``.

    Parameters
    ----------
    velocity_map : VelocityMap
    mask : array of bool, (y, x) of the frame
        True on stable ground.

    Raises
    ------
    TrackingError
        The mask has another shape than the frame.
    """
    frame, spacing = velocity_map.frame, velocity_map.settings.spacing
    check_mask(mask, frame.shape)
    side = np.where(velocity_map.chip_size > 0, velocity_map.chip_size, velocity_map.settings.chip)
    return _on_mask(mask, spacing, side, velocity_map.shape)


def points_on_mask(mask: Bool, spacing: int, chips: Sequence[int]) -> int:
    """Number of points of a map of which any of the chips that are tried lies on a mask: more cannot match there.

    Parameters
    ----------
    mask : array of bool, (y, x) of the frame
        True on stable ground.
    spacing : int
        Distance between the points of the map, px.
    chips : sequence of int
        Sides of the chips, px.
    """
    shape = mask.shape[0] // spacing, mask.shape[1] // spacing
    found = np.zeros(shape, bool)
    for chip in chips:
        found |= _on_mask(mask, spacing, np.full(shape, chip), shape)
    return int(found.sum())


def check_stable_ground(mask: Bool, spacing: int, chips: Sequence[int]) -> None:
    """Make sure that a mask has room for the matches that an offset needs, before any is made.

    Raises TrackingError: fewer than ``LEAST_POINTS`` points (:func:`points_on_mask`) lie on it.
    """
    count = points_on_mask(mask, spacing, chips)
    if count < LEAST_POINTS:
        raise TrackingError(
            f"only {count} of the map's points, {spacing} px apart, {'has' if count == 1 else 'have'} a chip of "
            f"{min(chips)} px or more that lies on stable ground to {STABLE_SHARE:.0%}, and {LEAST_POINTS} are needed; "
            "give a larger mask, a smaller chip or a closer spacing."
        )


def _on_mask(mask: Bool, spacing: int, chip: NDArray[np.integer], shape: tuple[int, int]) -> Bool:
    """Cells (of ``shape``) whose chip, or the cell itself where that is larger, lies on a mask."""
    height, width = mask.shape
    # Sums over any rectangle from four corners; pixels outside the frame count as not stable.
    total = np.zeros((height + 1, width + 1), np.int32 if mask.size < 2**31 else np.int64)
    total[1:, 1:] = mask
    for axis in (0, 1):
        np.cumsum(total, axis=axis, out=total)
    half = np.maximum(chip, spacing).astype(np.int64) // 2
    row = (np.arange(shape[0]) * spacing + spacing // 2)[:, None]
    col = (np.arange(shape[1]) * spacing + spacing // 2)[None, :]
    top, bottom = (np.clip(row + step, 0, height) for step in (-half, half))
    left, right = (np.clip(col + step, 0, width) for step in (-half, half))
    inside = total[bottom, right] - total[top, right] - total[bottom, left] + total[top, left]
    return np.asarray(inside >= STABLE_SHARE * (2 * half) ** 2)


def stable_offset(velocity_map: VelocityMap, cells: Bool, source: Literal["mask", "slow mode"] = "mask") -> Offset:
    """Median displacement, with its spread, of the valid matches on stable cells.

    Parameters
    ----------
    velocity_map : VelocityMap
    cells : array of bool, (y, x) of the map
    source : {'mask', 'slow mode'}

    Raises
    ------
    TrackingError
        Fewer than ``LEAST_POINTS`` valid matches lie on stable ground.
    """
    used = cells & velocity_map.valid
    count = int(used.sum())
    if count < LEAST_POINTS:
        raise StableGroundError(
            f"only {count} valid {'match lies' if count == 1 else 'matches lie'} on stable ground between "
            f"{_dates(velocity_map)} and {LEAST_POINTS} are needed; give a larger mask, a smaller chip or "
            "a closer spacing."
        )
    (row, spread_row), (col, spread_col) = (
        _median_and_spread(d[used].astype(float)) for d in (velocity_map.drow, velocity_map.dcol)
    )
    return Offset(row, col, spread_row, spread_col, count, source)


def slow_mode(velocity_map: VelocityMap) -> tuple[Bool, Offset] | None:
    """Stable ground found in the map itself: cells (y, x) and their offset; None where there is none.

    See :func:`~napari_icenet.velocity.stable_ground.slow_mode.slow_cells` for what counts as such.
    """
    valid = velocity_map.valid
    side = float(np.median(velocity_map.chip_size[valid])) if valid.any() else float(velocity_map.settings.chip)
    cells = slow_cells(velocity_map.drow, velocity_map.dcol, valid, side / velocity_map.settings.spacing)
    if cells is None:
        return None
    return cells, stable_offset(velocity_map, cells, "slow mode")


def coregistered(velocity_map: VelocityMap, stable: Bool | None, remove: bool) -> VelocityMap:
    """The map with the offset of stable ground measured and, where asked for, removed.

    ``drow`` and ``dcol`` stay as measured; only velocities are corrected.

    Parameters
    ----------
    velocity_map : VelocityMap
    stable : array of bool, (y, x) of the frame, or None
        Ground that does not move; without it the slow mode of the map is looked for.
    remove : bool
        Whether velocities are to be given less the offset.

    Raises
    ------
    TrackingError
        The mask has another shape than the frame, or the offset is to be removed and there is no
        stable ground to measure it on.
    """
    cells: Bool | None = None
    offset: Offset | None = None
    if stable is not None:
        cells = stable_cells(velocity_map, stable)
        try:
            offset = stable_offset(velocity_map, cells)
        except TrackingError as error:
            if remove:
                raise
            return replace(velocity_map, stable=cells, notes=(*velocity_map.notes, capital(str(error))))
    else:
        found = slow_mode(velocity_map)
        if found is None:
            if remove:
                raise StableGroundError(
                    f"no ground that stands still can be told from the ice between {_dates(velocity_map)}, so no "
                    "offset can be removed; give a mask of stable ground, or leave co-registration off."
                )
            note = "No ground that stands still could be told from the ice; the offset of the scenes is not known."
            return replace(velocity_map, notes=(*velocity_map.notes, note))
        cells, offset = found
    return replace(
        velocity_map,
        stable=cells,
        offset=offset,
        offset_removed=remove,
        notes=(*velocity_map.notes, _account(velocity_map, offset, remove)),
    )


def offset_error(velocity_map: VelocityMap) -> tuple[float, float]:
    """One-sigma error of the offset's (drow, dcol), px; NaN where there is no offset.

    That of a median of as many values as there are chips side by side (chips that overlap share
    their pixels, and so their errors), and with it what two halves of the ground differ by
    (:func:`residual`): light and terrain act on wide areas alike.
    """
    offset = velocity_map.offset
    used = velocity_map.valid if velocity_map.stable is None else velocity_map.stable & velocity_map.valid
    if offset is None or not used.any():
        return float("nan"), float("nan")
    side = float(np.median(velocity_map.chip_size[used]))
    share = min(1.0, (velocity_map.settings.spacing / max(side, 1.0)) ** 2)
    root = np.sqrt(np.pi / 2 / max(offset.count * share, 1.0))
    halves = residual(velocity_map)
    left = (0.0, 0.0) if halves is None else (np.nan_to_num(halves.drow), np.nan_to_num(halves.dcol))
    return float(np.hypot(offset.spread_row * root, left[0])), float(np.hypot(offset.spread_col * root, left[1]))


def residual(velocity_map: VelocityMap) -> Residual | None:
    """Residual that the offset leaves on stable ground; None where there is no offset."""
    offset, stable = velocity_map.offset, velocity_map.stable
    if offset is None or stable is None:
        return None
    used = stable & velocity_map.valid
    if not used.any():
        return None
    rows, cols = np.nonzero(used)
    drow, dcol = velocity_map.drow[used].astype(float), velocity_map.dcol[used].astype(float)
    side = max(float(np.median(velocity_map.chip_size[used])) / velocity_map.settings.spacing, 1.0)
    block = max(round(_BLOCK_CHIPS * side), 1)
    white = (rows // block + cols // block) % 2 == 0
    rms = float(np.sqrt(np.mean((drow - offset.drow) ** 2 + (dcol - offset.dcol) ** 2)))
    if min(white.sum(), (~white).sum()) < LEAST_POINTS // 2:
        return Residual(float("nan"), float("nan"), rms)
    # Half the points each: the difference of two halves has twice the error of the whole.
    row, col = (abs(float(np.median(d[white]) - np.median(d[~white]))) / 2 for d in (drow, dcol))
    return Residual(row, col, rms)


def _median_and_spread(values: NDArray[np.float64]) -> tuple[float, float]:
    return float(np.median(values)), robust_deviation(values)


def _account(velocity_map: VelocityMap, offset: Offset, removed: bool) -> str:
    ground = "Stable ground of the mask" if offset.source == "mask" else "The slow mode of the map, taken as stable,"
    return (
        f"{ground} ({offset.count} points) moved by {offset.drow:.3f} px along rows and {offset.dcol:.3f} px along "
        f"columns (spread {offset.spread_row:.3f} and {offset.spread_col:.3f} px); velocities are given "
        f"{'less' if removed else 'with'} it."
    )


def _dates(velocity_map: VelocityMap) -> str:
    return " and ".join(velocity_map.labels)

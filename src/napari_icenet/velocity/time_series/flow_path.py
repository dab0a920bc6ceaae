"""What a pair over a long time owes to the way the ice has gone.

A velocity belongs to a place; a displacement follows the ice from its first date on, through places
of other speed. The difference between the way and the sum of what is measured at its start is worked
out here from the velocities themselves, so that it can be taken off the pair.
"""

from __future__ import annotations

import numpy as np

from napari_icenet.common.types import F32, F64
from napari_icenet.velocity.time_series.network_adjustment import Pairs

#: Cells over which displacements are smoothed before ice is sent along them: median, then Gaussian.
_MEDIAN, _SIGMA = 5, 1.0


def way_less_start(pairs: Pairs, moved: F32, step: int, shape: tuple[int, int], spacing: int) -> F32:
    """Displacement along the ice's way less the sum of the intervals' at its start, px.

    Parameters
    ----------
    pairs : Pairs
    moved : array of float32, (2, interval, h, w)
        Displacements (rows, columns) in each interval at every ``step``-th cell, px; NaN is missing.
    step : int
    shape : (int, int)
        (y, x) of all cells.
    spacing : int
        Pixels between cells.

    Returns
    -------
    array of float32, (2, pair, y, x)
        0 where an interval on the way is known nowhere.
    """
    fields = [[_smooth(moved[axis, k]) for axis in range(2)] for k in range(moved.shape[1])]
    start = np.indices(shape, float)
    out = np.zeros((2, len(pairs.first), *shape), np.float32)
    for date in np.unique(pairs.first):
        for ahead in (True, False):
            ends = pairs.second[pairs.first == date]
            last = ends.max() if ahead else ends.min()
            intervals = range(date, last) if ahead else range(date - 1, last - 1, -1)
            place, plain, sign = start.copy(), np.zeros_like(start), 1 if ahead else -1
            for k in intervals:
                here = _at(fields[k], start, step)
                at = place if ahead else place - _at(fields[k], place, step) / spacing
                place = place + sign * _at(fields[k], at, step) / spacing
                plain += sign * here
                reached = k + 1 if ahead else k
                for p in np.flatnonzero((pairs.first == date) & (pairs.second == reached)):
                    out[:, p] = np.nan_to_num((place - start) * spacing - plain)
    return out


def _smooth(values: F32) -> F64:
    """A field without gaps and single-cell noise; all NaN where nothing is known."""
    from scipy.ndimage import distance_transform_edt, gaussian_filter, median_filter

    missing = ~np.isfinite(values)
    if missing.all():
        return values.astype(float)
    nearest = distance_transform_edt(missing, return_distances=False, return_indices=True)
    filled = values.astype(float)[tuple(nearest)]
    return np.asarray(gaussian_filter(median_filter(filled, _MEDIAN, mode="nearest"), _SIGMA, mode="nearest"))


def _at(fields: list[F64], place: F64, step: int) -> F64:
    """Both components at places (2, y, x) in cells; held constant outside."""
    from scipy.ndimage import map_coordinates

    return np.stack([map_coordinates(f, place / step, order=1, mode="nearest") for f in fields])

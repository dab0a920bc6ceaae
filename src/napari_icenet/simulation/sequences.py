"""Sequences of simulated ice, straight into memory, each with its true positions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.struct_of_arrays import StructOfArrays
from napari_icenet.common.types import F64
from napari_icenet.simulation.glacier import SimulatedGlacier, TrainingSettings
from napari_icenet.simulation.random_fields import Raster, stream

#: Places tried for each sequence of a glacier, and the farthest that a frame may overlap the fill.
CANDIDATES, MOST_FILL = 40, 0.1
#: Of two places, the least distance along row or column as a share of the chip's side.
APART = 0.25


@dataclass(frozen=True, eq=False)
class SimulatedSequences(StructOfArrays):
    """n sequences of T frames of C × C pixels on the ice's true positions.

    Attributes
    ----------
    chips : array of float32, (n, T, C, C)
        Top-of-atmosphere reflectance; NaN where missing.
    days : array of float64, (n, T)
        Days since the sequence's first frame.
    true_rows, true_cols : array of float64, (n, T)
        Where the ice truly is: what the first chip's centre shows. Chips are cut at the whole pixels r, c
        nearest to it: rows r − C/2 … r + C/2 − 1.
    valid : array of bool, (n, T)
        Whether the frame shows the ice: little of it cloud, shadow or fill.
    cloud : array of float32, (n, T)
        Share of cloud and cloud shadow in truth.
    band : array of str, (n,)
    """

    chips: Raster
    days: F64
    true_rows: F64
    true_cols: F64
    valid: NDArray[np.bool_]
    cloud: Raster
    band: NDArray[np.str_]


def sequences_of(glacier: SimulatedGlacier, settings: TrainingSettings) -> SimulatedSequences:
    """Cut a glacier's sequences at seeded places that stay in the frame on all dates."""
    generator = stream(glacier.settings.seed, "places")
    true_rows, true_cols = _places(glacier, settings, generator)
    rows, cols = np.rint(true_rows).astype(np.int64), np.rint(true_cols).astype(np.int64)
    n, frames = rows.shape
    side, half = settings.chip, settings.chip // 2
    bands = generator.integers(0, len(glacier.bands), (n,))
    chips = np.empty((n, frames, side, side), np.float32)
    cloud = np.empty((n, frames), np.float32)
    for i in range(n):
        for t in range(frames):
            r, c = int(rows[i, t]) - half, int(cols[i, t]) - half
            square = slice(r, r + side), slice(c, c + side)
            chips[i, t] = glacier.pictures[t, bands[i], *square]
            cloud[i, t] = glacier.clouded[t][square].mean()
    fill = np.isnan(chips).mean(axis=(2, 3)).astype(np.float32)
    return SimulatedSequences(
        chips=chips,
        days=np.tile((glacier.times - glacier.times[0]) / np.timedelta64(86400, "s"), (n, 1)),
        true_rows=true_rows,
        true_cols=true_cols,
        valid=(cloud <= settings.max_cloud) & (fill <= settings.max_fill),
        cloud=cloud,
        band=np.array(glacier.bands)[bands],
    )


def _places(glacier: SimulatedGlacier, settings: TrainingSettings, generator: np.random.Generator) -> tuple[F64, F64]:
    """True positions (n, T) of the chips: seeded, inside on every date, not too close to each other."""
    half, size = settings.chip // 2, glacier.settings.size
    tried = generator.integers(half, size - half + 1, (CANDIDATES * settings.per_glacier, 2)).astype(float)
    rows, cols = glacier.positions(tried[:, 0], tried[:, 1])
    whole = np.rint(rows), np.rint(cols)
    inside = np.all([(w >= half) & (w <= size - half) for w in whole], axis=(0, 2))
    chosen: list[int] = []
    for i in np.flatnonzero(inside):
        r, c = (w[i].astype(int) for w in whole)
        apart = all(
            max(abs(tried[i, 0] - tried[j, 0]), abs(tried[i, 1] - tried[j, 1])) >= APART * settings.chip for j in chosen
        )
        first = glacier.pictures[0, 0, r[0] - half : r[0] + half, c[0] - half : c[0] + half]
        if apart and np.isnan(first).mean() <= MOST_FILL:
            chosen.append(int(i))
        if len(chosen) == settings.per_glacier:
            break
    return rows[chosen], cols[chosen]

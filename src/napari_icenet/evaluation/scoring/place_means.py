"""The paper's Figure 4 as data: mean correlation of every place of the chips' grid, georeferenced."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from napari_icenet.common.software import software
from napari_icenet.evaluation.scoring.scores import Scores
from napari_icenet.scenes.grid import Grid


@dataclass(frozen=True, eq=False)
class PlaceMeans:
    """Means over bands and windows of dates, a cell for each place that sequences start at.

    Attributes
    ----------
    values : array of float32, (P, 2, height, width)
        Mean correlation of each predictor at t1 and at t2; NaN where no chip counts.
    counts : array of int32, (2, height, width)
        Chips in each mean.
    cells : Grid
        A cell has the side of the stride, and the chip's centre in its middle.
    row, col : int
        Position of the chips of the first cell, px.
    stride : int
        Side of a cell, px.
    """

    values: NDArray[np.float32]
    counts: NDArray[np.int32]
    cells: Grid
    row: int
    col: int
    stride: int


def place_means(scores: Scores, grid: Grid, *, chip: int, stride: int) -> PlaceMeans:
    """Means of the scores of one stack, place by place.

    Parameters
    ----------
    scores : Scores
        Of one stack and way of tracking; at least one.
    grid : Grid
        The stack's.
    chip, stride : int
        Side of the chips, and distance between places, px.
    """
    # The first chip lies in the corner; robust tracks may begin a little off their place.
    every = np.rint((scores.place - chip // 2) / stride).astype(np.int64)
    low = every.min(0)
    at = every - low
    height, width = (int(v) + 1 for v in at.max(0))
    cell = at[:, 0] * width + at[:, 1]
    kinds = scores.ncc.shape[1]
    values = np.full((kinds, 2, height * width), np.nan, np.float32)
    counts = np.zeros((2, height * width), np.int32)
    for k in (0, 1):
        chosen = scores.counted[:, k]
        counts[k] = np.bincount(cell[chosen], minlength=height * width)
        some = counts[k] > 0
        for p in range(kinds):
            sums = np.bincount(cell[chosen], scores.ncc[chosen, p, k], height * width)
            values[p, k, some] = sums[some] / counts[k, some]
    row, col = (chip // 2 + stride * int(v) for v in low)
    # The centre of an even chip is the corner that its position's pixel shares with the one before.
    transform = grid.transform @ Affine.translation(col - stride / 2, row - stride / 2) @ Affine.scale(stride)
    cells = Grid(height, width, transform, grid.crs)
    return PlaceMeans(
        values.reshape(kinds, 2, height, width), counts.reshape(2, height, width), cells, row, col, stride
    )


def write_map(maps: PlaceMeans, p: int, path: Path, *, title: str, simulated: bool) -> None:
    """Write the map of one predictor as GeoTIFF of float32: t2, t1, and the number of chips at t2.

    Without a map the transform is that of the cells in pixels of the pictures.
    """
    import rasterio

    bands = (
        ("t2", "mean correlation with the chip at t2", maps.values[p, 1]),
        ("t1", "mean correlation with the chip at t1", maps.values[p, 0]),
        ("chips", "number of chips in the mean at t2", maps.counts[1].astype(np.float32)),
    )
    with rasterio.open(
        path, "w", driver="GTiff", height=maps.cells.height, width=maps.cells.width, count=len(bands),
        dtype="float32", nodata=float("nan"), crs=maps.cells.crs, transform=maps.cells.transform, compress="DEFLATE",
    ) as out:  # fmt: skip
        for index, (name, meaning, values) in enumerate(bands, start=1):
            out.write(values, index)
            out.set_band_description(index, name)
            out.update_tags(index, long_name=meaning)
        told = {"predictor": title, "simulated": "yes" if simulated else "no"} | maps.cells.attributes
        out.update_tags(TIFFTAG_SOFTWARE=software(), **told)

"""Cells of a map: those asked for, and the order in which they are worked on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_icenet.datasets.tracking.chip_grid import grid_positions
from napari_icenet.errors import UsageError
from napari_icenet.evaluation.correlation_map.settings import MapSettings

Index = NDArray[np.int64]
Flags = NDArray[np.bool_]
#: How far beyond the asked cells chips are followed too, in sides of a chip: neighbours confirm each other's motion.
_MARGIN_CHIPS = 3


@dataclass(frozen=True, eq=False)
class Cells:
    """The chips' grid over a frame.

    Attributes
    ----------
    rows, cols : array of int64, (R,) and (C,)
        Positions of the chips, px.
    asked : array of bool, (R, C)
        Cells that are asked for.
    followed : array of bool, (R, C)
        Cells whose chips are followed: those, and in robust tracking the neighbours that judge them.
    """

    rows: Index
    cols: Index
    asked: Flags
    followed: Flags

    @property
    def shape(self) -> tuple[int, int]:
        """(R, C)."""
        return len(self.rows), len(self.cols)

    @property
    def places(self) -> tuple[Index, Index]:
        """Positions of the chips that are followed, row by row, (n,) each."""
        r, c = np.nonzero(self.followed)
        return self.rows[r], self.cols[c]

    def numbers(self, rows: Index, cols: Index) -> Index:
        """Number of the cell of each position on the grid, counted row by row."""
        return np.searchsorted(self.rows, rows) * len(self.cols) + np.searchsorted(self.cols, cols)

    def tiles(self, side: int) -> list[Index]:
        """Numbers of the asked cells in squares of ``side`` cells, from the middle of what is asked for outwards."""
        r, c = np.nonzero(self.asked)
        tile = np.stack([r // side, c // side], axis=1)
        middle = (np.array([r.min() + r.max(), c.min() + c.max()]) + 1) / 2
        keys, which = np.unique(tile, axis=0, return_inverse=True)
        away = np.hypot(*((keys + 0.5) * side - middle).T)
        number, order = r * len(self.cols) + c, np.argsort(which.reshape(-1), kind="stable")
        groups = np.split(number[order], np.cumsum(np.bincount(which.reshape(-1)))[:-1])
        return [groups[k] for k in np.argsort(away, kind="stable")]


def choose_cells(shape: tuple[int, int], settings: MapSettings, area: Flags | None = None) -> Cells:
    """The cells of a frame, and those whose centre lies in an area.

    Parameters
    ----------
    shape : (int, int)
        Height and width of the frame, px.
    settings : MapSettings
    area : array of bool, (height, width), optional
        Default: the whole frame.

    Raises
    ------
    UsageError
        The area has another shape, or holds the centre of no chip.
    """
    if area is not None and area.shape != shape:
        raise UsageError(
            f"the area has {area.shape[0]} × {area.shape[1]} px and the frame {shape[0]} × {shape[1]}; draw it anew."
        )
    every = grid_positions(shape, settings.cutting)
    rows, cols = np.unique(every[0]), np.unique(every[1])
    asked = np.ones((len(rows), len(cols)), bool) if area is None else np.asarray(area[np.ix_(rows, cols)], bool)
    if not asked.any():
        raise UsageError(
            f"no chip of {settings.chip} px has its centre in this area; choose a larger one, or a smaller stride."
        )
    return Cells(rows, cols, asked, _surrounded(asked, settings))


def _surrounded(asked: Flags, settings: MapSettings) -> Flags:
    if settings.tracking == "chain":
        return asked
    margin = -(-_MARGIN_CHIPS * settings.chip // settings.stride)
    r, c = np.nonzero(asked)
    out = np.zeros_like(asked)
    out[max(0, r.min() - margin) : r.max() + margin + 1, max(0, c.min() - margin) : c.max() + margin + 1] = True
    return out

"""Splits by area: blocks of ground for training, validation and test, with a gap between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_icenet.datasets.sequences import SPLITS
from napari_icenet.datasets.settings import DatasetSettings
from napari_icenet.scenes.grid import Grid

#: Reciprocals of the plastic number and its square: multiples of them fill [0, 1) evenly in two
#: dimensions, so that any neighbourhood of blocks holds all splits in about their shares.
_EVEN = 0.7548776662466927, 0.5698402909980532
NONE = SPLITS.index("none")


@dataclass(frozen=True)
class Blocks:
    """Square blocks of ground, each of one split.

    Blocks count from the origin of the map where there is one, so that stacks of the same ground
    on the same map share them, and from the corner of the frame otherwise.

    Attributes
    ----------
    side, gap : int
        Side of a block, and distance between chips of different splits, px.
    origin : (int, int)
        Row and column of the frame's corner, counted from where blocks begin.
    seed : int
    validation, test : float
        Shares of the area.
    """

    side: int
    gap: int
    origin: tuple[int, int]
    seed: int
    validation: float
    test: float

    @classmethod
    def on(cls, grid: Grid, settings: DatasetSettings) -> Blocks:
        """The blocks of a stack's grid."""
        settings = settings.on_frame(grid.shape)
        origin = 0, 0
        if grid.crs is not None:
            height, width = grid.pixel_size
            # Rows count downward, northings upward.
            origin = round(-grid.transform.f / height), round(grid.transform.c / width)
        return cls(settings.block_px, settings.gap_px, origin, settings.seed, settings.validation, settings.test)

    def block(self, rows: NDArray[np.int64], cols: NDArray[np.int64]) -> NDArray[np.int64]:
        """Row and column (…, 2) of the blocks that pixels of the frame lie in."""
        places = np.stack([rows + self.origin[0], cols + self.origin[1]], axis=-1)
        return np.asarray(places // self.side, np.int64)

    def split_of_block(self, block: NDArray[np.int64]) -> NDArray[np.int64]:
        """Code of the split (:data:`~napari_icenet.datasets.sequences.SPLITS`) of blocks (…, 2)."""
        offset = np.random.default_rng(self.seed).random()
        share = (offset + block[..., 0] * _EVEN[0] + block[..., 1] * _EVEN[1]) % 1
        train = 1 - self.validation - self.test
        return np.asarray(np.searchsorted([train, train + self.validation], share, side="right"), np.int64)

    def split(self, rows: NDArray[np.int64], cols: NDArray[np.int64], chip: int) -> NDArray[np.int64]:
        """Code of the split of sequences: the one that all their chips lie in, half a gap from any other.

        Parameters
        ----------
        rows, cols : array of int64, (n, T)
            Whole-pixel positions of the chips.
        chip : int
            Side of the chips, px.

        Returns
        -------
        array of int64, (n,)
            ``none`` where the chips of all frames, with half a gap around them, touch two splits.
        """
        margin = chip // 2 + (self.gap + 1) // 2
        low = self.block(rows.min(axis=1) - margin, cols.min(axis=1) - margin)
        high = self.block(rows.max(axis=1) + margin - 1, cols.max(axis=1) + margin - 1)
        split = self.split_of_block(low)
        one = np.ones(len(low), bool)
        across = (high - low).max(axis=0, initial=0)
        for i in range(int(across[0]) + 1):
            for j in range(int(across[1]) + 1):
                touched = np.minimum(low + np.array([i, j]), high)
                one &= self.split_of_block(touched) == split
        return np.where(one, split, NONE)

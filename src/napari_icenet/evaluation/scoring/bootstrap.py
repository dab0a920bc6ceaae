"""Bootstrap intervals of means over chips that depend on their neighbours: whole blocks of ground are drawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.types import F64

#: The two ends of a 95 % interval, percent.
_ENDS = (2.5, 97.5)


class BlockBootstrap:
    """Draws blocks of ground with replacement, the same draws for every mean that is asked for.

    Chips overlap, share clouds and are seen in several bands and windows; all that lies in one block
    is drawn together, so that none of this makes an interval too narrow. Two means from the same
    object are paired: their difference has the interval of the paired difference.

    Parameters
    ----------
    blocks : array of int, (n,)
        Block of each chip.
    resamples : int
    seed : int
    """

    def __init__(self, blocks: NDArray[np.integer], *, resamples: int, seed: int) -> None:
        names, self._index = np.unique(blocks, return_inverse=True)
        self.count = len(names)
        shape = resamples, self.count
        draws = (
            np.random.default_rng(seed).integers(self.count, size=shape) if self.count else np.zeros(shape, np.int64)
        )
        draws += self.count * np.arange(resamples)[:, None]
        #: How often each block was drawn, (resamples, blocks).
        self._times = np.bincount(draws.ravel(), minlength=draws.size).reshape(shape).astype(np.float64)

    def means(self, values: F64) -> F64:
        """Mean of ``values`` (n,) in each block, (blocks,)."""
        sums = np.bincount(self._index, values, self.count)
        return np.asarray(sums / np.bincount(self._index, minlength=self.count))

    def interval(self, values: F64) -> list[float] | None:
        """Both ends of the 95 % interval of the mean of ``values`` (n,); None where fewer than two blocks hold any."""
        if self.count < 2:
            return None
        sums = np.bincount(self._index, values, self.count)
        sizes = np.bincount(self._index, minlength=self.count).astype(np.float64)
        means = (self._times @ sums) / (self._times @ sizes)
        return [float(end) for end in np.percentile(means, _ENDS)]

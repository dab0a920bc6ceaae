"""Sequences as a dataset of torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from napari_icenet.datasets.sequences import Sequences


class TorchSequences(Dataset[dict[str, torch.Tensor]]):
    """Sequences by number, read when they are asked for.

    Parameters
    ----------
    read : callable
        Gives the sequences of indices.
    levels : callable
        Gives mean and deviation, each (n, T), of the pictures that they come from.
    indices : array of int, (n,)
        The sequences, in order.
    """

    def __init__(
        self,
        read: Callable[[Any], Sequences],
        levels: Callable[[Any], tuple[NDArray[np.float64], NDArray[np.float64]]],
        indices: NDArray[np.intp],
    ) -> None:
        self._read, self._levels, self.indices = read, levels, indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        at = self.indices[[index]]
        one = self._read(at)
        levels = np.stack(self._levels(at), axis=-1)[0].astype(np.float32)
        return {
            "chips": torch.from_numpy(one.chips[0]),
            "days": torch.from_numpy(one.days[0].astype(np.float32)),
            "valid": torch.from_numpy(one.valid[0].astype(bool)),
            "levels": torch.from_numpy(levels),
        }

"""Pictures kept on PyTorch's device: parts gathered there, norm maps made once.

Importing this module imports PyTorch, which takes seconds.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_icenet.common.types import F32
from napari_icenet.matching.zncc import FLAT, norm_map

#: Rows of a norm map computed at a time.
_STRIP = 1024


class ResidentPicture:
    """A picture kept on the device, with its norm maps, made once for every chip size.

    Parameters
    ----------
    picture : array of float32, (height, width)
        NaN is missing.
    kind : str
        Device, as PyTorch calls it.
    """

    def __init__(self, picture: F32, kind: str) -> None:
        self.shape = picture.shape
        self._kind, self._norms = kind, dict[int, Tensor]()
        known = np.isfinite(picture)
        self._complete = bool(known.all())
        mean = picture.mean(dtype=np.float64, where=known) if known.any() else 0.0
        self._filled = picture if self._complete else np.where(known, picture, np.float32(mean))
        self._offset = float(np.float32(mean))
        self.values = upload(picture, kind)

    def norms(self, chip: int) -> Tensor:
        """:func:`~napari_icenet.matching.zncc.norm_map` of the picture; NaN where a patch misses a pixel.

        Returns
        -------
        tensor of float32, (height - chip + 1, width - chip + 1)
        """
        if chip not in self._norms:
            self._norms[chip] = self._make_norms(chip)
        return self._norms[chip]

    def _make_norms(self, chip: int) -> Tensor:
        where = exact_kind(self._kind)
        missing = self.values.to(where).isnan()
        if where == self._kind:
            # Missing pixels become the mean, 0 after the offset is taken away.
            centred = (self.values - self._offset).nan_to_num(nan=0.0)
            level = torch.maximum(centred.abs().max(), torch.tensor(abs(self._offset), device=where))
            found = torch.cat(
                [
                    deviations(centred[top : top + _STRIP + chip - 1][None], level.double().reshape(1, 1, 1), chip)[0]
                    for top in range(0, self.shape[0] - chip + 1, _STRIP)
                ]
            )
        else:
            found = torch.from_numpy(norm_map(self._filled, chip))
        if not self._complete:
            for top in range(0, self.shape[0] - chip + 1, _STRIP):
                touched = _box_sums(missing[top : top + _STRIP + chip - 1].double(), chip) > 0.5
                found[top : top + _STRIP][touched] = torch.nan
        return found.to(self._kind)


def upload(array: NDArray[np.float32], kind: str) -> Tensor:
    """An array on the device, copied: PyTorch does not share read-only memory."""
    values = torch.from_numpy(np.array(array, np.float32)).to(kind)
    return values.masked_fill(values.isinf(), torch.nan)


def exact_kind(kind: str) -> str:
    """Device kind that computes float64."""
    return "cpu" if kind == "mps" else kind


def gather(picture: Tensor, top: Tensor, left: Tensor, height: int, width: int) -> Tensor:
    """Parts (n, height, width) of a picture; NaN outside it."""
    rows = top[:, None] + torch.arange(height, device=top.device)
    cols = left[:, None] + torch.arange(width, device=top.device)
    last_row, last_col = picture.shape[0] - 1, picture.shape[1] - 1
    out_row, out_col = (rows < 0) | (rows > last_row), (cols < 0) | (cols > last_col)
    values = picture[rows.clamp(0, last_row)[:, :, None], cols.clamp(0, last_col)[:, None, :]]
    if bool(out_row.any()) or bool(out_col.any()):
        values = values.masked_fill(out_row[:, :, None] | out_col[:, None, :], torch.nan)
    return values


def _box_sums(images: Tensor, chip: int) -> Tensor:
    """Sums over every chip-sized patch, (…, h - chip + 1, w - chip + 1)."""
    for axis in (-1, -2):
        sums = images.cumsum(axis)
        count = sums.shape[axis] - chip + 1
        first = torch.zeros_like(sums.narrow(axis, 0, 1))
        images = sums.narrow(axis, chip - 1, count) - torch.cat([first, sums.narrow(axis, 0, count - 1)], axis)
    return images


def deviations(centred: Tensor, level: Tensor, chip: int) -> Tensor:
    """Root of the summed squared deviation of patches of (n, h, w); 0 where flat, as in ``zncc.norm_map``."""
    values = centred.double()
    variance = _box_sums(values * values, chip) / chip**2 - (_box_sums(values, chip) / chip**2) ** 2
    variance = variance.masked_fill(variance <= (FLAT * level) ** 2, 0)
    return (variance * chip**2).sqrt().float()


__all__ = ["ResidentPicture", "deviations", "exact_kind", "gather", "upload"]

"""Examples: sequences as training sees them, wherever they come from."""

from __future__ import annotations

from collections.abc import Sequence as ListLike
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Examples:
    """n sequences of T frames of C × C pixels; every array begins with the axis of the sequences.

    Attributes
    ----------
    chips : array of float32, (n, T, C, C)
        In any unit; NaN where missing.
    days : array of float64, (n, T)
        Days since the sequence's first frame.
    valid : array of bool, (n, T)
        Whether the frame was tracked and shows ice.
    cloud : array of float32, (n, T)
        Share of cloud, shadow and cirrus; NaN where unknown.
    positions : array of float64, (n, T, 2), or None
        Where each frame shows what the first one shows, as (row, col) from its own pixels, px
        (:func:`napari_icenet.predictors.registration.register`); None where nobody asked.
    simulated : array of bool, (n,)
        Whether the ice is simulated.
    covariates : array of float64, (n, T, K), or None
        Further facts of each date, those that the network knows; NaN where missing. None where it knows none.
    """

    chips: NDArray[np.float32]
    days: NDArray[np.float64]
    valid: NDArray[np.bool_]
    cloud: NDArray[np.float32]
    positions: NDArray[np.float64] | None
    simulated: NDArray[np.bool_]
    covariates: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.chips)

    def __getitem__(self, index: Any) -> Examples:
        chosen: dict[str, Any] = {
            name: None if value is None else value[index] for name, value in self._arrays().items()
        }
        return Examples(**chosen)

    @staticmethod
    def concatenated(parts: ListLike[Examples]) -> Examples:
        """Several batches as one, in order; at least one, all with as many frames of one size.

        Covariates are missing where a lot has none.
        """
        parts = _with_covariates(parts)
        columns = {name: [part._arrays()[name] for part in parts] for name in parts[0]._arrays()}
        joined: dict[str, Any] = {
            name: None if any(array is None for array in arrays) else np.concatenate(arrays)
            for name, arrays in columns.items()
        }
        return Examples(**joined)

    def _arrays(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


def _with_covariates(parts: ListLike[Examples]) -> ListLike[Examples]:
    """The same batches, all with covariates, where any has some."""
    count = max(0 if part.covariates is None else part.covariates.shape[-1] for part in parts)
    return [
        replace(part, covariates=np.full((*part.days.shape, count), np.nan))
        if part.covariates is None and count
        else part
        for part in parts
    ]

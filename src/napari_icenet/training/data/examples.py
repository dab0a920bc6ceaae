"""Examples: sequences as training sees them, wherever they come from."""

from __future__ import annotations

from collections.abc import Sequence as ListLike
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.struct_of_arrays import StructOfArrays


@dataclass(frozen=True, eq=False)
class Examples(StructOfArrays):
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

    @classmethod
    def concatenated(cls, parts: ListLike[Self]) -> Self:
        """Several batches as one, in order; at least one, all with as many frames of one size.

        Covariates are missing where a batch has none; there are no positions unless all have some.
        """
        placed = all(part.positions is not None for part in parts)
        count = max((0 if part.covariates is None else part.covariates.shape[-1] for part in parts), default=0)
        alike = [
            replace(
                part,
                positions=part.positions if placed else None,
                covariates=np.full((*part.days.shape, count), np.nan)
                if part.covariates is None and count
                else part.covariates,
            )
            for part in parts
        ]
        return super().concatenated(alike)

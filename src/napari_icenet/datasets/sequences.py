"""Sequences: the chips of many tracks through consecutive dates, array by array."""

from __future__ import annotations

from collections.abc import Sequence as ListLike
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.struct_of_arrays import StructOfArrays
from napari_icenet.common.types import F32, F64, Bool
from napari_icenet.matching.template import named_covariates

#: Names of the splits by code; what lies in the gap between two splits belongs to none.
SPLITS = ("train", "validation", "test", "none")


@dataclass(frozen=True, eq=False)
class Sequences(StructOfArrays):
    """n sequences of T frames of C × C pixels; every array begins with the axis of the sequences.

    Attributes
    ----------
    chips : array of float32, (n, T, C, C)
        Stored values of the band, NaN where missing.
    times : array of datetime64[s], (n, T)
        Acquisition times, UTC.
    days : array of float64, (n, T)
        Days since the sequence's first frame.
    rows, cols : array of int64, (n, T)
        Whole-pixel positions that the chips were cut at: rows r − C/2 … r + C/2 − 1.
    track_rows, track_cols : array of float64, (n, T)
        The same positions to sub-pixel; co-registered, they are less the shifts of the dates against the
        sequence's first, and NaN on dates whose own is not known.
    ncc : array of float32, (n, T)
        Correlation at zero shift of the chip with the chip it was matched from; NaN where it was not
        matched (the first frame, and lost ones).
    peak_ratio : array of float32, (n, T)
        Peak of the correlation surface over its best rival; NaN where it was not matched.
    valid : array of bool, (n, T)
        Whether the frame was found; in robust mode, and whether the match may be accepted.
    cloud : array of float32, (n, T)
        Share of cloud, shadow and cirrus; NaN where the scene has no mask.
    fill : array of float32, (n, T)
        Share of missing pixels.
    stack, band : array of str, (n,)
    split : array of str, (n,)
        ``train``, ``validation``, ``test`` or ``none`` (in the gap between two).
    block : array of int64, (n, 2)
        Row and column of the spatial block that the sequence starts in.
    covariates : array of float64, (n, T, K), or None
        Further facts of each date, NaN where missing; None where nobody gave any.
    covariate_names : tuple of str, (K,)
        What they are, with their units. The one field without the axis of the sequences.
    """

    chips: F32
    times: NDArray[np.datetime64]
    days: F64
    rows: NDArray[np.int64]
    cols: NDArray[np.int64]
    track_rows: F64
    track_cols: F64
    ncc: F32
    peak_ratio: F32
    valid: Bool
    cloud: F32
    fill: F32
    stack: NDArray[np.str_]
    band: NDArray[np.str_]
    split: NDArray[np.str_]
    block: NDArray[np.int64]
    covariates: F64 | None = None
    covariate_names: tuple[str, ...] = ()

    @property
    def days_since_last(self) -> F64:
        """Days since the frame before, (n, T); 0 at the first."""
        return np.diff(self.days, axis=1, prepend=self.days[:, :1])

    @classmethod
    def concatenated(cls, parts: ListLike[Self]) -> Self:
        """Concatenate several batches in order; at least one, all with as many frames of one size.

        Covariates that a batch does not know are missing there.
        """
        names = tuple(dict.fromkeys(name for part in parts for name in part.covariate_names))
        alike = [
            replace(part, covariates=part.covariates_by_name(names) if names else None, covariate_names=names)
            for part in parts
        ]
        return super().concatenated(alike)

    def covariates_by_name(self, names: ListLike[str]) -> F64:
        """Covariates in the order of some names (n, T, K); NaN where there is none of a name."""
        return named_covariates(self.covariates, self.covariate_names, names, self.days.shape)

"""Scores of every predictor on every chip: arrays from which tables and figures are made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.struct_of_arrays import StructOfArrays
from napari_icenet.common.types import F64, Bool


@dataclass(frozen=True, eq=False)
class Scores(StructOfArrays):
    """Scores of n chips and P predictors; the axis of the targets is t1, t2.

    Attributes
    ----------
    ncc : array of float64, (n, P, 2)
        Correlation of the template for t1 with the chip at t1, and of that for t2 with t2; 0 where
        there is no template.
    early : array of float64, (n, P)
        Correlation of the template for t1 with the chip at t2.
    lacking : array of bool, (n, P, 2)
        No template, or one that knows too little of the chip or is flat: its correlation counts as 0.
    counted : array of bool, (n, 2)
        Whether the chip enters the table: for all predictors or for none.
    miss : array of float64, (n, P, 2)
        How far tracking with the template misses, px; NaN where it was not tried or found nothing.
    peak_ratio : array of float64, (n, P, 2)
        Peak over best rival of tracking with the template; NaN where it was not tried.
    tracked : array of bool, (n, 2)
        Whether tracking with the templates was tried: not where the ice is known to lie elsewhere.
    cloud : array of float64, (n,)
        Larger of the cloud shares of t0 and t2; NaN where the scenes have no mask.
    gap : array of float64, (n,)
        Days from t0 to t2.
    texture : array of float64, (n,)
        Deviation of the high-pass filtered chip at t2 as a share of its mean brightness; NaN where it is missing.
    held : array of bool, (n,)
        Whether the tracking holds t0 for valid.
    place : array of int64, (n, 2)
        Row and column that the sequence starts at, px.
    block : array of int64, (n, 2)
        Row and column of the block of ground that it starts in: squares of two chips' sides.
    stack, band, split : array of str, (n,)
    start : array of datetime64[s], (n,)
        First date of the sequence.
    batch, index : array of int64, (n,)
        Where the sequence comes from: the batch, and its place in that.
    """

    ncc: F64
    early: F64
    lacking: Bool
    counted: Bool
    miss: F64
    peak_ratio: F64
    tracked: Bool
    cloud: F64
    gap: F64
    texture: F64
    held: Bool
    place: NDArray[np.int64]
    block: NDArray[np.int64]
    stack: NDArray[np.str_]
    band: NDArray[np.str_]
    split: NDArray[np.str_]
    start: NDArray[np.datetime64]
    batch: NDArray[np.int64]
    index: NDArray[np.int64]

    @staticmethod
    def none(kinds: int) -> Scores:
        """Scores of no chip, of so many predictors."""
        flat, index = np.zeros(0), np.zeros(0, np.int64)
        each, both, pair = np.zeros((0, kinds, 2)), np.zeros((0, 2), bool), np.zeros((0, 2), np.int64)
        word = np.zeros(0, "<U1")
        return Scores(
            ncc=each, early=np.zeros((0, kinds)), lacking=np.zeros((0, kinds, 2), bool), counted=both, miss=each,
            peak_ratio=each, tracked=both, cloud=flat, gap=flat, texture=flat, held=np.zeros(0, bool), place=pair,
            block=pair, stack=word, band=word, split=word, start=np.zeros(0, "datetime64[s]"), batch=index, index=index,
        )  # fmt: skip

    @property
    def block_ids(self) -> NDArray[np.int64]:
        """One number for each block of each stack, (n,)."""
        if not len(self):
            return np.zeros(0, np.int64)
        alone = bool((self.stack == self.stack[0]).all())
        names = np.zeros(len(self), np.int64) if alone else np.unique(self.stack, return_inverse=True)[1]
        row, col = (self.block - self.block.min(0)).T
        # Whole numbers are sorted a hundred times quicker than rows of three.
        keys = (names * (row.max() + 1) + row) * (col.max() + 1) + col
        return np.asarray(np.unique(keys, return_inverse=True)[1], np.int64)

"""Scores of every predictor on every chip: arrays from which tables and figures are made."""

from __future__ import annotations

from collections.abc import Sequence as ListLike
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.described import Described, dates_text
from napari_icenet.common.palette import colour_of
from napari_icenet.common.plot import NEUTRAL, new_axes
from napari_icenet.common.struct_of_arrays import StructOfArrays
from napari_icenet.common.text import percent_text
from napari_icenet.common.types import F64, Bool
from napari_icenet.errors import UsageError
from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.point_table import point_table

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from matplotlib.axes import Axes

#: The chips that are predicted, in the order of the arrays.
_TARGETS = ("t1", "t2")


@dataclass(frozen=True, eq=False, repr=False)
class Scores(StructOfArrays, Described):
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

    def facts(self) -> dict[str, str]:
        """Facts of scores: chips, predictors, dates, share that counts."""
        if not len(self):
            return {"shape": f"no chip × {self.ncc.shape[1]} predictors"}
        return {
            "dates": dates_text(np.sort(self.start)),
            "shape": f"{len(self)} chips × {self.ncc.shape[1]} predictors × t1, t2",
            "valid": f"{percent_text(float(self.counted.mean()))} counted",
            "stack": ", ".join(np.unique(self.stack)),
        }

    def _names(self, names: ListLike[str] | None) -> list[str]:
        count = self.ncc.shape[1]
        if names is not None and len(names) != count:
            raise UsageError(f"{len(names)} names were given for {count} predictors; give each one.")
        return [f"predictor {p + 1}" for p in range(count)] if names is None else list(names)

    def to_dataframe(self, names: ListLike[str] | None = None) -> pd.DataFrame:
        """A row per chip, predictor and target.

        Parameters
        ----------
        names : sequence of str, optional
            Of the predictors, in the order of the scores; default: their numbers.

        Returns
        -------
        pandas.DataFrame
            ``stack, band, split, start, row, col, predictor, target, ncc`` (0 without a template), ``counted,
            lacking, miss`` (px) ``, peak_ratio, cloud, gap`` (days) ``, texture``.

        Raises
        ------
        UsageError
            There are not as many names as predictors.
        """
        import pandas as pd

        known, n = self._names(names), len(self)
        each = len(known) * len(_TARGETS)
        alike = {"stack": self.stack, "band": self.band, "split": self.split, "start": self.start}
        alike |= {"row": self.place[:, 0], "col": self.place[:, 1]}
        columns = {name: np.repeat(values, each) for name, values in alike.items()}
        columns["predictor"] = np.tile(np.repeat(np.array(known, object), len(_TARGETS)), n)
        columns["target"] = np.tile(np.array(_TARGETS, object), n * len(known))
        columns["ncc"] = self.ncc.ravel()
        columns["counted"] = np.repeat(self.counted[:, None], len(known), axis=1).ravel()
        columns |= {name: getattr(self, name).ravel() for name in ("lacking", "miss", "peak_ratio")}
        columns |= {name: np.repeat(getattr(self, name), each) for name in ("cloud", "gap", "texture")}
        return pd.DataFrame(columns)

    def to_geodataframe(self, grid: Grid, names: ListLike[str] | None = None) -> gpd.GeoDataFrame:
        """The table with a point where each sequence starts.

        Parameters
        ----------
        grid : Grid
            That of the pictures.
        names : sequence of str, optional
            As of :meth:`to_dataframe`.

        Raises
        ------
        UsageError
            The pictures have no coordinate reference system.
        """
        table = self.to_dataframe(names)
        # The middle of an even chip lies half a pixel before its position.
        return point_table(table, table["row"].to_numpy(float) - 0.5, table["col"].to_numpy(float) - 0.5, grid)

    def plot(self, names: ListLike[str] | None = None, *, target: int = 2, ax: Axes | None = None) -> Axes:
        """Draw how the correlations of each predictor are spread, on the chips that count; the mean as a line.

        Parameters
        ----------
        names : sequence of str, optional
            As of :meth:`to_dataframe`.
        target : {1, 2}
            t1 or t2.
        ax : Axes, optional
            Default: new ones.
        """
        if target not in (1, 2):
            raise UsageError(f"There is no target {target}; choose 1 (t1) or 2 (t2).")
        axes, edges = new_axes(ax), np.linspace(-1, 1, 41)
        for p, name in enumerate(self._names(names)):
            values = self.ncc[self.counted[:, target - 1], p, target - 1]
            if not values.size:
                continue
            colour = colour_of(name) if names is not None else f"C{p}"
            share = np.histogram(values, edges)[0] / values.size
            axes.stairs(share, edges, color=colour, linewidth=1.6, label=f"{name}  {values.mean():.2f}")
            axes.axvline(values.mean(), color=colour, linewidth=1, linestyle=":")
        axes.set_xlim(-1, 1)
        axes.set_ylim(bottom=0)
        axes.set_xlabel(f"correlation with the chip at t{target}")
        axes.set_ylabel("share of chips")
        legend = axes.legend(frameon=False, fontsize=9, labelcolor=NEUTRAL, title="mean", loc="upper left")
        legend.get_title().set(color=NEUTRAL, fontsize=9)
        return axes

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

"""Displacements that templates track: the peak of each search, held against what is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.types import F32, F64
from napari_icenet.datasets.sequences import Sequences
from napari_icenet.evaluation.scoring.past import Pair
from napari_icenet.matching.acceptance import BORDER_PX
from napari_icenet.matching.engine.engine import Engine
from napari_icenet.matching.engine.peaks import find_peaks

#: For the index of a sequence, where the ice of t0 lies in the chips of t1 and t2: (row, col) of both, (2, 2), px.
Expected = Callable[[int], F64]
#: For positions (row, col) on the date i, their displacement to the date j, px.
Flow = Callable[[F64, F64, int, int], tuple[F64, F64]]


class TemplateTracking:
    """Searches for the middle of a template in the chips at t1 and t2.

    The middle is what stays of the template when it may be displaced by ``reach`` along either axis,
    so that the chips alone decide, and a dataset is judged as a stack is.

    Parameters
    ----------
    reach : int
        How far the template is searched for, px.
    """

    def __init__(self, reach: int) -> None:
        self.reach = reach
        self._engine = Engine("cpu", threads=1)

    def prepare(self) -> None:
        """Make the quickest way of matching ready."""
        self._engine.prepare()

    def find(self, template: F32, chip: F32) -> tuple[F64, float]:
        """Search the middle of a template in a chip, both (C, C): its position, and how its peak stands out.

        Returns
        -------
        array of float64, (2,)
            Displacement (row, col) from the template's own place, px; NaN where there is no peak, or
            it lies at the border of what was searched.
        float
            Peak ratio; NaN without a peak.
        """
        middle = np.ascontiguousarray(template[self.reach : -self.reach, self.reach : -self.reach])
        surface = self._engine.surface(np.ascontiguousarray(chip), middle)
        peaks = find_peaks(surface[None], pixels=float(middle.size), border=BORDER_PX)
        place = np.array([peaks.row[0], peaks.col[0]]) - self.reach
        return (place if peaks.reason[0] == 0 else np.full(2, np.nan)), float(peaks.peak_ratio[0])

    def within(self, expected: F64) -> NDArray[np.bool_]:
        """True if known places (2, 2) lie in what is searched; where not, the chip shows other ice."""
        return np.asarray(np.abs(expected).max(1) <= self.reach - BORDER_PX)

    def judge(self, pair: Pair, chips: tuple[F32, F32], reference: F64) -> tuple[F64, F64]:
        """Miss (px) and peak ratio, each for t1 and t2, of the templates of one sequence.

        With known flow, the miss is the distance from the known place. Without, it is the misfit of
        closure, the same for both: template → t1 → t2 against template → t2. NaN without a peak.

        Parameters
        ----------
        pair : tuple of Prediction or None
            Templates for t1 and for t2.
        chips : tuple of array of float32, (C, C)
            Chips at t1 and t2, filtered as the templates are.
        reference : array of float64, (2, 2) or (2,)
            Known places of the ice, (row, col) for t1 and t2, px from the chip's own; or, for
            closure, where the chip of t1 is found in that of t2 (:meth:`onward`).
        """
        found, ratio = np.full((2, 2), np.nan), np.full(2, np.nan)
        for k, (made, chip) in enumerate(zip(pair, chips, strict=True)):
            if made is not None:
                found[k], ratio[k] = self.find(made.template, chip)
        if reference.ndim == 2:
            return np.hypot(*(found - reference).T), ratio
        misfit = float(np.hypot(*(found[0] + reference - found[1])))
        return np.array([misfit, misfit]), ratio

    def onward(self, chips: tuple[F32, F32]) -> F64:
        """Position of the chip of t1 in that of t2, (row, col), px."""
        return self.find(*chips)[0]


def expected_places(sequences: Sequences, dates: NDArray[np.int64], t0: int, flow: Flow) -> Expected:
    """Known places of the ice of t0 in the chips of t1 and t2.

    Parameters
    ----------
    sequences : Sequences
    dates : array of int64, (n, T)
        Date of each frame, as the flow counts them.
    t0 : int
    flow : callable
    """

    def expected(i: int) -> F64:
        # The centre of an even chip lies half a pixel before its position.
        row, col = sequences.rows[i] - 0.5, sequences.cols[i] - 0.5
        places = np.empty((2, 2))
        for k in (0, 1):
            t = t0 + 1 + k
            drow, dcol = flow(row[t0], col[t0], int(dates[i, t0]), int(dates[i, t]))
            places[k] = row[t0] + float(drow) - row[t], col[t0] + float(dcol) - col[t]
        return places

    return expected

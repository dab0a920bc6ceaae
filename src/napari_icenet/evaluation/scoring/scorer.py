"""Scores of predictors on a batch of sequences."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from napari_icenet.common.types import F32
from napari_icenet.datasets.sequences import Sequences
from napari_icenet.evaluation.scoring.displacement import Expected, TemplateTracking
from napari_icenet.evaluation.scoring.ncc import Image, correlation
from napari_icenet.evaluation.scoring.past import Pair, all_templates, gap_days
from napari_icenet.evaluation.scoring.scores import Scores
from napari_icenet.matching.prefilter import prefilter
from napari_icenet.matching.template import HIGH_PASS, Predictor, prefilter_of

#: Side of a block of ground for the bootstrap, in chips: what overlaps is mostly in one block.
BLOCK_CHIPS = 2


class Scorer:
    """Scores sequences, one after the other on a pool of threads.

    Parameters
    ----------
    predictors : sequence of Predictor
    t0 : int
        Index of the last frame that is shown.
    search_px : int
        How far templates are searched for when they are tracked.
    threads : int, optional
        Default: all cores; results do not depend on it.
    """

    def __init__(self, predictors: Sequence[Predictor], t0: int, search_px: int, *, threads: int | None = None) -> None:
        self.predictors = tuple(predictors)
        self.t0 = t0
        self.tracking = TemplateTracking(search_px)
        self._threads = threads or os.cpu_count() or 1

    def score(
        self, sequences: Sequences, batch: int, tracked: NDArray[np.bool_], expected: Expected | None = None
    ) -> Scores:
        """Score a batch.

        Parameters
        ----------
        sequences : Sequences
        batch : int
            Number of the batch, remembered in the scores.
        tracked : array of bool, (n,)
            Sequences whose templates are also searched for.
        expected : callable, optional
            Where the ice of t0 is known to lie in the chips of t1 and t2; without it the misfit of
            closure is measured.
        """
        n, kinds, t0 = len(sequences), len(self.predictors), self.t0
        scores = _empty(sequences, batch, t0, kinds)
        templates = all_templates(self.predictors, sequences, t0)

        def one(i: int) -> None:
            targets = Targets(sequences.chips[i, t0 + 1], sequences.chips[i, t0 + 2])
            past, made = templates(i)
            shown = any(Image.of(chip).usable for chip in past.chips[::-1])
            scores.counted[i] = [shown and image.usable for image in targets.images("none")]
            scores.texture[i] = targets.texture()
            self._correlate(scores, i, targets, made)
            if tracked[i]:
                self._track(scores, i, targets, made, expected)

        with ThreadPoolExecutor(self._threads) as pool:
            try:
                list(pool.map(one, range(n)))
            finally:
                pool.shutdown(cancel_futures=True)
        return scores

    def _correlate(self, scores: Scores, i: int, targets: Targets, made: list[Pair]) -> None:
        for p, (predictor, pair) in enumerate(zip(self.predictors, made, strict=True)):
            near, far = targets.images(prefilter_of(predictor))
            first = None if pair[0] is None else Image.of(pair[0].template)
            second = first if pair[1] is pair[0] else None if pair[1] is None else Image.of(pair[1].template)
            values = [
                np.nan if template is None else correlation(template, image)
                for template, image in ((first, near), (second, far), (first, far))
            ]
            scores.lacking[i, p] = np.isnan(values[:2])
            scores.ncc[i, p] = np.nan_to_num(values[:2])
            scores.early[i, p] = np.nan_to_num(values[2])

    def _track(self, scores: Scores, i: int, targets: Targets, made: list[Pair], expected: Expected | None) -> None:
        where = None if expected is None else expected(i)
        tried = scores.counted[i] if where is None else scores.counted[i] & self.tracking.within(where)
        scores.tracked[i] = tried
        onward = {
            name: self.tracking.onward(targets.chips(name))
            for name in {prefilter_of(predictor) for predictor in self.predictors}
            if where is None
        }
        for p, (predictor, pair) in enumerate(zip(self.predictors, made, strict=True)):
            name = prefilter_of(predictor)
            miss, ratio = self.tracking.judge(pair, targets.chips(name), onward[name] if where is None else where)
            scores.miss[i, p] = np.where(tried, miss, np.nan)
            scores.peak_ratio[i, p] = np.where(tried, ratio, np.nan)


class Targets:
    """The chips at t1 and t2, and what filters make of them, each made once."""

    def __init__(self, near: F32, far: F32) -> None:
        self._chips: dict[str, tuple[F32, F32]] = {"none": (near, far)}
        self._images: dict[str, tuple[Image, Image]] = {}

    def chips(self, name: str) -> tuple[F32, F32]:
        """The chips with a filter, by its name."""
        if name not in self._chips:
            made = prefilter(name)
            near, far = self._chips["none"]
            self._chips[name] = made(near), made(far)
        return self._chips[name]

    def images(self, name: str) -> tuple[Image, Image]:
        """The same, ready to be compared."""
        if name not in self._images:
            near, far = self.chips(name)
            self._images[name] = Image.of(near), Image.of(far)
        return self._images[name]

    def texture(self) -> float:
        """Deviation of the filtered chip at t2 as a share of the plain one's mean; NaN where half of it is missing."""
        chip, filtered = self.chips("none")[1], self.chips(HIGH_PASS)[1]
        known = np.isfinite(filtered)
        if np.count_nonzero(known) < known.size / 2:
            return float("nan")
        level = abs(float(chip[known].mean(dtype=np.float64)))
        return float(filtered[known].std(dtype=np.float64)) / level if level > 0 else float("nan")


def _empty(sequences: Sequences, batch: int, t0: int, kinds: int) -> Scores:
    """Scores that are still to be filled, with all that is known of the sequences."""
    n = len(sequences)
    side = BLOCK_CHIPS * sequences.chips.shape[-1]
    # Where only one of the two scenes has a mask, that one counts.
    both = sequences.cloud[:, [t0, t0 + 2]].astype(np.float64)
    cloud = np.fmax(both[:, 0], both[:, 1])
    place = np.column_stack([sequences.rows[:, 0], sequences.cols[:, 0]])
    return Scores(
        ncc=np.zeros((n, kinds, 2)), early=np.zeros((n, kinds)), lacking=np.zeros((n, kinds, 2), bool),
        counted=np.zeros((n, 2), bool), miss=np.full((n, kinds, 2), np.nan), peak_ratio=np.full((n, kinds, 2), np.nan),
        tracked=np.zeros((n, 2), bool), cloud=cloud, gap=gap_days(sequences, t0), texture=np.full(n, np.nan),
        held=sequences.valid[:, t0].copy(), place=place,
        block=place // side, stack=sequences.stack, band=sequences.band, split=sequences.split,
        start=sequences.times[:, 0], batch=np.full(n, batch, np.int64), index=np.arange(n),
    )  # fmt: skip

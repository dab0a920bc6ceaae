"""Validation of a network on held-out blocks, by the evaluation's own correlation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_icenet.datasets.dataset import SequenceDataset
from napari_icenet.datasets.sequences import Sequences
from napari_icenet.errors import Cancelled, TrainingError
from napari_icenet.evaluation.scoring.ncc import Image, correlation
from napari_icenet.evaluation.scoring.past import past_of
from napari_icenet.evaluation.settings import EvaluationSettings
from napari_icenet.matching.template import Past, Prediction, Predictor
from napari_icenet.predictors.batching import predict_many
from napari_icenet.predictors.persistence import Persistence

_CHOICE = 15
#: Chips that are predicted between two looks whether to stop.
_BATCH = 32


@dataclass(frozen=True, eq=False)
class Judgement:
    """Mean correlations on the same held-out chips.

    Attributes
    ----------
    t1, t2 : float
        Of the network's templates with the chips at t1 and t2.
    persistence_t1, persistence_t2 : float
        Of the last chip with the same.
    counted : int
        Chips at t2 that show enough to be judged.
    each : array of float64, (n, 2)
        Of the network, chip by chip; 0 where there is no template, NaN where the chip is not judged.
    """

    t1: float
    t2: float
    persistence_t1: float
    persistence_t2: float
    counted: int
    each: NDArray[np.float64]


class HeldOut:
    """A fixed sample of the validation splits of some datasets, held in memory.

    Parameters
    ----------
    datasets : sequence of SequenceDataset
        All with as many frames of one size.
    indices : sequence of array of int
        Sequences of each dataset's validation split.
    count : int
        Sequences that are taken, from each dataset in proportion to its split.
    seed : int

    Raises
    ------
    TrainingError
        None of them can be judged.
    """

    def __init__(
        self, datasets: Sequence[SequenceDataset], indices: Sequence[NDArray[np.intp]], count: int, seed: int = 0
    ) -> None:
        self.frames, self.chip = datasets[0].shape[0], datasets[0].shape[1]
        self.t0 = EvaluationSettings(predictors=("persistence",), frames=self.frames).t0
        total = sum(len(one) for one in indices)
        rng = np.random.default_rng([seed, _CHOICE])
        chosen = np.sort(rng.permutation(total)[:count])
        ends = np.cumsum([len(one) for one in indices])
        parts = []
        for dataset, own, end in zip(datasets, indices, ends, strict=True):
            here = chosen[(chosen >= end - len(own)) & (chosen < end)] - (end - len(own))
            if here.size:
                parts.append(dataset.read(own[here]))
        self.sequences = Sequences.concatenated(parts)
        self._targets = [[Image.of(chip) for chip in chips] for chips in self.sequences.chips[:, self.t0 + 1 :][:, :2]]
        self._judged = np.array(
            [
                [any(Image.of(chip).usable for chip in past.chips[::-1]) and image.usable for image in images]
                for past, images in zip(self.pasts(1), self._targets, strict=True)
            ]
        )
        if not self._judged.all(1).any():
            raise TrainingError(
                f"none of the {len(self)} validation sequences shows enough at t1 and t2 to be judged; "
                "build a larger dataset, or set validation.every=0."
            )
        self._persistence = self._correlations([[Persistence()(past) for past in self.pasts(k)] for k in (1, 2)])

    def __len__(self) -> int:
        return len(self.sequences)

    def pasts(self, target: int) -> list[Past]:
        """Inputs of a predictor from each sequence, for t1 (1) or t2 (2)."""
        return [past_of(self.sequences, i, self.t0, target) for i in range(len(self))]

    def judge(
        self, predictor: Predictor, stop: Callable[[], bool] | None = None
    ) -> tuple[Judgement, list[list[Prediction | None]]]:
        """Correlations of a predictor's templates, and the templates for t1 and for t2.

        Parameters
        ----------
        predictor : Predictor
        stop : callable, optional
            Asked every few chips whether to stop.

        Raises
        ------
        Cancelled
            It was asked to stop.
        """
        made: list[list[Prediction | None]] = []
        for horizon in (1, 2):
            pasts, found = self.pasts(horizon), list[Prediction | None]()
            for first in range(0, len(pasts), _BATCH):
                if stop is not None and stop():
                    raise Cancelled("the validation was stopped.")
                found += predict_many(predictor, pasts[first : first + _BATCH], threads=1)
            made.append(found)
        each = self._correlations(made)
        (t1, t2), (p1, p2) = np.nanmean(each, 0), np.nanmean(self._persistence, 0)
        judgement = Judgement(float(t1), float(t2), float(p1), float(p2), int(self._judged[:, 1].sum()), each)
        return judgement, made

    def _correlations(self, made: Sequence[Sequence[Prediction | None]]) -> NDArray[np.float64]:
        each = np.full((len(self), 2), np.nan)
        for k, templates in enumerate(made):
            for i, template in enumerate(templates):
                if self._judged[i, k]:
                    found = 0.0
                    if template is not None:
                        found = float(np.nan_to_num(correlation(Image.of(template.template), self._targets[i][k])))
                    each[i, k] = found
        return each

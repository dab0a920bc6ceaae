"""Networks are judged on held-out chips as the evaluation judges predictors."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from napari_icenet.datasets.dataset import open_dataset
from napari_icenet.matching.template import Prediction
from napari_icenet.predictors.blurred import Blurred
from napari_icenet.predictors.persistence import Persistence
from napari_icenet.training.loop.sample_images import LAST_COLUMNS, write_sample
from napari_icenet.training.loop.validation import HeldOut


@pytest.fixture(scope="module")
def opened(dataset):
    return open_dataset(dataset)


class Noisy:
    """A dataset whose dates differ, so that one cannot stand for another."""

    def __init__(self, opened):
        self._opened, self.shape = opened, opened.shape

    def read(self, indices):
        found = self._opened.read(indices)
        noise = np.random.default_rng(0).normal(0, 1500, found.chips.shape)
        return replace(found, chips=(found.chips + noise).astype(np.float32))


@pytest.fixture(scope="module")
def held_out(opened):
    return HeldOut([Noisy(opened)], [opened.select(split="validation")], 1000)


def test_the_correlations_are_those_of_the_evaluation(held_out, opened, tmp_path):
    judgement, made = held_out.judge(Blurred(sigma=1.0))
    t0 = held_out.t0
    assert t0 == 2  # of five frames, the last two are t1 and t2
    for k, (mean, persistence) in enumerate(
        [(judgement.t1, judgement.persistence_t1), (judgement.t2, judgement.persistence_t2)]
    ):
        chips = held_out.sequences.chips
        last, target = chips[:, t0].reshape(len(chips), -1), chips[:, t0 + 1 + k].reshape(len(chips), -1)
        whole = np.isfinite(chips).all((1, 2, 3))
        assert whole.any()
        own = [np.corrcoef(a, b)[0, 1] for a, b in zip(last[whole], target[whole], strict=True)]
        if whole.all():
            assert persistence == pytest.approx(np.mean(own), abs=1e-6)
        for i in np.flatnonzero(whole):
            expected = np.corrcoef(made[k][i].template.ravel(), target[i])[0, 1]
            assert judgement.each[i, k] == pytest.approx(expected, abs=1e-6)
        assert mean == pytest.approx(np.nanmean(judgement.each[:, k]))


def test_persistence_is_as_good_as_itself(held_out):
    judgement, _ = held_out.judge(Persistence())
    assert judgement.t1 == judgement.persistence_t1
    assert judgement.t2 == judgement.persistence_t2
    assert judgement.counted == np.isfinite(judgement.each[:, 1]).sum() == len(held_out)


def test_a_missing_template_counts_as_nothing(held_out):
    class Silent(Persistence):
        def __call__(self, past):
            return None

    judgement, _ = held_out.judge(Silent())
    assert (judgement.t1, judgement.t2) == (0, 0)


def test_the_sample_is_seeded_and_spread_over_datasets(opened):
    own = opened.select(split="validation")
    first, again, other = (HeldOut([opened, opened], [own, own], 8, seed=seed) for seed in (0, 0, 1))
    assert len(first) == 8
    np.testing.assert_array_equal(first.sequences.chips, again.sequences.chips)
    assert not np.array_equal(first.sequences.chips, other.sequences.chips)
    everything = HeldOut([opened, opened], [own, own], 1000)
    assert len(everything) == 2 * len(own)


def test_the_picture_shows_past_truth_and_template(held_out, tmp_path):
    judgement, made = held_out.judge(Persistence())
    path = tmp_path / "samples" / "step.png"
    write_sample(path, held_out, judgement, made, 3)
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert picture.shape[0] > 3 * 96
    # Of the three past chips the last one begins what is shown where there is little room.
    assert picture.shape[1] == 2 * 99 + LAST_COLUMNS
    # Persistence shows t0 again: the third past chip, and the first template beyond its label.
    row = picture[16 + 20 : 16 + 96]
    start = [2 * 99, 3 * 99 + 9 + 2 * 99 + 9]
    np.testing.assert_array_equal(row[:, start[0] : start[0] + 96], row[:, start[1] : start[1] + 96])
    nothing = [
        [None if k else Prediction(np.full((32, 32), np.nan, np.float32)) for _ in chips]
        for k, chips in enumerate(made)
    ]
    write_sample(path, held_out, judgement, nothing, 3)
    assert cv2.imread(str(path), cv2.IMREAD_GRAYSCALE).shape == picture.shape

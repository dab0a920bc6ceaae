"""The predictors without learning, against sums written out."""

import warnings

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from napari_icenet.errors import UsageError
from napari_icenet.predictors.blurred import choose_sigma
from napari_icenet.predictors.consensus import agreement, weighted_mean_and_deviation
from napari_icenet.predictors.median import median_and_deviation
from napari_icenet.predictors.registry import predictor
from tests.predictors.ice import SIDE, ice, ncc, overcast, past

STILL = np.zeros((8, 2))
MOVES = np.array([(0.9, -1.3), (-0.6, 0.4), (1.45, 1.2), (0.25, -0.75), (-1.5, 0.5), (1.1, 1.2), (-0.8, -1.4), (0, 0)])
INSIDE = (slice(6, -6),) * 2


def test_persistence_is_the_last_chip_whatever_it_shows():
    chips = ice(STILL)
    chips[-1] = overcast(2)
    made = predictor("persistence")(past(chips, valid=[True] * 7 + [False]))
    np.testing.assert_array_equal(made.template, chips[-1])


def test_high_pass_takes_a_gaussian_mean_away():
    chips = ice(STILL)
    last = chips[-1].astype(np.float64)
    weight = gaussian_filter(np.ones_like(last), 8, mode="constant", truncate=4)
    expected = last - gaussian_filter(last, 8, mode="constant", truncate=4) / weight
    np.testing.assert_allclose(predictor("high-pass")(past(chips)).template, expected, atol=1e-2)


def test_blur_is_a_mean_over_known_pixels():
    chips = ice(STILL)
    chips[-1, 20:30, :9] = np.nan
    last = chips[-1].astype(np.float64)
    known = np.isfinite(last)
    filled = np.where(known, last, 0)
    values, weights = (gaussian_filter(a, 3, mode="constant", truncate=4) for a in (filled, known.astype(float)))
    with np.errstate(invalid="ignore"):
        expected = np.where(known, values / weights, np.nan)
    np.testing.assert_allclose(predictor("blurred", sigma=3)(past(chips)).template, expected, atol=1e-2)


def test_the_blur_is_chosen_by_correlation():
    noisy = [past(ice(STILL, noise=40, seed=seed)) for seed in range(4)]
    targets = [ice(STILL[:1], noise=40, seed=100 + seed)[0] for seed in range(4)]
    targets = [0.2 * t + p.chips[0] for t, p in zip(targets, noisy, strict=True)]
    means = {
        sigma: np.mean(
            [ncc(predictor("blurred", sigma=sigma)(p).template, t) for p, t in zip(noisy, targets, strict=True)]
        )
        for sigma in (0.5, 2.0, 8.0)
    }
    assert choose_sigma(noisy, targets, (8.0, 0.5, 2.0)) == max(means, key=means.get)
    with pytest.raises(UsageError, match="no blur can be chosen"):
        choose_sigma([past(np.full((1, SIDE, SIDE), np.nan))], [targets[0]])


def test_median_and_its_deviation_over_known_pixels():
    rng = np.random.default_rng(1)
    for count in (1, 2, 3, 7, 8):
        frames = rng.normal(size=(count, 16, 16)).astype(np.float32)
        frames[rng.random(frames.shape) < 0.3] = np.nan
        frames[:, 0, 0] = np.nan
        middle, deviation = median_and_deviation(frames)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a pixel that no frame knows
            expected = np.nanmedian(frames, 0)
            spread = np.nanmedian(np.abs(frames - expected), 0)
        np.testing.assert_allclose(middle, expected, atol=1e-6)
        if count == 1:
            assert deviation is None
        else:
            spread[np.isfinite(frames).sum(0) < 2] = np.nan
            np.testing.assert_allclose(deviation, spread, atol=1e-6)


def test_weighted_mean_and_its_deviation_over_known_pixels():
    frames = np.array([[[1, 2]], [[3, np.nan]], [[8, 5]]], np.float32)
    mean, deviation = weighted_mean_and_deviation(frames, np.array([1.0, 1, 2]))
    np.testing.assert_allclose(mean, [[5, 4]])
    # Σ w (x − m)² / (Σ w − Σ w² / Σ w): (16 + 4 + 18) / (4 − 6/4) and (4 + 2) / (3 − 5/3)
    np.testing.assert_allclose(deviation, [[np.sqrt(38 / 2.5), np.sqrt(6 / (4 / 3))]], rtol=1e-6)


def test_agreement_is_the_mean_with_the_others():
    pairs = np.array([[0, 0.8, 0.1], [0.8, 0, 0.3], [0.1, 0.3, 0]])
    np.testing.assert_allclose(agreement(pairs), [0.45, 0.55, 0.2])
    np.testing.assert_array_equal(agreement(np.zeros((1, 1))), [0])


@pytest.mark.parametrize("name", ["median", "consensus"])
def test_alignment_keeps_what_is_fine(name):
    chips = ice(MOVES, noise=8)
    clean = ice(STILL[:1], noise=0)[0]
    scores = [ncc(predictor(name, align=align)(past(chips)).template[INSIDE], clean[INSIDE]) for align in (True, False)]
    assert scores[0] > 0.98
    assert scores[0] > scores[1] + 0.02
    assert scores[0] > ncc(chips[-1][INSIDE], clean[INSIDE])


@pytest.mark.parametrize("name", ["median", "consensus"])
def test_light_and_contrast_of_a_frame_do_not_count(name):
    chips = ice(STILL, noise=2)
    lit = chips.copy()
    lit[:7] = lit[:7] * np.array([0.5, 2, 3, 0.2, 1, 5, 1.5])[:, None, None] + 40
    expected = predictor(name)(past(chips)).template
    np.testing.assert_allclose(predictor(name)(past(lit)).template, expected, atol=0.05)


@pytest.mark.parametrize("name", ["median", "consensus"])
def test_spread_is_the_noise_of_a_frame(name):
    made = predictor(name, align=False)(past(ice(STILL, noise=6)))
    # The median absolute deviation of eight values is low by a seventh.
    assert np.median(made.spread) == pytest.approx(6, rel=0.2)


def test_consensus_outvotes_clouds_that_nobody_marked():
    chips = ice(STILL, noise=6)
    for index in (1, 3, 6, 7):
        chips[index] = overcast(index)
    clean = ice(STILL[:1], noise=0)[0]
    sharp, plain = (predictor("consensus", power=power)(past(chips)).template for power in (2, 0))
    assert ncc(sharp, clean) > 0.97
    assert ncc(sharp, clean) > ncc(plain, clean) + 0.05

"""Weights by agreement, and means of the pixels that are known, against plain sums."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_icenet.errors import UsageError
from napari_icenet.predictors.consensus import Consensus, agreement, weighted_mean, weighted_mean_and_deviation
from napari_icenet.predictors.registry import predictor
from tests.predictors.ice import ice, overcast, past

FRAMES = st.integers(1, 6).flatmap(
    lambda n: st.tuples(
        arrays(np.float32, (n, 2, 3), elements=st.one_of(st.floats(-10, 10, width=16), st.just(np.nan))),
        arrays(np.float64, (n,), elements=st.floats(0.01, 5)),
    )
)


def by_hand(frames, weights):
    """Mean and unbiased deviation of each pixel, one at a time."""
    mean, deviation = np.full((2, *frames.shape[1:]), np.nan)
    for at in np.ndindex(frames.shape[1:]):
        values = frames[(slice(None), *at)].astype(float)
        known = np.isfinite(values)
        if not known.any():
            continue
        w = weights[known] / weights[known].sum()
        mean[at] = (w * values[known]).sum()
        if known.sum() > 1:
            square = (w * (values[known] - mean[at]) ** 2).sum()
            deviation[at] = np.sqrt(square / max(1 - (w**2).sum(), 1e-4))
    return mean, deviation


@pytest.mark.slow
@given(FRAMES)
def test_means_and_deviations_are_those_of_plain_sums(given_frames):
    frames, weights = given_frames
    mean, deviation = by_hand(frames, weights)
    np.testing.assert_allclose(weighted_mean(frames, weights), mean, rtol=1e-4, atol=1e-4)
    found, spread = weighted_mean_and_deviation(frames, weights)
    np.testing.assert_allclose(found, mean, rtol=1e-4, atol=1e-4)
    if len(frames) == 1:
        assert spread is None
    else:
        np.testing.assert_allclose(spread, deviation, rtol=2e-2, atol=2e-3)


@pytest.mark.parametrize(
    ("ncc", "expected"),
    [
        ([[0.0]], [0.0]),
        ([[0, 0.5], [0.5, 0]], [0.5, 0.5]),
        ([[0, 0.8, 0.2], [0.8, 0, 0.0], [0.2, 0.0, 0]], [0.5, 0.4, 0.1]),
    ],
)
def test_agreement_is_the_mean_with_the_others(ncc, expected):
    assert agreement(np.array(ncc, float)) == pytest.approx(expected)


def test_the_deviation_is_that_of_the_noise():
    rng = np.random.default_rng(0)
    frames = rng.normal(0, 2, (8, 64, 64)).astype(np.float32)
    weights = np.array([1, 2, 3, 4, 4, 3, 2, 1.0])
    _, spread = weighted_mean_and_deviation(frames, weights)
    assert np.sqrt((spread.astype(float) ** 2).mean()) == pytest.approx(2, rel=0.02)


def test_a_power_of_zero_is_the_plain_mean():
    chips = ice([(0, 0)] * 4, noise=4.0)
    found = Consensus(power=0, align=False)(past(chips)).template
    plain = (chips - chips.mean((1, 2), keepdims=True)) / chips.std((1, 2), keepdims=True)
    last = chips[-1].astype(float)
    np.testing.assert_allclose(found, plain.mean(0) * last.std() + last.mean(), rtol=1e-3)


def test_a_cloud_that_no_mask_knew_weighs_little():
    chips = ice([(0, 0)] * 5, noise=1.0)
    clean = Consensus(align=False)(past(chips)).template
    chips[2] = overcast(3)
    sharp, blunt = (Consensus(power=power, align=False)(past(chips)).template for power in (4, 0))
    agrees = [np.corrcoef(made.ravel(), clean.ravel())[0, 1] for made in (sharp, blunt)]
    assert agrees[0] > 0.99
    assert agrees[0] > agrees[1]


def test_without_its_spread_the_template_is_the_same():
    shown = past(ice([(0, 0)] * 4))
    np.testing.assert_allclose(Consensus(spread=False)(shown).template, Consensus()(shown).template, rtol=1e-5)
    assert Consensus(spread=False)(shown).spread is None


@pytest.mark.parametrize("power", [-1, 17, "x"])
def test_a_power_that_makes_no_sense(power):
    with pytest.raises(UsageError, match="power"):
        predictor("consensus", power=power)


def test_nothing_is_made_of_nothing():
    assert Consensus()(past(np.full((3, 32, 32), np.nan))) is None

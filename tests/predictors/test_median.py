"""The median of frames, against numpy's; and the template made of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_icenet.predictors.median import Median, median_and_deviation
from tests.predictors.ice import ice, overcast, past

#: Frames of 3 × 4 pixels, of which any may be missing.
FRAMES = st.integers(1, 9).flatmap(
    lambda n: arrays(np.float32, (n, 3, 4), elements=st.one_of(st.floats(-100, 100, width=32), st.just(np.nan)))
)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:All-NaN slice")
@given(FRAMES)
def test_the_median_and_its_deviation_are_numpys(frames):
    found, deviation = median_and_deviation(frames.copy())
    expected = np.nanmedian(frames.astype(float), axis=0)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    if len(frames) == 1:
        assert deviation is None
        return
    about = np.nanmedian(np.abs(frames - found), axis=0)
    few = np.isfinite(frames).sum(0) < 2
    assert np.isnan(deviation[few]).all()
    np.testing.assert_allclose(deviation[~few], about[~few], rtol=1e-5, atol=1e-5)


def test_the_frames_are_left_as_they_were():
    frames = np.random.default_rng(0).normal(size=(5, 8, 8)).astype(np.float32)
    before = frames.copy()
    median_and_deviation(frames)
    np.testing.assert_array_equal(frames, before)


def test_without_alignment_it_is_the_median_in_place_at_the_level_of_t0():
    chips = ice([(0, 0)] * 5, noise=5.0)
    found = Median(align=False)(past(chips))
    plain = (chips - chips.mean((1, 2), keepdims=True)) / chips.std((1, 2), keepdims=True)
    middle, last = np.median(plain, axis=0), chips[-1].astype(float)
    np.testing.assert_allclose(found.template, middle * last.std() + last.mean(), rtol=1e-3)
    spread = 1.4826 * np.median(np.abs(plain - middle), axis=0) * last.std()
    np.testing.assert_allclose(found.spread, spread, rtol=2e-2, atol=0.02)


def test_a_cloud_in_a_few_frames_leaves_no_trace():
    chips = ice([(0, 0)] * 7, noise=1.0)
    clean = Median(align=False)(past(chips)).template
    clouded = chips.copy()
    for k in (1, 4):
        clouded[k] = overcast(k)
    found = Median(align=False)(past(clouded)).template
    assert np.corrcoef(found.ravel(), clean.ravel())[0, 1] > 0.99


@pytest.mark.parametrize("count", [1, 2])
def test_a_short_past_will_do(count):
    chips = ice([(0, 0)] * count)
    found = Median()(past(chips))
    assert np.isfinite(found.template).all()
    assert (found.spread is None) == (count == 1)


def test_without_its_spread_the_template_is_the_same():
    shown = past(ice([(0.5 * k, 0) for k in range(4)]))
    with_, without = Median()(shown), Median(spread=False)(shown)
    np.testing.assert_array_equal(with_.template, without.template)
    assert without.spread is None


def test_nothing_is_made_of_nothing():
    assert Median()(past(np.full((3, 32, 32), np.nan))) is None

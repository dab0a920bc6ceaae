"""Curves as few points, against the plain rule; and moving means against a sum by hand."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_icenet.training.results.downsample import downsampled, smoothed

VALUES = st.lists(st.one_of(st.floats(-1e3, 1e3), st.just(float("nan"))), min_size=1, max_size=200)


@given(VALUES, st.integers(4, 40))
def test_few_points_keep_ends_extremes_and_order(values, most):
    y = np.array(values)
    x = np.arange(len(y)) * 2.0
    px, py = downsampled(x, y, most)
    assert len(px) <= max(most, 4)
    assert len(px) == len(py)
    assert (np.diff(px) > 0).all()
    np.testing.assert_array_equal(py, y[(px / 2).astype(int)])
    assert (px[0], px[-1]) == (x[0], x[-1])
    if np.isfinite(y).any():
        assert np.nanmin(py) == np.nanmin(y)
        assert np.nanmax(py) == np.nanmax(y)


@pytest.mark.parametrize("count", [1, 4, 9, 10])
def test_short_curves_are_left_alone(count):
    x, y = np.arange(float(count)), np.full(count, np.nan)
    assert downsampled(x, y, 10)[0] is x


@pytest.mark.parametrize("most", [10, 50, 101])
def test_every_stretch_gives_its_least_and_greatest(most):
    y = np.random.default_rng(0).normal(size=1000)
    px, _ = downsampled(np.arange(1000.0), y, most)
    cuts = np.linspace(1, 999, (most - 2) // 2 + 1).astype(int)
    expected = {0, 999}
    for first, last in pairwise(cuts):
        expected |= {first + int(np.argmin(y[first:last])), first + int(np.argmax(y[first:last]))}
    assert set(px.astype(int)) == expected


def test_a_gap_stays_one():
    y = np.ones(1000)
    y[400:700] = np.nan
    px, py = downsampled(np.arange(1000.0), y, 100)
    inside = py[(px > 420) & (px < 680)]
    assert inside.size
    assert np.isnan(inside).all()


@given(VALUES, st.integers(1, 30))
def test_smoothing_is_the_mean_of_the_known_values_up_to_each(values, window):
    y = np.array(values)
    found = smoothed(y, window)
    for i in range(len(y)):
        known = [v for v in y[max(0, i + 1 - window) : i + 1] if np.isfinite(v)]
        if known:
            assert found[i] == pytest.approx(np.mean(known), abs=1e-8)
        else:
            assert np.isnan(found[i])

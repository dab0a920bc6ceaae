"""Deviation by the median: that of normal numbers, and what wild ones do to it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import median_abs_deviation, norm

from napari_icenet.common.robust import NORMAL_MAD, robust_deviation


def test_the_factor_is_that_of_the_normal_distribution():
    assert pytest.approx(1 / norm.ppf(0.75), abs=1e-4) == NORMAL_MAD


def test_a_tenth_of_wild_numbers_changes_little():
    values = 3 + 0.2 * np.random.default_rng(0).normal(size=5000)
    assert robust_deviation(values) == pytest.approx(0.2, rel=0.05)
    assert robust_deviation(values) == pytest.approx(NORMAL_MAD * median_abs_deviation(values), rel=1e-12)
    values[::10] = 1e6
    assert robust_deviation(values) == pytest.approx(0.2, rel=0.2)

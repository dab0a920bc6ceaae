"""The scatter of positions about smooth motion, against the scatter that was put in."""

from __future__ import annotations

import numpy as np
import pytest

from napari_icenet.tracking.uncertainty import position_scatter

RNG = np.random.default_rng(5)
#: Irregular gaps, as of a real series.
DAYS = np.cumsum(RNG.choice([8, 16, 16, 32, 240], size=1500)).astype(float)


@pytest.mark.parametrize("sigma", [0.05, 0.3, 1.0])
def test_it_finds_the_scatter_that_was_put_in(sigma):
    positions = 100 - 0.07 * DAYS + RNG.normal(scale=sigma, size=DAYS.size)
    assert position_scatter(DAYS, positions) == pytest.approx(sigma, rel=0.15)


def test_a_slow_change_of_speed_does_not_count():
    days = np.arange(0, 400, 16.0)
    assert position_scatter(days, 0.07 * days + 1e-6 * days**2) < 1e-3
    assert position_scatter(days, 0.07 * days) == pytest.approx(0, abs=1e-9)


def test_one_bad_date_does_not_spoil_it():
    positions = 0.07 * DAYS + RNG.normal(scale=0.1, size=DAYS.size)
    positions[50] += 30
    assert position_scatter(DAYS, positions) == pytest.approx(0.1, rel=0.2)


def test_lost_dates_are_passed_over_and_too_few_say_nothing():
    days = np.arange(8) * 16.0
    positions = RNG.normal(size=8)
    positions[[2, 5]] = np.nan
    known = np.isfinite(positions)
    assert position_scatter(days, positions) == position_scatter(days[known], positions[known])
    positions[:4] = np.nan
    assert np.isnan(position_scatter(days, positions))


def test_two_scenes_of_one_moment_do_not_divide_by_zero():
    days = np.array([0, 0, 16, 16, 32, 48, 64.0])
    assert np.isfinite(position_scatter(days, days / 10))

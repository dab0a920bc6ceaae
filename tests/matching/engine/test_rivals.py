"""The two highest maxima of surfaces: where they lie, and how high a chance match is."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from napari_icenet.matching.engine.rivals import two_peaks
from napari_icenet.matching.zncc import zncc
from tests.tracking.glacier import shifted, texture

STEPS = (0, 0), (6, -4)


def two_motions(side=96, noise=2.0):
    """Left half still, right half moved."""
    rng = np.random.default_rng(5)
    # Without the coarse features, whose one peak is as wide as the way moved.
    still, flowing = (t - gaussian_filter(t, 5, mode="wrap") for t in (texture(side, 1), texture(side, 2)))
    right = np.arange(side) >= side // 2
    first = np.where(right, flowing, still)
    second = np.where(right, shifted(flowing, *STEPS[1]), still)
    return tuple((p + noise * rng.normal(size=p.shape)).astype(np.float32) for p in (first, second))


def peaks_of(first, second, **changes):
    given = {"chip": 32, "radius": (12, 10), "shift": (np.zeros(1, int), np.zeros(1, int)), "min_overlap": 0.5}
    return two_peaks(first, second, np.array([48]), np.array([48]), **(given | changes))


def test_a_chip_across_a_margin_has_a_peak_for_each_motion():
    found = peaks_of(*two_motions())
    assert sorted(zip(found.drow[:, 0], found.dcol[:, 0], strict=True)) == sorted(STEPS)
    assert found.ncc[0, 0] >= found.ncc[1, 0] > 0.2


def test_heights_and_deviation_are_those_of_the_surface():
    first, second = two_motions()
    found = peaks_of(first, second)
    surface = zncc(second[20:76, 22:74], first[32:64, 32:64])
    assert found.ncc[0, 0] == pytest.approx(surface.max(), abs=1e-4)
    row, col = (int(d[0, 0]) for d in (found.drow, found.dcol))
    assert surface[row + 12, col + 10] == surface.max()
    sampled = surface[::2, ::2]
    expected = 1.4826 * np.median(np.abs(sampled - np.median(sampled)))
    assert found.deviation[0] == pytest.approx(expected, rel=1e-3)


def test_displacements_count_from_the_place_wherever_the_search_is_centred():
    first, second = two_motions()
    moved = peaks_of(first, second, shift=(np.array([4]), np.array([-3])))
    assert sorted(zip(moved.drow[:, 0], moved.dcol[:, 0], strict=True)) == sorted(STEPS)


def test_where_nothing_is_known_there_is_no_peak():
    first, second = two_motions()
    second[:] = np.nan
    found = peaks_of(first, second)
    assert np.isnan([found.drow, found.dcol, found.ncc]).all()
    assert np.isnan(found.deviation[0])

"""Triangles of dates that close, and those that do not."""

from dataclasses import replace

import numpy as np
import pytest

from napari_icenet.velocity.quality.closure import closure, triplets
from tests.velocity.maps import made

SHAPE = (20, 24)


def flow(days, shape=SHAPE, spacing=16):
    """Displacement of a flow that stretches along the columns: exact for any time."""
    col = np.arange(shape[1]) * spacing + (spacing - 1) / 2
    growth = np.expm1(0.002 * days)
    return np.zeros(shape), np.ones(shape) * (col + 100) * growth


def three(noise=0.0, seed=0):
    rng = np.random.default_rng(seed)
    out = []
    for days in ((0, 5), (5, 20), (0, 20)):
        drow, dcol = flow(days[1] - days[0])
        out.append(made(drow + noise * rng.normal(size=SHAPE), dcol + noise * rng.normal(size=SHAPE), days=days))
    return out


def test_an_exact_flow_closes():
    found = closure(*three())
    inner = np.isfinite(found.length)
    assert inner[:, :-1].all()
    assert np.nanmax(found.length) < 1e-3
    # What leaves the map cannot be compared.
    assert found.comparable == inner.sum()


def test_errors_of_three_maps_add_up():
    found = closure(*three(noise=0.1))
    # The one in the middle is interpolated, so its errors are a little smaller.
    assert np.nanstd(found.drow) == pytest.approx(0.1 * np.sqrt(2.8), rel=0.1)


def test_a_shift_of_a_scene_closes_by_itself():
    one, two, whole = three()
    shifted = replace(one, drow=one.drow + np.float32(3)), replace(two, drow=two.drow - np.float32(3)), whole
    assert np.nanmax(closure(*shifted).length[:-1]) < 1e-3
    wrong = one, replace(two, dcol=two.dcol + np.float32(0.5)), whole
    assert np.nanmedian(closure(*wrong).length) == pytest.approx(0.5, abs=1e-3)


def test_missing_cells_are_missing_in_the_triangle():
    one, two, whole = three()
    reason = two.reason.copy()
    reason[5, 6] = 3
    found = closure(one, replace(two, reason=reason), whole)
    # The ice at (5, 5) arrives between columns 5 and 6.
    assert np.isnan(found.drow[5, 5:7]).all()
    assert np.isfinite(found.drow[4, 5:7]).all()


def test_the_second_step_is_taken_where_the_first_leads_to():
    """Any numbers: 4 px down and 8 px right of cell (3, 5) lies between four cells, by hand."""
    rng = np.random.default_rng(6)
    second, whole = rng.normal(size=(2, 2, *SHAPE))
    one = made(np.full(SHAPE, 4.0), np.full(SHAPE, 8.0), days=(0, 5))
    found = closure(one, made(*second, days=(5, 20)), made(*whole, days=(0, 20)))
    for axis, (value, step) in enumerate(((found.drow, 4), (found.dcol, 8))):
        near = second[axis][3:5, 5:7]
        between = 0.75 * near[0].mean() + 0.25 * near[1].mean()
        assert value[3, 5] == pytest.approx(whole[axis][3, 5] - step - between, abs=1e-5)


def test_triangles_are_found_among_many_maps():
    pairs = [(0, 5), (5, 20), (0, 20), (20, 30), (5, 30), (30, 5)]
    maps = [made(*flow(b - a), days=(a, b)) for a, b in pairs]
    found = [(t[0].labels[0][-2:], t[0].labels[1][-2:], t[1].labels[1][-2:]) for t in triplets(maps)]
    assert found == [("01", "06", "21"), ("06", "21", "31")]
    assert triplets(maps[:2]) == []

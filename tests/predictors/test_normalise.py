"""Frames of unit deviation, and back to the unit of the last one."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from napari_icenet.matching.template import Past
from napari_icenet.predictors import normalise
from napari_icenet.predictors.normalise import MIN_KNOWN, Level, levels, normalised, template_level, usable

SIDE = 16


def frames(count=3, seed=0):
    return (500 + 40 * np.random.default_rng(seed).normal(size=(count, SIDE, SIDE))).astype(np.float32)


def past(chips, valid=None):
    chips = np.asarray(chips, np.float32)
    days = 16.0 * np.arange(1 - len(chips), 1)
    return Past(chips, days, np.ones(len(chips), bool) if valid is None else np.array(valid), 16.0)


@pytest.mark.parametrize("rows_missing", [0, 1, 7, 15])
def test_a_level_is_that_of_the_known_pixels(rows_missing):
    (frame,) = frames(1)
    frame[:rows_missing] = np.nan
    known = frame[rows_missing:].astype(float)
    found = Level.of(frame)
    assert found.mean == pytest.approx(known.mean(), rel=1e-6)
    assert found.deviation == pytest.approx(known.std(), rel=1e-5)
    assert found.known == pytest.approx(1 - rows_missing / SIDE)


@pytest.mark.parametrize("value", [0.0, 7.0, -3.5, 65_535.0, np.nan])
def test_what_is_flat_or_missing_has_none(value):
    frame = np.full((SIDE, SIDE), value, np.float32)
    assert Level.of(frame) is None
    frame[0] = np.nan
    assert Level.of(frame) is None


def test_the_level_is_given_back():
    (frame,) = frames(1)
    level = Level.of(frame)
    (plain,) = normalised(frame[None])
    np.testing.assert_allclose(level.restored(plain), frame, rtol=1e-5)
    np.testing.assert_allclose(level.scaled(plain), frame - level.mean, rtol=1e-3, atol=1e-3)
    assert level.restored(plain).dtype == level.scaled(plain).dtype == np.float32


def test_each_frame_has_zero_mean_and_unit_deviation():
    shown = frames(3)
    shown[1, :4] = np.nan
    shown[2] = 9
    found = normalised(shown)
    for one in found[:2]:
        assert np.nanmean(one, dtype=float) == pytest.approx(0, abs=1e-5)
        assert np.nanstd(one, dtype=float) == pytest.approx(1, rel=1e-4)
    np.testing.assert_array_equal(np.isnan(found[1]), np.isnan(shown[1]))
    assert np.isnan(found[2]).all()


def hidden(share):
    """A frame of which this share is known."""
    (frame,) = frames(1, seed=9)
    frame.ravel()[round(share * frame.size) :] = np.nan
    return frame


@pytest.mark.parametrize(
    ("shares", "valid", "chosen"),
    [
        ((1, 1, 1), (True, True, True), [0, 1, 2]),
        ((1, 1, 1), (True, False, True), [0, 2]),
        ((1, MIN_KNOWN, 1), (True, True, True), [0, 1, 2]),
        ((1, MIN_KNOWN - 0.01, 1), (True, True, True), [0, 2]),
        # Where none is valid, those that show something.
        ((1, 0.2, 1), (False, False, False), [0, 2]),
        ((0.1, 1, 0.1), (True, False, True), [1]),
        ((0.1, 0.2, 0), (True, True, True), []),
    ],
)
def test_frames_a_template_can_be_made_of(shares, valid, chosen):
    assert usable(past([hidden(share) for share in shares], valid)).tolist() == chosen


def test_a_flat_frame_is_not_used():
    shown = frames(3)
    shown[1] = 4
    assert usable(past(shown)).tolist() == [0, 2]


def test_the_template_has_the_level_of_t0_or_of_the_newest_that_shows_something():
    shown = frames(3)
    shown[1] += 300
    one = past(shown)
    assert template_level(one, usable(one)).mean == pytest.approx(shown[2].mean(dtype=float), rel=1e-5)
    shown[2] = np.nan
    other = past(shown)
    assert template_level(other, usable(other)).mean == pytest.approx(shown[1].mean(dtype=float), rel=1e-5)


@pytest.mark.slow
def test_levels_are_worked_out_once_and_forgotten_with_the_past(monkeypatch):
    one = past(frames(3))
    first = levels(one)
    monkeypatch.setattr(Level, "of", lambda _frame: pytest.fail("worked out again"))
    assert levels(one) is first
    count = len(normalise._known)
    del one
    gc.collect()
    assert len(normalise._known) == count - 1

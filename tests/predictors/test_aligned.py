"""Alignment is worked out once for a past, and is that of the frames themselves."""

import gc

import numpy as np

from napari_icenet.predictors import aligned as room
from napari_icenet.predictors.aligned import aligned
from napari_icenet.predictors.consensus import Consensus
from napari_icenet.predictors.median import Median
from napari_icenet.predictors.registration import moved, register
from tests.predictors.ice import ice, past


def test_is_registered_once_for_all_predictors_and_forgotten_with_the_past(monkeypatch):
    calls = []
    monkeypatch.setattr(room, "register", lambda chips: calls.append(1) or register(chips))
    shown = past(ice([(0, 0), (1, 0), (0.5, -0.5)]), valid=[True, False, True])
    one, other = Median()(shown), Consensus()(shown)
    assert len(calls) == 1
    # Another past with the same chips is another past, and gives the same.
    again = past(shown.chips, valid=[True, False, True])
    assert np.array_equal(Consensus()(again).template, other.template, equal_nan=True)
    assert np.array_equal(Median()(again).template, one.template, equal_nan=True)
    assert len(calls) == 2
    before = len(room._known)
    del shown, again
    gc.collect()
    assert len(room._known) == before - 2


def test_holds_the_usable_frames_in_their_places():
    shown = past(ice([(0, 0), (2, 1), (0, 0)]), valid=[True, True, False])
    made = aligned(shown)
    assert made.index.tolist() == [0, 1]
    places = register(shown.chips).places[:2]
    frame = moved(shown.chips[:2], places)[1]
    expected = (frame - np.nanmean(frame)) / np.nanstd(frame)
    np.testing.assert_allclose(made.frames[1], expected, atol=1e-4)

"""Tracks on the bundled simulated sample against its exact flow, in hundredths of a pixel."""

from __future__ import annotations

import numpy as np
import pytest

from napari_icenet.matching.pictures import Pictures
from napari_icenet.samples import byrd_folder
from napari_icenet.scenes.open import open_stack
from napari_icenet.simulation import load_truth
from napari_icenet.tracking.follow import follow
from napari_icenet.tracking.settings import TrackSettings

pytestmark = pytest.mark.slow

CHIP = 128
#: Chips wholly on the trunk, where every pixel flows at 550 m/yr or more.
PLACES = [(row, col) for row in (290, 320, 350) for col in (180, 270, 360, 450)]
#: An even chip's geometric centre lies half a pixel before its nominal one.
CENTRE = -0.5
#: The nine months of winter, in which the ice under a chip is strained by more than a pixel.
WINTER = 5


@pytest.fixture(scope="module")
def tracked():
    folder = byrd_folder()
    pictures = Pictures(open_stack(folder), "B4")
    settings = TrackSettings(band="B4", chip=CHIP, scale=1.5)
    return [follow(pictures, row, col, 0, settings) for row, col in PLACES], load_truth(folder)


@pytest.fixture(scope="module")
def steps(tracked):
    """(track, date, error of drow, error of dcol) of each step since the last valid date, px."""
    tracks, truth = tracked
    found = []
    for number, track in enumerate(tracks):
        for i in np.flatnonzero(track.previous >= 0):
            j = track.previous[i]
            drow, dcol = truth.displacement(track.rows[j] + CENTRE, track.cols[j] + CENTRE, j, i)
            found.append((number, i, track.drow[i] - drow, track.dcol[i] - dcol))
    return np.array(found)


def test_the_places_lie_on_the_trunk(tracked):
    _, truth = tracked
    for row, col in PLACES:
        rows, cols = np.mgrid[row - CHIP // 2 : row + CHIP // 2 : 8, col - CHIP // 2 : col + CHIP // 2 : 8]
        assert np.hypot(*truth.velocity(rows, cols)).min() > 550


def test_no_date_of_the_clear_sample_is_lost(tracked):
    assert np.mean([track.valid.mean() for track in tracked[0]]) > 0.98


def test_steps_of_16_to_32_days_agree_to_seven_hundredths_of_a_pixel(steps):
    short = steps[steps[:, 1] != WINTER]
    error = np.hypot(short[:, 2], short[:, 3])
    assert np.median(error) <= 0.07
    assert np.percentile(error, 90) <= 0.20
    # No direction is favoured: over all tracks the mean is a few hundredths.
    assert np.abs(short[:, 2:].mean(axis=0)).max() <= 0.03


def test_the_nine_months_of_winter_agree_to_four_tenths(steps):
    winter = steps[steps[:, 1] == WINTER]
    assert np.median(np.hypot(winter[:, 2], winter[:, 3])) <= 0.4


def test_error_bars_hold_the_error(tracked, steps):
    errors = np.array([tracked[0][int(n)].displacement_error[int(i)] for n, i, *_ in steps])
    ratio = np.sqrt(np.mean((steps[:, 2:] / errors) ** 2))
    assert 0.3 < ratio < 1.3

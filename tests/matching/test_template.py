"""What predictors are handed by tracking, and what becomes of their answer."""

import dataclasses

import numpy as np
import pytest

from napari_icenet.matching.chips import chip_window
from napari_icenet.matching.lost_reason import LostReason
from napari_icenet.matching.pictures import Pictures
from napari_icenet.matching.template import PAST_CHIPS, Prediction
from napari_icenet.scenes.raster.array import ArrayBand
from napari_icenet.scenes.scene import Flag
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.tracking.evidence import Correlator, Place
from napari_icenet.tracking.follow import follow, surface
from napari_icenet.tracking.settings import TrackSettings
from tests.tracking.glacier import moving

STEPS = np.array([(0.3 * i, 0.8 * i) for i in range(11)])
DAYS = [0, 16, 32, 64, 80, 96, 112, 144, 160, 176, 192]
SETTINGS = TrackSettings(chip=48, scale=1.5, template="mine")


class Mine:
    name, title, prefilter = "mine", "Mine", "none"

    def __init__(self, prefilter="none", answer=True):
        self.prefilter, self.answer, self.seen = prefilter, answer, []

    def __call__(self, past):
        self.seen.append(past)
        return Prediction(past.chips[-1]) if self.answer else None


@pytest.fixture(scope="module")
def pictures():
    return Pictures(moving(STEPS, noise=1, side=160, days=DAYS), 1)


@pytest.mark.parametrize("tracking", ["robust", "chain"])
def test_the_last_chip_as_a_prediction_is_persistence(pictures, tracking):
    settings = SETTINGS.model_copy(update={"tracking": tracking})
    predicted = follow(pictures, 80, 80, 4, settings, predictor=Mine())
    plain = follow(pictures, 80, 80, 4, settings.model_copy(update={"template": "persistence"}))
    np.testing.assert_array_equal(predicted.rows, plain.rows)
    np.testing.assert_array_equal(predicted.ncc, plain.ncc)


def test_the_past_runs_towards_the_target_in_both_directions(pictures):
    mine = Mine()
    assert follow(pictures, 80, 80, 10, SETTINGS, predictor=mine).valid.all()
    last = mine.seen[-1]
    # From the last date back to the first: the past of date 0 are dates 8 … 1.
    assert len(last.chips) == PAST_CHIPS == 8
    np.testing.assert_array_equal(last.days, [-(DAYS[i] - DAYS[1]) for i in range(8, 0, -1)])
    assert last.horizon == 16
    assert last.steps == 1
    assert np.isnan(last.cloud).all()
    assert last.valid.all()


def test_a_predictor_knows_how_much_cloud_its_chips_show_and_which_frame_is_asked_for():
    scenes = moving(STEPS[:4], noise=1, side=160)
    hidden = np.zeros((160, 160), np.uint8)
    hidden[:, :80] = Flag.CLOUD
    hidden[80:, 80:] = Flag.SNOW
    first = dataclasses.replace(scenes.scenes[0], mask=ArrayBand(hidden))
    stack = SceneStack([first, *scenes.scenes[1:]], scenes.bands, scenes.grid)
    mine = Mine()
    Correlator(Pictures(stack, 1), SETTINGS, mine).template([Place(0, 80, 92), Place(1, 80, 92)], 3)
    assert mine.seen[0].steps == 2
    # Columns 68 … 79 of 68 … 115 lie under cloud.
    assert mine.seen[0].cloud[0] == pytest.approx(12 / 48)
    assert np.isnan(mine.seen[0].cloud[1])


def test_without_a_template_the_date_is_lost(pictures):
    for tracking in ("robust", "chain"):
        settings = SETTINGS.model_copy(update={"tracking": tracking})
        track = follow(pictures, 80, 80, 0, settings, predictor=Mine(answer=False))
        assert track.valid.tolist() == [True] + [False] * 10
        assert track.observations[1].reason is LostReason.FILL
        assert np.isnan(surface(pictures, track, 1, predictor=Mine(answer=False)).values).all()


@pytest.mark.parametrize(("own", "asked", "handed"), [("none", "box", "box"), ("high-pass", "box", "none")])
def test_a_filter_applies_to_chips_and_picture_alike(pictures, own, asked, handed):
    mine = Mine(own)
    follow(pictures, 80, 80, 0, SETTINGS.model_copy(update={"prefilter": asked}), predictor=mine)
    expected = pictures.filtered(handed).read(0, chip_window(80, 80, 48))
    np.testing.assert_array_equal(mine.seen[0].chips[0], expected)

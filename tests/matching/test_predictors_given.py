"""Predictors as strangers write them: what is taken, and what is told of one that cannot be."""

from __future__ import annotations

import numpy as np
import pytest

import napari_icenet as icenet
from napari_icenet.errors import PredictorError, UsageError
from napari_icenet.evaluation.evaluate import evaluate
from napari_icenet.matching.template import Past, Prediction
from napari_icenet.tracking.follow import follow
from napari_icenet.tracking.settings import TrackSettings
from tests.tracking.glacier import moving

STEPS = np.array([(0.3 * i, 0.8 * i) for i in range(6)])
SETTINGS = TrackSettings(chip=48, scale=1.5)


class Last:
    """As documented: name, title and a call."""

    name, title = "last", "Last chip"

    def __init__(self, answer=lambda past: Prediction(past.chips[-1])):
        self.answer, self.asked = answer, 0

    def __call__(self, past):
        self.asked += 1
        return self.answer(past)


class Nameless:
    def __call__(self, past):
        return None


@pytest.fixture(scope="module")
def stack():
    return moving(STEPS, noise=1, side=160)


def test_a_predictor_without_a_prefilter_is_used_and_its_name_is_the_template(stack):
    last = Last()
    track = follow(stack, at=(80, 80), settings=SETTINGS, predictor=last)
    assert last.asked >= len(STEPS) - 1
    assert track.settings == SETTINGS.model_copy(update={"template": "last"})
    plain = follow(stack, at=(80, 80), settings=SETTINGS)
    np.testing.assert_array_equal(track.rows, plain.rows)


def test_a_predictor_without_a_prefilter_is_evaluated(stack):
    found = evaluate(stack, predictors=[Last()], chip=32, frames=4, tracking="chain", resamples=100, threads=1)
    assert found.names == ("persistence", "last")
    scores = found.scores["chain"]
    np.testing.assert_array_equal(scores.ncc[:, 0], scores.ncc[:, 1])


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("median", r'median is the name of a predictor; hand over icenet\.predictors\.get\("median"\)\.'),
        (Last, r"Last is a class and no predictor yet; hand over Last\(\)\."),
        (3, "A int is no predictor; hand over one"),
        (Nameless(), "A Nameless without a name is no predictor"),
    ],
)
def test_what_is_no_predictor_is_refused(stack, given, sentence):
    with pytest.raises(UsageError, match=sentence):
        follow(stack, at=(80, 80), settings=SETTINGS, predictor=given)


def test_settings_that_name_another_template_are_not_passed_over(stack):
    with pytest.raises(UsageError, match="name the template high-pass, the predictor is last"):
        follow(stack, at=(80, 80), settings=TrackSettings(chip=48, scale=1.5, template="high-pass"), predictor=Last())


def test_a_template_without_its_predictor_says_the_way_out(stack):
    with pytest.raises(UsageError, match=r'hand it over, as in predictor=icenet\.predictors\.get\("median"\)'):
        follow(stack, at=(80, 80), settings=TrackSettings(chip=48, scale=1.5, template="median"))
    track = follow(stack, at=(80, 80), settings=SETTINGS, predictor=icenet.predictors.get("median"))
    assert track.settings.template == "median"


def fails(past):
    return {}["ice"]


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (fails, "The predictor last failed .KeyError: 'ice'."),
        (lambda past: past.chips[-1], "The predictor last gave a ndarray; return a Prediction, or None."),
        (lambda past: Prediction(past.chips[-1][:8]), r"The predictor last gave a template of shape \(8, 48\)"),
    ],
)
def test_a_predictor_that_fails_is_told_by_its_name(stack, answer, sentence):
    with pytest.raises(PredictorError, match=sentence):
        follow(stack, at=(80, 80), settings=SETTINGS, predictor=Last(answer))


def test_a_predictor_that_fails_ends_an_evaluation_by_its_name(stack):
    with pytest.raises(PredictorError, match=r"The predictor last failed \(KeyError"):
        evaluate(stack, predictors=[Last(fails)], chip=32, frames=4, tracking="chain", resamples=100, threads=1)


def test_an_unknown_prefilter_is_told_with_the_predictor(stack):
    last = Last()
    last.prefilter = "sharp"
    with pytest.raises(UsageError, match="The predictor last: there is no prefilter sharp"):
        follow(stack, at=(80, 80), settings=SETTINGS, predictor=last)


def test_lists_are_a_past():
    chips = np.ones((2, 16, 16), np.float32)
    past = Past(chips.tolist(), [-16, 0], [True, True], 16)
    assert (past.chips.dtype, past.days.dtype, past.valid.dtype) == (np.float32, np.float64, np.bool_)
    np.testing.assert_array_equal(past.chips, chips)
    with pytest.raises(UsageError, match="days of past chips cannot be used"):
        Past(chips, ["long ago", "now"], [True, True], 16)
    with pytest.raises(UsageError, match="horizon of 'soon'"):
        Past(chips, [-16, 0], [True, True], "soon")

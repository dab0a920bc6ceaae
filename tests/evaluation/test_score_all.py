"""Sequences scored in processes of their own have the very scores that they have here."""

from dataclasses import fields

import numpy as np
import pytest

from napari_icenet.errors import Cancelled
from napari_icenet.evaluation import score_all as scoring
from napari_icenet.evaluation.evaluate import evaluate
from napari_icenet.evaluation.scoring.scores import Scores
from napari_icenet.evaluation.settings import EvaluationSettings
from napari_icenet.evaluation.sources.stack import StackSource
from tests.evaluation.correlation_map.mapped import noisy_ice

pytestmark = pytest.mark.process
STACK = noisy_ice()
SETTINGS = EvaluationSettings(predictors=("persistence", "median"), chip=32, stride=16, resamples=100, tracked=40)


@pytest.fixture(autouse=True)
def _worth_it(monkeypatch):
    monkeypatch.setattr(scoring, "_WORTH_IT", 0)


def test_processes_find_what_one_finds():
    source, told = StackSource(STACK, SETTINGS), []
    alone = evaluate(source, SETTINGS, processes=1, threads=1)
    shared = evaluate(source, SETTINGS, processes=2, progress=lambda share, text: told.append(share))
    assert set(alone.scores) == set(shared.scores) == set(source.modes)
    for mode, scores in alone.scores.items():
        assert len(scores) > 50
        for field in fields(Scores):
            np.testing.assert_array_equal(
                getattr(scores, field.name), getattr(shared.scores[mode], field.name), err_msg=field.name
            )
    assert told == sorted(told)
    assert len(told) > 2


def test_it_is_stopped_where_it_tells_how_far_it_is():
    def stop(*_):
        raise Cancelled("enough.")

    with pytest.raises(Cancelled, match="enough"):
        evaluate(StackSource(STACK, SETTINGS), SETTINGS, processes=2, progress=stop)

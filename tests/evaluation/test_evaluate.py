"""Scores do not depend on who computes them: how many processes, how many threads."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from napari_icenet.evaluation.evaluate import evaluate
from napari_icenet.evaluation.settings import EvaluationSettings
from napari_icenet.evaluation.sources.stack import StackSource
from tests.evaluation.correlation_map.mapped import noisy_ice

pytestmark = pytest.mark.slow

#: A network computes a batch, and sums it, as its threads divide it; the rest is exact.
ROUNDING = 1e-5
NETWORK = 3


def evaluated(**how):
    settings = EvaluationSettings(
        predictors=("persistence", "high-pass", "consensus", "icenet"),
        chip=32,
        stride=32,
        tracking="chain",
        resamples=100,
    )
    return evaluate(StackSource(noisy_ice(), settings), settings, **how)


@pytest.fixture(scope="module")
def alone():
    return evaluated(processes=1, threads=1)


def assert_same_scores(found, alone):
    """Every array of every mode: to the bit but for the network's columns."""
    assert found.predictors == alone.predictors
    assert found.scores.keys() == alone.scores.keys()
    for mode, scores in alone.scores.items():
        assert len(scores) == 18
        for name in (field.name for field in fields(scores)):
            one, other = getattr(found.scores[mode], name), getattr(scores, name)
            if name in ("ncc", "early", "miss", "peak_ratio"):
                np.testing.assert_array_equal(one[:, :NETWORK], other[:, :NETWORK], name)
                np.testing.assert_allclose(one[:, NETWORK], other[:, NETWORK], rtol=0, atol=ROUNDING, err_msg=name)
            else:
                np.testing.assert_array_equal(one, other, name)


def test_scores_do_not_depend_on_the_threads(alone):
    assert_same_scores(evaluated(processes=1, threads=3), alone)


def test_the_report_tells_what_networks_compute_in(alone):
    assert alone.provenance()["arithmetic"] == {"icenet": "float32"}

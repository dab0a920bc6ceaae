"""The evaluation as a library: by a stack, a dataset or the path of one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_icenet import datasets
from napari_icenet.errors import UsageError
from napari_icenet.evaluation.evaluate import evaluate
from napari_icenet.evaluation.settings import EvaluationSettings
from napari_icenet.evaluation.sources.stack import StackSource
from napari_icenet.predictors.registry import predictor
from tests.evaluation.correlation_map.mapped import noisy_ice

CHOSEN = {"chip": 32, "stride": 32, "frames": 6, "tracking": "chain", "resamples": 100}


def test_a_stack_and_choices_give_what_a_source_and_settings_give() -> None:
    stack = noisy_ice()
    settings = EvaluationSettings(predictors=("persistence", "median"), **CHOSEN)
    plain = evaluate(StackSource(stack, settings), settings, threads=1)
    easy = evaluate(stack, predictors=["median"], threads=1, **CHOSEN)
    assert easy.names == plain.names == ("persistence", "median")
    assert np.array_equal(easy.scores["chain"].ncc, plain.scores["chain"].ncc)
    assert easy.tables == plain.tables


def test_persistence_is_always_there_to_be_told_against() -> None:
    made = evaluate(noisy_ice(), predictors=[predictor("median")], threads=1, **CHOSEN)
    assert made.names == ("persistence", "median")


def test_a_dataset_is_evaluated_opened_or_by_its_path(tmp_path: Path) -> None:
    dataset = datasets.build(noisy_ice(), tmp_path / "ice.zarr", chip=32, stride=32, frames=6, validation=0, test=0)
    opened, by_path = (
        evaluate(one, predictors=["median"], resamples=100, threads=1) for one in (dataset, dataset.path)
    )
    assert len(opened.scores["chain"]) == len(dataset)
    assert np.array_equal(opened.scores["chain"].ncc, by_path.scores["chain"].ncc)


def test_settings_and_choices_at_once_are_refused() -> None:
    with pytest.raises(UsageError, match="chip and settings"):
        evaluate(noisy_ice(), EvaluationSettings(), chip=32)

"""Predictors that are held against each other."""

import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from napari_icenet.errors import UsageError, WeightsError
from napari_icenet.matching.template import Past
from napari_icenet.models.weights import bundled
from napari_icenet.predictors.learned import LearnedOptions
from napari_icenet.predictors.predictor_set import PredictorSet, PredictorSpec


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Weights of a run of one's own."""
    run = tmp_path / "north-branch"
    run.mkdir()
    for suffix in (".safetensors", ".json"):
        shutil.copy(bundled()["icenet"].with_suffix(suffix), run / f"best{suffix}")
    return run / "best.safetensors"


def past(chip: int = 128) -> Past:
    chips = np.random.default_rng(0).normal(size=(3, chip, chip)).astype(np.float32)
    return Past(chips, np.array([-32.0, -16.0, 0.0]), np.ones(3, bool), 16.0)


def test_makes_predictors_in_order_with_device_and_samples() -> None:
    made = PredictorSet.of_names("svg-lp", "persistence", "icenet", device="cpu", samples=3).make()
    assert [one.name for one in made] == ["svg-lp", "persistence", "icenet"]
    assert isinstance(made[0], LearnedOptions)
    assert isinstance(made[2], LearnedOptions)
    assert (made[0].model_dump()["samples"], made[0].device, made[2].device) == (3, "cpu", "cpu")


def test_spread_only_where_it_is_asked_for() -> None:
    line = PredictorSet.of_names("median", "consensus")
    assert [one(past()).spread is None for one in line.make()] == [True, True]
    assert [one(past()).spread is None for one in line.make(spread=True)] == [False, False]


def test_weights_of_a_run_stand_beside_those_of_the_package(own: Path) -> None:
    line = PredictorSet(entries=(PredictorSpec(name="icenet"), PredictorSpec.of_weights(own)))
    assert line.keys == ("icenet", "icenet@north-branch")
    assert line.titles == ("IceNet", "IceNet · north-branch")
    assert line.entries[0].colour == line.entries[1].colour
    first, second = line.make(128)
    np.testing.assert_array_equal(first(past()).template, second(past()).template)


def test_leaves_out_what_is_for_other_chips(own: Path) -> None:
    line = PredictorSet(
        entries=(PredictorSpec(name="persistence"), PredictorSpec(name="svg-lp"), PredictorSpec.of_weights(own))
    )
    assert line.fitting(64).keys == ("persistence", "icenet@north-branch")
    with pytest.raises(UsageError, match="SVG-LP has no weights for chips of 64 px"):
        line.make(64)


def test_refuses_what_cannot_be_told_apart(own: Path) -> None:
    with pytest.raises(ValueError, match="cannot be told apart"):
        PredictorSet(entries=(PredictorSpec.of_weights(own), PredictorSpec.of_weights(own)))


def test_missing_weights_are_told(tmp_path: Path) -> None:
    with pytest.raises(WeightsError):
        PredictorSpec.of_weights(tmp_path / "none.safetensors")
    with pytest.raises(WeightsError):
        PredictorSet(entries=(PredictorSpec(name="icenet", weights=tmp_path / "none.safetensors"),)).make(128)


def test_goes_to_another_process(own: Path) -> None:
    line = PredictorSet(entries=(PredictorSpec(name="consensus"), PredictorSpec.of_weights(own)), samples=2)
    assert pickle.loads(pickle.dumps(line)) == line

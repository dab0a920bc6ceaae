"""A path becomes a source: a dataset or a stack, with the settings that fit it."""

from __future__ import annotations

import json

import pytest

from napari_icenet.datasets.builder import build_dataset
from napari_icenet.datasets.dataset import open_dataset
from napari_icenet.errors import DatasetError, SceneError, StackError, UsageError
from napari_icenet.evaluation.sources.dataset import DatasetSource
from napari_icenet.evaluation.sources.open import holds_a_dataset, make_predictors, open_source
from napari_icenet.evaluation.sources.stack import StackSource
from tests.datasets.ice import SETTINGS, dated_pictures, moving, stack_of

GIVEN = {"chip": 32, "frames": 4, "stride": 32, "predictors": ("persistence", "median")}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    path = tmp_path_factory.mktemp("open") / "ice.zarr"
    build_dataset([stack_of(moving(6))], path, SETTINGS)
    return path


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return dated_pictures(tmp_path_factory.mktemp("pictures") / "glacier", side=96)


@pytest.mark.parametrize("kind", ["path", "text", "dataset"])
def test_a_dataset_is_evaluated_as_it_was_made(built, kind):
    given = {"path": built, "text": str(built), "dataset": open_dataset(built)}[kind]
    source, settings = open_source(given, {"predictors": ("persistence",)})
    assert isinstance(source, DatasetSource)
    assert (settings.chip, settings.frames, settings.scale, settings.stride) == (16, 4, 1.5, 16)
    assert source.settings is settings


@pytest.mark.parametrize("kind", ["path", "text", "stack"])
def test_a_stack_is_cut_as_it_was_asked_for(pictures, kind):
    given = {"path": pictures, "text": str(pictures), "stack": stack_of(moving(6))}[kind]
    source, settings = open_source(given, {**GIVEN, "scale": None})
    assert isinstance(source, StackSource)
    assert (settings.chip, settings.frames, settings.stride, settings.scale) == (32, 4, 32, 1.5)
    assert len(source.starts) == 3


@pytest.mark.parametrize(
    ("given", "error"),
    [({"split": "test"}, UsageError), ({"chip": 31}, UsageError), ({"frames": 12}, StackError), ({"x": 1}, UsageError)],
)
def test_what_a_stack_cannot_be_asked_is_refused(given, error):
    with pytest.raises(error):
        open_source(stack_of(moving(6)), {**GIVEN, **given})


def test_a_dataset_has_covariates_of_its_own(built, tmp_path):
    with pytest.raises(UsageError, match="--covariates"):
        open_source(built, {}, covariates=tmp_path / "wind.csv")


def test_a_stack_is_given_covariates(pictures, tmp_path):
    table = tmp_path / "wind.csv"
    table.write_text("date,wind (m/s)\n" + "".join(f"2020-01-{day:02},{day}\n" for day in range(1, 7)))
    source, _ = open_source(pictures, GIVEN, covariates=table)
    assert source.covariates == ("wind (m/s)",)
    (batch, *_) = source.read(source.tasks(1)[0])
    assert batch.sequences.covariates[0, :, 0].tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (None, False),
        ("{", False),
        ("[]", False),
        ("{}", False),
        ('{"attributes": []}', False),
        ('{"attributes": {"format": "else"}}', False),
    ],
)
def test_other_folders_hold_no_dataset(tmp_path, content, found):
    if content is not None:
        (tmp_path / "zarr.json").write_text(content)
    assert holds_a_dataset(tmp_path) is found


def test_a_dataset_is_known_by_its_format_though_it_is_damaged(built, tmp_path):
    attributes = json.loads((built / "zarr.json").read_text())["attributes"]
    (tmp_path / "zarr.json").write_text(json.dumps({"attributes": {"format": attributes["format"]}}))
    assert holds_a_dataset(built)
    assert holds_a_dataset(tmp_path)
    with pytest.raises(DatasetError):
        open_source(tmp_path, {})


def test_what_is_not_there_is_refused(tmp_path):
    with pytest.raises((SceneError, StackError, UsageError)):
        open_source(tmp_path / "nothing", GIVEN)


def test_predictors_are_made_in_order_without_their_spread(built):
    source, settings = open_source(built, {"predictors": ("persistence", "consensus", "blurred")})
    made = make_predictors(source, settings)
    assert [one.name for one in made] == ["persistence", "consensus", "blurred"]
    assert not any(getattr(one, "spread", False) for one in made)


@pytest.mark.parametrize(("split", "chosen"), [("test", True), ("train", False), (None, False)])
def test_the_blurred_has_the_sigma_of_the_training_split(built, split, chosen, monkeypatch):
    monkeypatch.setattr(DatasetSource, "sigma", lambda self: 3.5 if self.settings.split == "test" else None)
    monkeypatch.setattr(DatasetSource, "__init__", lambda self, dataset, settings: setattr(self, "settings", settings))
    source, settings = open_source(built, {"predictors": ("persistence", "blurred"), "split": split})
    assert make_predictors(source, settings)[1].sigma == (3.5 if chosen else 2.0)


def test_weights_go_to_the_predictor_they_are_for(built, tmp_path):
    source, settings = open_source(built, {"predictors": ("persistence", "icenet")})
    file = tmp_path / "own.safetensors"
    file.write_bytes(b"")
    made = make_predictors(source, settings, {"icenet": file})
    assert made[1].weights == file

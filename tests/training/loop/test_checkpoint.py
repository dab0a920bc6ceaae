"""Checkpoints: whole, the newest first, and random numbers that go on where they were."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from napari_icenet.errors import TrainingError
from napari_icenet.training.loop import checkpoint
from napari_icenet.training.loop.checkpoint import (
    TrainingState,
    checkpoint_paths,
    load_checkpoint,
    random_states,
    restore_random_states,
    save_checkpoint,
)
from napari_icenet.training.settings import RunSettings, make_run_settings


def settings(**validation) -> RunSettings:
    return make_run_settings({"optimisation": {"steps": 20}, "validation": validation})


def test_the_two_newest_are_kept_and_the_newest_is_read(tmp_path):
    for step in (1, 2, 3):
        save_checkpoint(tmp_path, step, {"weights": torch.full((2,), float(step))})
    assert [path.name for path in checkpoint_paths(tmp_path)] == ["step-00000002.pt", "step-00000003.pt"]
    found = load_checkpoint(tmp_path)
    assert found["step"] == 3
    assert torch.equal(found["weights"], torch.full((2,), 3.0))


def test_the_one_before_is_read_where_the_newest_is_damaged(tmp_path):
    for step in (1, 2):
        save_checkpoint(tmp_path, step, {})
    newest = checkpoint_paths(tmp_path)[-1]
    newest.write_bytes(newest.read_bytes()[:100])
    assert load_checkpoint(tmp_path)["step"] == 1


def test_none_before_the_first(tmp_path):
    assert load_checkpoint(tmp_path) is None


def test_all_damaged_is_an_error(tmp_path):
    (tmp_path / "step-00000001.pt").write_bytes(b"spoilt")
    with pytest.raises(TrainingError):
        load_checkpoint(tmp_path)


def test_a_newer_version_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "FORMAT", checkpoint.FORMAT + 1)
    save_checkpoint(tmp_path, 1, {})
    monkeypatch.undo()
    with pytest.raises(TrainingError):
        load_checkpoint(tmp_path)


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(TrainingError):
        save_checkpoint(tmp_path / "file" / "checkpoints", 1, {})


def drawn():
    return random.random(), np.random.rand(), float(torch.rand(1))  # noqa: NPY002 (the state that others may use)


def test_random_numbers_go_on_through_a_file(tmp_path):
    save_checkpoint(tmp_path, 1, {"random": random_states()})
    expected = drawn()
    assert drawn() != expected
    restore_random_states(load_checkpoint(tmp_path)["random"])
    assert drawn() == expected


@pytest.mark.parametrize(
    ("step", "validated", "owed"),
    [(0, 0, False), (0, -1, True), (5, 0, True), (5, 5, False), (4, 0, False), (20, 15, True), (5, None, False)],
)
def test_a_validation_is_owed_where_one_was_due_and_not_finished(step, validated, owed):
    assert TrainingState(step=step, validated=validated).owes_validation(settings(every=5)) is owed


def test_nothing_is_owed_where_nothing_is_validated():
    assert not TrainingState(step=20, validated=0).owes_validation(settings(every=0))


@pytest.mark.parametrize(("since", "given_up"), [(2, False), (3, True)])
def test_patience_ends(since, given_up):
    assert TrainingState(since_best=since).has_given_up(settings(patience=3)) is given_up


def test_nan_that_an_earlier_version_kept_as_the_best_gives_way():
    at = TrainingState(best={"step": 4, "t2": float("nan")})
    assert at.improved_by(-0.9)
    assert not at.improved_by(float("nan"))
    assert not TrainingState().improved_by(float("nan"))
    assert TrainingState().improved_by(-0.9)
    assert not TrainingState(best={"t2": 0.5}).improved_by(0.5)

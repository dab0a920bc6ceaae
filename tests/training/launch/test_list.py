"""The list of runs, and what may be done with them."""

from __future__ import annotations

import json
import os
import time

import pytest
import torch

from napari_icenet.errors import TrainingError, WeightsError
from napari_icenet.models.card import read_card
from napari_icenet.models.weights import load_weights
from napari_icenet.training.launch.launch import want
from napari_icenet.training.launch.list import Runs, default_root, new_run_folder
from napari_icenet.training.results.diff import compare_runs
from napari_icenet.training.results.export import export_weights
from napari_icenet.training.run_folder.folder import RunFolder
from napari_icenet.training.train import train
from tests.training import tiny
from tests.training.runs import small

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def finished(dataset, tmp_path_factory):
    tiny.register()
    folder = tmp_path_factory.mktemp("finished") / "first"
    train(small(dataset, validation={"every": 6, "sequences": 4}), folder)
    return folder


@pytest.fixture
def runs(tmp_path):
    return Runs([tmp_path / "here"], folder=tmp_path / "home")


def test_none(runs, tmp_path):
    assert not runs.refresh()
    assert runs.runs == ()
    assert runs.roots == (tmp_path / "home" / "runs", tmp_path / "here")


def test_a_run_is_told_of(finished, tmp_path, dataset):
    runs = Runs([finished.parent], folder=tmp_path)
    assert runs.refresh()
    assert not runs.refresh()
    (run,) = runs.runs
    results = read_card(finished / "best.json").results["validation"]
    assert (run.name, run.state, run.model, run.step, run.of) == ("first", "finished", "tiny", 12, 12)
    assert (run.t2, run.persistence_t2, run.best_step) == (results["t2"], results["persistence_t2"], results["step"])
    assert run.gain == pytest.approx(results["t2"] - results["persistence_t2"])
    assert run.data.startswith("ice.zarr (")
    assert not run.simulated
    assert run.device == "cpu"
    assert (run.active, run.resumable) == (False, False)
    assert runs.weights_of() == (("first", finished / "best.safetensors"),)
    assert runs.find(finished) == run


def test_a_run_itself_may_be_named(finished, tmp_path):
    runs = Runs([finished], folder=tmp_path)
    runs.refresh()
    assert [run.folder for run in runs.runs] == [finished]


def test_new_damaged_and_stopped_ones(runs, tmp_path, dataset):
    here = tmp_path / "here"
    want(RunFolder(here / "new"), small(dataset))
    (here / "damaged").mkdir()
    (here / "damaged" / "config.json").write_text("{")
    (here / "no run").mkdir()
    (here / "dead").mkdir()
    (here / "dead" / "config.json").write_text(small(dataset).model_dump_json())
    (here / "dead" / "status.json").write_text(json.dumps({"state": "running", "pid": 2**22 + 1, "host": os.uname()[1],
                                                           "step": 3, "of": 12}))  # fmt: skip
    assert runs.refresh()
    found = {run.name: run for run in runs.runs}
    assert {name: run.state for name, run in found.items()} == {"new": "new", "damaged": "damaged", "dead": "stopped"}
    assert "is damaged" in found["damaged"].message
    assert found["dead"].resumable
    assert not found["new"].resumable


def test_changes_are_seen(runs, tmp_path, dataset):
    folder = RunFolder(tmp_path / "here" / "one")
    want(folder, small(dataset))
    runs.refresh()
    time.sleep(0.01)
    (folder.path / "status.json").write_text('{"state": "failed", "message": "it is so."}')
    assert runs.refresh()
    assert (runs.runs[0].state, runs.runs[0].message) == ("failed", "it is so.")


def test_a_long_list_is_looked_at_quickly(runs, tmp_path, dataset, monkeypatch):
    for number in range(50):
        want(RunFolder(tmp_path / "here" / str(number)), small(dataset))
    runs.refresh()
    assert len(runs.runs) == 50
    monkeypatch.setattr(
        "napari_icenet.training.launch.list.summarize_run", lambda *_, **__: pytest.fail("looked again")
    )
    assert not runs.refresh()


def test_deleted_as_a_whole(runs, tmp_path, dataset):
    folder = tmp_path / "here" / "one"
    want(RunFolder(folder), small(dataset))
    (folder / "status.json").write_text(json.dumps({"state": "running", "pid": os.getpid(), "host": os.uname()[1]}))
    runs.refresh()
    with pytest.raises(TrainingError, match="one is going on; stop it before it is deleted"):
        runs.delete(folder)
    assert folder.exists()
    (folder / "status.json").unlink()
    runs.delete(folder)
    assert runs.runs == ()
    assert list((tmp_path / "here").iterdir()) == []
    (tmp_path / "here" / "mine").mkdir()
    with pytest.raises(TrainingError, match="holds no run, so it is left as it is"):
        runs.delete(tmp_path / "here" / "mine")


def test_names_of_new_runs(tmp_path, dataset):
    assert default_root(tmp_path) == tmp_path / "runs"
    first = new_run_folder(tmp_path, "Perito Moreno: fine/tune ")
    assert first == tmp_path / "Perito-Moreno-fine-tune"
    want(RunFolder(first), small(dataset))
    assert new_run_folder(tmp_path, "Perito Moreno: fine/tune") == tmp_path / "Perito-Moreno-fine-tune-2"
    assert new_run_folder(tmp_path, "..") == tmp_path / "run"


def test_compared(finished, dataset, tmp_path):
    other = tmp_path / "other"
    train(small(dataset, optimisation={"steps": 3}, validation={"every": 3, "sequences": 4}, seed=1), other)
    found = compare_runs(finished, other)
    assert {one.key: (one.first, one.second) for one in found.settings} == {
        "optimisation.steps": (12, 3), "validation.every": (6, 3), "seed": (0, 1),
    }  # fmt: skip
    assert (found.first.step, found.second.step) == (12, 3)
    assert not found.same_ice  # another seed, another sample of held-out chips
    assert compare_runs(finished, finished).same_ice


def test_exported_as_one_file_with_its_card(finished, tmp_path):
    path = export_weights(finished, tmp_path / "mine")
    assert path == tmp_path / "mine.safetensors"
    card = read_card(tmp_path / "mine.json")
    (tmp_path / "mine.json").unlink()
    alone, inside = load_weights(path, "tiny")
    assert inside == card.model_copy(update={"sha256": ""})
    before, _ = load_weights(finished / "best.safetensors")
    for name, tensor in before.state_dict().items():
        assert torch.equal(alone.state_dict()[name], tensor)
    with pytest.raises(WeightsError, match="cannot be written"):
        export_weights(finished, tmp_path / "none" / "mine")
    with pytest.raises(TrainingError, match="has no weights yet"):
        export_weights(tmp_path / "empty", tmp_path / "mine")


def test_damaged_weights_are_not_given_away(finished, tmp_path):
    content = bytearray((finished / "best.safetensors").read_bytes())
    content[-1] ^= 1
    (tmp_path / "best.safetensors").write_bytes(content)
    (tmp_path / "best.json").write_bytes((finished / "best.json").read_bytes())
    with pytest.raises(WeightsError, match="does not belong to its card"):
        export_weights(tmp_path, tmp_path / "mine")
    assert not (tmp_path / "mine.safetensors").exists()

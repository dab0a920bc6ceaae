"""What a run gives, and what it refuses, from Python."""

from __future__ import annotations

import json
import shlex
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from napari_icenet.errors import Cancelled, DatasetError, SceneWarning, TrainingError, UsageError, WeightsError
from napari_icenet.models import precision as types
from napari_icenet.models.weights import load_weights
from napari_icenet.training.loop.checkpoint import checkpoint_paths, load_checkpoint
from napari_icenet.training.run_folder.folder import RunFolder
from napari_icenet.training.train import train
from tests.training import tiny
from tests.training.runs import RANDOM, events, small

pytestmark = pytest.mark.slow

EVERYTHING = {"best.json", "best.safetensors", "checkpoints", "config.json", "data.json", "events.jsonl", "last.json"}
EVERYTHING |= {"last.safetensors", "lock", "pool", "samples", "software.json", "status.json"}


@pytest.fixture(scope="module")
def finished(dataset, tmp_path_factory):
    """A run of 24 steps with validations; not to be written to."""
    tiny.register()
    folder = tmp_path_factory.mktemp("runs") / "finished"
    settings = small(
        dataset, optimisation={"steps": 24, "average": 0.8}, validation={"every": 8, "sequences": 6, "samples": 3}
    )
    return train(settings, folder)


def test_a_run_learns_and_leaves_everything(finished):
    run = finished.folder.path
    assert finished.state == "finished"
    assert (finished.step, finished.of) == (24, 24)
    losses = [line["loss"] for line in events(run)]
    assert np.mean(losses[-4:]) < 0.3 * np.mean(losses[:4])
    assert {path.name for path in run.iterdir()} == EVERYTHING
    assert [path.name for path in checkpoint_paths(run / "checkpoints")] == ["step-00000020.pt", "step-00000024.pt"]
    assert len(finished.folder.samples()) == 3
    status = finished.folder.status()
    assert (status.state, status.step, status.of, status.t2) == ("finished", 24, 24, finished.t2)


def test_weights_that_are_trained_further_are_judged_before_the_first_step(finished, dataset, tmp_path):
    spoilt = {"steps": 8, "learning_rate": 1.0, "average": 0.0, "warm_up": 0}
    settings = small(
        dataset, weights=str(finished.weights), optimisation=spoilt, validation={"every": 4, "sequences": 6}
    )
    result = train(settings, tmp_path / "run")
    found = events(tmp_path / "run", "validation")
    assert [line["step"] for line in found] == [0, 4, 8]
    assert found[0]["t2"] > max(line["t2"] for line in found[1:])
    # What is kept is never worse, on validation ice, than what it began with.
    assert result.t2 == found[0]["t2"]
    before, after = (load_file(path) for path in (finished.weights, result.weights))
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_every_line_of_the_log_is_a_step_or_a_validation(finished):
    lines = [json.loads(line) for line in finished.folder.log.read_text().splitlines()]
    assert [line["step"] for line in lines if line["kind"] == "step"] == list(range(1, 25))
    expected = {"kind", "step", "time", "loss", "mse", "learning_rate", "grad_norm", "sequences_per_second"}
    assert all(set(line) == expected for line in lines if line["kind"] == "step")
    validations = [line for line in lines if line["kind"] == "validation"]
    assert [line["step"] for line in validations] == [8, 16, 24]
    assert max(line["t2"] for line in validations) == finished.t2
    assert all((finished.folder.path / line["sample"]).is_file() for line in validations)
    # A validation stands right after its step, so that what is cut after a checkpoint is cut in step.
    assert [lines[lines.index(line) - 1]["step"] for line in validations] == [8, 16, 24]


def test_the_card_tells_what_the_weights_are(finished, dataset):
    network, card = load_weights(finished.weights, "tiny")
    record = json.loads(finished.folder.data.read_text())["datasets"][0]
    assert card.data.datasets[0].fingerprint == record["fingerprint"]
    assert card.data.datasets[0].sequences == record["sequences"]
    assert card.results["validation"]["t2"] == finished.t2
    assert card.steps == card.results["validation"]["step"]
    assert card.command.startswith(f"icenet train {dataset.name} -o RUN --model tiny")
    assert card.parameters == sum(parameter.numel() for parameter in network.parameters())
    assert network.training is False


def test_saved_weights_are_the_average(finished):
    state = load_checkpoint(finished.folder.checkpoints)
    network, _ = load_weights(finished.folder.last)
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, state["average"][name])
    assert any(not torch.equal(state["average"][name], state["model"][name]) for name in state["model"])


def test_the_command_in_the_card_trains_the_same_weights(finished, dataset, icenet, tmp_path):
    _, card = load_weights(finished.folder.last)
    words = shlex.split(card.command)[1:]
    words = [
        str(dataset) if word == dataset.name else str(tmp_path / "again") if word == "RUN" else word for word in words
    ]
    assert icenet(*words, "--threads", 1, "--device", "cpu").code == 0
    assert events(tmp_path / "again") == events(finished.folder.path)


def test_workers_ahead_change_nothing(dataset, tmp_path):
    for workers in (0, 3):
        train(small(dataset, **RANDOM, data={"workers": workers}), tmp_path / str(workers))
    assert events(tmp_path / "0") == events(tmp_path / "3")


def test_a_processor_with_bf16_trains_the_same_network(dataset, tmp_path, monkeypatch):
    for present in (True, False):
        monkeypatch.setattr(types, "_cpu_has_bf16", lambda present=present: present)
        train(small(dataset, **RANDOM), tmp_path / str(present))
    assert events(tmp_path / "True") == events(tmp_path / "False")
    one, other = (load_file(tmp_path / name / "last.safetensors") for name in ("True", "False"))
    assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())


@pytest.mark.parametrize(
    ("precision", "present", "kind"),
    [
        ("fp32", True, "float32"), ("bf16", False, "bfloat16"), ("auto", True, "bfloat16"), ("auto", False, "float32"),
    ],
)  # fmt: skip
def test_status_and_card_name_what_was_computed_in(precision, present, kind, dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(types, "_cpu_has_bf16", lambda: present)
    result = train(small(dataset, optimisation={"precision": precision, "steps": 4}), tmp_path / "run")
    assert result.folder.status().precision == kind
    assert load_weights(result.folder.last)[1].precision == kind
    full = train(small(dataset, optimisation={"steps": 4}), tmp_path / "full")
    losses = [[line["loss"] for line in events(one.folder.path)] for one in (result, full)]
    assert (losses[0] == losses[1]) == (kind == "float32")
    np.testing.assert_allclose(losses[0], losses[1], rtol=0.02)


def test_another_seed_is_another_run(dataset, tmp_path):
    for seed in (0, 1):
        train(small(dataset, seed=seed), tmp_path / str(seed))
    assert events(tmp_path / "0")[0]["loss"] != events(tmp_path / "1")[0]["loss"]


def test_the_caller_stops_it_and_goes_on(dataset, tmp_path):
    settings = small(dataset, **RANDOM)
    asked = iter([False] * 4 + [True] * 20)
    stopped = train(settings, tmp_path / "run", stop=lambda: next(asked))
    assert (stopped.state, stopped.signal) == ("stopped", None)
    assert stopped.step < 12
    assert load_checkpoint(tmp_path / "run" / "checkpoints")["step"] == stopped.step
    assert train(settings, tmp_path / "run", resume=True).state == "finished"
    train(settings, tmp_path / "whole")
    assert events(tmp_path / "run") == events(tmp_path / "whole")


def test_progress_may_cancel_it(dataset, tmp_path):
    def progress(fraction, text):
        if text.startswith("step 4"):
            raise Cancelled("enough")

    assert train(small(dataset), tmp_path / "run", progress=progress).state == "stopped"
    assert train(None, tmp_path / "run", resume=True).step == 12


def test_a_finished_run_takes_more_steps_when_asked(dataset, tmp_path):
    train(small(dataset), tmp_path / "run")
    before = (tmp_path / "run" / "events.jsonl").read_text()
    assert train(None, tmp_path / "run", resume=True).step == 12
    assert (tmp_path / "run" / "events.jsonl").read_text() == before
    assert train(small(dataset, optimisation={"steps": 15}), tmp_path / "run", resume=True).step == 15
    assert [line["step"] for line in events(tmp_path / "run")] == list(range(1, 16))


def test_it_stops_early_when_nothing_gets_better(dataset, tmp_path):
    settings = small(
        dataset,
        optimisation={"steps": 40, "learning_rate": 1e-12, "average": 0},
        model_settings={"norm": False},
        validation={"every": 4, "sequences": 4, "patience": 2, "samples": 0},
    )
    result = train(settings, tmp_path / "run")
    assert (result.state, result.step) == ("finished", 12)
    assert train(None, tmp_path / "run", resume=True).step == 12


@pytest.mark.parametrize("blame", ["cuda", "cpu"])
def test_too_little_memory_cuts_the_batch_and_is_said_once(blame, dataset, tmp_path):
    plain = {"norm": False}
    with pytest.warns(SceneWarning, match="does not hold 4 sequences at once") as told:
        train(small(dataset, model_settings=plain, objective={"memory": 1, "blame": blame}), tmp_path / "cut")
    assert len(told) == 1
    assert str(told[0].message).endswith("from now on each batch is worked through in 4 pieces")
    assert len(events(tmp_path / "cut", "notice")) == 1
    train(small(dataset, model_settings=plain), tmp_path / "whole")
    for cut, whole in zip(events(tmp_path / "cut"), events(tmp_path / "whole"), strict=True):
        assert cut["loss"] == pytest.approx(whole["loss"], rel=1e-5)
        assert cut["grad_norm"] == pytest.approx(whole["grad_norm"], rel=1e-4)


def test_too_little_memory_for_one_sequence(dataset, tmp_path):
    with pytest.raises(TrainingError, match="does not hold even one sequence"):
        train(small(dataset, objective={"memory": 0}), tmp_path / "run")


def test_a_step_without_a_loss_is_skipped(dataset, tmp_path):
    result = train(small(dataset, objective={"bad": (3, 4, 6)}), tmp_path / "run")
    assert result.state == "finished"
    lines = events(tmp_path / "run")
    assert [line["step"] for line in lines if line.get("skipped")] == [3, 4, 6]
    assert lines[2]["loss"] is None
    assert all(np.isfinite(line["loss"]) for line in lines if not line.get("skipped"))


def test_without_a_loss_again_and_again_it_gives_up(dataset, tmp_path):
    with pytest.raises(TrainingError, match="not finite in 5 steps in a row, up to step 8; lower the learning rate"):
        train(small(dataset, objective={"bad": tuple(range(4, 13))}), tmp_path / "run")
    assert len(events(tmp_path / "run")) == 7  # the eighth brought no losses to be told
    assert "lower the learning rate" in RunFolder(tmp_path / "run").status().message


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_mixed_precision_learns_too_and_is_resumed(precision, dataset, tmp_path):
    settings = small(dataset, optimisation={"precision": precision})
    train(settings, tmp_path / "whole")
    asked = iter([False] * 6 + [True] * 20)
    assert train(settings, tmp_path / "run", stop=lambda: next(asked)).state == "stopped"
    train(None, tmp_path / "run", resume=True)
    assert events(tmp_path / "run") == events(tmp_path / "whole")
    losses = [line["loss"] for line in events(tmp_path / "run") if not line.get("skipped")]
    assert losses[-1] < 0.7 * losses[0]
    state = load_checkpoint(tmp_path / "run" / "checkpoints")
    assert bool(state["scaler"]) == (precision == "fp16")
    assert RunFolder(tmp_path / "run").status().precision == {"bf16": "bfloat16", "fp16": "float16"}[precision]


def test_what_the_system_refuses_is_told_in_a_sentence(dataset, tmp_path, monkeypatch):
    def full(self, status):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(RunFolder, "write_status", full)
    with pytest.raises(TrainingError, match=r"run cannot go on \(No space left on device\); mend this, then resume it"):
        train(small(dataset), tmp_path / "run")


def test_it_starts_from_weights(finished, dataset, tmp_path):
    settings = small(dataset, weights=str(finished.folder.best), optimisation={"learning_rate": 1e-9, "average": 0})
    train(settings, tmp_path / "run")
    _, card = load_weights(tmp_path / "run" / "last.safetensors")
    assert card.settings == {"width": 4, "dropout": 0.0, "norm": True}
    first = events(tmp_path / "run")[0]["loss"]
    assert first < 0.5 * events(finished.folder.path)[0]["loss"]
    assert train(settings, tmp_path / "run", resume=True).state == "finished"


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"optimisation": {"batch": 500}}, TrainingError, "a batch of 500 is larger than the .* training sequences"),
        ({"model": "svglp"}, UsageError, "there is no model svglp; choose svg-lp, icenet, tiny"),
        ({"model_settings": {"wide": 3}}, UsageError, "no setting wide; did you mean width"),
        ({"objective": {"noise": "much"}}, UsageError, "noise much cannot be used"),
        ({"weights": "nowhere.safetensors"}, WeightsError, "nowhere.safetensors does not exist"),
        ({"device": "tpu9"}, UsageError, "there is no device tpu9"),
        ({"data": {"bands": ("B9",)}}, UsageError, "has none of the bands B9"),
        ({"data": {"datasets": ("nowhere.zarr",)}}, DatasetError, "nowhere.zarr does not exist"),
        ({"data": {"datasets": ()}}, TrainingError, "there are no training sequences in no dataset"),
    ],
)
def test_what_cannot_be_trained_is_refused_before_anything_is_written(change, error, message, dataset, tmp_path):
    with pytest.raises(error, match=message):
        train(small(dataset, **change), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_data_without_training_or_validation_is_refused(dataset, tmp_path, monkeypatch):
    from napari_icenet.datasets.dataset import SequenceDataset

    select = SequenceDataset.select
    for split in ("train", "validation"):
        monkeypatch.setattr(
            SequenceDataset,
            "select",
            lambda self, *, split=None, without=split, **k: select(self, split=split)[
                : 0 if split == without else None
            ],
        )
        with pytest.raises(TrainingError, match=r"there are no (training|validation) sequences in .*ice.zarr") as told:
            train(small(dataset, validation={"every": 4}), tmp_path / "run")
        assert split.removesuffix("ing")[:5] in str(told.value)


def test_datasets_must_be_alike(dataset, tmp_path):
    other = tiny.make_dataset(tmp_path / "other.zarr", chip=16)
    with pytest.raises(UsageError, match=r"5 frames of 32 px and .* 5 frames of 16 px; train on datasets made with"):
        train(small(dataset, data={"datasets": (str(dataset), str(other))}), tmp_path / "run")


def test_a_run_goes_on_only_with_its_own_data(dataset, tmp_path):
    moved = tmp_path / "moved.zarr"
    shutil.copytree(dataset, moved)
    train(small(moved), tmp_path / "run")
    moved.rename(tmp_path / "elsewhere.zarr")
    with pytest.raises(TrainingError, match=r"moved.zarr is gone since the run began; bring it back, or resume"):
        train(None, tmp_path / "run", resume=True)
    more = small(tmp_path / "elsewhere.zarr", optimisation={"steps": 14})
    assert train(more, tmp_path / "run", resume=True).step == 14
    other = tiny.make_dataset(tmp_path / "other.zarr", seed=1)
    # The same places and settings, but other pictures: told apart by the correlations in the tables.
    with pytest.raises(TrainingError, match=r"other.zarr has changed since the run began"):
        train(small(other), tmp_path / "run", resume=True)


def test_a_run_goes_on_only_with_its_own_settings(dataset, tmp_path):
    train(small(dataset), tmp_path / "run")
    with pytest.raises(UsageError, match="a run cannot go on with another optimisation than it began with"):
        train(small(dataset, optimisation={"batch": 2}), tmp_path / "run", resume=True)


def test_folders_that_hold_something_are_left_alone(dataset, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").touch()
    with pytest.raises(UsageError, match="photos is there already; continue it with resume=True"):
        train(small(dataset), tmp_path / "photos")
    with pytest.raises(TrainingError, match="photos holds no run; start one"):
        train(None, tmp_path / "photos", resume=True)


def test_a_damaged_checkpoint_falls_back_on_the_one_before(dataset, tmp_path):
    settings = small(dataset)
    train(settings, tmp_path / "run")
    whole = events(tmp_path / "run")
    _, second = checkpoint_paths(tmp_path / "run" / "checkpoints")
    second.write_bytes(second.read_bytes()[:500])
    train(settings, tmp_path / "run", resume=True)
    assert events(tmp_path / "run") == whole
    for path in checkpoint_paths(tmp_path / "run" / "checkpoints"):
        path.write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(TrainingError, match="is damaged, as is the one before; start the run anew with --force"):
        train(settings, tmp_path / "run", resume=True)


@pytest.mark.parametrize(("which", "step"), [(1, 6), (2, 12)])
def test_stopped_in_the_middle_of_a_validation_it_is_done_again(which, step, dataset, tmp_path, monkeypatch):
    from napari_icenet.training.loop.validation import HeldOut

    settings = small(dataset, **RANDOM, validation={"every": 6, "sequences": 8})
    whole, run = tmp_path / "whole", tmp_path / "run"
    train(settings, whole)
    judge, calls = HeldOut.judge, []

    def interrupted(self, predictor, stop):
        calls.append(1)
        if len(calls) == which:
            RunFolder(run).request("stop")
        return judge(self, predictor, stop)

    monkeypatch.setattr(HeldOut, "judge", interrupted)
    result = train(settings, run)
    assert (result.state, result.step) == ("stopped", step)
    assert len(events(run, "validation")) == which - 1
    again = train(None, run, resume=True)
    assert (again.state, again.step) == ("finished", 12)
    assert events(run) == events(whole)
    assert events(run, "validation") == events(whole, "validation")

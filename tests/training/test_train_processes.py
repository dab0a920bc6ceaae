"""Runs in processes of their own: killed, stopped, paused, out of disk, and two at once."""

from __future__ import annotations

import json
import resource
import signal
import sys

import pytest
import torch
from safetensors.torch import load_file

from napari_icenet.errors import TrainingError
from napari_icenet.training.loop.checkpoint import checkpoint_paths, load_checkpoint
from napari_icenet.training.run_folder.folder import RunFolder
from napari_icenet.training.train import train
from tests.training.runs import RANDOM, events, small, state_of, steps, wait_for, words

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def settings(dataset):
    return small(
        dataset, **RANDOM, optimisation={"steps": 20}, checkpoint_every=7, validation={"every": 8, "sequences": 4}
    )


@pytest.fixture(scope="module")
def uninterrupted(settings, tmp_path_factory):
    """The same run, left in peace."""
    from tests.training import tiny

    tiny.register()
    folder = tmp_path_factory.mktemp("runs") / "whole"
    train(settings, folder)
    return folder


def slow(settings):
    objective = settings.objective | {"cost": 0.05}
    return words(settings.model_copy(update={"objective": objective}))


def same_run(run, uninterrupted):
    assert [line["step"] for line in events(run)] == list(range(1, 21))
    assert events(run) == events(uninterrupted)
    assert events(run, "validation") == events(uninterrupted, "validation")
    for name in ("best", "last"):
        one, other = (load_file(folder / f"{name}.safetensors") for folder in (run, uninterrupted))
        assert all(torch.equal(one[key], other[key]) for key in other)


def test_killed_in_the_middle_it_goes_on_to_the_same_losses(settings, uninterrupted, process, tmp_path):
    run = tmp_path / "run"
    child = process(*slow(settings), "-o", run)
    wait_for(lambda: steps(run) >= 12)
    child.kill()
    child.communicate()
    assert child.returncode == -signal.SIGKILL
    assert state_of(run) == "stopped"  # though the process had no time to say so
    assert RunFolder(run).status().message == "its process has died; resume it to go on from its last checkpoint"
    with open(run / "events.jsonl", "a") as log:
        log.write('{"kind": "step", "st')  # as a kill may leave it
    again = process("train", "-o", run, "--resume")
    _, err = again.communicate()
    assert again.returncode == 0, err
    assert state_of(run) == "finished"
    same_run(run, uninterrupted)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_within_a_step_and_keeps_everything(number, settings, uninterrupted, process, tmp_path):
    run = tmp_path / "run"
    child = process(*slow(settings), "-o", run)
    wait_for(lambda: steps(run) >= 9)
    before = steps(run)
    child.send_signal(number)
    _, err = child.communicate()
    assert child.returncode == 128 + number, err
    assert "Traceback" not in err
    assert f"stopped by {number.name} after step" in err
    status = RunFolder(run).status()
    assert status.state == "stopped"
    assert before <= status.step <= before + 2
    assert load_checkpoint(run / "checkpoints")["step"] == status.step == steps(run)
    assert (run / "last.safetensors").exists()
    train(None, run, resume=True)
    same_run(run, uninterrupted)


def test_another_process_pauses_it_and_stops_it(settings, process, tmp_path):
    run = RunFolder(tmp_path / "run")
    child = process(*slow(settings), "-o", run.path)
    wait_for(lambda: steps(run.path) >= 2)
    run.request("pause")
    wait_for(lambda: state_of(run.path) == "paused")
    paused = steps(run.path)
    assert load_checkpoint(run.checkpoints)["step"] == paused
    with pytest.raises(TrainingError, match="is in use by a run that is going on; stop that one first"):
        train(None, run.path, resume=True)
    assert steps(run.path) == paused
    run.request("run")
    wait_for(lambda: steps(run.path) > paused)
    run.request("stop")
    out, err = child.communicate()
    assert child.returncode == 0, err
    assert f"continue   icenet train -o {run.path} --resume" in out
    assert run.status().state == "stopped"


def test_a_full_disk_leaves_what_was_there(dataset, icenet, tmp_path):
    run, settings = tmp_path / "run", small(dataset, checkpoint_every=7)
    short = settings.model_copy(update={"optimisation": settings.optimisation.model_copy(update={"steps": 8})})
    train(short, run)
    before = {path: path.read_bytes() for path in [*checkpoint_paths(run / "checkpoints"), run / "last.safetensors"]}
    limit = min(len(content) for path, content in before.items() if path.suffix == ".pt") - 1000
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, usual[1]))
    try:
        said = icenet("train", "-o", run, "--resume", "--steps", 20)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert said.error() == (
        f"error: {run}/checkpoints/step-00000014.pt cannot be written (File too large); "
        "free some space, then resume the run."
    )
    assert {path: path.read_bytes() for path in before} == before
    assert not [path for path in (run / "checkpoints").iterdir() if path not in before]
    assert state_of(run) == "failed"
    assert train(None, run, resume=True).state == "finished"
    assert [line["step"] for line in events(run)] == list(range(1, 21))


def test_two_processes_are_one_with_the_double_batch(dataset, process, tmp_path):
    plain = {"model_settings": {"norm": False}, "optimisation": {"steps": 6, "average": 0.5}}
    double = small(dataset, **plain | {"optimisation": {"steps": 6, "average": 0.5, "batch": 8}})
    train(double, tmp_path / "one")
    torchrun = (sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone")
    child = process(*words(small(dataset, **plain)), "-o", tmp_path / "two", before=torchrun)
    out, err = child.communicate()
    assert child.returncode == 0, err
    assert out.count("finished") == 1
    one, two = events(tmp_path / "one"), events(tmp_path / "two")
    assert [line["step"] for line in two] == [1, 2, 3, 4, 5, 6]
    for mine, other in zip(one, two, strict=True):
        assert mine["loss"] == pytest.approx(other["loss"], rel=1e-5)
        assert mine["grad_norm"] == pytest.approx(other["grad_norm"], rel=1e-4)
    first, second = (load_file(tmp_path / name / "last.safetensors") for name in ("one", "two"))
    for key in first:
        torch.testing.assert_close(first[key], second[key], rtol=1e-4, atol=1e-6)
    told = json.loads((tmp_path / "two" / "config.json").read_text())
    assert told["optimisation"]["batch"] == 4

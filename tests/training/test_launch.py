"""Runs in processes of their own: started, paused, stopped, killed, and continued."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
import torch
from safetensors.torch import load_file

from napari_icenet.errors import TrainingError, UsageError
from napari_icenet.training.launch import end, launch, resume, trouble
from napari_icenet.training.launching import read_launch
from napari_icenet.training.processes import alive
from napari_icenet.training.run import train
from napari_icenet.training.run_folder import RunFolder
from tests.training.launched import at_home, end_all, wait_for_end, wait_for_state
from tests.training.runs import RANDOM, events, small, steps, wait_for


@pytest.fixture(autouse=True)
def _home(monkeypatch, tmp_path):
    at_home(monkeypatch, tmp_path / "home")
    yield
    end_all(tmp_path)


@pytest.fixture
def settings(dataset):
    return small(dataset, **RANDOM, optimisation={"steps": 20}, checkpoint_every=7)


def slow(settings, cost=0.05):
    return settings.model_copy(update={"objective": settings.objective | {"cost": cost}})


def same_run(run, other):
    assert [line["step"] for line in events(run)] == list(range(1, 21))
    assert events(run) == events(other)
    one, two = (load_file(folder / "last.safetensors") for folder in (run, other))
    assert all(torch.equal(one[key], two[key]) for key in two)


def test_it_runs_to_its_end(settings, tmp_path):
    run = tmp_path / "run"
    started = launch(run, settings, compare=False)
    assert started.folder.status().state == "preparing"
    assert started.folder.status().message == "starting"
    wait_for_end(run)
    status = RunFolder(run).status()
    assert (status.state, status.step, status.message) == ("finished", 20, "")
    assert status.launch == read_launch(run / "launch.json").token
    assert status.sequences_per_second > 0
    assert trouble(run) == ""
    assert "steps      20 of 20, finished" in (run / "output.log").read_text()
    train(settings, tmp_path / "other")
    same_run(run, tmp_path / "other")


def test_it_gives_way_and_belongs_to_no_terminal(settings, tmp_path):
    run = tmp_path / "run"
    launch(run, slow(settings), compare=False)
    wait_for_state(run, "running")
    pid = RunFolder(run).status().pid
    assert os.getpriority(os.PRIO_PROCESS, pid) >= 10
    assert os.getsid(pid) != os.getsid(0)
    assert read_launch(run / "launch.json").pid == pid


def test_paused_resumed_and_stopped_within_a_step(settings, tmp_path):
    run = RunFolder(tmp_path / "run")
    launch(run.path, slow(settings, 0.1), compare=False)
    wait_for(lambda: steps(run.path) >= 2)
    run.request("pause")
    wait_for_state(run.path, "paused")
    paused = steps(run.path)
    with pytest.raises(TrainingError, match="in use by a run that is going on; stop that one first"):
        resume(run.path)
    with pytest.raises(UsageError, match="is there already; choose another name"):
        launch(run.path, settings)
    run.request("run")
    wait_for(lambda: steps(run.path) > paused)
    before = steps(run.path)
    run.request("stop")
    wait_for_end(run.path)
    status = run.status()
    assert (status.state, status.message) == ("stopped", "")
    assert before <= status.step <= before + 2
    resume(run.path, compare=False)
    wait_for_end(run.path)
    train(slow(settings, 0.1), tmp_path / "other")
    same_run(run.path, tmp_path / "other")


def test_killed_it_says_so_and_goes_on_to_the_same_losses(settings, tmp_path):
    run = tmp_path / "run"
    launch(run, slow(settings), compare=False)
    wait_for(lambda: steps(run) >= 12)
    os.kill(RunFolder(run).status().pid, signal.SIGKILL)
    wait_for_end(run)
    status = RunFolder(run).status()
    assert status.state == "stopped"
    assert trouble(run) == "it was killed, by somebody or by the system for want of memory; resume it to go on."
    resume(run, compare=False)
    wait_for_end(run)
    assert RunFolder(run).status().state == "finished"
    train(slow(settings), tmp_path / "other")
    same_run(run, tmp_path / "other")


def test_keeper_and_run_killed_together(settings, tmp_path):
    run = tmp_path / "run"
    launch(run, slow(settings), compare=False)
    wait_for(lambda: steps(run) >= 8)
    record = read_launch(run / "launch.json")
    for pid in (record.keeper, record.pid):
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not alive(record.pid))
    assert RunFolder(run).status().state == "stopped"
    assert trouble(run) == "its process has died; resume it to go on from its last checkpoint"
    resume(run, compare=False)
    wait_for_end(run)
    assert RunFolder(run).status().state == "finished"


def test_it_outlives_who_started_it(settings, tmp_path):
    run = tmp_path / "run"
    (tmp_path / "settings.json").write_text(slow(settings).model_dump_json())
    program = (
        "import sys, time\n"
        "from tests.training import tiny\n"
        "from napari_icenet.training import launch\n"
        "from napari_icenet.training.settings import RunSettings\n"
        "launch.MODULE = 'tests.training.tiny'\n"
        "launch.launch(sys.argv[1], RunSettings.model_validate_json(open(sys.argv[2]).read()), compare=False)\n"
        "time.sleep(60)\n"
    )
    words = [sys.executable, "-c", program, str(run), str(tmp_path / "settings.json")]
    viewer = subprocess.Popen(words, start_new_session=True)
    wait_for(lambda: steps(run) >= 2)
    os.killpg(viewer.pid, signal.SIGKILL)
    viewer.wait()
    assert RunFolder(run).status().state == "running"
    wait_for_end(run)
    assert RunFolder(run).status().state == "finished"
    assert [line["step"] for line in events(run)] == list(range(1, 21))


def test_a_run_without_its_keeper_goes_on(settings, tmp_path):
    run = tmp_path / "run"
    launch(run, slow(settings), compare=False)
    wait_for(lambda: steps(run) >= 2)
    os.kill(read_launch(run / "launch.json").keeper, signal.SIGKILL)
    time.sleep(0.1)
    assert RunFolder(run).status().state == "running"
    wait_for_state(run, "finished")
    assert trouble(run) == ""


def test_settings_that_cannot_work_are_told_and_can_be_mended(settings, tmp_path):
    run = tmp_path / "run"
    large = settings.model_copy(update={"optimisation": settings.optimisation.model_copy(update={"batch": 5000})})
    launch(run, large, compare=False)
    wait_for_end(run)
    assert RunFolder(run).status().state == "failed"
    assert trouble(run).startswith("a batch of 5000 is larger than the ")
    assert trouble(run).endswith("training sequences; set optimisation.batch lower.")
    launch(run, settings, compare=False)
    wait_for_end(run)
    assert RunFolder(run).status().state == "finished"


def test_a_dataset_that_has_moved_or_changed(settings, dataset, tmp_path):
    from tests.training import tiny

    own, run = tmp_path / "own.zarr", tmp_path / "run"
    shutil.copytree(dataset, own)
    data = settings.data.model_copy(update={"datasets": (str(own),)})
    launch(run, slow(settings).model_copy(update={"data": data}), compare=False)
    wait_for(lambda: steps(run) >= 8)
    RunFolder(run).request("stop")
    wait_for_end(run)
    reached = RunFolder(run).status().step
    own.rename(tmp_path / "moved.zarr")
    resume(run, compare=False)
    wait_for_end(run)
    assert trouble(run).startswith(f"{own} is gone since the run began; bring it back, or name its new place")
    assert RunFolder(run).status().step == reached
    tiny.make_dataset(own, seed=1)
    resume(run, compare=False)
    wait_for_end(run)
    assert "has changed since the run began" in trouble(run)
    resume(run, datasets=[str(tmp_path / "moved.zarr")], compare=False)
    wait_for_end(run)
    assert RunFolder(run).status().state == "finished"
    assert [line["step"] for line in events(run)] == list(range(1, 21))


def test_a_fault_of_the_program_is_told(settings, tmp_path):
    run = tmp_path / "run"
    broken = settings.model_copy(update={"objective": {"memory": 1, "blame": "cpu"}})
    launch(run, broken, compare=False)
    wait_for_end(run)
    assert RunFolder(run).status().state in ("finished", "failed")
    run = tmp_path / "other"
    launch(run, settings, compare=False, module="tests.training.no_such_program")
    wait_for_end(run)
    assert RunFolder(run).status().state == "failed"
    assert trouble(run).startswith("it failed by a fault of the program (status 1)")


def test_a_run_that_does_not_heed_is_ended(settings, tmp_path):
    run = tmp_path / "run"
    launch(run, slow(settings, 30), compare=False)
    wait_for_state(run, "running")
    pid = RunFolder(run).status().pid
    RunFolder(run).request("stop")
    end(run)
    wait_for(lambda: not alive(pid))
    wait_for_end(run)
    assert RunFolder(run).status().state == "stopped"


def test_a_long_silence_is_no_death(settings, tmp_path):
    """As after hours of sleep, or when the clock was set."""
    run = tmp_path / "run"
    launch(run, slow(settings, 0.2), compare=False)
    wait_for_state(run, "running")
    pid = RunFolder(run).status().pid
    os.kill(pid, signal.SIGSTOP)
    try:
        told = json.loads((run / "status.json").read_text())
        for updated in (told["updated"] - 30 * 86400, told["updated"] + 30 * 86400):
            (run / "status.json").write_text(json.dumps(told | {"updated": updated}))
            assert RunFolder(run).status().state == "running"
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_for_end(run)
    assert RunFolder(run).status().state == "finished"


def test_another_process_with_the_number_of_a_dead_one(settings, tmp_path):
    run = tmp_path / "run"
    launch(run, slow(settings), compare=False)
    wait_for(lambda: steps(run) >= 2)
    RunFolder(run).request("stop")
    wait_for_end(run)
    told = json.loads((run / "status.json").read_text())
    # As after a restart of the machine: the number is somebody else's, who does not hold the folder.
    (run / "status.json").write_text(json.dumps(told | {"state": "running", "pid": os.getpid()}))
    assert RunFolder(run).status().state == "stopped"

"""Runs in processes of their own: started, paused, stopped, killed, and continued."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from safetensors.torch import load_file

from napari_icenet.errors import TrainingError, UsageError
from napari_icenet.jobs.detached import alive
from napari_icenet.jobs.file_lock import locked
from napari_icenet.training.launch.launch import end, launch, resume, want
from napari_icenet.training.results.before_after import read_comparison
from napari_icenet.training.run_folder.folder import RunFolder
from napari_icenet.training.run_folder.process_record import read_launch
from napari_icenet.training.run_folder.status import RunStatus
from napari_icenet.training.train import train
from tests.training import tiny
from tests.training.launched import wait_for_end, wait_for_state
from tests.training.runs import RANDOM, events, small, steps, wait_for
from tests.training.tiny import trouble

pytestmark = [pytest.mark.process, pytest.mark.usefixtures("own_home")]


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


@pytest.fixture(scope="module")
def uninterrupted(dataset, tmp_path_factory):
    """The same run, left in peace; its steps take no time."""
    tiny.register()
    folder = tmp_path_factory.mktemp("runs") / "whole"
    train(small(dataset, **RANDOM, optimisation={"steps": 20}, checkpoint_every=7), folder)
    return folder


def test_it_outlives_who_started_it_and_gives_way(settings, uninterrupted, tmp_path):
    run = tmp_path / "run"
    (tmp_path / "settings.json").write_text(slow(settings).model_dump_json())
    program = (
        "import sys, time\n"
        "from napari_icenet.training.launch import launch\n"
        "from napari_icenet.training.settings import RunSettings\n"
        "launch.MODULE = 'tests.training.tiny'\n"
        "launch.launch(sys.argv[1], RunSettings.model_validate_json(open(sys.argv[2]).read()), compare=False)\n"
        "time.sleep(60)\n"
    )
    words = [sys.executable, "-c", program, str(run), str(tmp_path / "settings.json")]
    viewer = subprocess.Popen(words, start_new_session=True)
    wait_for(lambda: RunFolder(run).status() is not None)
    assert RunFolder(run).status().state == "preparing"
    assert RunFolder(run).status().message == "starting"
    wait_for(lambda: steps(run) >= 2)
    os.killpg(viewer.pid, signal.SIGKILL)
    viewer.wait()
    status = RunFolder(run).status()
    assert status.state == "running"
    assert os.getpriority(os.PRIO_PROCESS, status.pid) >= 10
    assert os.getsid(status.pid) not in (os.getsid(0), viewer.pid)
    assert read_launch(run / "launch.json").pid == status.pid
    wait_for_end(run)
    status = RunFolder(run).status()
    assert (status.state, status.step, status.message) == ("finished", 20, "")
    assert status.launch == read_launch(run / "launch.json").token
    assert status.sequences_per_second > 0
    assert trouble(run) == ""
    assert "steps      20 of 20, finished" in (run / "output.log").read_text()
    same_run(run, uninterrupted)


def test_paused_stopped_killed_and_resumed_to_the_same_losses(settings, uninterrupted, tmp_path):
    run = RunFolder(tmp_path / "run")
    launch(run.path, slow(settings, 0.1), compare=False)
    wait_for(lambda: steps(run.path) >= 2)
    run.request("pause")
    wait_for_state(run.path, "paused")
    paused = steps(run.path)
    with pytest.raises(TrainingError, match="is going on already, perhaps by another window; follow it, or"):
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
    wait_for(lambda: steps(run.path) >= 12)
    os.kill(run.status().pid, signal.SIGKILL)
    wait_for_end(run.path)
    assert run.status().state == "stopped"
    assert read_launch(run.launch).exit == -signal.SIGKILL
    assert "killed" in trouble(run.path)
    assert "resume" in trouble(run.path)
    resume(run.path, compare=False)
    wait_for_end(run.path)
    assert run.status().state == "finished"
    same_run(run.path, uninterrupted)


def test_without_its_keeper_a_run_goes_on_in_silence_or_asleep_till_it_is_killed(settings, uninterrupted, tmp_path):
    run = tmp_path / "run"
    launch(run, slow(settings, 0.5), compare=False)
    wait_for(lambda: steps(run) >= 2)
    record = read_launch(run / "launch.json")
    os.kill(record.supervisor, signal.SIGKILL)
    wait_for(lambda: not alive(record.supervisor))
    assert RunFolder(run).status().state == "running"
    before = steps(run)
    wait_for(lambda: steps(run) > before)
    # As after hours of sleep, or when the clock was set.
    os.kill(record.pid, signal.SIGSTOP)
    told = json.loads((run / "status.json").read_text())
    for updated in (told["updated"] - 30 * 86400, told["updated"] + 30 * 86400):
        (run / "status.json").write_text(json.dumps(told | {"updated": updated}))
        assert RunFolder(run).status().state == "running"
    os.kill(record.pid, signal.SIGCONT)
    RunFolder(run).request("stop")
    end(run)
    wait_for(lambda: not alive(record.pid))
    assert RunFolder(run).status().state == "stopped"
    assert trouble(run) == "its process has died; resume it to go on from its last checkpoint"
    (run / "config.json").write_text((uninterrupted / "config.json").read_text())  # the rest need not take so long
    resume(run, compare=False)
    wait_for_end(run)
    assert RunFolder(run).status().state == "finished"


def test_stopped_before_it_has_begun(settings, tmp_path):
    run = RunFolder(tmp_path / "run")
    launch(run.path, settings, compare=False)
    run.request("stop")
    wait_for_end(run.path)
    status = run.status()
    assert (status.state, status.step, status.message) == ("stopped", 0, "")
    assert run.requested() == "stop"
    resume(run.path, compare=False)
    assert run.requested() == "run"
    wait_for_state(run.path, "running", "finished")


def test_settings_that_cannot_work_are_told_and_can_be_mended(settings, tmp_path):
    run = tmp_path / "run"
    large = settings.model_copy(update={"optimisation": settings.optimisation.model_copy(update={"batch": 5000})})
    launch(run, large, compare=False)
    wait_for_end(run)
    assert RunFolder(run).status().state == "failed"
    assert trouble(run).startswith("a batch of 5000 is larger than the ")
    assert trouble(run).endswith("training sequences; set optimisation.batch lower.")
    launch(run, settings, compare=True)
    wait_for_end(run)
    assert RunFolder(run).status().state == "finished"
    assert read_comparison(run).rows[-1].title == "Tiny · run"


def test_a_dataset_that_has_moved_or_changed(settings, dataset, tmp_path):
    own, run = tmp_path / "own.zarr", tmp_path / "run"
    shutil.copytree(dataset, own)
    data = settings.data.model_copy(update={"datasets": (str(own),)})
    short = settings.optimisation.model_copy(update={"steps": 8})
    train(settings.model_copy(update={"data": data, "optimisation": short}), run)
    own.rename(tmp_path / "moved.zarr")
    resume(run, steps=20, compare=False)
    wait_for_end(run)
    assert trouble(run).startswith(
        f"{own} is gone since the run began; bring it back, or resume the run with its new place"
    )
    status = RunFolder(run).status()
    assert (status.state, status.step) == ("failed", 8)
    tiny.make_dataset(own, seed=1)
    resume(run, compare=False)
    wait_for_end(run)
    assert "has changed since the run began" in trouble(run)
    resume(run, datasets=[str(tmp_path / "moved.zarr")], steps=20, compare=False)
    wait_for_end(run)
    assert RunFolder(run).status().state == "finished"
    assert [line["step"] for line in events(run)] == list(range(1, 21))


def test_no_space_is_told_and_the_run_goes_on_once_there_is(settings, uninterrupted, tmp_path):
    run = tmp_path / "run"
    size = min(path.stat().st_size for path in (uninterrupted / "checkpoints").iterdir())
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size - 1000, usual[1]))
    try:
        launch(run, settings, compare=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    wait_for_end(run)
    assert RunFolder(run).status().state == "failed"
    assert trouble(run) == (
        f"{run}/checkpoints/step-00000007.pt cannot be written (File too large); free some space, then resume the run."
    )
    resume(run, compare=False)
    wait_for_end(run)
    assert RunFolder(run).status().state == "finished"
    same_run(run, uninterrupted)


def test_of_two_windows_one_starts_it(settings, tmp_path):
    with ThreadPoolExecutor(2) as windows:
        started = [windows.submit(launch, tmp_path / "run", slow(settings), compare=False) for _ in range(2)]
    (refused,) = [one.exception() for one in started if one.exception() is not None]
    assert isinstance(refused, TrainingError)
    assert "in use by a run that is going on" in str(refused)


def test_a_fault_of_the_program_is_told(settings, tmp_path):
    run = tmp_path / "other"
    launch(run, settings, compare=False, module="tests.training.no_such_program")
    wait_for_end(run)
    assert RunFolder(run).status().state == "failed"
    assert trouble(run).startswith("it failed by a fault of the program (status 1)")


def test_another_process_with_the_number_of_a_dead_one(settings, tmp_path):
    want(RunFolder(tmp_path), settings)
    with locked(tmp_path):
        mine = RunStatus(state="running", pid=os.getpid(), host=socket.gethostname(), step=3, of=9)
        RunFolder(tmp_path).write_status(mine)
        assert RunFolder(tmp_path).status().state == "running"
    # As after a restart of the machine: the number is somebody else's, who does not hold the folder.
    assert RunFolder(tmp_path).status().state == "stopped"

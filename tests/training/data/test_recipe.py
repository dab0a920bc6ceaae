"""Datasets that runs cut for themselves."""

from __future__ import annotations

import os
import shutil
import signal

import numpy as np
import pytest

from napari_icenet.datasets.builder import build_dataset
from napari_icenet.datasets.dataset import open_dataset
from napari_icenet.errors import TrainingError
from napari_icenet.scenes.open import open_stack
from napari_icenet.training.data.fingerprint import fingerprint
from napari_icenet.training.data.plan import make_plan
from napari_icenet.training.data.recipe import can_cut, cut_missing, read_recipe, write_recipe
from napari_icenet.training.launch import launch as launching
from napari_icenet.training.launch.launch import launch, resume, want
from napari_icenet.training.launch.list import Runs
from napari_icenet.training.launch.preflight import preflight
from napari_icenet.training.launch.queue import Queue
from napari_icenet.training.run_folder.folder import RunFolder
from napari_icenet.training.run_folder.process_record import read_launch
from napari_icenet.training.train import train
from tests.datasets.ice import dated_pictures, moving, stack_of
from tests.training.launched import wait_for_end, wait_for_state
from tests.training.runs import RANDOM, small, wait_for
from tests.training.tiny import trouble

CHOICES = {"chip": 32, "frames": 5, "scale": 1.5, "stride": 16, "block": 2.5, "gap": 4, "validation": 0.25}


pytestmark = pytest.mark.usefixtures("own_home")


@pytest.fixture
def pictures(tmp_path):
    return dated_pictures(tmp_path / "glacier")


@pytest.fixture
def plan(pictures):
    area = np.zeros((288, 288), bool)
    area[8:280, 8:288] = True
    return make_plan(open_stack(pictures), dates=range(5), area=area, **CHOICES)


@pytest.fixture
def settings(plan, tmp_path):
    place = plan.place_in(tmp_path / "datasets")
    return small(place, **RANDOM, optimisation={"steps": 12, "batch": 4}, checkpoint_every=4)


def tell(_share, _text):
    pass


def never():
    return False


@pytest.mark.process
def test_a_run_cuts_what_its_plan_says_and_trains_on_it(plan, settings, tmp_path):
    run = tmp_path / "run"
    assert preflight(settings, run, plan) == ()
    launch(run, settings, plan=plan, compare=False)
    assert RunFolder(run).status().state == "preparing"
    wait_for_state(run, "finished", "failed", "stopped")
    assert RunFolder(run).status().state == "finished", trouble(run)
    build_dataset([plan.stack], tmp_path / "same.zarr", plan.settings)
    made, same = open_dataset(settings.data.datasets[0]), open_dataset(tmp_path / "same.zarr")
    assert len(made) == len(same) > 20
    assert fingerprint(made) == fingerprint(same)


@pytest.mark.process
def test_a_window_sees_how_far_it_is_and_can_stop_it(plan, settings, tmp_path, monkeypatch):
    run = RunFolder(tmp_path / "run")
    monkeypatch.setattr(launching, "MODULE", "tests.training.slow_cut")
    Queue().add(run.path, settings, plan=plan, compare=False)
    wait_for(lambda: run.status().message.startswith("cutting the sequences, "))
    assert run.status().state == "preparing"
    runs = Runs([tmp_path])
    runs.refresh()
    assert runs.find(run.path).active
    run.request("stop")
    wait_for_state(run.path, "stopped")
    wait_for_end(run.path)
    assert not run.exists()
    runs.refresh()
    assert runs.find(run.path).resumable
    monkeypatch.setattr(launching, "MODULE", "tests.training.tiny")
    Queue().add_resume(run.path, compare=False)
    wait_for_state(run.path, "finished", "failed")
    assert run.status().state == "finished", trouble(run.path)


@pytest.mark.process
def test_one_that_was_stopped_while_it_cut_is_resumed_in_a_shell_too(plan, settings, tmp_path):
    run = RunFolder(tmp_path / "run")
    want(run, settings, plan)
    run.request("stop")
    assert train(settings, run.path).state == "stopped"
    assert not run.exists()
    run.request("run")
    assert train(None, run.path, resume=True).state == "finished"
    with pytest.raises(TrainingError, match="holds no run"):
        train(None, tmp_path / "nowhere", resume=True)


@pytest.mark.process
def test_one_that_is_killed_while_it_cuts_goes_on(plan, settings, tmp_path, monkeypatch):
    run = RunFolder(tmp_path / "run")
    launch(run.path, settings, plan=plan, compare=False, module="tests.training.slow_cut")
    wait_for(lambda: run.status().message.startswith("cutting the sequences, "))
    os.kill(read_launch(run.launch).pid, signal.SIGKILL)
    wait_for_end(run.path)
    assert run.status().state == "stopped"
    assert "start it again" in trouble(run.path)
    resume(run.path, compare=False)
    wait_for_state(run.path, "finished", "failed")
    assert run.status().state == "finished", trouble(run.path)


@pytest.mark.process
def test_a_dataset_that_is_gone_is_cut_anew_when_the_run_goes_on(plan, settings, tmp_path):
    run = RunFolder(tmp_path / "run")
    launch(run.path, settings, plan=plan, compare=False)
    wait_for_state(run.path, "finished")
    wait_for_end(run.path)
    before = fingerprint(open_dataset(settings.data.datasets[0]))
    shutil.rmtree(settings.data.datasets[0])
    resume(run.path, steps=16, compare=False)
    wait_for(lambda: run.status().step == 16 or run.status().state == "failed")
    assert trouble(run.path) == ""
    assert fingerprint(open_dataset(settings.data.datasets[0])) == before


def test_pictures_that_are_gone_or_others_are_told(plan, settings, pictures, tmp_path):
    run = RunFolder(tmp_path / "run")
    write_recipe(run, plan, plan.place_in(tmp_path / "datasets"))
    (pictures / "20200103.png").rename(pictures / "20200109.png")
    with pytest.raises(TrainingError, match="have changed since this run was set up"):
        cut_missing(run, settings.data.datasets, tell, never)
    shutil.rmtree(pictures)
    with pytest.raises(TrainingError, match="cannot be opened any more"):
        cut_missing(run, settings.data.datasets, tell, never)


def test_a_damaged_area_is_told(plan, settings, tmp_path):
    run = RunFolder(tmp_path / "run")
    write_recipe(run, plan, plan.place_in(tmp_path / "datasets"))
    (run.path / "area.npz").write_bytes(b"no")
    with pytest.raises(TrainingError, match=r"area\.npz cannot be read; set the run up anew"):
        cut_missing(run, settings.data.datasets, tell, never)
    run.cut.write_text("{")
    with pytest.raises(TrainingError, match="is damaged"):
        read_recipe(run)


def test_only_what_can_be_opened_again_is_handed_over(plan, tmp_path):
    held = make_plan(stack_of(moving(6, 288, (0, 1))), **CHOICES)
    assert can_cut(plan)
    assert not can_cut(held)
    with pytest.raises(TrainingError, match="lives in memory alone"):
        write_recipe(RunFolder(tmp_path / "run"), held, tmp_path / "ice.zarr")


def test_other_datasets_are_left_to_those_who_named_them(plan, tmp_path):
    run = RunFolder(tmp_path / "run")
    write_recipe(run, plan, plan.place_in(tmp_path / "datasets"))
    assert cut_missing(run, (str(tmp_path / "moved.zarr"),), tell, never) is None


def test_what_cannot_work_is_found_before_anything_is_cut(plan, settings, tmp_path):
    large = settings.model_copy(update={"optimisation": settings.optimisation.model_copy(update={"batch": 5000})})
    assert any("a batch of 5000 is larger" in sentence for sentence in preflight(large, tmp_path / "run", plan))

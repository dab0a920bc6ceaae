"""``icenet train``: what it says and refuses."""

from __future__ import annotations

import json
import re

import pytest

from napari_icenet.training.run_folder.folder import RunFolder
from tests.training import tiny
from tests.training.runs import steps

pytestmark = pytest.mark.process

QUICK = (
    "--model",
    "tiny",
    "--steps",
    4,
    "--threads",
    1,
    "--workers",
    0,
    "--device",
    "cpu",
    "--set",
    "validation.every=2",
)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return tiny.make_dataset(tmp_path_factory.mktemp("data") / "ice.zarr")


@pytest.fixture(autouse=True)
def _known():
    tiny.register()
    yield
    tiny.forget()


def test_a_run_is_told(icenet, dataset, tmp_path):
    said = icenet("train", dataset, "-o", tmp_path / "run", *QUICK)
    assert said.code == 0, said.err
    lines = said.out.splitlines()
    assert lines[:3] == [str(tmp_path / "run"), "model      tiny", "steps      4 of 4, finished"]
    assert re.fullmatch(r"t2         -?0\.\d{3} on held-out chips, persistence 0\.\d{3}", lines[3])
    assert lines[4] == f"weights    {tmp_path}/run/best.safetensors"
    assert not said.lines  # progress alone on standard error
    assert "100 % step 4 of 4, loss " in said.err


def test_a_run_that_never_validated_says_which_weights_it_has(icenet, dataset, tmp_path):
    run = tmp_path / "run"
    said = icenet("train", dataset, "-o", run, *QUICK[:-2], "--set", "validation.every=0")
    assert said.code == 0, said.err
    assert f"weights    {run}/last.safetensors, not yet judged on held-out chips" in said.out.splitlines()
    message = icenet("train", dataset, "-o", tmp_path / "next", *QUICK, "--weights", run / "best.safetensors").error(1)
    assert f"{run}/best.safetensors does not exist" in message
    assert f"what there is: {run}/last.safetensors." in message


def test_settings_come_from_a_file_and_words_go_before_it(icenet, dataset, tmp_path):
    for name, text in {
        "a.yaml": "model: tiny\noptimisation: {steps: 3, batch: 2}\nvalidation: {every: 0}\nthreads: 1\n",
        "a.json": '{"model": "tiny", "optimisation": {"steps": 3, "batch": 2}, "validation": {"every": 0}}',
    }.items():
        (tmp_path / name).write_text(text)
        run = tmp_path / f"{name}.run"
        words = ("--config", tmp_path / name, "--set", "optimisation.batch=4", "--set", "objective.noise=0.5")
        assert icenet("train", dataset, "-o", run, *words).code == 0
        settings = RunFolder(run).settings()
        assert (settings.optimisation.steps, settings.optimisation.batch) == (3, 4)
        assert settings.objective == {"noise": 0.5}


def test_a_preset_is_a_start(icenet, dataset, tmp_path):
    said = icenet("train", dataset, "-o", tmp_path / "run", "--preset", "quick", *QUICK)
    assert said.code == 0, said.err
    assert RunFolder(tmp_path / "run").settings().optimisation.steps == 4


def test_a_run_is_continued_with_more_steps_or_replaced(icenet, dataset, tmp_path):
    run = tmp_path / "run"
    icenet("train", dataset, "-o", run, *QUICK)
    assert icenet("train", "-o", run, "--resume", "--steps", 6).code == 0
    assert steps(run) == 6
    assert "is there already" in icenet("train", dataset, "-o", run, *QUICK).error(2)
    assert icenet("train", dataset, "-o", run, *QUICK, "--force").code == 0
    assert steps(run) == 4
    for words, name in ((("--seed", 3), "seed"), (("--set", "a=1"), "set"), (("--preset", "quick"), "preset")):
        assert icenet("train", "-o", run, "--resume", *words).error(2).startswith(f"error: --{name} cannot change")


def test_force_replaces_nothing_but_runs(icenet, dataset, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").touch()
    error = icenet("train", dataset, "-o", tmp_path / "photos", *QUICK, "--force").error(2)
    assert "photos is no run, so --force does not replace it; choose another name." in error
    assert (tmp_path / "photos" / "cat.jpg").exists()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ((), 2, "No output was named; add -o RUN."),
        (("-o", "run"), 2, "No dataset was named; add DATASET, made by icenet dataset."),
        (("nowhere.zarr", "-o", "run"), 1, "nowhere.zarr does not exist; name a dataset made by icenet dataset."),
        (("nowhere.zarr", "-o", "run", "--set", "steps"), 2, "--set steps is no setting; write KEY=VALUE"),
        (("nowhere.zarr", "-o", "run", "--set", "optimisation.lr=1"), 2, "there is no setting optimisation.lr"),
        (("nowhere.zarr", "-o", "run", "--config", "no.yaml"), 2, "no.yaml cannot be read"),
        (("nowhere.zarr", "-o", "run", "--config", "list.yaml"), 2, "list.yaml holds no settings"),
        (("nowhere.zarr", "-o", "run", "--config", "bad.json"), 2, "bad.json is neither YAML nor JSON"),
        (("nowhere.zarr", "-o", "run", "--config", "bad.yaml"), 2, "bad.yaml is neither YAML nor JSON"),
        (("-o", "run", "--resume"), 1, "run holds no run; start one with icenet train DATASET -o RUN."),
    ],
)
def test_what_is_refused(words, code, message, icenet, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.yaml").write_text("- 1\n")
    (tmp_path / "bad.json").write_text("{")
    (tmp_path / "bad.yaml").write_text("a: [1\n")
    assert message in icenet("train", *words).error(code)
    assert not (tmp_path / "run").exists()


def test_numbers_and_texts_are_told_apart(icenet, dataset, tmp_path):
    words = ("--set", "optimisation.learning_rate=1e-3", "--set", "optimisation.clip=null", "--set", "device=cpu")
    assert icenet("train", dataset, "-o", tmp_path / "run", *QUICK, *words).code == 0
    told = json.loads((tmp_path / "run" / "config.json").read_text())
    assert told["optimisation"]["learning_rate"] == 0.001
    assert told["optimisation"]["clip"] is None

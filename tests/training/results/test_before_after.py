"""Weights before and after a run."""

from __future__ import annotations

import json
import os
import socket

import numpy as np
import pytest

from napari_icenet.datasets.dataset import open_dataset
from napari_icenet.errors import Cancelled, TrainingError
from napari_icenet.evaluation.scoring.ncc import Image, correlation
from napari_icenet.evaluation.scoring.past import past_of
from napari_icenet.predictors.registry import predictor
from napari_icenet.training.results.before_after import as_text, compare_weights, comparing, read_comparison
from napari_icenet.training.train import train
from tests.training import tiny
from tests.training.runs import small

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def runs(dataset, tmp_path_factory):
    """A run from random weights, and one that goes on from its weights."""
    tiny.register()
    folder = tmp_path_factory.mktemp("compared")
    common = {"validation": {"every": 6, "sequences": 8}}
    train(small(dataset, **common), folder / "first")
    start = str(folder / "first" / "best.safetensors")
    train(small(dataset, **common, weights=start, optimisation={"steps": 6}), folder / "second")
    return folder / "first", folder / "second"


@pytest.fixture
def compared(runs):
    return compare_weights(runs[1])


def mean_correlation(dataset, name, **options):
    """The same by another way: chip by chip, without the evaluation's machinery."""
    opened = open_dataset(dataset)
    shown = opened.read(opened.select(split="test"))
    t0, made, found = opened.shape[0] - 3, predictor(name, **options), []
    for i in range(len(shown)):
        image = Image.of(shown.chips[i, t0 + 2])
        template = made(past_of(shown, i, t0, 2))
        if image.usable:
            found.append(
                0.0 if template is None else float(np.nan_to_num(correlation(Image.of(template.template), image)))
            )
    return np.mean(found), len(found)


def test_the_rows_and_their_numbers(compared, runs, dataset):
    rows = {row.key: row for row in compared.rows}
    assert list(rows) == ["persistence", "high-pass", "consensus", "before", "after"]
    assert [row.role for row in compared.rows[3:]] == ["before", "after"]
    assert rows["after"].title == "Tiny · second"
    assert compared.split == "test"
    for key, name, options in (
        ("persistence", "persistence", {}),
        ("before", "tiny", {"weights": runs[0] / "best.safetensors"}),
        ("after", "tiny", {"weights": runs[1] / "best.safetensors"}),
    ):
        mean, count = mean_correlation(dataset, name, **options)
        assert rows[key].t2.mean == pytest.approx(mean, abs=1e-6)
        assert compared.sequences == count
    assert compared.gain.t2 == pytest.approx(rows["after"].t2.mean - rows["before"].t2.mean)
    assert compared.gain.t2_interval[0] <= compared.gain.t2 <= compared.gain.t2_interval[1]
    assert rows["after"].t2.difference == pytest.approx(rows["after"].t2.mean - rows["persistence"].t2.mean)
    assert compared.notices == ()
    assert not compared.simulated


def test_it_is_kept_in_the_folder(compared, runs):
    assert read_comparison(runs[1]) == compared
    assert comparing(runs[1]).state == "done"
    assert "gain" in as_text(compared)
    assert len(as_text(compared).splitlines()) == 7


def test_from_random_weights_there_is_no_before(runs):
    found = compare_weights(runs[0])
    assert [row.key for row in found.rows] == ["persistence", "high-pass", "consensus", "after"]
    assert found.gain is None


def test_cancelled(runs):
    before = (runs[1] / "comparison.json").read_bytes()

    def progress(fraction, text):
        raise Cancelled("so be it.")

    with pytest.raises(Cancelled):
        compare_weights(runs[1], progress=progress)
    assert comparing(runs[1]).state == "cancelled"
    assert (runs[1] / "comparison.json").read_bytes() == before


def test_a_comparison_whose_process_died(runs):
    (runs[1] / "comparing.json").write_text(
        json.dumps({"state": "running", "pid": 2**22 + 1, "host": socket.gethostname()})
    )
    assert comparing(runs[1]).state == "failed"
    (runs[1] / "comparing.json").write_text(
        json.dumps({"state": "running", "pid": os.getpid(), "host": socket.gethostname()})
    )
    assert comparing(runs[1]).state == "running"


def test_weights_that_may_know_the_held_out_ice_are_told_of(runs, tmp_path):
    other = tiny.make_dataset(tmp_path / "other.zarr", validation=0.3, test=0.2)
    start = str(runs[0] / "best.safetensors")
    train(small(other, weights=start, optimisation={"steps": 2}), tmp_path / "run")
    (notice,) = compare_weights(tmp_path / "run").notices
    assert "were trained on parts of ice that may lie in what is held out here" in notice
    card = json.loads((tmp_path / "run" / "last.json").read_text())
    assert [one["name"] for one in card["data"]["datasets"]] == ["other.zarr", "ice.zarr"]


def test_without_held_out_ice(runs, tmp_path):
    bare = tiny.make_dataset(tmp_path / "bare.zarr", validation=0, test=0)
    train(small(bare, optimisation={"steps": 2}), tmp_path / "run")
    with pytest.raises(TrainingError, match="hold no ice out, so nothing can be compared"):
        compare_weights(tmp_path / "run")
    assert comparing(tmp_path / "run").state == "failed"
    only = tiny.make_dataset(tmp_path / "only.zarr", test=0)
    train(small(only, optimisation={"steps": 2}), tmp_path / "other")
    found = compare_weights(tmp_path / "other")
    assert found.split == "validation"
    assert "chosen on this validation split" in found.notices[0]


def test_the_command_compares(dataset, icenet, tmp_path):
    run = tmp_path / "run"
    said = icenet("train", dataset, "-o", run, "--model", "tiny", "--steps", 3, "--set", "validation.every=0",
                  "--set", "optimisation.warm_up=1", "--compare")  # fmt: skip
    assert said.code == 0, said.err
    assert "sequences of the test split" in said.out
    assert read_comparison(run) is not None

"""``icenet dataset``: what it makes, says and refuses."""

from __future__ import annotations

import numpy as np
import pytest

from napari_icenet.datasets.dataset import open_dataset
from napari_icenet.scenes.store.zarr_store import save_stack
from tests.datasets.ice import moving, stack_of

pytestmark = pytest.mark.process

SMALL = ("--chip", 16, "--frames", 4, "--stride", 16)


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    pictures = np.stack([moving(seed=seed) for seed in (0, 1)], axis=1)
    return save_stack(stack_of(pictures), tmp_path_factory.mktemp("stacks") / "ice.zarr")


def test_a_dataset_is_made_and_told(icenet, stack, tmp_path):
    out = tmp_path / "icenet.zarr"
    said = icenet("dataset", stack, "-o", out, *SMALL, "--bands", "2", "--windows", 2)
    assert said.code == 0, said.err
    lines = said.out.splitlines()
    assert lines[0] == str(out)
    assert lines[1] == "sequences  72 of 4 × 16 × 16 px, chain"
    assert lines[2] == "bands      1: B2"
    assert lines[3] == "windows    2 of consecutive dates, from 1 stack"
    assert "left out   0 chips" in said.out
    made = open_dataset(out)
    assert len(made) == 72
    assert f"train {len(made.select(split='train'))}, " in lines[4]
    # Beside progress, that ground as small as this has no block for validation.
    assert [line.partition(": too few")[0] for line in said.lines] == ["warning: no sequence is for validation"]
    assert not made.select(split="validation").size


def test_robust_tracking_is_chosen(icenet, stack, tmp_path):
    said = icenet("dataset", stack, "-o", tmp_path / "r.zarr", *SMALL, "--tracking", "robust", "--bands", "1")
    assert said.code == 0, said.err
    assert open_dataset(tmp_path / "r.zarr").record.settings.tracking == "robust"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((), 2, "No output was named; add -o ICENET.zarr."),
        (("-o", "x.zarr", "--chip", 17), 2, "chip 17 cannot be used: must be even; use 16 or 18."),
        (("-o", "x.zarr", "--scale", 1.0), 2, "scale 1.0 cannot be used"),
        (("-o", "x.zarr", "--block", "inf"), 2, "block inf cannot be used"),
        (("-o", "x.zarr", "--gap", 10**30), 2, "gap 1e+30 cannot be used"),
        (("-o", "x.zarr", "--chip", 16, "--bands", "9"), 2, "9"),
        (("-o", "x.zarr", "--chip", 16), 1, "has 6 dates and a sequence needs 12; add scenes"),
        (("-o", "x.zarr", "--frames", 4), 1, "a chip of 128 does not fit; choose a chip of at most 96 pixels."),
    ],
)
def test_what_cannot_be_made_is_one_sentence(icenet, stack, tmp_path, monkeypatch, arguments, code, message):
    monkeypatch.chdir(tmp_path)
    assert message in icenet("dataset", stack, *arguments).error(code)
    assert list(tmp_path.iterdir()) == []


def test_another_dataset_is_left_alone(icenet, stack, tmp_path):
    out = tmp_path / "icenet.zarr"
    assert icenet("dataset", stack, "-o", out, *SMALL, "--bands", "1").code == 0
    assert "--force" in icenet("dataset", stack, "-o", out, *SMALL, "--bands", "1", "--seed", 4).error(1)
    assert open_dataset(out).record.settings.seed == 0
    assert icenet("dataset", stack, "-o", out, *SMALL, "--bands", "1", "--seed", 4, "--force").code == 0
    assert open_dataset(out).record.settings.seed == 4


def test_the_papers_preset(icenet, stack, tmp_path):
    said = icenet(
        "dataset", stack, "-o", tmp_path / "p.zarr", "--preset", "paper", "--chip", 16, "--frames", 4, "--chips", 25
    )
    assert said.code == 0, said.err
    made = open_dataset(tmp_path / "p.zarr")
    assert len(made) == 2 * 25
    assert made.record.settings.scale == 1.5

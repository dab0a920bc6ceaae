"""Datasets planned on an open stack."""

from __future__ import annotations

import time

import numpy as np
import psutil
import pytest

from napari_icenet.datasets.builder import build_dataset
from napari_icenet.datasets.dataset import open_dataset
from napari_icenet.datasets.sequences import SPLITS
from napari_icenet.errors import Cancelled, DatasetError, StackError, UsageError
from napari_icenet.training.data.build_process import build
from napari_icenet.training.data.plan import make_plan, split_of_weights
from napari_icenet.training.data.timing import remember
from tests.datasets.ice import moving, stack_of

pytestmark = pytest.mark.process

CHOICES = {"chip": 32, "frames": 5, "scale": 1.5, "stride": 16}


@pytest.fixture(scope="module")
def stack():
    return stack_of(moving(7, 288, (0, 1)))


@pytest.fixture(autouse=True)
def _home(monkeypatch, tmp_path):
    monkeypatch.setenv("ICENET_HOME", str(tmp_path / "home"))


@pytest.fixture
def area():
    inside = np.zeros((288, 288), bool)
    inside[40:280, 30:250] = True
    return inside


@pytest.mark.parametrize("step", [(0, 0), (1, 2)])
@pytest.mark.parametrize("block", [{"block": 2.5, "gap": 4}, {"block": 2, "gap": 7}, {"block": 3, "gap": 0}])
def test_the_splits_on_the_picture_are_those_of_the_dataset(step, block, tmp_path):
    plan = make_plan(stack_of(moving(5, 288, step)), validation=0.25, test=0.2, **CHOICES, **block)
    codes = plan.splits()
    assert codes.shape == (288, 288)
    build_dataset([plan.stack], tmp_path / "ice.zarr", plan.settings)
    made = open_dataset(tmp_path / "ice.zarr")
    assert len(np.unique(made.split)) == 4 - (block["gap"] == 0 and step == (0, 0)) or block["gap"] == 0
    padded = np.pad(codes, 64, mode="constant", constant_values=255)
    for rows, cols, split in zip(made.tables["rows"], made.tables["cols"], made.tables["split"], strict=True):
        box = padded[rows.min() + 48 : rows.max() + 80, cols.min() + 48 : cols.max() + 80]
        inside = box[box != 255]
        if split == SPLITS.index("none"):
            assert len(set(inside.tolist())) > 1 or set(inside.tolist()) == {split} or (box == 255).any()
        else:
            assert set(inside.tolist()) == {split}


def test_the_estimate_is_what_the_dataset_holds_where_the_ice_stands_still(tmp_path, area):
    plan = make_plan(
        stack_of(moving(7, 288, (0, 0))), area=area, validation=0.25, test=0.1, block=2.5, gap=4, **CHOICES
    )
    estimate = plan.estimate()
    record = build(plan, tmp_path / "ice.zarr")
    made = open_dataset(tmp_path / "ice.zarr")
    assert estimate.sequences == len(made) == sum(part.count for part in record.parts)
    assert estimate.by_split == {name: len(made.select(split=name)) for name in SPLITS}
    assert estimate.windows == 3
    size = sum(file.stat().st_size for file in (tmp_path / "ice.zarr").rglob("*") if file.is_file())
    assert 0.2 * size < estimate.bytes < 5 * size  # frames that are all the same pack well
    assert estimate.seconds > 0
    assert not estimate.measured
    remember(plan.settings, 0.5)
    assert plan.estimate().measured


def test_nothing_is_cut_outside_the_area(stack, area, tmp_path):
    plan = make_plan(stack, area=area, **CHOICES)
    assert stack.area is None
    assert (plan.splits()[~area] == SPLITS.index("none")).all()
    rows, cols = plan.positions
    assert rows.min() >= 40 + 16 - 4
    assert cols.max() <= 250 - 16 + 4
    assert len(rows) < len(make_plan(stack, **CHOICES).positions[0])


def test_dates_and_bands(stack):
    plan = make_plan(stack, dates=[6, 0, 1, 3, 4], bands=("B1",), **CHOICES)
    assert plan.stack.labels == tuple(stack.labels[i] for i in (0, 1, 3, 4, 6))
    assert len(stack.scenes) == 7
    assert plan.estimate().windows == 1
    with pytest.raises(StackError, match="has 3 dates and a sequence needs 5"):
        make_plan(stack, dates=[0, 1, 2], **CHOICES)
    with pytest.raises(UsageError, match="dates are numbers from 0 to 6"):
        make_plan(stack, dates=[7], **CHOICES)
    with pytest.raises(UsageError, match="no band"):
        make_plan(stack, bands=("B7",), **CHOICES)
    with pytest.raises(UsageError, match="no chip of 32 px lies in the area"):
        make_plan(stack, area=np.eye(288, dtype=bool), **CHOICES)


def test_split_by_time(tmp_path):
    stack = stack_of(moving(16, 64, (0, 1)))
    plan = make_plan(stack, split_by="time", chip=32, frames=4, stride=16, validation=0.2, test=0.2)
    build_dataset([plan.stack], tmp_path / "ice.zarr", plan.settings)
    made = open_dataset(tmp_path / "ice.zarr")
    assert plan.estimate().by_split == {name: len(made.select(split=name)) for name in SPLITS}
    dates = plan.split_dates()
    assert len(dates) == 16
    assert list(dates) == sorted(dates, key=SPLITS.index)
    first_held_out = dates.index("validation")
    assert made.tables["times"][made.select(split="train")].max() == stack.times[first_held_out - 1].astype(np.int64)


def test_weights_are_trained_further_on_their_own_blocks(stack, tmp_path):
    found = split_of_weights("icenet", "perito_moreno")
    assert found == {"split_by": "area", "block": 3.0, "gap": 32, "seed": 0, "validation": 0.12, "test": 0.25}
    assert split_of_weights("icenet", "another glacier") == {}
    frame = stack_of(np.zeros((12, 800, 700), np.uint8))
    one = make_plan(frame, **found)
    assert (one.settings.block_px, one.settings.gap_px) == (384, 32)
    other = make_plan(frame, chip=64, **split_of_weights("icenet", "perito_moreno", 64))
    np.testing.assert_array_equal(one.splits(), other.splits())


def test_a_preview_is_cut_for_real(stack):
    plan = make_plan(stack, **CHOICES)
    few = plan.preview(4)
    assert few.chips.shape == (4, 5, 32, 32)
    inside = few.cols[:, 0] < 250
    assert inside.any()
    assert (few.cols[inside, -1] - few.cols[inside, 0] == 4).all()  # a pixel a date, to the right
    assert np.unique(few.rows[:, 0]).size > 1


def test_the_same_plan_has_the_same_place(stack, area, tmp_path):
    one, other = make_plan(stack, **CHOICES), make_plan(stack, **CHOICES)
    assert one.place_in(tmp_path) == other.place_in(tmp_path)
    assert make_plan(stack, area=area, **CHOICES).key != one.key
    assert make_plan(stack, dates=range(6), **CHOICES).key != one.key
    assert make_plan(stack, **CHOICES | {"stride": 32}).key != one.key
    build(one, one.place_in(tmp_path))
    before = time.time()
    build(one, one.place_in(tmp_path))
    assert max(path.stat().st_mtime for path in one.place_in(tmp_path).glob("chips/c.*")) < before


def test_cancelled_it_keeps_what_is_done_and_goes_on(stack, tmp_path):
    plan, out = make_plan(stack, **CHOICES), tmp_path / "ice.zarr"
    told = []

    def stop():
        return any(fraction > 0.4 for fraction, _ in told)

    with pytest.raises(Cancelled, match="was cancelled; finished parts are kept"):
        build(plan, out, progress=lambda *words: told.append(words), cancelled=stop)
    assert not out.exists()
    assert list((tmp_path / ".ice.zarr.partial" / "parts").glob("*/part.json"))
    build(plan, out)
    build_dataset([stack], tmp_path / "other.zarr", plan.settings)
    one, other = open_dataset(out), open_dataset(tmp_path / "other.zarr")
    np.testing.assert_array_equal(one.read(slice(None)).chips, other.read(slice(None)).chips)


def test_what_goes_wrong_is_told(stack, tmp_path):
    flat = stack_of(np.full((5, 64, 64), 8000, np.uint16), "flat")
    with pytest.raises(DatasetError, match="flat is hidden by cloud or flat on all dates"):
        build(make_plan(flat, **CHOICES), tmp_path / "flat.zarr")
    (tmp_path / "file").write_text("")
    with pytest.raises(DatasetError, match="cannot be made"):
        build(make_plan(stack, **CHOICES), tmp_path / "file" / "ice.zarr")


@pytest.mark.process
def test_a_killed_process_is_told(stack, tmp_path):
    before = set(psutil.Process().children())

    def kill(*_):
        for child in set(psutil.Process().children()) - before:
            child.kill()

    with pytest.raises(DatasetError, match="for its process was killed"):
        build(make_plan(stack, **CHOICES), tmp_path / "ice.zarr", progress=kill)

"""Sequences that an evaluation cuts from a stack: the same as a dataset cuts, batch by batch."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS

from napari_icenet.datasets.cut import cut
from napari_icenet.datasets.settings import DatasetSettings
from napari_icenet.errors import StackError, UsageError
from napari_icenet.evaluation.settings import EvaluationSettings
from napari_icenet.evaluation.sources import stack as stacks
from napari_icenet.evaluation.sources.stack import StackSource, Task
from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.scene import Covariates
from tests.datasets.ice import moving, stack_of

pytestmark = pytest.mark.slow

DATES, SIDE = 7, 96
CUT = {"chip": 16, "frames": 5, "scale": 1.5, "stride": 16}


def settings(**values):
    return EvaluationSettings(**{"predictors": ("persistence",), **CUT, **values})


@pytest.fixture(scope="module")
def ice():
    pictures = np.stack([moving(DATES, SIDE), moving(DATES, SIDE, seed=9)], axis=1)
    return stack_of(pictures)


@pytest.fixture(scope="module")
def source(ice):
    return StackSource(ice, settings())


def assert_same(one, other):
    for name in (field.name for field in fields(one)):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), name)


@pytest.mark.parametrize("mode", ["chain", "robust"])
@pytest.mark.parametrize("band", [0, 1])
def test_sequences_are_those_of_a_dataset_cut_in_the_same_way(source, ice, mode, band):
    task = Task(mode, (band, 0, len(source.starts)), len(source.starts))
    batches = list(source.read(task))
    assert [batch.key for batch in batches] == [(band, start, 0) for start in range(3)]
    for start, batch in enumerate(batches):
        whole = DatasetSettings(**CUT, tracking=mode)
        expected = cut(ice, whole, band=source.bands[band], start=start)
        np.testing.assert_array_equal(batch.sequences.chips, expected.chips)
        np.testing.assert_array_equal(batch.sequences.rows, expected.rows)
        np.testing.assert_array_equal(batch.sequences.valid, expected.valid)
        np.testing.assert_array_equal(batch.sequences.times, expected.times)
        assert batch.expected is None
        assert batch.title == f"{source.bands[band]} from {ice.labels[start]}, {mode}"


def test_windows_are_all_there_are(source):
    assert len(source.starts) == DATES - 5 + 1
    assert source.batches == 2 * 3
    assert source.amount == 6 * 2 * len(next(iter(source.read(Task("robust", (0, 0, 1), 1)))).sequences)


def test_large_windows_are_read_in_batches(source, monkeypatch):
    (whole,) = source.read(Task("robust", (0, 0, 1), 1))
    monkeypatch.setattr(stacks, "BATCH", 5)
    parts = list(source.read(Task("robust", (0, 0, 1), 1)))
    assert [len(part.sequences) for part in parts[:-1]] == [5] * (len(parts) - 1)
    assert [part.key for part in parts] == [(0, 0, k) for k in range(len(parts))]
    np.testing.assert_array_equal(np.concatenate([part.sequences.chips for part in parts]), whole.sequences.chips)


@pytest.mark.parametrize("mode", ["chain", "robust"])
def test_one_sequence_is_read_again_as_it_was(source, mode):
    (batch,) = source.read(Task(mode, (1, 2, 3), 1))
    for index in (0, 3, len(batch.sequences) - 1):
        assert_same(source.again(batch.lot, index), batch.sequences[index : index + 1])


@pytest.mark.parametrize("processes", [1, 2, 3, 8, 100])
@pytest.mark.parametrize("tracking", ["both", "chain"])
def test_tasks_are_the_whole_once(ice, processes, tracking):
    source = StackSource(ice, settings(tracking=tracking))
    tasks = source.tasks(processes)
    seen = [(task.mode, task.part[0], w) for task in tasks for w in range(*task.part[1:])]
    modes = ("chain", "robust") if tracking == "both" else ("chain",)
    assert sorted(seen) == sorted((mode, b, w) for mode in modes for b in range(2) for w in range(3))
    assert sum(task.batches for task in tasks) == len(seen)
    assert source.modes == modes


def test_few_processes_keep_the_windows_of_a_band_together(source):
    assert [task.part for task in source.tasks(1)] == [(0, 0, 3), (1, 0, 3)] * 2


@pytest.mark.parametrize(
    ("asked", "found"), [(None, ("B1", "B2")), (("2",), ("B2",)), (("B2", "2", "1"), ("B2", "B1"))]
)
def test_bands_are_named_once_in_the_order_asked_for(ice, asked, found):
    assert StackSource(ice, settings(bands=asked)).bands == found


@pytest.mark.parametrize(
    ("values", "error", "told"),
    [({"frames": 9}, StackError, "7"), ({"chip": 256}, StackError, "256"), ({"bands": ("9",)}, UsageError, "9")],
)
def test_what_the_stack_cannot_give_is_refused(ice, values, error, told):
    with pytest.raises(error, match=told):
        StackSource(ice, settings(**values))


def test_facts_of_the_stack(ice, source):
    assert source.name == ice.name == "ice"
    assert source.grids == {"ice": ice.grid}
    assert source.split_by is None
    assert source.covariates == ()
    assert (source.simulated, source.flow_known) == (False, False)
    assert source.credits == ()
    assert source.notices == []
    source.messages.append("of its covariates")
    assert source.notices == ["of its covariates"]
    source.messages.clear()


def test_covariates_go_with_the_sequences():
    ice = stack_of(moving(DATES, SIDE))
    wind = np.arange(float(DATES))[:, None]
    ice.covariates = Covariates(("wind (m/s)",), wind)
    source = StackSource(ice, settings())
    assert source.covariates == ("wind (m/s)",)
    for batch in source.read(source.tasks(1)[0]):
        start = batch.key[1]
        assert (batch.sequences.covariates == wind[start : start + 5]).all()


def test_another_process_opens_the_same(source):
    again = source.again_by()()
    assert (again.bands, again.starts, again.settings) == (source.bands, source.starts, source.settings)
    task = Task("chain", (0, 1, 2), 1)
    (one,), (other,) = source.read(task), again.read(task)
    assert_same(one.sequences, other.sequences)


def test_known_flow_tells_where_the_ice_lies(ice, monkeypatch):
    # Ice that moves by (1, 2) px a date.
    flow = lambda row, col, first, second: (row * 0 + (second - first), col * 0 + 2 * (second - first))  # noqa: E731
    monkeypatch.setattr(stacks, "known_flow", lambda _stack, _path: flow)
    source = StackSource(ice, settings())
    assert source.flow_known
    (batch,) = source.read(Task("chain", (0, 1, 2), 1))
    shown, t0 = batch.sequences, source.settings.t0
    for i in range(len(shown)):
        for k, t in enumerate((t0 + 1, t0 + 2)):
            drow = shown.rows[i, t0] + (t - t0) - shown.rows[i, t]
            dcol = shown.cols[i, t0] + 2 * (t - t0) - shown.cols[i, t]
            assert batch.expected(i)[k] == pytest.approx((drow, dcol))


def test_maps_lie_where_the_stack_lies():
    grid = Grid(SIDE, SIDE, Affine(30, 0, 4e5, 0, -30, -1e6), CRS.from_epsg(3031))
    source = StackSource(stack_of(moving(DATES, SIDE), grid=grid), settings())
    assert source.grids["ice"].crs.to_epsg() == 3031

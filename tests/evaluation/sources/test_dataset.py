"""Sequences that an evaluation reads from a dataset."""

from __future__ import annotations

import numpy as np
import pytest

from napari_icenet.datasets.builder import build_dataset
from napari_icenet.datasets.dataset import open_dataset
from napari_icenet.datasets.settings import split_rule
from napari_icenet.errors import DatasetError, UsageError
from napari_icenet.evaluation.scoring.past import past_of
from napari_icenet.evaluation.settings import make_evaluation_settings
from napari_icenet.evaluation.sources import dataset as datasets
from napari_icenet.evaluation.sources.dataset import DatasetSource, dataset_settings
from napari_icenet.predictors.blurred import SIGMAS, Blurred
from tests.datasets.ice import SETTINGS, moving, stack_of

CHOSEN = SETTINGS.model_copy(update={"gap": 0, "validation": 0.25, "test": 0.25})


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    path = tmp_path_factory.mktemp("evaluated") / "ice.zarr"
    noise = np.random.default_rng(5).normal(0, 1500, (6, 2, 96, 96))
    pictures = np.stack([moving(6), moving(6, seed=8)], axis=1) + noise
    build_dataset([stack_of(pictures.clip(1, 60_000).round().astype(np.uint16))], path, CHOSEN)
    return open_dataset(path)


def source_of(dataset, most=None, **given):
    given = {"predictors": ("persistence",), **given}
    return DatasetSource(dataset, make_evaluation_settings(dataset_settings(dataset, given)), most)


def indices(source):
    return np.concatenate([batch.lot for task in source.tasks(1) for batch in source.read(task)])


@pytest.mark.slow
@pytest.mark.parametrize("split", [None, "train", "validation", "test"])
@pytest.mark.parametrize("bands", [None, ("B2",), ("1",)])
def test_a_split_of_some_bands_is_read_whole_and_in_order(built, split, bands):
    source = source_of(built, split=split, bands=bands)
    wanted = built.select(split=split)
    if bands is not None:
        wanted = wanted[built.band[wanted] == ("B2" if bands == ("B2",) else "B1")]
    np.testing.assert_array_equal(indices(source), wanted)
    assert source.amount == len(wanted)


@pytest.mark.parametrize("most", [1, 2, 7, 10_000])
def test_a_sample_is_even_and_has_both_ends(built, most):
    every, some = indices(source_of(built)), indices(source_of(built, most))
    assert len(some) == min(most, len(every))
    assert some[0] == every[0]
    if most > 1:
        assert some[-1] == every[-1]
        steps = np.diff(np.searchsorted(every, some))
        assert steps.max() - steps.min() <= 1


@pytest.mark.parametrize("processes", [1, 2, 5, 50])
def test_tasks_are_the_whole_once(built, processes, monkeypatch):
    monkeypatch.setattr(datasets, "BATCH", 4)
    source = source_of(built)
    tasks = source.tasks(processes)
    assert len(tasks) == min(source.batches, 3 * processes)
    assert sum(task.batches for task in tasks) == source.batches == -(-source.amount // 4)
    lots = [batch.lot for task in tasks for batch in source.read(task)]
    assert {len(lot) for lot in lots[:-1]} == {4}
    np.testing.assert_array_equal(np.concatenate(lots), indices(source))


def test_batches_hold_what_the_dataset_holds(built):
    source = source_of(built, split="train")
    (task,) = source.tasks(1)
    (batch,) = source.read(task)
    read = built.read(batch.lot)
    np.testing.assert_array_equal(batch.sequences.chips, read.chips)
    np.testing.assert_array_equal(batch.sequences.times, read.times)
    assert batch.expected is None
    assert batch.key == (0,)
    for index in (0, len(batch.lot) - 1):
        np.testing.assert_array_equal(source.again(batch.lot, index).chips[0], read.chips[index])


def test_another_process_reads_the_same(built):
    source = source_of(built, 5, split="train")
    np.testing.assert_array_equal(indices(source.again_by()()), indices(source))


def test_facts_are_the_datasets(built):
    source = source_of(built)
    assert source.name == "ice.zarr"
    assert source.bands == ("B1", "B2")
    assert source.modes == (CHOSEN.tracking,)
    assert source.split_by == split_rule(built.record.settings)
    assert (source.simulated, source.flow_known, source.credits, source.covariates) == (False, False, (), ())
    assert set(source.grids) == {"ice"}
    starts = np.unique(built.tables["times"][:, 0])
    assert source.starts == tuple(starts)


def test_a_sequence_of_another_tracking_is_no_answer(built):
    other = "robust" if CHOSEN.tracking == "chain" else "chain"
    with pytest.raises(UsageError, match=f"--tracking {CHOSEN.tracking}"):
        source_of(built, tracking=other)


def test_bands_that_are_not_there_are_refused(built):
    with pytest.raises(UsageError, match="9"):
        source_of(built, bands=("9",))


def test_an_empty_split_is_refused(tmp_path):
    path = tmp_path / "whole.zarr"
    build_dataset([stack_of(moving(6))], path, CHOSEN.model_copy(update={"validation": 0.0, "test": 0.0}))
    with pytest.raises(DatasetError, match="split test"):
        source_of(open_dataset(path), split="test")


@pytest.mark.parametrize(("name", "value"), [("chip", 32), ("scale", 2.0), ("stride", 8), ("frames", 5)])
def test_what_the_dataset_was_made_without_is_refused(built, name, value):
    with pytest.raises(UsageError, match=f"{name} .*--{name}"):
        dataset_settings(built, {name: value})
    own = getattr(built.record.settings, name)
    assert dataset_settings(built, {name: own, "seed": 4}) | {} == {
        "chip": 16, "scale": 1.5, "stride": 16, "frames": 4, "seed": 4,
    }  # fmt: skip


@pytest.mark.parametrize("split", [None, "train"])
def test_sigma_is_never_chosen_on_what_is_judged(built, split):
    assert source_of(built, split=split).sigma() is None


@pytest.mark.parametrize("split", ["validation", "test"])
def test_sigma_is_that_which_correlates_best_on_the_training_split(built, split):
    source = source_of(built, split=split)
    shown = built.read(built.select(split="train"))
    t0, means = source.settings.t0, {}
    for sigma in SIGMAS:
        blurred, found = Blurred(sigma=sigma), []
        for i in range(len(shown)):
            template, target = blurred(past_of(shown, i, t0, 2)).template, shown.chips[i, t0 + 2]
            found.append(np.corrcoef(template.ravel(), target.ravel())[0, 1])
        means[sigma] = np.mean(found)
    assert len(shown) <= 128
    assert source.sigma() == max(means, key=means.get)

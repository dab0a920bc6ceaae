"""Curves that grow."""

from __future__ import annotations

import json

import numpy as np
import pytest

from napari_icenet.training.results.curves import Curves
from napari_icenet.training.results.downsample import downsampled, smoothed
from napari_icenet.training.run_folder.event_log import EventLog, cut_after


@pytest.fixture
def log(tmp_path):
    made = EventLog(tmp_path / "events.jsonl")
    yield made
    made.close()


def all_of(curves, lot=4096):
    while curves.update(lot) and curves.behind:
        pass
    return curves


def test_there_may_be_no_run_yet(tmp_path):
    curves = Curves(tmp_path / "none")
    assert not curves.update()
    assert curves.names == ()
    assert curves.series("loss")[0].size == 0
    assert curves.validation.step.size == 0
    assert curves.afresh == 0


def test_they_grow_as_the_run_does(log, tmp_path):
    curves = Curves(tmp_path)
    for step in (1, 2):
        log.write("step", step, {"learning_rate": 0.1, "kl": 2.0, "loss": 1 / step, "mse": step})
    assert curves.update()
    assert not curves.update()
    assert curves.names == ("loss", "mse", "kl", "learning_rate")
    log.write("notice", 2, {"text": "the memory is small"})
    log.write("validation", 2, {"t1": 0.5, "t2": 0.4, "persistence_t1": 0.3, "persistence_t2": 0.2, "best": True,
                                "sample": "samples/step-00000002.png"})  # fmt: skip
    log.write("step", 3, {"loss": float("nan"), "peak": 7.0})
    with open(tmp_path / "events.jsonl", "a") as file:
        file.write('{"kind": "step", "st')
    assert curves.update()
    steps, loss = curves.series("loss")
    assert steps.tolist() == [1, 2, 3]
    assert loss[:2].tolist() == [1, 0.5]
    assert np.isnan(loss[2])
    assert np.isnan(curves.series("peak")[1]).tolist() == [True, True, False]
    assert np.isnan(curves.series("mse")[1]).tolist() == [False, False, True]
    assert curves.steps == 3
    found = curves.validation
    assert (found.t1[0], found.t2[0], found.persistence_t1[0], found.persistence_t2[0]) == (0.5, 0.4, 0.3, 0.2)
    assert found.best.tolist() == [True]
    assert found.samples == (tmp_path / "samples" / "step-00000002.png",)
    assert curves.notices == ((2, "the memory is small"),)
    assert curves.afresh == 0


def test_a_resumed_run_is_read_anew(log, tmp_path):
    curves = Curves(tmp_path)
    for step in range(1, 9):
        log.write("step", step, {"loss": step})
    all_of(curves)
    cut_after(log.path, 5)
    again = EventLog(log.path)
    again.write("step", 6, {"loss": 60})
    again.close()
    assert curves.update()
    assert curves.afresh == 1
    assert curves.series("loss")[1].tolist() == [1, 2, 3, 4, 5, 60]


@pytest.mark.slow
def test_a_long_run_is_read_in_lots_and_thinned_with_its_extremes(tmp_path):
    count = 100_000
    values = np.random.default_rng(0).normal(size=count)
    values[77_777], values[33_333] = 50, -50
    lines = [json.dumps({"kind": "step", "step": i + 1, "time": 0, "loss": float(v)}) for i, v in enumerate(values)]
    (tmp_path / "events.jsonl").write_text("\n".join(lines) + "\n")
    curves = Curves(tmp_path)
    batches = 0
    while curves.update() and curves.behind:
        batches += 1
    assert batches > 10
    steps, loss = curves.series("loss")
    assert len(steps) <= 2000
    assert (loss.max(), loss.min()) == (50, -50)
    assert steps[loss.argmax()] == 77_778
    assert (np.diff(steps) > 0).all()
    np.testing.assert_array_equal(loss, values[steps.astype(int) - 1])
    _, smooth = curves.smooth("loss")
    assert np.abs(smooth[len(smooth) // 2 :]).max() < 0.1


@pytest.mark.parametrize("count", [3, 2000, 2001, 4999])
def test_downsampled(count):
    y = np.random.default_rng(1).normal(size=count)
    y[count // 2] = np.nan
    x = np.arange(count, dtype=float)
    kept, values = downsampled(x, y, 2000)
    assert len(kept) <= 2000
    assert (kept[0], kept[-1]) == (0, count - 1)
    assert np.nanmax(values) == np.nanmax(y)
    assert np.nanmin(values) == np.nanmin(y)
    np.testing.assert_array_equal(values, y[kept.astype(int)])


def test_gaps_stay_gaps():
    kept, values = downsampled(np.arange(5000.0), np.full(5000, np.nan), 100)
    assert np.isnan(values).all()
    assert len(kept) <= 100


def test_smoothed():
    np.testing.assert_allclose(smoothed(np.array([1, 3, np.nan, 5, 7.0]), 2), [1, 2, 3, 5, 6])
    assert np.isnan(smoothed(np.full(3, np.nan), 2)).all()

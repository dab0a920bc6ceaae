"""Maps made by real processes: the numbers of icenet evaluate, on demand, cancelled and failing."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from napari_icenet.errors import StackError
from napari_icenet.evaluation.correlation_map.background import MapTool
from napari_icenet.evaluation.correlation_map.maps import CellState
from napari_icenet.evaluation.correlation_map.settings import MapSettings
from napari_icenet.evaluation.evaluate import evaluate
from napari_icenet.evaluation.scoring.place_means import place_means
from napari_icenet.evaluation.settings import EvaluationSettings
from napari_icenet.evaluation.sources.stack import StackSource
from napari_icenet.jobs.detached import alive
from napari_icenet.predictors.predictor_set import PredictorSet, PredictorSpec
from napari_icenet.scenes.open import open_stack
from tests.cli.shell import write_dated
from tests.datasets.ice import stack_of
from tests.evaluation.correlation_map.mapped import LINE_UP, SETTINGS, Told, noisy_ice

pytestmark = pytest.mark.process

STACK = noisy_ice()


@pytest.fixture(scope="module")
def tool():
    made = MapTool(processes=2)
    yield made
    made.close()


@pytest.fixture(scope="module")
def told(tool):
    return Told(tool)


@pytest.fixture(scope="module")
def evaluated():
    """What icenet evaluate finds, by way of tracking."""
    settings = EvaluationSettings(predictors=LINE_UP.keys, chip=32, stride=16, resamples=100)
    made = evaluate(StackSource(STACK, settings), settings, processes=1, threads=1)
    return made.scores


def gone(pids, within=5.0):
    until = time.monotonic() + within
    while any(map(alive, pids)) and time.monotonic() < until:
        time.sleep(0.02)
    return not any(map(alive, pids))


@pytest.mark.parametrize("mode", ["chain", "robust"])
def test_one_t0_gives_the_numbers_of_an_evaluation(told, evaluated, mode):
    maps = told.made(STACK, SETTINGS.model_copy(update={"tracking": mode}), LINE_UP)
    scores = evaluated[mode]
    scores = scores[scores.start == STACK.times[maps.windows[0].start]]
    assert np.array_equal(scores.ncc, maps.scores.ncc)
    assert np.array_equal(scores.counted, maps.scores.counted)
    assert np.array_equal(scores.place, maps.scores.place)
    assert 20 < len(scores) < maps.state.size


def test_every_t0_gives_the_means_of_an_evaluation(told, evaluated):
    maps = told.made(STACK, SETTINGS.model_copy(update={"t0": None}), LINE_UP)
    means = place_means(evaluated["chain"], STACK.grid, chip=32, stride=16)
    for p, key in enumerate(LINE_UP.keys):
        found = maps.values[key][:, -means.values.shape[2] :, -means.values.shape[3] :]
        assert np.allclose(found, means.values[p], atol=1e-6, equal_nan=True)
    assert len(maps.windows) == 3
    assert maps.table()["t2"]["high-pass"]["n"] == evaluated["chain"].counted[:, 1].sum()
    assert maps.table()["t1"]["persistence"]["mean"] == pytest.approx(
        evaluated["chain"].ncc[evaluated["chain"].counted[:, 0], 0, 0].mean()
    )


def test_cells_without_a_number_say_why(told):
    area = np.zeros(STACK.grid.shape, bool)
    area[:80] = True
    maps = told.made(STACK, SETTINGS, LINE_UP, area)
    outside = maps.rows >= 80
    assert (maps.state[outside] == CellState.OUTSIDE).all()
    assert maps.state[0, 0] == CellState.LOST
    assert (maps.state[~outside] == CellState.SCORED).sum() > 10
    assert not (maps.state == CellState.WAITING).any()
    for values in maps.values.values():
        assert np.isnan(values[:, outside]).all()
        assert (np.isfinite(values[1]) == (maps.state == CellState.SCORED)).all()


def test_maps_grow_tile_by_tile_and_say_how_far_they_are(told):
    maps = told.made(STACK, SETTINGS.model_copy(update={"t0": 8}), LINE_UP)
    scored = [(shown.state == CellState.SCORED).sum() for shown in told.maps]
    assert scored == sorted(scored)
    assert scored[0] == 0
    assert (told.maps[0].state == CellState.WAITING).all()
    assert told.busy == [True, False]
    assert told.shares == sorted(told.shares)
    assert maps.done == 1
    assert maps is told.maps[-1]


def test_chips_that_were_followed_once_are_not_followed_again(told, tool):
    first = told.made(STACK, SETTINGS, LINE_UP)
    pids = tool.processes
    second = told.made(STACK, SETTINGS, PredictorSet.of_names("persistence", "median"))
    assert second.followed[0].tracks is first.followed[0].tracks
    assert tool.processes == pids
    assert np.array_equal(first.values["persistence"], second.values["persistence"], equal_nan=True)


@pytest.mark.parametrize("t0", [0, 2])
def test_few_past_frames_are_enough(told, t0):
    maps = told.made(STACK, SETTINGS.model_copy(update={"t0": t0}), LINE_UP)
    assert (maps.state == CellState.SCORED).sum() > 20
    assert maps.table()["t2"]["persistence"]["mean"] > 0.3


def test_without_t2_the_map_of_t1_is_made(told):
    settings = SETTINGS.model_copy(update={"t0": 12})
    maps = told.made(STACK, settings, LINE_UP)
    values = np.stack([STACK.read(t, 1) for t in (*range(14), 13)])
    longer = told.made(stack_of(values), settings, LINE_UP)
    assert (maps.state_of(1) == longer.state_of(1)).all()
    assert set(np.unique(maps.state_of(2))) == {CellState.LOST}
    for key in LINE_UP.keys:
        assert np.array_equal(maps.values[key][0], longer.values[key][0], equal_nan=True)
        assert np.isnan(maps.values[key][1]).all()


def test_a_click_on_a_cell_finds_its_chip_at_t0(told):
    maps = told.made(STACK, SETTINGS, LINE_UP)
    r, c = maps.cell_at(79.6, 64.2)
    assert (maps.rows[r], maps.cols[c]) == (80, 64)
    # The ice moves by a pixel a date, and t0 is the tenth of the window.
    assert maps.chip_of(r, c) == (80 + 9, 64 + 9, 10)
    assert maps.chip_of(0, 0) is None
    assert maps.cell_at(-20, 5) is None


def test_cancelling_is_at_once_and_keeps_what_is_done(told, tool):
    slow = PredictorSet.of_names("persistence", "consensus", "median")
    settings = SETTINGS.model_copy(update={"t0": None, "stride": 4})
    told.errors.clear()
    told.maps.clear()
    tool.start(STACK, settings, slow)
    until = time.monotonic() + 30
    while not (told.maps and (told.maps[-1].state == CellState.SCORED).any()) and time.monotonic() < until:
        time.sleep(0.01)
    began = time.monotonic()
    tool.cancel()
    assert tool.wait(5)
    assert time.monotonic() - began < 3
    assert not tool.busy
    kept = tool.maps
    assert (kept.state == CellState.SCORED).any()
    assert (kept.state == CellState.WAITING).any()
    assert kept.done < 1
    assert kept.table()["t2"]["median"]["n"] > 0
    shown = len(told.maps)
    time.sleep(0.4)
    assert len(told.maps) == shown
    assert told.made(STACK, SETTINGS, LINE_UP).done == 1


def test_a_newer_request_replaces_the_older(told, tool):
    told.busy.clear()
    told.errors.clear()
    tool.start(STACK, SETTINGS.model_copy(update={"t0": None, "stride": 4}), LINE_UP)
    tool.start(STACK, SETTINGS, LINE_UP)
    assert tool.wait(60)
    assert tool.maps.settings == SETTINGS
    assert tool.maps.done == 1
    assert not told.errors
    assert told.busy[-1] is False


@pytest.mark.parametrize(
    ("settings", "predictor_set", "area", "why"),
    [
        (SETTINGS, PredictorSet.of_names("persistence", "svg-lp"), None, "SVG-LP .* 32"),
        (SETTINGS, PredictorSet(entries=(PredictorSpec(name="icenet", weights=Path("no/such.pt")),)), None, "such.pt"),
        (SETTINGS.model_copy(update={"t0": 13}), LINE_UP, None, "last date"),
        (SETTINGS.model_copy(update={"band": "B7"}), LINE_UP, None, "B7"),
        (SETTINGS.model_copy(update={"chip": 256}), LINE_UP, None, "does not fit"),
        (SETTINGS, LINE_UP, np.zeros((112, 112), bool), "no chip"),
    ],
)
def test_what_cannot_be_made_fails_with_a_sentence(told, tool, settings, predictor_set, area, why):
    told.errors.clear()
    tool.start(STACK, settings, predictor_set, area)
    assert tool.wait(60)
    assert len(told.errors) == 1
    assert not tool.busy
    assert str(told.errors[0]).count(". ") == 0
    assert re.search(why, str(told.errors[0]))


def test_a_process_that_dies_is_told_of_and_what_is_done_stays(told, tool):
    told.errors.clear()
    told.maps.clear()
    tool.start(
        STACK, SETTINGS.model_copy(update={"t0": None, "stride": 4}), PredictorSet.of_names("persistence", "median")
    )
    until = time.monotonic() + 30
    while not (told.maps and (told.maps[-1].state == CellState.SCORED).any()) and time.monotonic() < until:
        time.sleep(0.01)
    os.kill(tool.processes[0], signal.SIGKILL)
    assert tool.wait(10)
    assert len(told.errors) == 1
    assert "a process that worked on the map was killed" in str(told.errors[0])
    assert (tool.maps.state == CellState.SCORED).any()
    assert told.made(STACK, SETTINGS, LINE_UP).done == 1


def test_closing_leaves_no_process():
    tool = MapTool(processes=2)
    tool.start(STACK, SETTINGS.model_copy(update={"t0": None, "stride": 2}), LINE_UP)
    until = time.monotonic() + 10
    while len(tool.processes) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    pids = tool.processes
    assert len(pids) == 2
    tool.close()
    assert tool.processes == ()
    assert gone(pids, 0.1)
    assert not tool.busy
    tool.cancel()
    tool.close()


SCRIPT = """
import sys, time
from tests.evaluation.correlation_map.mapped import LINE_UP, SETTINGS, noisy_ice
from napari_icenet.evaluation.correlation_map.settings import MapSettings
from napari_icenet.evaluation.correlation_map.background import MapTool

# Nothing guards the start of this script, so a process that ran it anew would start others in turn.
tool = MapTool(processes=2)
tool.start(noisy_ice(), SETTINGS.model_copy(update={"t0": None, "stride": 2}), LINE_UP)
while not tool.maps or tool.maps.done < 0.05:
    time.sleep(0.05)
print(*tool.processes, flush=True)
time.sleep(60)
"""


def test_processes_end_with_the_one_that_started_them(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(root)}
    ) as parent:
        pids = [int(word) for word in parent.stdout.readline().split()]
        assert len(pids) == 2
        assert all(map(alive, pids))
        parent.kill()
    assert gone(pids)


def test_files_that_are_gone_are_told_of(told, tool, tmp_path):
    folder = write_dated(tmp_path / "dated")
    stack = open_stack(folder)
    settings = SETTINGS.model_copy(update={"t0": 0})
    told.made(stack, settings, LINE_UP)
    again = open_stack(folder)
    for path in folder.iterdir():
        path.unlink()
    told.errors.clear()
    tool.start(again, settings, LINE_UP)
    assert tool.wait(30)
    assert [type(error) for error in told.errors] == [StackError]
    assert "open the stack again" in str(told.errors[0])


def test_what_is_loaded_before_is_there_when_a_map_is_asked_for():
    tool = MapTool(processes=2)
    try:
        tool.prepare(STACK, SETTINGS, LINE_UP)
        until = time.monotonic() + 20
        while len(tool.processes) < 2 and time.monotonic() < until:
            time.sleep(0.01)
        pids = tool.processes
        assert not tool.busy
        assert Told(tool).made(STACK, SETTINGS, LINE_UP).done == 1
        assert tool.processes == pids
    finally:
        tool.close()


def test_idle_processes_end_and_start_anew(monkeypatch):
    monkeypatch.setattr("napari_icenet.evaluation.correlation_map.scheduler.IDLE_SECONDS", 0.2)
    tool = MapTool(processes=1)
    try:
        told = Told(tool)
        first = told.made(STACK, SETTINGS, LINE_UP)
        until = time.monotonic() + 10
        while tool.processes and time.monotonic() < until:
            time.sleep(0.01)
        assert tool.processes == ()
        again = told.made(STACK, SETTINGS, LINE_UP)
        assert again.table() == first.table()
    finally:
        tool.close()


def test_networks_alone_in_one_process_give_the_same_maps(told, monkeypatch):
    stack = stack_of(np.stack([STACK.read(t, 1)[40:, 40:] for t in range(14)]).repeat(3, 1).repeat(3, 2))
    settings = MapSettings(chip=128, stride=44, tracking="chain", t0=4, resamples=100)
    predictor_set = PredictorSet.of_names("persistence", "svg-lp", "high-pass", device="cpu")
    together = told.made(stack, settings, predictor_set)
    # As on a graphics processor, whose memory one process has to itself.
    monkeypatch.setattr("napari_icenet.evaluation.correlation_map.run.on_graphics", lambda device: True)
    apart = told.made(stack, settings, predictor_set)
    assert list(apart.table()["t2"]) == ["persistence", "svg-lp", "high-pass"]
    for key in predictor_set.keys:
        assert np.isfinite(apart.values[key]).sum() == 2 * apart.state.size
        assert np.allclose(apart.values[key], together.values[key], atol=1e-4)
    partly = [maps for maps in told.maps if (maps.states["persistence"] != maps.states["svg-lp"]).any()]
    for maps in partly:
        assert (maps.best(2)[maps.states["svg-lp"][1] == CellState.WAITING] == -1).all()
    # The scores themselves, by the evaluation's own way.
    given = EvaluationSettings(predictors=predictor_set.keys, chip=128, stride=44, frames=7, resamples=100)
    scores = evaluate(StackSource(stack, given), given, processes=1, threads=1).scores["chain"]
    scores = scores[scores.start == stack.times[0]]
    assert np.allclose(scores.ncc, apart.scores.ncc, atol=1e-4)

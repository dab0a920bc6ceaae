"""The loop over batches by hand: what it logs, keeps, asks and tells, and when it ends."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from itertools import count

import numpy as np
import pytest
import torch

from napari_icenet.errors import Cancelled, SceneWarning
from napari_icenet.models.card import Card
from napari_icenet.models.weights import load_weights
from napari_icenet.training.loop import loop as looping
from napari_icenet.training.loop.checkpoint import TrainingState, checkpoint_paths, load_checkpoint
from napari_icenet.training.loop.distributed import Group
from napari_icenet.training.loop.loop import Loop
from napari_icenet.training.loop.prefetch import Batch
from napari_icenet.training.loop.step import Stepper
from napari_icenet.training.loop.validation import Judgement
from napari_icenet.training.results.curves import Curves
from napari_icenet.training.run_folder.folder import RunFolder
from napari_icenet.training.settings import make_run_settings
from tests.training.tiny import CHIP, Tiny, TinyObjective, TinyObjectiveSettings, TinySettings

NAN = float("nan")


def judgement(t2, t1=0.5):
    return Judgement(
        t1=t1, t2=t2, persistence_t1=0.3, persistence_t2=0.2, counted=4, each=np.full((4, 2), t2)
    )  # fmt: skip


class Scripted:
    """Held-out ice whose judgements are given beforehand."""

    def __init__(self, *scores, stops_at=()):
        self.scores, self.stops_at, self.judged = list(scores), set(stops_at), 0

    def judge(self, _predictor, stop=lambda: False):
        self.judged += 1
        if self.judged in self.stops_at or stop():
            raise Cancelled("validation")
        return judgement(self.scores.pop(0)), []


def endless():
    for number in count(1):
        rng = np.random.default_rng(number)
        arrays = {name: rng.normal(size=(4, CHIP, CHIP)).astype(np.float32) for name in ("last", "next")}
        yield Batch(arrays, {"step": number})


class Desk:
    """A loop in a folder, and what it was heard to say."""

    def __init__(self, folder, *, held_out=None, objective=None, stop=None, **given):
        torch.manual_seed(3)
        values = {"steps": 10, "batch": 4, "warm_up": 0, **given.pop("optimisation", {})}
        self.settings = make_run_settings(
            {
                "model": "tiny", "optimisation": values, "checkpoint_every": given.pop("checkpoint_every", 4),
                "validation": {"every": 0, "samples": 0, **given.pop("validation", {})}, **given,
            }
        )  # fmt: skip
        network = Tiny(TinySettings(width=2))
        minimised = TinyObjective(network, TinyObjectiveSettings(**(objective or {})))
        stepper = Stepper(minimised, self.settings, torch.device("cpu"), torch.float32, Group())
        self.folder = RunFolder(folder)
        self.folder.path.mkdir(exist_ok=True)
        self.told = []
        card = Card(model="tiny", settings=network.settings.model_dump(), version="0", created=datetime.now(UTC))
        self.loop = Loop(
            self.settings, self.folder, stepper, held_out, card,
            progress=lambda share, text: self.told.append((share, text)), stop=stop or (lambda: False),
        )  # fmt: skip

    def run(self):
        return self.loop.run(endless())

    def lines(self, kind):
        lines = map(json.loads, self.folder.log.read_text().splitlines())
        return [line for line in lines if line["kind"] == kind]

    @property
    def kept(self):
        return [int(path.stem.removeprefix("step-")) for path in checkpoint_paths(self.folder.checkpoints)]


def test_every_step_is_logged_and_told(tmp_path):
    desk = Desk(tmp_path)
    assert desk.run() == "finished"
    steps = desk.lines("step")
    assert [line["step"] for line in steps] == list(range(1, 11))
    assert all(line["loss"] == pytest.approx(line["mse"]) for line in steps)
    assert all(line["sequences_per_second"] > 0 for line in steps)
    assert not any("skipped" in line for line in steps)
    assert [share for share, _ in desk.told] == pytest.approx([k / 10 for k in range(1, 11)])
    assert desk.told[-1][1].startswith(f"step 10 of 10, loss {steps[-1]['loss']:.4g}, ")


@pytest.mark.parametrize(
    ("steps", "every", "kept"), [(10, 4, [8, 10]), (8, 4, [4, 8]), (3, 4, [3]), (5, 1, [4, 5]), (6, 100, [6])]
)
def test_the_last_two_checkpoints_are_kept_and_one_at_the_end(steps, every, kept, tmp_path):
    desk = Desk(tmp_path, optimisation={"steps": steps}, checkpoint_every=every)
    desk.run()
    assert desk.kept == kept


def test_what_is_kept_is_all_of_the_state(tmp_path):
    desk = Desk(tmp_path)
    desk.run()
    state, stepper = load_checkpoint(desk.folder.checkpoints), desk.loop.stepper
    assert state["step"] == state["standing"]["step"] == 10
    assert state["sampler"] == {"step": 10}
    for name, tensor in stepper.network.state_dict().items():
        assert torch.equal(state["model"][name], tensor)
    average, card = load_weights(desk.folder.last, "tiny")
    for name, tensor in stepper.average.module.state_dict().items():
        assert torch.equal(average.state_dict()[name], tensor)
    assert (card.steps, card.results) == (10, {})


def test_a_run_goes_on_from_a_checkpoint_as_if_it_had_not_stopped(tmp_path):
    noisy = {"objective": {"noise": 0.3}}
    whole = Desk(tmp_path / "whole", **noisy)
    whole.run()
    begun = Desk(tmp_path / "parts", **noisy, stop=lambda: begun.loop.at.step >= 6)
    assert begun.run() == "stopped"
    assert begun.kept[-1] == 6
    later = Desk(tmp_path / "parts", **noisy)
    later.loop.restore(load_checkpoint(begun.folder.checkpoints))
    assert later.loop.at.step == 6
    rest = endless()
    for _ in range(6):
        next(rest)
    assert later.loop.run(rest) == "finished"
    assert [line["loss"] for line in later.lines("step")] == [line["loss"] for line in whole.lines("step")]
    for name, tensor in whole.loop.stepper.network.state_dict().items():
        assert torch.equal(later.loop.stepper.network.state_dict()[name], tensor)


def test_a_run_that_has_ended_takes_no_further_step(tmp_path):
    desk = Desk(tmp_path)
    desk.loop.at = TrainingState(step=10)
    assert desk.run() == "finished"
    assert desk.lines("step") == []


@pytest.mark.parametrize("how", ["caller", "folder"])
def test_a_run_that_is_asked_to_stop_keeps_what_it_has(how, tmp_path):
    desk = Desk(tmp_path, stop=lambda: how == "caller" and desk.loop.at.step == 3, checkpoint_every=100)
    if how == "folder":
        desk.folder.request("stop")
    assert desk.run() == "stopped"
    stopped = 3 if how == "caller" else 1
    assert desk.loop.at.step == stopped
    assert desk.kept == [stopped]
    assert desk.folder.last.is_file()


def test_a_paused_run_waits_and_goes_on(tmp_path, monkeypatch):
    desk, states = Desk(tmp_path, checkpoint_every=100), []
    looks = iter(["run", "pause", "pause", "pause", "run"])
    monkeypatch.setattr(RunFolder, "requested", lambda _folder: next(looks, "run"))
    sleep = lambda seconds: seconds and states.append(desk.folder.status().state)  # noqa: E731
    monkeypatch.setattr(looping.time, "sleep", sleep)
    assert desk.run() == "finished"
    # It is kept before it waits, for it may never go on.
    assert desk.kept == [2, 10]
    assert states == ["paused"] * 2
    assert len(desk.lines("step")) == 10


def test_a_paused_run_may_be_stopped(tmp_path, monkeypatch):
    desk = Desk(tmp_path)
    looks = iter(["pause", "stop"])
    monkeypatch.setattr(RunFolder, "requested", lambda _folder: next(looks, "stop"))
    monkeypatch.setattr(looping.time, "sleep", lambda _seconds: None)
    assert desk.run() == "stopped"
    assert desk.loop.at.step == 1


@pytest.mark.parametrize(
    ("scores", "best", "since"),
    [((0.1, 0.2, 0.3), 2, 0), ((0.3, 0.2, 0.1), 0, 2), ((0.1, 0.3, 0.2), 1, 1), ((0.2, 0.2, 0.2), 0, 2)],
)
def test_the_best_of_the_validations_is_kept(scores, best, since, tmp_path):
    held_out = Scripted(*scores)
    desk = Desk(tmp_path, held_out=held_out, optimisation={"steps": 12}, validation={"every": 4})
    assert desk.run() == "finished"
    found = desk.lines("validation")
    assert [line["step"] for line in found] == [4, 8, 12]
    assert [line["t2"] for line in found] == list(scores)
    assert [line["best"] for line in found] == [t2 > max((0, *scores[:k])) for k, t2 in enumerate(scores)]
    assert desk.loop.at.best == {
        "step": 4 * (best + 1), "sequences": 4, "t1": 0.5, "t2": scores[best], "persistence_t1": 0.3,
        "persistence_t2": 0.2,
    }  # fmt: skip
    assert desk.loop.at.since_best == since
    _, card = load_weights(desk.folder.best, "tiny")
    assert (card.steps, card.results["validation"]["t2"]) == (4 * (best + 1), scores[best])
    assert f"t2 {scores[best]:.3f} (persistence 0.200)" in desk.told[-1][1] or best == 2


@pytest.mark.parametrize(
    ("scores", "best"),
    [((NAN, 0.1, 0.3), 2), ((NAN, 0.3, 0.1), 1), ((0.1, NAN, 0.05), 0), ((NAN, -0.2, NAN), 1), ((0.1, np.inf, 0.2), 2)],
)
def test_nan_is_never_the_best(scores, best, tmp_path):
    desk = Desk(tmp_path, held_out=Scripted(*scores), optimisation={"steps": 12}, validation={"every": 4})
    assert desk.run() == "finished"
    found = desk.lines("validation")
    assert [line["best"] for line in found].index(True) == next(k for k, t2 in enumerate(scores) if np.isfinite(t2))
    assert not any(line["best"] for line in found if line["t2"] is None)
    assert (desk.loop.at.best["step"], desk.loop.at.best["t2"]) == (4 * (best + 1), scores[best])
    assert desk.loop.at.since_best == 2 - best
    assert load_weights(desk.folder.best, "tiny")[1].steps == 4 * (best + 1)
    status = desk.loop.status("finished")
    assert (status.t2, status.best_step) == (scores[best], 4 * (best + 1))
    read = Curves(desk.folder.path)
    read.update()
    assert read.validation.best.tolist() == [line["best"] for line in found]


def test_where_all_is_nan_nothing_is_best_and_patience_ends_it(tmp_path):
    given = {"optimisation": {"steps": 12}, "validation": {"every": 4, "patience": 2}}
    desk = Desk(tmp_path, held_out=Scripted(NAN, NAN, NAN), **given)
    assert desk.run() == "finished"
    assert (desk.loop.at.best, desk.loop.at.step) == ({}, 8)
    assert desk.loop.status("finished").t2 is None
    assert desk.folder.last.is_file()
    assert not desk.folder.best.exists()


def test_the_end_is_validated_though_no_validation_is_due(tmp_path):
    desk = Desk(tmp_path, held_out=Scripted(0.1, 0.2), optimisation={"steps": 6}, validation={"every": 4})
    desk.run()
    assert [line["step"] for line in desk.lines("validation")] == [4, 6]


@pytest.mark.parametrize(("patience", "ends"), [(1, 4), (2, 6), (0, 12)])
def test_patience_ends_a_run_that_gets_no_better(patience, ends, tmp_path):
    held_out = Scripted(*[0.5] + [0.4] * 9)
    given = {"optimisation": {"steps": 12}, "validation": {"every": 2, "patience": patience}}
    desk = Desk(tmp_path, held_out=held_out, **copy.deepcopy(given))
    assert desk.run() == "finished"
    assert desk.loop.at.step == ends
    assert desk.kept[-1] == ends
    # Resumed as it is, it does not go on.
    again = Desk(tmp_path, held_out=Scripted(), **copy.deepcopy(given))
    again.loop.restore(load_checkpoint(desk.folder.checkpoints))
    assert again.run() == "finished"
    assert again.loop.at.step == ends


def test_a_validation_that_is_stopped_is_owed(tmp_path):
    desk = Desk(tmp_path, held_out=Scripted(0.1, stops_at=[1]), validation={"every": 4})
    assert desk.run() == "stopped"
    assert desk.kept == [4]
    assert desk.lines("validation") == []
    assert desk.loop.at.validated is None or desk.loop.at.validated < 4


def test_weights_that_are_trained_further_are_judged_first(tmp_path):
    desk = Desk(tmp_path, held_out=Scripted(0.9, 0.5, 0.4), weights="icenet", validation={"every": 5})
    desk.run()
    assert [line["step"] for line in desk.lines("validation")] == [0, 5, 10]
    assert desk.loop.at.best["step"] == 0


def test_notices_are_logged_and_warned_of(tmp_path):
    desk = Desk(tmp_path, objective={"memory": 2}, optimisation={"steps": 2})
    with pytest.warns(SceneWarning, match="2 pieces"):
        desk.run()
    (notice,) = desk.lines("notice")
    assert notice["step"] == 1
    assert "2 pieces" in notice["text"]


def test_a_skipped_step_is_marked(tmp_path):
    desk = Desk(tmp_path, objective={"bad": [2]}, optimisation={"steps": 3})
    desk.run()
    assert [line.get("skipped", False) for line in desk.lines("step")] == [False, True, False]
    assert desk.loop.at.step == 3


def test_the_status_tells_how_far_it_is(tmp_path):
    desk = Desk(tmp_path, held_out=Scripted(0.25), optimisation={"steps": 4}, validation={"every": 4})
    before = desk.loop.status("preparing")
    assert (before.step, before.of, before.seconds_left, before.t2) == (0, 4, None, None)
    desk.run()
    status = desk.loop.status("finished", "done")
    assert (status.state, status.step, status.of, status.message) == ("finished", 4, 4, "done")
    assert (status.t2, status.persistence_t2, status.best_step) == (0.25, 0.2, 4)
    assert status.seconds_left == 0
    assert status.seconds == pytest.approx(desk.loop.at.seconds, abs=0.06)
    assert (status.device, status.precision) == ("cpu", "float32")
    assert status.sequences_per_second > 0


def test_the_log_is_closed_when_a_step_fails(tmp_path):
    desk = Desk(tmp_path)

    def failing():
        yield next(endless())
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="disk is gone"):
        desk.loop.run(failing())
    assert len(desk.lines("step")) == 1
    with pytest.raises(ValueError, match="closed file"):
        desk.loop._log.write("step", 2, {})

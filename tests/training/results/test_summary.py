"""A run in a row of a list, by what its folder says."""

from __future__ import annotations

import os
import socket
import time

import pytest

from napari_icenet.jobs.file_lock import locked
from napari_icenet.training.results.summary import RunSummary, summarize_run
from napari_icenet.training.run_folder.folder import RunFolder
from napari_icenet.training.run_folder.status import ACTIVE, RunStatus
from napari_icenet.training.settings import make_run_settings

STATES = ("preparing", "running", "paused", "stopped", "finished", "failed")


@pytest.fixture
def run(tmp_path):
    made = RunFolder(tmp_path / "run")
    made.path.mkdir()
    values = {"data": {"datasets": ["a.zarr"]}, "optimisation": {"steps": 50}, "device": "cpu"}
    made.config.write_text(make_run_settings(values).model_dump_json())
    return made


def test_a_run_that_was_never_started_is_new(run):
    found = summarize_run(run.path)
    assert (found.state, found.step, found.of, found.name) == ("new", 0, 50, "run")
    assert (found.data, found.device, found.weights, found.gain) == ("a.zarr", "cpu", None, None)
    assert found.started == pytest.approx(time.time(), abs=60)
    assert not found.active
    assert summarize_run(run.path, queued=True).state == "queued"


@pytest.mark.parametrize("content", ["{", "[]", '{"seed": "none"}'])
def test_a_damaged_one_says_so(run, content):
    run.config.write_text(content)
    found = summarize_run(run.path)
    assert found.state == "damaged"
    assert str(run.config) in found.message


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("queued", [True, False])
def test_the_status_is_told(run, state, queued):
    said = RunStatus(
        state=state, step=7, of=40, t2=0.5, persistence_t2=0.4, best_step=6, seconds=12.0, seconds_left=33.0,
        sequences_per_second=2.5, device="cuda:0", message="words", started=5.0, pid=os.getpid(),
        host=socket.gethostname(), updated=time.time(),
    )  # fmt: skip
    with locked(run.path):
        run.write_status(said)
        found = summarize_run(run.path, queued=queued)
    active = state in ACTIVE
    assert found.state == ("queued" if queued and not active else state)
    assert (found.step, found.of, found.best_step, found.seconds) == (7, 40, 6, 12.0)
    assert found.gain == pytest.approx(0.1)
    assert (found.device, found.message, found.started) == ("cuda:0", "words", 5.0)
    # A pace is none of one that does not move.
    assert found.seconds_left == (33.0 if active else None)
    assert found.sequences_per_second == (2.5 if active else None)
    assert found.active is (active and found.state == state)


@pytest.mark.parametrize(("ago", "silent"), [(5, 0), (59, 0), (61, 60), (200, 180), (-500, 0)])
def test_silence_is_told_in_whole_minutes(run, ago, silent, monkeypatch):
    now = time.time()
    with locked(run.path):
        run.write_status(RunStatus(state="running", pid=os.getpid(), host=socket.gethostname()))
        written = run.status().updated
        monkeypatch.setattr(time, "time", lambda: written + ago if ago > 0 else now - 500)
        assert summarize_run(run.path).silent == silent


@pytest.mark.parametrize(
    ("files", "chosen"), [((), None), (("last",), "last"), (("best",), "best"), (("last", "best"), "best")]
)
def test_the_best_weights_are_named_or_the_last(run, files, chosen):
    for name in files:
        getattr(run, name).touch()
    assert summarize_run(run.path).weights == (None if chosen is None else getattr(run, chosen))


@pytest.mark.parametrize(
    ("state", "step", "begun", "resumable"),
    [
        ("stopped", 3, "config.json", True),
        ("failed", 0, "config.json", True),
        ("stopped", 0, "cut.json", True),
        ("stopped", 9, "config.json", False),
        ("finished", 3, "config.json", False),
        ("running", 3, "config.json", False),
        ("stopped", 3, "wanted.json", False),
    ],
)
def test_what_can_go_on(tmp_path, state, step, begun, resumable):
    (tmp_path / begun).touch()
    assert RunSummary(tmp_path, state, step=step, of=9).resumable is resumable

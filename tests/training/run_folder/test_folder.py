"""A run seen from outside."""

from __future__ import annotations

import os
import socket
import time

import pytest

from napari_icenet.errors import TrainingError, UsageError
from napari_icenet.training.results.summary import summarize_run
from napari_icenet.training.run_folder.event_log import EventLog, cut_after
from napari_icenet.training.run_folder.folder import RunFolder
from napari_icenet.training.run_folder.status import RunStatus
from napari_icenet.training.settings import RunSettings


@pytest.fixture
def run(tmp_path):
    return RunFolder(tmp_path)


def test_events_are_read_as_they_come(run):
    assert run.events() == ([], run.events()[1], True)
    log = EventLog(run.log)
    for step in (1, 2):
        log.write("step", step, {"loss": step / 3})
    first, position, afresh = run.events()
    assert [event["step"] for event in first] == [1, 2]
    assert afresh
    assert run.events(position) == ([], position, False)
    log.write("step", 3, {"loss": float("nan"), "grad_norm": float("inf")})
    with open(run.log, "a") as file:
        file.write('{"kind": "st')
    more, position, afresh = run.events(position)
    assert not afresh
    assert [(event["step"], event["loss"], event["grad_norm"]) for event in more] == [(3, None, None)]
    log.close()


def test_a_resumed_run_is_read_afresh(run):
    log = EventLog(run.log)
    for step in range(1, 6):
        log.write("step", step, {})
    log.close()
    _, position, _ = run.events()
    cut_after(run.log, 3)
    log = EventLog(run.log)
    for step in range(4, 10):
        log.write("step", step, {})
    events, _, afresh = run.events(position)
    assert afresh
    assert [event["step"] for event in events] == list(range(1, 10))
    log.close()


def test_a_log_that_need_not_be_cut_is_left_alone(run):
    log = EventLog(run.log)
    log.write("step", 1, {})
    log.close()
    before = run.log.stat().st_ino
    cut_after(run.log, 1)
    assert run.log.stat().st_ino == before
    cut_after(run.path / "none.jsonl", 1)


def test_lines_cut_short_are_dropped(run):
    run.log.write_text('{"kind": "step", "step": 1}\nspoilt\n{"kind": "step", "step": 2}')
    cut_after(run.log, 9)
    assert run.log.read_text() == '{"kind": "step", "step": 1}\n'


def test_a_status_is_told_and_a_dead_process_noticed(run):
    assert run.status() is None
    mine = RunStatus(state="running", pid=os.getpid(), host=socket.gethostname(), step=3, of=9)
    run.write_status(mine)
    assert run.status().state == "running"
    assert run.status().updated > 0
    run.write_status(mine.model_copy(update={"pid": 2**22 + 1}))
    assert run.status().state == "stopped"
    run.write_status(mine.model_copy(update={"pid": 2**22 + 1, "host": "elsewhere"}))
    assert run.status().state == "running"  # nobody here can know
    (run.path / "status.json").write_text("{")
    assert run.status() is None


def test_wishes(run):
    assert run.requested() == "run"
    for requested in ("pause", "run", "stop"):
        run.request(requested)
        assert run.requested() == requested
    run.control.write_bytes(b"\xff")
    assert run.requested() == "run"
    with pytest.raises(UsageError, match="cannot be asked to dance; ask it to run, pause or stop"):
        run.request("dance")
    with pytest.raises(TrainingError, match="control cannot be written"):
        RunFolder(run.path / "none").request("stop")


def test_what_is_no_run(run):
    assert not run.exists()
    with pytest.raises(TrainingError, match="holds no run"):
        run.settings()
    run.config.write_text('{"model": 3}')
    with pytest.raises(TrainingError, match=r"config\.json cannot be used"):
        run.settings()


def test_a_stop_that_has_not_been_heeded_is_not_turned_into_a_pause(run):
    run.request("pause")
    run.request("stop")
    run.request("pause")
    assert run.requested() == "stop"
    run.request("run")
    assert run.requested() == "run"


def test_how_long_nothing_was_heard(run, monkeypatch):
    (run.path / "wanted.json").write_text(RunSettings().model_dump_json())
    run.write_status(RunStatus(state="running", pid=os.getpid(), host=socket.gethostname(), step=3, of=9))
    assert summarize_run(run.path).silent == 0
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 250)
    assert summarize_run(run.path).silent == 240

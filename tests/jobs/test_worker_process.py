"""Functions called in a process beside this one: results, errors, stops and deaths come back."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

from napari_icenet.errors import StackError
from napari_icenet.jobs.worker_process import WorkerDiedError, WorkerProcess, how_ended

pytestmark = pytest.mark.process
HERE = "tests.jobs.work"


@pytest.fixture
def process():
    made = WorkerProcess()
    yield made
    made.end()
    made.release()


def test_a_function_is_called_in_another_process(process):
    assert process.call(f"{HERE}:pid") == process.pid != os.getpid()


def test_large_arrays_come_back_as_they_were_sent(process):
    values = np.random.default_rng(1).normal(size=(500, 1000)).astype(np.float32)
    values[3, 4] = np.nan
    np.testing.assert_array_equal(process.call(f"{HERE}:doubled", values), 2 * values)


def test_items_are_sent_once_and_kept_for_later_calls(process):
    item = np.arange(5)
    process.give("ice", item)
    item[:] = 9  # what was sent does not change with it, for it is not sent again
    process.give("ice", item)
    assert process.call(f"{HERE}:total", "ice") == 10
    process.give("ice", np.arange(3))
    assert process.call(f"{HERE}:total", "ice") == 3


def test_what_one_call_makes_serves_the_next(process):
    assert [process.call(f"{HERE}:counted") for _ in range(3)] == [1, 2, 3]


def test_errors_of_ours_come_back_as_their_sentence(process):
    with pytest.raises(StackError, match="no ice here; look elsewhere"):
        process.call(f"{HERE}:fails", "StackError")
    assert process.call(f"{HERE}:pid") == process.pid


def test_other_errors_come_back_too(process):
    with pytest.raises(ZeroDivisionError):
        process.call(f"{HERE}:fails", "ZeroDivisionError")
    with pytest.raises(RuntimeError, match="Unsendable"):
        process.call(f"{HERE}:fails", "Unsendable")


def test_what_cannot_be_sent_back_is_told(process):
    with pytest.raises(Exception, match="pickle"):
        process.call(f"{HERE}:unsendable")
    assert process.call(f"{HERE}:pid") == process.pid


def test_what_a_library_prints_is_not_in_the_way(process):
    assert process.call(f"{HERE}:prints", "creaking") == "creaking"
    assert process.call(f"{HERE}:doubled", 4) == 8


def test_a_call_is_stopped_within_half_a_second_and_the_process_goes_on(process):
    assert process.receive() == ("ready",)
    number = process.start(f"{HERE}:forever")
    kind, *_ = process.receive()
    assert kind == "progress"
    began = time.monotonic()
    process.stop(number)
    while (message := process.receive())[0] == "progress":
        pass
    assert message == ("stopped", number)
    assert time.monotonic() - began < 5
    assert process.call(f"{HERE}:pid") == process.pid


def test_a_stop_waits_for_what_must_not_be_interrupted(process):
    process.receive()
    number = process.start(f"{HERE}:whole_step")
    assert process.receive() == ("progress", number, 0.5, "half")
    process.stop(number)
    assert process.receive() == ("stopped", number)
    assert process.call(f"{HERE}:steps") == ["begun", "ended"]


def test_a_stop_that_comes_late_is_for_no_later_call(process):
    process.receive()
    number = process.start(f"{HERE}:pid")
    assert process.receive() == ("done", number, process.pid)
    process.stop(number)
    assert process.call(f"{HERE}:doubled", 4) == 8


def test_a_death_is_told(process):
    process.receive()
    process.start(f"{HERE}:forever")
    process.receive()
    os.kill(process.pid, signal.SIGKILL)
    with pytest.raises(WorkerDiedError, match=r"was killed.*(signal 9|memory is full)"):
        process.call(f"{HERE}:pid")
    assert not process.running


def test_one_that_exits_tells_its_status(process):
    with pytest.raises(WorkerDiedError, match="status 3"):
        process.call(f"{HERE}:exits", 3)


@pytest.mark.parametrize(
    ("code", "no_memory", "words"),
    [
        (-9, True, "was killed by the system, for the memory is full"),
        (-9, False, "was killed (signal 9), perhaps for lack of memory"),
        (-11, True, "was ended (signal 11), perhaps for lack of memory"),
        (1, True, "has ended by itself (status 1)"),
    ],
)
def test_ends_in_words(code, no_memory, words):
    assert how_ended(code, no_memory=no_memory) == words


def test_setup_and_environment():
    process = WorkerProcess(f"{HERE}:set_up", {"ICE": "blue"})
    try:
        assert process.call(f"{HERE}:was_set_up") == "blue"
    finally:
        process.end()
        process.release()


def test_the_main_script_is_not_run_anew_and_the_child_ends_with_its_parent(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        "from napari_icenet.jobs.worker_process import WorkerProcess\n"
        "process = WorkerProcess()\n"
        "print(process.call('tests.jobs.work:pid'), flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, sys.path))},
    ) as parent:  # fmt: skip
        child = psutil.Process(int(parent.stdout.readline()))
        assert child.ppid() == parent.pid
        assert not child.children()
        parent.kill()
        gone, _ = psutil.wait_procs([child], timeout=30)
        assert gone

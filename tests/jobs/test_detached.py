"""Processes of this machine: there, gone, or another of the same number; and started so that they outlive us."""

import os
import signal
import subprocess
import sys
import threading

import psutil
import pytest

from napari_icenet.jobs.detached import NICE, alive, born_at, give_way, start_apart

pytestmark = pytest.mark.process
WAITS = [sys.executable, "-c", "import sys; print('up', flush=True); sys.stdin.read()"]


@pytest.fixture
def child():
    with subprocess.Popen(WAITS, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "up\n"
        yield process
        process.kill()


def test_it_is_there_until_it_ends_even_if_nobody_took_its_status(child):
    assert alive(child.pid)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE
    assert not alive(child.pid)
    child.wait()
    assert not alive(child.pid)


@pytest.mark.parametrize("pid", [0, -1])
def test_no_number_of_a_process(pid):
    assert not alive(pid)


def test_another_process_of_the_same_number_is_not_taken_for_it(child):
    born = born_at(child.pid)
    assert psutil.Process().create_time() - psutil.boot_time() <= born
    assert alive(child.pid, born)
    assert not alive(child.pid, born - 60)


def test_what_is_gone_was_never_born(child):
    child.kill()
    child.wait()
    assert born_at(child.pid) == 0


def test_it_gives_way(child):
    give_way(child.pid, 7)
    assert psutil.Process(child.pid).nice() == 7


def test_one_that_is_started_apart_has_a_session_of_its_own_and_its_end_is_told():
    ended, status = threading.Event(), []
    process = start_apart(
        [sys.executable, "-c", "import signal; signal.pause()"],
        nice=True,
        ended=lambda code: (status.append(code), ended.set()),
    )
    assert os.getsid(process.pid) == process.pid != os.getsid(0)
    assert psutil.Process(process.pid).nice() == NICE
    process.send_signal(signal.SIGTERM)
    assert ended.wait(30)
    assert status == [-signal.SIGTERM]


def test_its_environment_and_its_words(tmp_path):
    ended = threading.Event()
    with open(tmp_path / "words", "wb") as output:
        start_apart(
            [sys.executable, "-c", "import os; print(os.environ['ICE'])"],
            output=output, environment={"ICE": "blue"}, ended=lambda _: ended.set(),
        )  # fmt: skip
    assert ended.wait(30)
    assert (tmp_path / "words").read_text() == "blue\n"

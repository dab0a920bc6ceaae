"""Tasks shared by processes: results in order, stops at once, deaths told, and nothing left behind."""

import os
import signal
import threading
import time

import numpy as np
import psutil
import pytest

from napari_icenet.errors import Cancelled, StackError, UsageError
from napari_icenet.jobs.pool_worker import Task, UnsendableError
from napari_icenet.jobs.worker_pool import WorkerPool

pytestmark = pytest.mark.process
HERE = "tests.jobs.work"
#: Far more than anything below takes.
LONG = 60


@pytest.fixture
def pool():
    with WorkerPool(2, died=lambda how: UsageError(f"a process that worked on ice {how}; try again.")) as made:
        yield made


class Watched(Task):
    """A task whose messages can be waited for."""

    def __init__(self, function, *arguments, **items):
        super().__init__(f"{HERE}:{function}", arguments, items)
        self.begun, self.over, self.result, self.error = threading.Event(), threading.Event(), None, None
        self.progress, self.done, self.failed = lambda *_: self.begun.set(), self._done, self._failed

    def _done(self, result):
        self.result = result
        self.over.set()

    def _failed(self, error):
        self.error = error
        self.over.set()


def children():
    return psutil.Process().children()


def test_results_come_in_order_and_from_several_processes(pool):
    made = pool.run([Task(f"{HERE}:doubled", (k,)) for k in range(20)])
    assert made == [2 * k for k in range(20)]
    assert len(pool.workers) == 2


def test_no_more_processes_than_tasks(pool):
    assert pool.run([Task(f"{HERE}:doubled", (1,))]) == [2]
    assert len(pool.workers) == 1


def test_an_item_is_sent_to_each_process_once(pool):
    item = np.arange(4)
    tasks = [Task(f"{HERE}:total", ("ice",), {"ice": item}) for _ in range(6)]
    assert pool.run(tasks) == [6] * 6


def test_progress_says_of_which_task_it_is(pool):
    told = []
    tasks = [Task(f"{HERE}:tells", (k,)) for k in range(3)]
    pool.run(tasks, lambda *content: told.append(content))
    assert sorted(told) == [(k, 0.5, f"half of {k}") for k in range(3)]


def test_the_first_error_ends_the_others(pool):
    with pytest.raises(StackError, match="no ice here"):
        pool.run([Task(f"{HERE}:forever"), Task(f"{HERE}:fails", ("StackError",))])
    assert not pool.busy
    assert pool.run([Task(f"{HERE}:doubled", (3,))]) == [6]


def test_what_cannot_be_sent_fails_its_task_alone(pool):
    with pytest.raises(UnsendableError, match="pickle"):
        pool.run([Task(f"{HERE}:doubled", (threading.Lock(),))])
    assert pool.run([Task(f"{HERE}:doubled", (3,))]) == [6]


def test_progress_may_raise_to_stop(pool):
    def stop(*_):
        raise Cancelled("enough.")

    with pytest.raises(Cancelled, match="enough"):
        pool.run([Task(f"{HERE}:forever")], stop)
    assert not pool.busy


def test_check_may_raise_to_stop_what_says_nothing(pool):
    since = time.monotonic()

    def check():
        if time.monotonic() - since > 0.2:
            raise Cancelled("enough.")

    with pytest.raises(Cancelled, match="enough"):
        pool.run([Task(f"{HERE}:sleeps")], check=check)
    assert not pool.busy


def test_stopping_keeps_the_processes_and_tells_nothing_more(pool):
    task, waits = Watched("forever"), [Watched("forever") for _ in range(4)]
    for one in (task, *waits):
        pool.submit(one)
    assert task.begun.wait(LONG)
    pids = {worker.pid for worker in pool.workers}
    began = time.monotonic()
    pool.call(pool.stop)
    assert pool.wait(LONG)
    assert time.monotonic() - began < 5
    assert {worker.pid for worker in pool.workers} == pids
    assert pool.run([Task(f"{HERE}:doubled", (3,))]) == [6]
    assert not task.over.is_set()
    assert not any(one.over.is_set() for one in waits)


def test_one_that_does_not_listen_is_ended_and_replaced(pool):
    task = Watched("deaf")
    pool.submit(task)
    assert task.begun.wait(LONG)
    before = pool.workers[0].pid
    began = time.monotonic()
    pool.call(pool.stop)
    assert pool.wait(LONG)
    assert 0.5 <= time.monotonic() - began < 5
    assert not psutil.pid_exists(before)
    assert pool.run([Task(f"{HERE}:doubled", (3,))]) == [6]


def test_a_death_is_told_in_a_sentence_and_the_pool_goes_on(pool):
    task, other = Watched("forever"), Watched("forever")
    pool.submit(task)
    pool.submit(other)
    assert task.begun.wait(LONG)
    assert other.begun.wait(LONG)
    os.kill(next(worker.pid for worker in pool.workers if worker.task is task), signal.SIGKILL)
    assert task.over.wait(LONG)
    assert isinstance(task.error, UsageError)
    assert str(task.error).startswith("a process that worked on ice was killed")
    assert not other.over.is_set()
    assert pool.run([Task(f"{HERE}:doubled", (k,)) for k in range(3)]) == [0, 2, 4]
    assert not other.over.is_set()


def test_processes_that_do_not_start_are_told():
    with WorkerPool(2, setup=f"{HERE}:no_such_function") as pool, pytest.raises(Exception, match="status 1"):
        pool.run([Task(f"{HERE}:pid"), Task(f"{HERE}:pid")])


def test_idle_ones_end_and_start_anew():
    with WorkerPool(1, idle_seconds=0.1) as pool:
        first = pool.run([Task(f"{HERE}:pid")])[0]
        gone, _ = psutil.wait_procs([child for child in children() if child.pid == first], timeout=LONG)
        assert gone or not psutil.pid_exists(first)
        assert pool.run([Task(f"{HERE}:pid")])[0] != first


def test_tasks_are_chosen_when_a_process_is_free():
    left, done = [3, 2, 1], threading.Event()
    found = []

    def choose(_):
        return Task(f"{HERE}:doubled", (left.pop(),), done=found.append) if left else None

    with WorkerPool(1, choose=choose, settled=lambda: len(found) == 3 and done.set()) as pool:
        pool.call(pool.start)
        assert done.wait(LONG)
    assert found == [2, 4, 6]


def test_closing_leaves_no_process_and_frees_who_waits():
    before = set(children())
    pool = WorkerPool(2)
    errors = []

    def work():
        try:
            pool.run([task, Task(f"{HERE}:forever")])
        except Cancelled as error:
            errors.append(error)

    task, begun = Task(f"{HERE}:forever"), threading.Event()
    thread = threading.Thread(target=work)
    watched = Watched("forever")
    watched.progress = lambda *_: begun.set()
    pool.submit(watched)
    assert begun.wait(LONG)
    thread.start()
    began = time.monotonic()
    pool.close()
    thread.join(LONG)
    assert time.monotonic() - began < 5
    assert set(children()) <= before
    pool.submit(watched)
    pool.close()
    assert set(children()) <= before

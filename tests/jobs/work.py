"""Functions for worker processes."""

import itertools
import os
import sys
import threading
import time

from napari_icenet.errors import StackError

set_up_as = ""


class Unsendable(Exception):
    def __init__(self):
        super().__init__("holds a lock")
        self.lock = threading.Lock()


def set_up():
    global set_up_as  # noqa: PLW0603
    set_up_as = os.environ["ICE"]


def was_set_up(_):
    return set_up_as


def pid(_):
    return os.getpid()


def doubled(_, values):
    return 2 * values


def total(worker, key):
    return int(worker.items[key].sum())


def counted(worker):
    worker.kept["count"] = worker.kept.get("count", 0) + 1
    return worker.kept["count"]


def fails(_, name):
    if name == "StackError":
        raise StackError("no ice here; look elsewhere.")
    if name == "Unsendable":
        raise Unsendable
    return 1 / 0


def unsendable(_):
    return threading.Lock()


def prints(_, text):
    sys.stdout.write(f"{text}\n")
    os.write(1, b"and more\n")
    sys.stdout.flush()
    return text


def exits(_, status):
    os._exit(status)


def forever(worker):
    for k in itertools.count():
        worker.progress(1 - 1 / (k + 1), "on and on")
        time.sleep(0.002)


def deaf(worker):
    """Cannot be interrupted, as what is deep in a compiled library."""
    with worker.uninterrupted():
        worker._pipe.send(("progress", worker._number, 0.0, "deaf"))
        time.sleep(600)


def whole_step(worker):
    with worker.uninterrupted():
        worker.kept["steps"] = ["begun"]
        worker._pipe.send(("progress", worker._number, 0.5, "half"))
        time.sleep(0.2)
        worker.kept["steps"].append("ended")
    time.sleep(600)


def steps(worker):
    return worker.kept["steps"]


def tells(worker, number):
    worker.progress(0.5, f"half of {number}")


def sleeps(_):
    time.sleep(600)

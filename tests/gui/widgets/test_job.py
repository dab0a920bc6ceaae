"""Long work, one job after another."""

from __future__ import annotations

import threading
import time

import pytest
from pyproj import CRS

from napari_icenet.errors import TrackingError
from napari_icenet.gui.widgets.job import Job


def test_each_job_has_a_thread_that_python_knows(viewer, qtbot):
    """On a thread of Qt's that is used again, pyproj would read freed memory."""

    def work(_progress):
        assert threading.current_thread() is not threading.main_thread()
        return type(threading.current_thread()).__name__, CRS.from_epsg(3031).to_wkt()[:7]

    for _ in range(4):
        assert Job("Projecting", work).start().wait() == ("Thread", "PROJCRS")


def test_errors_of_a_job_arrive(viewer, qtbot):
    def work(_progress):
        raise TrackingError("the ice is gone; wait for winter.")

    job = Job("Failing", work)
    with qtbot.waitSignal(job.failed):
        job.start()
    with pytest.raises(TrackingError, match="wait for winter"):
        job.wait()


def test_a_fault_of_a_job_reaches_who_waits_and_is_reported(viewer, monkeypatch):
    reported = []
    monkeypatch.setattr(threading, "excepthook", lambda args: reported.append(args.exc_value))

    def work(_progress):
        raise ZeroDivisionError("a fault of ours")

    job, failed, ended = Job("Failing", work), [], []
    job.failed.connect(failed.append)
    job.ended.connect(lambda: ended.append(job.running))
    with pytest.raises(ZeroDivisionError) as told:
        job.start().wait()
    assert (failed, ended) == ([], [False])
    for _ in range(100):
        if reported:
            break
        time.sleep(0.05)
    assert reported == [told.value]

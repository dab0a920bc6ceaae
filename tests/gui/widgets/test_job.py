"""Long work, one job after another."""

from __future__ import annotations

import threading

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

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from napari_icenet.simulation.simulator import LATITUDE, LONGITUDE
from napari_icenet.simulation.sun import pass_times, sun_position


def test_sun_agrees_with_a_real_scene() -> None:
    # LC08_L2SR_099120_20191129: its metadata give 97.57723°, 20.49329° and 0.9865207 for the scene centre.
    sun = sun_position(datetime(2019, 11, 29, 1, 0, 37), 68.30, -81.36)
    assert sun.elevation == pytest.approx(20.49, abs=0.3)
    assert sun.azimuth == pytest.approx(97.6, abs=1.0)
    assert sun.distance == pytest.approx(0.98652, abs=2e-4)


def test_passes_are_those_of_the_paper() -> None:
    times = pass_times(12, LONGITUDE, LATITUDE)
    gaps = np.diff([when.date().toordinal() for when in times])
    assert times[0].date().isoformat() == "2015-11-22"
    assert times[-1].date().isoformat() == "2017-02-12"
    assert gaps.min() == 16
    assert gaps.max() == 272
    assert not np.any(gaps % 16)
    assert all(sun_position(when, LONGITUDE, LATITUDE).elevation > 10 for when in times)


def test_a_longer_series_begins_with_the_shorter_one() -> None:
    assert pass_times(20, LONGITUDE, LATITUDE)[:5] == pass_times(5, LONGITUDE, LATITUDE)

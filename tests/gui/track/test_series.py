"""Numbers of plots and tables against truth."""

from __future__ import annotations

import numpy as np
import pytest

from napari_icenet.common.text import number_text
from napari_icenet.gui.track.series import TrackSeries
from napari_icenet.tracking.follow import follow
from napari_icenet.tracking.settings import TrackSettings
from napari_icenet.tracking.stable_ground import from_tracks
from tests.gui.ice import CLOUDY, DATES, STEP, moving_ice

PER_YEAR = 365.25 / 16


@pytest.fixture(scope="module", params=[True, False], ids=["map", "pixels"])
def series(request):
    stack = moving_ice(georeferenced=request.param)
    track = follow(stack, 100, 140, 0, TrackSettings(chip=32))
    return TrackSeries(track, stack.times, stack.labels)


def test_speed_and_displacement_carry_their_units(series):
    metre = 30 / series.track.grid.map_scale(100, 140)[0] if series.track.grid.georeferenced else 1.0
    per = PER_YEAR if series.track.grid.georeferenced else 1 / 16
    step = np.hypot(*STEP) * metre
    assert series.values("speed")[1] == pytest.approx(step * per, rel=0.02)
    assert series.values("displacement")[5] == pytest.approx(5 * step, rel=0.01)
    assert series.unit("displacement") == ("m" if series.track.grid.georeferenced else "px")
    mean, error = series.track.mean_speed
    assert mean == pytest.approx(step * per, rel=0.01)
    assert 0 <= error < 0.02 * mean
    assert series.mean_azimuth == pytest.approx(np.median(series.track.azimuth[1:3]), abs=1)


def test_lost_dates_have_no_numbers(series):
    assert list(np.flatnonzero(series.lost)) == [CLOUDY]
    for name in ("displacement", "speed", "ncc"):
        assert np.isnan(series.values(name)[CLOUDY])
    assert "lost" in series.sentence(CLOUDY)
    assert "start" in series.sentence(0)


def test_ground_that_moves_with_the_ice_leaves_nothing(series):
    ground = from_tracks((series.track,))
    both = TrackSeries(series.track, series.times, series.labels, ground)
    known = np.flatnonzero(series.valid)[1:]
    np.testing.assert_allclose(both.stable_values("speed")[known], series.track.speed[known], rtol=1e-3)
    np.testing.assert_allclose(both.difference_values("speed")[known], 0, atol=1e-9)
    np.testing.assert_allclose(both.difference_values("displacement")[known], 0, atol=1e-9)
    assert both.stable_values("ncc") is None
    assert series.stable_values("speed") is None


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (778.4, 12.3, "778 ± 12"),
        (778.4, 1.26, "778.4 ± 1.3"),
        (0.2043, 0.0031, "0.204 ± 0.003"),
        (778.4, np.nan, "778"),
        (0.2043, np.nan, "0.204"),
        (0.0, np.nan, "0.00"),
        (np.nan, 1.0, ""),
    ],
)
def test_numbers_have_the_digits_their_error_allows(value, error, text):
    assert number_text(value, error) == text


def test_there_are_as_many_numbers_as_dates(series):
    assert len(series.values("ncc")) == DATES == len(series.seconds)

from datetime import timedelta

import numpy as np
import pytest
from affine import Affine
from pyproj import Geod
from rasterio.crs import CRS

from napari_icenet.matching.pictures import Pictures
from napari_icenet.scenes.grid import Grid
from napari_icenet.tracking.follow import follow
from napari_icenet.tracking.settings import TrackSettings
from napari_icenet.tracking.stable_ground import from_mask, from_tracks, relative_motion
from tests.tracking.glacier import START, moving

STEPS = np.array([(0, 0), (1.0, 2.0), (1.5, 3.0), (3.0, 6.0)])
DAYS = [0, 10, 15, 30]
SETTINGS = TrackSettings(chip=64, scale=1.5)
#: Around Byrd Glacier, 30 m.
BYRD = Grid(320, 320, Affine(30, 0, 350_000, 0, -30, -960_000), CRS.from_epsg(3031))


@pytest.fixture(scope="module")
def pixels():
    return follow(moving(STEPS, days=DAYS), 160, 150, 0, SETTINGS)


@pytest.fixture(scope="module")
def metres():
    return follow(moving(STEPS, days=DAYS, grid=BYRD), 160, 150, 1, SETTINGS)


def test_displacements_are_since_the_last_valid_date(pixels):
    np.testing.assert_allclose(pixels.drow, [np.nan, 1, 0.5, 1.5], atol=0.05)
    np.testing.assert_allclose(pixels.dcol, [np.nan, 2, 1, 3], atol=0.05)
    np.testing.assert_array_equal(pixels.interval_days, [np.nan, 10, 5, 15])
    np.testing.assert_allclose(pixels.displacement, np.hypot(*STEPS.T), atol=0.05)


def test_without_a_map_speed_is_in_pixels_a_day(pixels):
    assert pixels.speed_unit == "px/day"
    np.testing.assert_allclose(pixels.speed[1:], np.hypot(0.1, 0.2), atol=0.01)
    assert np.isnan(pixels.vx).all()
    # Down and to the right: 180° − atan(2).
    np.testing.assert_allclose(pixels.azimuth[1:], 180 - np.degrees(np.arctan2(2, 1)), atol=3)


def test_with_a_map_speed_is_true_metres_a_year(metres):
    assert metres.speed_unit == "m/yr"
    geod = Geod(ellps="WGS84")
    for i in (1, 2, 3):
        lon, lat = BYRD.lonlat(160 + STEPS[i - 1 : i + 1, 0] - 1, 150 + STEPS[i - 1 : i + 1, 1] - 2)
        azimuth, _, length = geod.inv(lon[0], lat[0], lon[1], lat[1])
        years = (DAYS[i] - DAYS[i - 1]) / 365.25
        assert metres.speed[i] == pytest.approx(length / years, rel=0.03)
        assert abs((metres.azimuth[i] - azimuth + 180) % 360 - 180) < 2
    np.testing.assert_allclose(metres.vx[1:] / metres.vy[1:], -2, rtol=0.1)


def test_errors_cover_what_is_found(pixels):
    error = pixels.displacement_error
    assert np.isnan(error[0]).all()
    assert ((error[1:] > 0.001) & (error[1:] < 0.1)).all()
    assert np.isnan(pixels.speed_error[0])
    assert (pixels.speed_error[1:] > 0).all()
    # The shortest interval is the least certain.
    assert pixels.speed_error.argmax() == 0 or np.nanargmax(pixels.speed_error) == 2


def jittered():
    """Two halves: the left one stands still, the right one moves; both jitter together."""
    jitter = np.array([(0, 0), (0.8, -0.6), (-0.7, 0.5), (0.4, 0.9)])
    still, ice = moving(jitter, days=DAYS, seed=4), moving(STEPS + jitter, days=DAYS)
    frames = np.stack([np.where(np.arange(320) < 130, still.read(t, 1), ice.read(t, 1)) for t in range(4)])
    from napari_icenet.scenes.stack import SceneStack

    return SceneStack.from_array(frames, [START + timedelta(days=d) for d in DAYS])


@pytest.mark.parametrize("by", ["track", "mask"])
def test_motion_minus_stable_ground_is_free_of_jitter(by):
    stack = jittered()
    track = follow(stack, 160, 230, 0, SETTINGS)
    assert np.nanmax(np.abs(track.drow - np.diff(STEPS[:, 0], prepend=np.nan))) > 0.5
    if by == "track":
        ground = from_tracks((follow(stack, 160, 60, 0, SETTINGS),))
    else:
        mask = np.zeros((320, 320), bool)
        mask[40:280, 20:120] = True
        ground = from_mask(Pictures(stack, 1), mask, 0, SETTINGS)
        assert 2 <= len(ground.tracks) <= 9
        assert (ground.spread[1:] < 0.1).all()
    motion = relative_motion(track, ground)
    np.testing.assert_allclose(motion.drow[1:], np.diff(STEPS[:, 0]), atol=0.1)
    np.testing.assert_allclose(motion.dcol[1:], np.diff(STEPS[:, 1]), atol=0.1)
    np.testing.assert_allclose(motion.speed[1:], np.hypot(0.1, 0.2), atol=0.03)


def test_a_mask_without_room_is_refused():
    from napari_icenet.errors import TrackingError

    pictures = Pictures(jittered(), 1)
    with pytest.raises(TrackingError, match="larger mask"):
        from_mask(pictures, np.zeros((320, 320), bool), 0, SETTINGS)
    with pytest.raises(TrackingError, match="5 × 5 px"):
        from_mask(pictures, np.ones((5, 5), bool), 0, SETTINGS)

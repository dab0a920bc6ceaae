"""One piece of ice, all predictors, against what came."""

from datetime import timedelta

import numpy as np
import pytest

from napari_icenet.errors import TrackingError
from napari_icenet.evaluation.comparison import compare
from napari_icenet.predictors.registry import predictor
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.tracking.follow import follow
from napari_icenet.tracking.pictures import Pictures
from napari_icenet.tracking.prefilter import prefilter
from napari_icenet.tracking.settings import TrackSettings
from tests.tracking.glacier import START, cloud, shifted, texture

CHIP, DATES = 32, 12
CLOUDY = (5, 9)
TIMES = [START + timedelta(days=8 * t) for t in range(DATES)]
NAMES = ("persistence", "high-pass", "median")


@pytest.fixture(scope="module")
def pictures():
    """Ice that moves (1, -1) px a date, with cloud on two dates."""
    base = texture(160, 3)
    frames = [cloud(base.shape, t) if t in CLOUDY else shifted(base, float(t), -float(t)) for t in range(DATES)]
    return Pictures(SceneStack.from_array(np.array(frames, np.float32)[:, None], TIMES), 1)


@pytest.fixture(scope="module")
def track(pictures):
    return follow(pictures, 64, 90, 0, TrackSettings(chip=CHIP, scale=1.5))


def compared(pictures, track, time, names=NAMES):
    return compare(pictures, track, time, [predictor(name) for name in names])


def test_frames_are_cut_where_the_ice_is(pictures, track):
    made = compared(pictures, track, 8)
    assert [f.time for f in made.past] == list(range(1, 9))
    assert [f.time for f in made.ahead] == [9, 10]
    assert [f.days for f in made.past] == [8.0 * (t - 8) for t in range(1, 9)]
    assert [(f.row, f.col) for f in made.past + made.ahead] == [(64 + t, 90 - t) for t in range(1, 11)]
    assert [f.time for f in made.past + made.ahead if not f.found] == list(CLOUDY)


def test_correlations_are_those_of_the_chips(pictures, track):
    made = compared(pictures, track, 8)
    last, far = made.past[-1].chip, made.ahead[1].chip
    by_name = {one.name: one.judged[1] for one in made.compared}
    assert by_name["persistence"].ncc == pytest.approx(np.corrcoef(last.ravel(), far.ravel())[0, 1], abs=1e-6)
    sharp = prefilter("high-pass")
    filtered = np.corrcoef(sharp(last).ravel(), sharp(far).ravel())[0, 1]
    assert by_name["high-pass"].ncc == pytest.approx(filtered, abs=1e-6)
    assert by_name["persistence"].ncc > 0.99
    assert np.hypot(by_name["persistence"].drow, by_name["persistence"].dcol) < 0.1


def test_a_template_from_cloud_is_worse_than_one_from_before(pictures, track):
    made = compared(pictures, track, 9)
    by_name = {one.name: one.judged[0].ncc for one in made.compared}
    assert by_name["median"] > 0.95 > 0.5 > by_name["persistence"]


def test_the_end_of_the_series_has_nothing_to_be_held_against(pictures, track):
    assert [f.time for f in compared(pictures, track, 10).ahead] == [11]
    made = compared(pictures, track, 11)
    assert made.ahead == ()
    assert all(one.judged == () for one in made.compared)


def test_the_first_date_has_one_past_frame(pictures, track):
    made = compared(pictures, track, 0)
    assert len(made.past) == 1
    assert made.compared[0].judged[0].ncc > 0.99


def test_nothing_is_made_for_nobody(pictures, track):
    asked = []
    assert compare(pictures, track, 8, [predictor("median")], still_wanted=lambda: bool(asked.append(1))) is None
    assert asked == [1]


def test_a_place_that_shows_nothing_is_told(track):
    empty = np.full((DATES, 1, 160, 160), np.nan, np.float32)
    with pytest.raises(TrackingError, match="shows enough"):
        compared(Pictures(SceneStack.from_array(empty, TIMES), 1), track, 8)

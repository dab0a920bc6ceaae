"""One piece of ice, all predictors, against what came."""

from datetime import timedelta

import numpy as np
import pytest

from napari_icenet.errors import TrackingError
from napari_icenet.evaluation.compare.comparison import compare
from napari_icenet.matching.pictures import Pictures
from napari_icenet.matching.prefilter import prefilter
from napari_icenet.predictors.predictor_set import PredictorSet
from napari_icenet.scenes.grid import Window
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.tracking.follow import follow
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
    return compare(pictures, track, time, PredictorSet.of_names(*names))


def test_frames_are_cut_where_the_ice_is(pictures, track):
    made = compared(pictures, track, 8)
    assert [f.time for f in made.past] == list(range(1, 9))
    assert [f.time for f in made.targets] == [9, 10]
    assert [f.days for f in made.past] == [8.0 * (t - 8) for t in range(1, 9)]
    assert [(f.row, f.col) for f in made.past + made.targets] == [(64 + t, 90 - t) for t in range(1, 11)]
    assert [f.time for f in made.past + made.targets if not f.found] == list(CLOUDY)


def test_correlations_are_those_of_the_chips(pictures, track):
    made = compared(pictures, track, 8)
    last, far = made.past[-1].chip, made.targets[1].chip
    by_name = {one.entry.name: one.judged[1] for one in made.compared}
    assert by_name["persistence"].ncc == pytest.approx(np.corrcoef(last.ravel(), far.ravel())[0, 1], abs=1e-6)
    sharp = prefilter("high-pass")
    filtered = np.corrcoef(sharp(last).ravel(), sharp(far).ravel())[0, 1]
    assert by_name["high-pass"].ncc == pytest.approx(filtered, abs=1e-6)
    assert by_name["persistence"].ncc > 0.99
    # The ice moves (1, -1) px a date; t2 is two dates on.
    for one in by_name.values():
        assert one.moved == pytest.approx((2, -2), abs=0.1)
        assert one.off_px < 0.1


def test_templates_are_searched_for_over_the_window_of_tracking(pictures, track):
    made = compared(pictures, track, 7)
    target = made.targets[0]
    match = made.compared[0].judged[0].match
    side = round(1.5 * CHIP) - CHIP + 1
    assert match.surface.values.shape == (side, side)
    template, at = made.past[-1].chip, (target.row, target.col)
    top, left = at[0] - CHIP // 2, at[1] - CHIP // 2
    picture = pictures.read(target.time, Window(top + 1, left - 2, CHIP, CHIP))
    expected = np.corrcoef(template.ravel(), picture.ravel())[0, 1]
    assert match.surface.at(at[0] + 1, at[1] - 2) == pytest.approx(expected, abs=1e-5)


def test_a_true_place_counts_more_than_a_tracked_one(pictures, track):
    def wrong_by_three(row, col, first, second):
        return row * 0 + (second - first) + 3, col * 0 - (second - first)

    made = compare(pictures, track, 6, PredictorSet.of_names("persistence"), flow=wrong_by_three)
    assert made.flow_known
    assert made.targets[0].known == (made.past[-1].row + 4, made.past[-1].col - 1)
    assert made.compared[0].judged[0].off_px == pytest.approx(3, abs=0.1)
    assert not compared(pictures, track, 6).flow_known


def test_one_without_weights_leaves_the_others_alone(pictures, track):
    made = compared(pictures, track, 8, ("persistence", "svg-lp", "median"))
    assert [bool(one.judged) for one in made.compared] == [True, False, True]
    assert "no weights for chips of 32 px" in made.compared[1].trouble
    assert made.whole


def test_tells_what_it_has_so_far(pictures, track):
    parts = []
    made = compare(pictures, track, 8, PredictorSet.of_names(*NAMES), on_part=parts.append)
    assert [len(part.compared) for part in parts] == [0, 1, 2]
    assert made.compared[:2] == parts[-1].compared


def test_lost_frames_lie_between_their_neighbours_by_the_days(track):
    times = [START + timedelta(days=d) for d in (0, 8, 40, 48)]
    base = texture(160, 3)
    frames = [shifted(base, 0.0, 0.0), cloud(base.shape, 5), shifted(base, 6.0, 0.0), shifted(base, 6.0, 0.0)]
    stack = SceneStack.from_array(np.array(frames, np.float32)[:, None], times)
    followed = follow(stack, 64, 90, 0, TrackSettings(chip=CHIP, scale=1.5))
    made = compared(Pictures(stack, 1), followed, 2)
    assert [frame.found for frame in made.past] == [True, False, True]
    assert made.past[1].row == 64 + round(6 * 8 / 40)


def test_a_template_from_cloud_is_worse_than_one_from_before(pictures, track):
    made = compared(pictures, track, 9)
    by_name = {one.entry.name: one.judged[0].ncc for one in made.compared}
    assert by_name["median"] > 0.95 > 0.5 > by_name["persistence"]


def test_the_end_of_the_series_has_nothing_to_be_held_against(pictures, track):
    assert [f.time for f in compared(pictures, track, 10).targets] == [11]
    made = compared(pictures, track, 11)
    assert made.targets == ()
    assert all(one.judged == () for one in made.compared)


def test_the_first_date_has_one_past_frame(pictures, track):
    made = compared(pictures, track, 0)
    assert len(made.past) == 1
    assert made.compared[0].judged[0].ncc > 0.99


def test_nothing_is_made_for_nobody(pictures, track):
    asked = []
    assert (
        compare(pictures, track, 8, PredictorSet.of_names("median"), still_wanted=lambda: bool(asked.append(1))) is None
    )
    assert asked == [1]


def test_a_place_that_shows_nothing_is_told(track):
    empty = np.full((DATES, 1, 160, 160), np.nan, np.float32)
    with pytest.raises(TrackingError, match="shows enough"):
        compared(Pictures(SceneStack.from_array(empty, TIMES), 1), track, 8)

import numpy as np
import pytest

from napari_icenet.errors import TrackingError, UsageError
from napari_icenet.matching.lost_reason import LostReason
from napari_icenet.matching.pictures import Pictures
from napari_icenet.matching.template import Prediction
from napari_icenet.scenes.stack import SceneStack
from napari_icenet.tracking.follow import follow, surface
from napari_icenet.tracking.settings import TrackSettings
from tests.tracking.glacier import START, cloud, moving, shifted, texture

STEPS = np.array([(0, 0), (0.4, 1.3), (0.8, 2.6), (1.7, 3.4), (2.1, 5.2), (2.5, 6.5)])
SETTINGS = TrackSettings(chip=64, scale=1.5)


@pytest.fixture(scope="module")
def stack():
    return moving(STEPS, noise=2)


def clouded(dates, *, patch=None):
    """The moving ice with a cloud over all, or a patch, of some dates."""
    frames = np.stack([moving(STEPS, noise=2).read(t, 1) for t in range(len(STEPS))])
    for t in dates:
        where = patch or np.s_[:, :]
        frames[t][where] = cloud(frames[t].shape, seed=t)[where]
    return SceneStack.from_array(frames, [s.time for s in moving(STEPS).scenes], name="ice")


def error(track, steps=STEPS):
    """Largest distance from the truth over the valid dates, pixels."""
    truth = steps - steps[track.origin_time] + (track.origin_row, track.origin_col)
    return np.nanmax(np.hypot(track.rows - truth[:, 0], track.cols - truth[:, 1]))


@pytest.mark.parametrize("time", [0, 2, 5])
@pytest.mark.parametrize(
    "change",
    [
        {},
        {"tracking": "chain"},
        {"template": "first"},
        {"template": "high-pass"},
        {"prefilter": "box"},
        {"centring": "velocity"},
        {"template": "first", "tracking": "chain"},
    ],
    ids=str,
)
def test_follows_the_ice_both_ways_to_a_twentieth_of_a_pixel(stack, time, change):
    track = follow(stack, 160, 150, time, SETTINGS.model_copy(update=change))
    assert track.valid.all()
    assert error(track) < 0.05 * (1 if change.get("template") == "first" else 2)


@pytest.mark.slow
def test_fractions_do_not_add_up():
    steps = np.outer(np.arange(16), (0.3, -0.45))
    track = follow(moving(steps, noise=0), 160.4, 170.3, 0, SETTINGS)
    assert track.valid.all()
    assert track.observations[0].row == 160.4
    assert error(track, steps) < 0.1


@pytest.mark.slow
def test_a_cloudy_date_is_lost_and_the_track_goes_on():
    track = follow(clouded([2, 3]), 160, 150, 0, SETTINGS)
    np.testing.assert_array_equal(track.valid, [True, True, False, False, True, True])
    assert error(track) < 0.1
    assert track.observations[4].source == 1
    for fix in track.observations[2:4]:
        assert np.isnan([fix.row, fix.col]).all()
        assert fix.reason in {LostReason.AMBIGUOUS, LostReason.BORDER, LostReason.DISAGREEMENT}
        assert fix.centre == (round(track.rows[1]), round(track.cols[1]))


@pytest.mark.slow
def test_a_chain_is_led_astray_by_the_same_cloud():
    track = follow(clouded([2, 3]), 160, 150, 0, SETTINGS.model_copy(update={"tracking": "chain"}))
    assert track.valid.all()
    assert error(track) > 2


@pytest.mark.slow
def test_half_a_cloud_serves_no_later_template():
    half = clouded([2], patch=np.s_[:, 150:])
    track = follow(half, 160, 150, 0, SETTINGS)
    assert track.valid[3:].all()
    assert error(track) < 0.2


@pytest.mark.slow
def test_fill_inside_the_chip_takes_no_part():
    frames = np.stack([moving(STEPS).read(t, 1) for t in range(len(STEPS))])
    frames[1:, ::12] = np.nan
    frames[1:, 1::12] = np.nan
    stack = SceneStack.from_array(frames, [s.time for s in moving(STEPS).scenes])
    track = follow(stack, 160, 150, 0, SETTINGS)
    assert track.valid.all()
    assert error(track) < 0.15


@pytest.mark.slow
def test_fill_flat_and_leaving_the_frame_are_told_apart():
    frames = np.stack([moving(STEPS).read(t, 1) for t in range(len(STEPS))])
    frames[1] = np.nan
    frames[2] = 55
    stack = SceneStack.from_array(frames, [s.time for s in moving(STEPS).scenes])
    track = follow(stack, 160, 150, 0, SETTINGS)
    assert [fix.reason for fix in track.observations] == [None, LostReason.FILL, LostReason.FLAT, None, None, None]
    steps = np.outer(np.arange(5), (0, 9.0))
    track = follow(moving(steps), 160, 270, 0, SETTINGS)
    assert [fix.reason for fix in track.observations][:3] == [None, None, None]
    assert track.observations[4].reason is LostReason.OUTSIDE


def test_velocity_centring_reaches_farther():
    steps = np.array([(0, 0), (0, 12), (0, 24), (0, 72)])
    stack = moving(steps, days=[0, 16, 32, 96])
    last, ahead = (
        follow(stack, 160, 100, 0, SETTINGS.model_copy(update={"centring": c})) for c in ("last", "velocity")
    )
    np.testing.assert_array_equal(last.valid, [True, True, True, False])
    np.testing.assert_array_equal(ahead.valid, [True] * 4)


def test_surface_is_the_one_the_fix_was_found_on(stack):
    pictures = Pictures(stack, 1)
    track = follow(pictures, 160, 150, 0, SETTINGS)
    for time in (1, 4):
        shown = surface(pictures, track, time)
        assert shown.values.shape == (SETTINGS.search - 64 + 1,) * 2
        row, col = np.unravel_index(np.nanargmax(shown.values), shown.values.shape)
        assert np.hypot(shown.row0 + row - track.rows[time], shown.col0 + col - track.cols[time]) < 1
        assert shown.values.max() == pytest.approx(track.ncc[time], abs=0.03)
    assert surface(pictures, track, 0).at(160, 150) == pytest.approx(1, abs=1e-4)


def test_a_predictor_makes_the_template(stack):
    class Mean:
        name = "mean"
        title = "Mean of past chips"
        prefilter = "none"

        def __init__(self):
            self.seen = []

        def __call__(self, past):
            self.seen.append(past)
            return Prediction(past.chips.mean(axis=0))

    mean = Mean()
    track = follow(stack, 160, 150, 0, SETTINGS.model_copy(update={"template": "mean"}), predictor=mean)
    assert track.valid.all()
    last = max(mean.seen, key=lambda past: len(past.days))
    assert last.chips.shape == (len(STEPS) - 1, SETTINGS.chip, SETTINGS.chip)
    np.testing.assert_array_equal(last.days, stack.days[:-1] - stack.days[-2])
    assert last.horizon == stack.days[-1] - stack.days[-2]
    assert last.valid.all()
    assert error(track) < 0.5


def test_progress_and_cancelling(stack):
    seen = []
    track = follow(stack, 160, 150, 0, SETTINGS, on_fix=seen.append, cancelled=lambda: len(seen) >= 2)
    assert [t.valid.sum() for t in seen] == [2, 3]
    assert not track.complete
    assert track.observations[4].reason is LostReason.PENDING
    assert follow(stack, 160, 150, 0, SETTINGS).complete


def picture_stack(*frames):
    return SceneStack.from_array(
        np.stack(frames).astype(np.float32), [START.replace(day=1 + i) for i in range(len(frames))]
    )


def test_what_cannot_be_followed_is_refused_in_a_sentence():
    ice = texture(160)
    two = picture_stack(ice, ice)
    hole = np.where(np.arange(160) < 75, np.nan, ice)
    cases = [
        (picture_stack(ice), 80, 80, SETTINGS, TrackingError, "only one scene"),
        (two, 500, 80, SETTINGS, TrackingError, "outside the frame"),
        (two, 20, 80, SETTINGS, TrackingError, "crosses the edge"),
        (two, 80, 80, TrackSettings(chip=128, scale=2), UsageError, "c of at most 1.2"),
        (two, 80, 80, TrackSettings(chip=256), UsageError, "does not fit"),
        (two, 80, 80, SETTINGS.model_copy(update={"template": "nope"}), UsageError, "persistence, first, high-pass"),
        (two, 80, 80, SETTINGS.model_copy(update={"band": "B9"}), UsageError, "no band B9"),
        (picture_stack(np.full((160, 160), 3.0), ice), 80, 80, SETTINGS, TrackingError, "is flat, every pixel is 3"),
        (
            picture_stack(np.full((160, 160), np.nan), ice),
            80,
            80,
            SETTINGS,
            TrackingError,
            "no pixel with a measurement",
        ),
        (picture_stack(hole, ice), 80, 72, SETTINGS, TrackingError, "55 % fill"),
    ]
    for stack, row, col, settings, kind, text in cases:
        with pytest.raises(kind, match=text) as caught:
            follow(stack, row, col, 0, settings)
        assert str(caught.value).endswith(".")
        assert "\n" not in str(caught.value)


def test_the_helper_shifts_exactly():
    base = texture(64)
    np.testing.assert_allclose(shifted(base, 3, -2), np.roll(base, (3, -2), (0, 1)), atol=1e-9)


def test_the_chip_may_be_placed_by_a_pair_and_a_date(stack):
    by_index = follow(stack, 160, 150, 2, SETTINGS)
    by_date = follow(stack, at=(160, 150), date=stack.labels[2], settings=SETTINGS)
    assert by_date.origin_time == 2
    assert np.array_equal(by_date.rows, by_index.rows)


@pytest.mark.parametrize(
    "given",
    [{}, {"row": 160}, {"row": 160, "col": 150, "at": (160, 150)}, {"at": (160, 150), "time": 0, "date": "2020-01-01"}],
    ids=str,
)
def test_place_and_date_are_needed_once(stack, given):
    with pytest.raises(UsageError, match="give"):
        follow(stack, settings=SETTINGS, **given)

import threading
import time

import numpy as np
import pytest

from napari_icenet.errors import TrackingError, UsageError
from napari_icenet.jobs.latest import LatestWorker
from napari_icenet.tracking.click_tracker import ClickTracker
from napari_icenet.tracking.evidence import Correlator
from napari_icenet.tracking.follow import surface
from napari_icenet.tracking.settings import TrackSettings, changed
from tests.tracking.glacier import moving, texture
from tests.tracking.plausibility.rock import flowing_strip

STEPS = np.outer(np.arange(5), (0.5, 1.5))
SETTINGS = TrackSettings(chip=64, scale=1.5)


@pytest.fixture(scope="module")
def stack():
    return moving(STEPS)


@pytest.fixture(scope="module")
def narrow_ice():
    return flowing_strip()


@pytest.fixture
def model(stack):
    model = ClickTracker(stack, SETTINGS)
    yield model
    model.close()


def listen(signal):
    seen = []
    signal.connect(lambda *args: seen.append(args[0] if len(args) == 1 else args))
    return seen


def names():
    return {t.name.split("_")[0] for t in threading.enumerate()}


def test_a_click_places_selects_and_follows(model):
    tracks, selections, busy = listen(model.track_changed), listen(model.selection_changed), listen(model.busy_changed)
    number = model.add(160, 150)
    assert model.wait(30)
    assert number == 1
    assert model.selected == 1
    assert selections == [1]
    assert tracks[-1].complete
    assert tracks[-1].valid.all()
    assert model.tracks[1] == tracks[-1]
    assert busy[0] is True
    assert busy[-1] is False
    assert not model.busy
    assert model.surface(1, 3).values.shape == (33, 33)
    assert model.surface(7) is None


def test_what_cannot_be_right_is_known_once_all_is_done(narrow_ice):
    model = ClickTracker(narrow_ice, TrackSettings(chip=128, scale=1.5))
    tracks = listen(model.track_changed)
    number = model.add(192, 192)
    assert model.wait(30)
    (sentence,) = model.cautions()
    assert "track 1: the chip of 128 px moves with the ground around it" in sentence
    assert model.tracks[number].cautions == tracks[-1].cautions != ()
    model.change(chip=48)
    assert model.wait(30)
    assert model.cautions() == []
    model.undo()
    assert model.wait(30)
    assert model.cautions() == [sentence]
    model.remove(number)
    assert model.cautions() == []
    model.close()


@pytest.mark.parametrize(
    ("choices", "worked_out"),
    [
        ({"template": "high-pass"}, 0),
        ({"prefilter": "high-pass"}, 0),
        ({"tracking": "chain"}, 0),
        ({"tracking": "chain", "template": "first"}, 0),
        # Its own peak is sought around the high-pass filtered chip's alone.
        ({"template": "persistence"}, 1),
    ],
)
@pytest.mark.parametrize("start", [0, 4])
def test_the_surface_of_the_shown_date_is_that_of_the_match(stack, monkeypatch, choices, worked_out, start):
    model = ClickTracker(stack, changed(SETTINGS, **choices))
    model.time = 2
    number = model.add(160, 150, time=start)
    assert model.wait(30)
    searches = []
    search = Correlator.search
    monkeypatch.setattr(Correlator, "search", lambda *args: searches.append(args[3]) or search(*args))
    found = model.surface(number)
    assert len(searches) == worked_out
    anew = surface(model.pictures(), model.tracks[number], 2)
    np.testing.assert_array_equal(found.values, anew.values)
    assert (found.row0, found.col0) == (anew.row0, anew.col0)
    # What is kept is of this place, date and setting alone.
    searches.clear()
    model.surface(number, 3)
    assert searches == [3]
    model.move(number, 164, 150)
    assert model.wait(30)
    searches.clear()
    moved, again = model.surface(number), surface(model.pictures(), model.tracks[number], 2)
    assert len(searches) == worked_out + 1
    np.testing.assert_array_equal(moved.values, again.values)
    assert not np.array_equal(moved.values, found.values)
    model.close()


def test_threads_end_with_close(stack):
    model = ClickTracker(stack, SETTINGS)
    model.add(160, 150)
    model.close()
    assert not names() & {"icenet-tracking", "icenet-match"}


def test_dragging_ends_at_the_newest_place_and_never_goes_back(model):
    tracks = listen(model.track_changed)
    number = model.add(160, 150)
    for i in range(40):
        model.move(number, 160 + i / 2, 150)
        time.sleep(0.002)
    model.finish_move()
    assert model.wait(30)
    rows = [t.origin_row for t in tracks]
    assert rows == sorted(rows)
    assert model.tracks[number].origin_row == 179.5
    assert model.tracks[number].complete


def test_an_older_setting_never_follows_a_newer_one(model):
    model.add(160, 150)
    model.add(180, 160)
    tracks = listen(model.track_changed)
    # Above the scale that the chips were placed with: while c is dragged an older track may still come, in order.
    scales = [1.51 + 0.01 * i for i in range(30)]
    for scale in scales:
        model.change(scale=scale)
    assert model.wait(60)
    for number in (1, 2):
        seen = [t.settings.scale for t in tracks if t.number == number]
        assert seen == sorted(seen)
    assert {t.settings.scale for t in model.tracks.values()} == {scales[-1]}
    assert len(tracks) < 2 * len(scales)


def test_undo_and_redo(model):
    model.add(160, 150)
    for col in (151, 152, 155):
        model.move(1, 160, col)
    model.finish_move()
    model.add(170, 170)
    model.change(scale=1.4)
    model.change(scale=1.3)
    model.remove(1)
    assert list(model.marks) == [2]
    model.undo()
    assert list(model.marks) == [1, 2]
    model.undo()
    assert model.settings.scale == 1.5
    model.undo()
    assert (list(model.marks), model.marks[1].col) == ([1], 155)
    model.undo()
    assert model.marks[1].col == 150
    model.undo()
    assert model.marks == {}
    assert not model.can_undo
    model.undo()
    for _ in range(5):
        model.redo()
    assert not model.can_redo
    assert list(model.marks) == [2]
    assert model.settings.scale == 1.3
    assert model.wait(60)
    assert list(model.tracks) == [2]
    assert model.tracks[2].settings.scale == 1.3
    model.undo()
    model.clear()
    assert not model.can_redo
    assert model.marks == {}


def test_numbers_are_not_used_twice(model):
    assert model.add(160, 150) == 1
    model.remove(1)
    assert model.add(160, 150) == 2


def test_bad_requests_change_nothing(model):
    model.add(160, 150)
    for call, kind in [
        (lambda: model.add(5, 5), TrackingError),
        (lambda: model.add(900, 5), TrackingError),
        (lambda: model.change(scale=9), UsageError),
        (lambda: model.change(chip=256), UsageError),
        (lambda: model.change(band="B7"), UsageError),
        (lambda: model.change(template="nope"), UsageError),
        (lambda: model.remove(3), UsageError),
        (lambda: model.set_stable(np.ones((3, 3), bool)), TrackingError),
        (lambda: model.from_json("{}"), UsageError),
    ]:
        with pytest.raises(kind):
            call()
    assert model.settings == SETTINGS
    assert list(model.marks) == [1]
    model.undo()
    assert not model.can_undo


def test_a_chip_dragged_out_stays_inside(model):
    model.add(160, 150)
    model.move(1, -50, 5000)
    assert (model.marks[1].row, model.marks[1].col) == (32, 288)


def test_a_chip_on_fill_is_reported_and_lost_not_forgotten():
    frames = np.stack([texture(200), texture(200)])
    frames[:, 40:, :] = np.nan
    from napari_icenet.scenes.stack import SceneStack
    from tests.tracking.glacier import START

    stack = SceneStack.from_array(frames, [START, START.replace(day=9)])
    model = ClickTracker(stack, SETTINGS)
    failures, tracks = listen(model.failed), listen(model.track_changed)
    model.add(120, 120)
    assert model.wait(30)
    model.close()
    assert failures[0][1] == 1
    assert "no pixel" in failures[0][0]
    assert not tracks[-1].valid.any()


def test_stable_ground_from_a_track_follows_it(model):
    grounds = listen(model.stable_changed)
    model.add(160, 150)
    model.add(200, 200)
    model.set_stable(2)
    assert model.wait(30)
    np.testing.assert_allclose(grounds[-1].dcol, STEPS[:, 1], atol=0.1)
    model.change(scale=1.4)
    assert model.wait(30)
    assert grounds[-1].tracks[0].settings.scale == 1.4
    model.remove(2)
    assert model.wait(30)
    assert grounds[-1] is None
    assert model.ground is None


def test_state_comes_back_from_json(model, stack):
    model.time = 2
    model.add(160, 150)
    model.add(170, 155, time=4)
    model.set_stable(1)
    model.change(scale=1.3)
    text = model.to_json()
    other = ClickTracker(stack)
    other.from_json(text)
    assert other.wait(30)
    assert (other.marks, other.settings, other.selected, other.stable, other.time) == (
        model.marks, model.settings, 2, 1, 2,
    )  # fmt: skip
    assert other.tracks[2].complete
    assert other.add(150, 150) == 3
    other.undo()
    other.undo()
    assert other.marks == {}
    other.close()


def test_time_is_checked_and_told(model):
    times = listen(model.time_changed)
    model.time = 3
    model.time = 3
    assert times == [3]
    with pytest.raises(UsageError):
        model.time = 9


def test_idle_jobs_run_once_nothing_else_waits():
    ran, gate = [], threading.Event()
    worker = LatestWorker("test", lambda _: None)
    began = threading.Event()

    def hold():
        began.set()
        gate.wait(10)

    worker.submit("gate", hold)
    assert began.wait(10)
    worker.submit_idle("idle", lambda: ran.append("idle"))
    pending = worker.pending
    worker.submit("a", lambda: ran.append("a"))
    gate.set()
    assert worker.wait(10)
    assert not pending
    assert ran == ["a", "idle"]
    worker.submit_idle("idle", lambda: ran.append("again"))
    assert worker.wait(10)
    assert ran[-1] == "again"
    worker.close()
    worker.submit_idle("idle", lambda: ran.append("late"))
    assert ran[-1] == "again"


def test_worker_runs_the_newest_job_of_a_name():
    ran, gate = [], threading.Event()
    worker = LatestWorker("test", lambda _: None)
    worker.submit("gate", gate.wait)
    for i in range(5):
        worker.submit("a", lambda i=i: ran.append(i))
    worker.submit("b", lambda: ran.append("b"), first=True)
    worker.submit("c", lambda: ran.append("c"))
    worker.drop("c")
    gate.set()
    assert worker.wait(10)
    assert ran == ["b", 4]
    worker.close()
    with pytest.raises(RuntimeError):
        worker.submit("a", lambda: None)

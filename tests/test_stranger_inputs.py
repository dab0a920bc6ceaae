"""The public library in a stranger's hands: a natural input works, a wrong one ends in one sentence of an error."""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely

import napari_icenet as icenet
from napari_icenet.errors import IceNetError, StackError, TrackingError, UsageError
from tests.tracking.glacier import moving

STEPS = np.array([(0.3 * i, 0.8 * i) for i in range(5)])
TRACK = icenet.TrackSettings(chip=32, scale=1.5)
MAP = icenet.VelocitySettings(chip=32, max_chip=32, spacing=16, radius=6)
DAYS = [0, 16, 32, 48, 64]


@pytest.fixture(scope="module")
def stack() -> icenet.SceneStack:
    return moving(STEPS, noise=1, side=160, days=DAYS)


@pytest.fixture(scope="module")
def maps(stack):
    return icenet.map_pairs(stack, [(0, 1), (1, 2)], MAP)


@pytest.fixture(scope="module")
def track(stack):
    return icenet.follow(stack, at=(80, 80), settings=TRACK)


def of(day: str) -> list[object]:
    when = datetime.fromisoformat(day)
    return [
        day, day.replace("-", ""), when, when.date(), np.datetime64(day), np.datetime64(when, "ns"), pd.Timestamp(day),
        pd.Timestamp(day, tz="UTC"), when.replace(tzinfo=UTC),
    ]  # fmt: skip


@pytest.mark.parametrize("k", range(9))
def test_a_day_is_the_same_in_every_type(stack, k):
    first, second = (of(stack.labels[i])[k] for i in (1, 2))
    assert stack.time_index(first) == 1
    np.testing.assert_array_equal(stack.read(first, 1), stack.read(1, 1))
    assert icenet.follow(stack, at=(80, 80), date=first, settings=TRACK).origin_time == 1
    assert icenet.map_pair(stack, first, second, MAP).labels == stack.labels[1:3]
    assert icenet.map_pairs(stack, [(first, second)], MAP)[0].labels == stack.labels[1:3]
    made = icenet.SceneStack.from_array(np.ones((2, 8, 8)), [first, second])
    assert made.labels == stack.labels[1:3]


def test_a_time_with_a_zone_is_taken_to_utc():
    east = timezone(timedelta(hours=5))
    times = [datetime(2020, 1, 1, 3, tzinfo=east), "2020-02-01T01:30:00-02:00", np.datetime64("2020-03-01T12:00")]
    stack = icenet.SceneStack.from_array(np.ones((3, 8, 8)), times)
    assert list(stack.times.astype(str)) == ["2019-12-31T22:00:00", "2020-02-01T03:30:00", "2020-03-01T12:00:00"]
    assert stack.time_index(datetime(2020, 1, 1, 3, tzinfo=east)) == 0
    assert stack.time_index("2020-02-01T05:30+02:00") == 1
    assert stack.time_index(pd.Timestamp("2020-03-01 13:00", tz="Europe/Berlin")) == 2


def test_midnight_is_the_day_unless_a_scene_was_taken_then():
    times = ["2020-01-01T00:00:00", "2020-01-01T10:00:00", "2020-02-01T10:00:00"]
    stack = icenet.SceneStack.from_array(np.ones((3, 8, 8)), times)
    assert stack.time_index(datetime(2020, 1, 1)) == 0
    assert stack.time_index(datetime(2020, 2, 1)) == 2
    with pytest.raises(UsageError, match="2 scenes of 2020-01-01; choose one of"):
        stack.time_index("2020-01-01")


def test_dates_that_are_left_out_are_of_any_type(tmp_path):
    folder = icenet.samples.byrd_folder()
    labels = icenet.open_stack(folder, bands="B4").labels
    left = icenet.open_stack(folder, bands="B4", exclude=[date.fromisoformat(labels[0]), pd.Timestamp(labels[2])])
    assert left.labels == (labels[1], *labels[3:])
    assert icenet.open_stack(folder, bands="B4", exclude=np.datetime64(labels[0])).labels == labels[1:]


@pytest.mark.parametrize(
    "when", [pd.NaT, np.datetime64("NaT"), None, 1.5, True, ["2020"], np.timedelta64(1, "D"), "soon", ""]
)
def test_what_is_no_date_is_one_sentence(stack, when):
    for asked in (stack.time_index, lambda w: stack.read(w, 1), stack.plot,
                  lambda w: icenet.map_pair(stack, 0, w, MAP)):  # fmt: skip
        with pytest.raises(UsageError, match=r"is no date; write|has no scene of"):
            asked(when)
    with pytest.raises(UsageError, match=r"is no date; write|^Unreadable date"):
        icenet.SceneStack.from_array(np.ones((2, 8, 8)), ["2020-01-01", when])


@pytest.mark.parametrize("time", [5, -6, 99])
def test_an_index_out_of_range_is_one_sentence(stack, time):
    for asked in (lambda: stack.read(time, 1), lambda: stack.flags(time), lambda: stack.plot(time),
                  lambda: icenet.follow(stack, at=(80, 80), time=time, settings=TRACK),
                  lambda: icenet.map_pair(stack, 0, time, MAP),
                  lambda: icenet.map_pairs(stack, [(0, time)], MAP)):  # fmt: skip
        with pytest.raises(UsageError, match=f"has 5 dates; there is no number {time}"):
            asked()


def test_a_pair_alone_is_one_pair(stack, maps):
    for pairs in ((0, 1), [0, 1], stack.labels[:2], np.array([0, 1])):
        (one,) = icenet.map_pairs(stack, pairs, MAP)
        np.testing.assert_array_equal(one.drow, maps[0].drow)
    for pairs in ("0,1", 3, [(0, 1, 2)], [0, 1, 2], [(0, 1), 2]):
        with pytest.raises(UsageError, match="is no pair of dates"):
            icenet.map_pairs(stack, pairs, MAP)


@pytest.mark.parametrize("at", ["80,80", (80, 80, 1), (80,), 80, (80, np.nan), ("a", 80), {"row": 80}, [None, 80]])
def test_what_is_no_position_is_one_sentence(stack, at):
    with pytest.raises(UsageError, match=r"is no position; give \(row, col\)"):
        icenet.follow(stack, at=at, settings=TRACK)


def test_a_position_is_any_two_numbers(stack, track):
    for at in ([80, 80], np.array([80, 80]), (np.int64(80), 80.0)):
        np.testing.assert_array_equal(icenet.follow(stack, at=at, settings=TRACK).rows, track.rows)
    with pytest.raises(UsageError, match="is needed once"):
        icenet.follow(stack, settings=TRACK)
    with pytest.raises(UsageError, match="is needed once"):
        icenet.follow(stack, 80, at=(80, 80), settings=TRACK)


@pytest.mark.parametrize("given", ["archive", Path("archive"), np.ones((2, 8, 8)), None])
def test_what_is_no_stack_is_one_sentence(given, tmp_path):
    for asked in (lambda: icenet.follow(given, at=(4, 4)), lambda: icenet.map_pair(given, 0, 1),
                  lambda: icenet.make_pairs(given), lambda: icenet.map_pairs(given, [(0, 1)]),
                  lambda: icenet.measure_shifts(given), lambda: icenet.ClickTracker(given),
                  lambda: icenet.datasets.build(given, tmp_path / "ice.zarr")):  # fmt: skip
        with pytest.raises(UsageError, match=r"no stack.*icenet\.open_stack"):
            asked()


def test_what_is_no_path_or_band_is_one_sentence():
    for path in (None, 3, ["a"]):
        with pytest.raises(UsageError, match="is no path; name a folder"):
            icenet.open_stack(path)
    folder = icenet.samples.byrd_folder()
    assert icenet.open_stack(folder, bands="B4").bands == icenet.open_stack(folder, bands=4).bands == ("B4",)
    with pytest.raises(UsageError, match="bands is empty; name at least one"):
        icenet.open_stack(folder, bands=[])
    with pytest.raises(UsageError, match="has no band 33"):
        icenet.open_stack(folder, bands=33)
    with pytest.raises(UsageError, match="names no band"):
        icenet.open_stack(folder, bands=[None])
    with pytest.raises(UsageError, match="names no bands"):
        icenet.open_stack(folder, bands=4.5)


@pytest.mark.parametrize("settings", [{"chip": 32}, icenet.DatasetSettings(), "fast"])
def test_settings_of_another_kind_are_one_sentence(stack, settings):
    for asked in (lambda: icenet.follow(stack, at=(80, 80), settings=settings),
                  lambda: icenet.map_pair(stack, 0, 1, settings), lambda: icenet.map_pairs(stack, [(0, 1)], settings),
                  lambda: icenet.measure_shifts(stack, settings=settings),
                  lambda: icenet.ClickTracker(stack, settings), lambda: icenet.evaluate(stack, settings)):  # fmt: skip
        with pytest.raises(UsageError, match="is no settings"):
            asked()


def test_lists_are_pictures_and_a_mask_of_one_picture_is_that_of_all():
    pictures = [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]
    stack = icenet.SceneStack.from_array(pictures, ["2020-01-01", "2020-02-01"], bands=[4], fill=[[True, False]] * 2)
    assert stack.bands == ("B4",)
    np.testing.assert_array_equal(stack.read(1, "B4"), [[np.nan, 6], [np.nan, 8]])


@pytest.mark.parametrize(
    ("array", "given", "words"),
    [
        ([[[1, 2]], [[1]]], {}, "different sizes"),
        (np.zeros((2, 4, 4), complex), {}, "holds complex128"),
        (np.zeros((2, 0, 4)), {}, "no pixels"),
        (np.zeros((2, 4)), {}, "2 axes"),
        (np.zeros((2, 4, 4)), {"bands": []}, "no band"),
        (np.zeros((2, 2, 4, 4)), {"bands": ["a", "a"]}, "band a twice"),
        (np.zeros((2, 4, 4)), {"fill": np.zeros((3, 3), bool)}, r"fill of array has the shape \(3, 3\)"),
        (np.zeros((2, 4, 4)), {"fill": 0}, "fill of array holds int64"),
        (np.zeros((2, 4, 4)), {"times": "2020-01-01"}, "needs a sequence of dates"),
        (np.zeros((2, 4, 4)), {"times": None}, "needs a sequence of dates"),
    ],
)
def test_pictures_that_cannot_be_are_one_sentence(array, given, words):
    with pytest.raises(StackError, match=words):
        icenet.SceneStack.from_array(array, **{"times": ["2020-01-01", "2020-02-01"]} | given)


def test_xarray_has_its_own_way(stack):
    with pytest.raises(StackError, match=r"use SceneStack\.from_xarray"):
        icenet.SceneStack.from_array(stack.to_xarray(), stack.times)


def test_one_map_and_one_track_do_where_several_are_asked_for(stack, maps, track, tmp_path):
    icenet.write_maps(maps[0], tmp_path / "one.nc")
    (back,) = icenet.read_netcdf(tmp_path / "one.nc")
    np.testing.assert_array_equal(back.drow, maps[0].drow)
    assert len(icenet.quality_report(maps[0]).maps) == 1
    np.testing.assert_array_equal(icenet.invert(maps[0]).interval(0).vx, icenet.invert(maps[:1]).interval(0).vx)
    icenet.write_tracks(track, stack, tmp_path / "one.csv")
    assert len(pd.read_csv(tmp_path / "one.csv")) == len(STEPS)


def test_what_is_no_map_or_track_is_one_sentence(stack, track, maps, tmp_path):
    for wrong in (track, [track], [None], "map.nc", 3):
        for asked in (icenet.quality_report, icenet.invert, lambda w: icenet.along(w, [[10, 10], [90, 90]])):
            with pytest.raises(UsageError, match="is no velocity map"):
                asked(wrong)
    with pytest.raises(UsageError, match="The maps come first"):
        icenet.write_maps(tmp_path / "a.nc", maps)
    with pytest.raises(UsageError, match="no velocity map to write"):
        icenet.write_maps([], tmp_path / "a.nc")
    with pytest.raises(UsageError, match="holds no time series"):
        icenet.write_maps(maps[0], tmp_path / "a.tif", series=icenet.invert(maps))
    with pytest.raises(UsageError, match="is no track"):
        icenet.write_tracks(maps, stack, tmp_path / "a.csv")


@pytest.mark.parametrize(
    "line", [[], [[np.nan, 1], [2, 3]], [10, 10, 90, 90], None, "ab", [[1, 2, 3], [4, 5, 6]], shapely.Point(1, 2)]
)
def test_what_is_no_line_is_one_sentence(maps, line):
    with pytest.raises(UsageError, match=r"\[\[row, col\], \[row, col\], …\]"):
        icenet.along(maps, line)


def test_a_line_of_shapely_has_x_before_y(maps):
    drawn = icenet.along(maps, shapely.LineString([(30, 40), (120, 60)]))
    same = icenet.along(maps, [[40, 30], [60, 120]])
    np.testing.assert_array_equal(drawn.rows, same.rows)
    np.testing.assert_array_equal(drawn.vx, same.vx)


def test_what_an_evaluation_is_not_asked_for(stack):
    evaluation = icenet.evaluate(
        stack, predictors="high-pass", chip=32, frames=4, tracking="chain", resamples=100, threads=1
    )
    assert evaluation.names == ("persistence", "high-pass")
    for target in (0, 3, "t2", None):
        with pytest.raises(UsageError, match=r"no target .*; choose 1"):
            evaluation.plot(target=target)
    with pytest.raises(UsageError, match="Tracking robust was not evaluated; choose chain"):
        evaluation.plot("robust")
    for wrong in ({"threads": -1}, {"threads": 0}, {"processes": 0}, {"threads": "all"}):
        with pytest.raises(UsageError, match="cannot be used; give a whole number of 1 or more"):
            icenet.evaluate(stack, chip=32, frames=4, **wrong)
    with pytest.raises(UsageError, match="predictors is empty"):
        icenet.evaluate(stack, predictors=[], chip=32, frames=4)
    with pytest.raises(UsageError, match="no predictor magic"):
        icenet.evaluate(stack, predictors="magic", chip=32, frames=4)
    with pytest.raises(UsageError, match="A int is no predictor"):
        icenet.evaluate(stack, predictors=[3], chip=32, frames=4)


def test_a_stack_is_no_dataset_to_train_on(stack, tmp_path):
    with pytest.raises(UsageError, match=r"is a stack; build a dataset of it first: icenet\.datasets\.build"):
        icenet.train(stack, tmp_path / "run")
    with pytest.raises(UsageError, match="A int is no dataset"):
        icenet.train([3], tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_tiny_frames_are_told(stack):
    tiny = icenet.SceneStack.from_array(np.random.default_rng(0).normal(0, 1, (3, 4, 4)), stack.times[:3])
    for asked in (lambda: icenet.follow(tiny, at=(2, 2)), lambda: icenet.map_pair(tiny, 0, 1),
                  lambda: icenet.measure_shifts(tiny), lambda: icenet.evaluate(tiny, threads=1)):  # fmt: skip
        with pytest.raises(IceNetError, match=r"4 × 4|fit"):
            asked()
    icenet.describe(tiny)


def test_errors_are_public():
    assert issubclass(icenet.errors.UsageError, icenet.errors.IceNetError)
    with contextlib.suppress(icenet.errors.IceNetError):
        icenet.open_stack("nowhere")


def test_a_tracker_says_what_it_is(stack):
    assert repr(icenet.ClickTracker(stack, TRACK)) == f"<ClickTracker {stack.name} · 0 chips of 32 px · persistence>"
    assert TrackingError is icenet.errors.TrackingError

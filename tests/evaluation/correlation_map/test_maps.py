"""Maps put together from scores by hand: every cell, table and file against those scores."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from affine import Affine
from matplotlib.figure import Figure
from rasterio.crs import CRS

from napari_icenet.datasets.tracking.tracks import Tracks
from napari_icenet.errors import TrackingError, UsageError
from napari_icenet.evaluation.correlation_map.cells import choose_cells
from napari_icenet.evaluation.correlation_map.gather import Gathering
from napari_icenet.evaluation.correlation_map.maps import CellState, CorrelationMaps, MapMetadata, WindowTracks
from napari_icenet.evaluation.correlation_map.settings import DateWindow, MapSettings
from napari_icenet.evaluation.correlation_map.store import read_maps, save_maps
from napari_icenet.evaluation.correlation_map.tasks import Score
from napari_icenet.evaluation.correlation_map.words import STATE_WORDS, dates_words, record
from napari_icenet.evaluation.scoring.scores import Scores
from napari_icenet.predictors.predictor_set import PredictorSet
from napari_icenet.scenes.grid import Grid
from tests.evaluation.scoring.factory import scores

FRAME = Grid(96, 128, Affine(30, 0, 4e5, 0, -30, -1e6), CRS.from_epsg(3031))
SETTINGS = MapSettings(chip=32, stride=32, tracking="chain", resamples=100)
KEYS = ("persistence", "median")
#: Two t0, of five dates.
WINDOWS = (DateWindow(0, 2, 5), DateWindow(1, 3, 5))
DATES = tuple(f"2020-01-0{day}" for day in range(1, 7))
GROUND = MapMetadata("ice", "B1", FRAME, DATES, credits=("thanks",))


def gathering(area=None, windows=WINDOWS, settings=SETTINGS):
    cells = choose_cells(FRAME.shape, settings, area)
    return Gathering(settings, PredictorSet.of_names(*KEYS), GROUND, windows, cells)


def followed(cells, window=WINDOWS[0]):
    """Chips of some cells, which drift by a row a date."""
    cells = np.asarray(cells, np.int64)
    rows, cols = np.divmod(cells, 4)
    tracks = Tracks.starting(16 + 32 * rows, 16 + 32 * cols, window.frames)
    tracks.places_row[:] += np.arange(window.frames)
    return WindowTracks(tracks, cells)


def judged(cells, ncc, entries=(0, 1), tile=0, number=0, **changes):
    """A tile's scores: correlations (n, P, 2) of chips of these cells."""
    made = scores(np.asarray(ncc, float), place=[divmod(c, 4) for c in cells])
    made = replace(made, batch=np.full(len(cells), number), index=np.arange(len(cells)), **changes)
    index, window = np.arange(len(cells)), WINDOWS[number]
    tracks = followed(cells, window).tracks
    return Score(number, window, tile, tracks, index, np.zeros(len(cells), bool), entries), made


@pytest.fixture
def made() -> CorrelationMaps:
    """Both windows done: cells 0, 1 and 5; the second window knows cell 0 alone."""
    g = gathering()
    g.follow(0, followed([0, 1, 5]))
    g.follow(1, followed([0, 7], WINDOWS[1]))
    g.score(*judged([0, 1, 5], [[[0.1, 0.2], [0.5, 0.6]], [[0.3, 0.4], [0.7, 0.8]], [[-0.5, 0.9], [0.2, 0.1]]]))
    lacking = np.zeros((2, 2, 2), bool)
    lacking[1] = True
    g.score(*judged([0, 7], [[[0.3, 0.6], [0.1, 0.2]], [[0, 0], [0, 0]]], number=1, lacking=lacking))
    return g.maps(1.0)


def test_a_cell_is_the_mean_over_its_windows(made):
    persistence, median = (made.values[key] for key in KEYS)
    assert persistence.shape == (2, 3, 4)
    assert persistence[:, 0, 0] == pytest.approx([(0.1 + 0.3) / 2, (0.2 + 0.6) / 2])
    assert median[:, 0, 0] == pytest.approx([(0.5 + 0.1) / 2, (0.6 + 0.2) / 2])
    assert persistence[:, 1, 1] == pytest.approx([-0.5, 0.9])
    assert np.isfinite(persistence).sum() == 2 * 3


def test_states_say_what_is_known_of_each_cell(made):
    state = made.state_of(2, "median")
    assert state[0, 0] == state[0, 1] == state[1, 1] == CellState.SCORED
    assert state[1, 3] == CellState.NO_TEMPLATE
    rest = np.ones((3, 4), bool)
    rest[[0, 0, 1, 1], [0, 1, 1, 3]] = False
    assert (state[rest] == CellState.LOST).all()
    np.testing.assert_array_equal(made.state, np.maximum(made.state_of(2, "median"), made.state_of(2, "persistence")))


def test_cells_wait_until_every_window_has_told_of_them():
    g = gathering()
    assert (g.maps(0).state == CellState.WAITING).all()
    g.follow(0, followed([0, 1]))
    assert (g.maps(0.1).state == CellState.WAITING).all()
    g.score(*judged([0, 1], np.full((2, 2, 2), 0.5)))
    halfway = g.maps(0.5)
    assert (halfway.state[0, :2] == CellState.SCORED).all()
    assert (halfway.state[1:] == CellState.WAITING).all()
    g.follow(1, followed([5], WINDOWS[1]))
    # Not followed in any window: lost; one that is still to be scored waits.
    assert g.maps(0.6).state[2, 3] == CellState.LOST
    assert g.maps(0.6).state[1, 1] == CellState.WAITING
    assert halfway.state[2, 3] == CellState.WAITING, "maps that were handed out do not change"


def test_predictors_may_come_one_after_the_other_and_in_any_order():
    together, apart = gathering(), gathering()
    ncc = np.random.default_rng(0).uniform(-1, 1, (3, 2, 2))
    for g in (together, apart):
        g.follow(0, followed([0, 1, 5]))
    together.score(*judged([0, 1, 5], ncc))
    apart.score(*judged([0, 1, 5], ncc[:, 1:], entries=(1,)))
    waiting = apart.maps(0.3)
    assert len(waiting.scores) == 0
    assert (waiting.best(2) == -1).all(), "persistence is not there yet"
    apart.score(*judged([0, 1, 5], ncc[:, :1], entries=(0,)))
    one, other = together.maps(1), apart.maps(1)
    for key in KEYS:
        np.testing.assert_array_equal(one.values[key], other.values[key])
    for field in fields(Scores):
        np.testing.assert_array_equal(getattr(one.scores, field.name), getattr(other.scores, field.name), field.name)


def test_cells_beside_the_area_were_not_asked_for():
    area = np.zeros(FRAME.shape, bool)
    area[:64, :64] = True
    g = gathering(area)
    g.follow(0, followed([0, 1]))
    state = g.maps(0).state
    assert (state[:2, :2] == CellState.WAITING).all()
    assert (state[2:] == CellState.OUTSIDE).all()
    assert (state[:, 2:] == CellState.OUTSIDE).all()


def test_chips_that_do_not_count_are_lost():
    g = gathering(windows=WINDOWS[:1])
    g.follow(0, followed([0, 1]))
    counted = np.array([[True, False], [False, True]])
    g.score(*judged([0, 1], np.full((2, 2, 2), 0.5), counted=counted))
    maps = g.maps(1)
    assert maps.state_of(1)[0, :2].tolist() == [CellState.SCORED, CellState.LOST]
    assert maps.state_of(2)[0, :2].tolist() == [CellState.LOST, CellState.SCORED]


def test_the_best_is_the_highest_and_of_equals_the_first(made):
    best = made.best(2)
    assert best[0, 0] == 0, "0.4 and 0.4"
    assert best[0, 1] == 1
    assert best[1, 1] == 0
    assert (best[2] == -1).all()


def test_scores_stand_in_the_order_of_windows_and_chips(made):
    assert made.scores.batch.tolist() == [0, 0, 0, 1, 1]
    assert made.scores.index.tolist() == [0, 1, 2, 0, 1]


def test_the_table_is_that_of_the_scores(made):
    row = made.table()["t2"]["persistence"]
    assert row["mean"] == pytest.approx(np.mean([0.2, 0.4, 0.9, 0.6, 0.0]))
    assert (row["n"], row["without_template"]) == (5, 1)
    assert made.table() is made.table()


@pytest.mark.parametrize("target", [1, 2])
def test_the_histogram_counts_each_chip_once(made, target):
    found = made.histogram(target)
    for p, key in enumerate(KEYS):
        values = made.scores.ncc[:, p, target - 1]
        assert found.counts[key].sum() == len(values)
        low = found.counts[key][found.edges[1:] <= 0.3 + 1e-9].sum()
        assert low == (values < 0.3).sum()
        high = found.counts[key][found.edges[:-1] >= 0.7 - 1e-9].sum()
        assert high == (values > 0.7).sum()


@pytest.mark.parametrize(
    ("row", "col", "cell"),
    [
        (15.5, 15.5, (0, 0)),
        (-0.5, -0.5, (0, 0)),
        (-0.6, 3, None),
        (31.4, 31.4, (0, 0)),
        (31.5, 31.4, (1, 0)),
        (95.4, 127.4, (2, 3)),
        (95.6, 100, None),
        (3, 127.6, None),
    ],
)
def test_a_position_lies_in_the_cell_around_its_chips_centre(made, row, col, cell):
    assert made.cell_at(row, col) == cell


def test_cells_lie_on_the_ground_where_cell_at_finds_them(made):
    for r in range(3):
        for c in range(4):
            x, y = made.cells.xy(r, c)
            col, row = ~FRAME.transform @ (x, y)
            assert made.cell_at(row - 0.5, col - 0.5) == (r, c)
    assert made.cells.crs == FRAME.crs


@pytest.mark.parametrize(
    ("cell", "t0", "place"),
    [
        ((0, 0), None, (16 + 2, 16, 3)),
        ((0, 0), 2, (16 + 2, 16, 2)),
        ((0, 1), None, (16 + 2, 48, 2)),
        ((0, 1), 3, None),
        ((1, 3), None, (48 + 2, 112, 3)),
        ((2, 2), None, None),
    ],
)
def test_the_chip_of_a_cell_at_t0(made, cell, t0, place):
    assert made.chip_of(*cell, t0) == place


def test_a_file_gives_back_all_of_it(made, tmp_path):
    path = tmp_path / "maps.npz"
    save_maps(made, path)
    again = read_maps(path)
    assert (again.settings, again.predictor_set, again.windows, again.done) == (
        made.settings, made.predictor_set, made.windows, made.done,
    )  # fmt: skip
    assert again.ground == made.ground
    assert again.cells == made.cells
    for key in KEYS:
        np.testing.assert_array_equal(again.values[key], made.values[key])
        np.testing.assert_array_equal(again.states[key], made.states[key])
    for field in fields(Scores):
        np.testing.assert_array_equal(getattr(again.scores, field.name), getattr(made.scores, field.name))
    assert again.followed.keys() == made.followed.keys()
    assert again.chip_of(0, 0) == made.chip_of(0, 0)
    assert again.table() == made.table()
    assert [file.name for file in tmp_path.iterdir()] == ["maps.npz"]


def test_maps_that_have_only_begun_come_back(tmp_path):
    begun = gathering().maps(0.0)
    save_maps(begun, tmp_path / "maps.npz")
    again = read_maps(tmp_path / "maps.npz")
    assert len(again.scores) == 0
    assert again.followed == {}
    assert (again.state == CellState.WAITING).all()


def test_a_stack_without_a_map_has_none_in_the_file(made, tmp_path):
    plain = replace(made, ground=replace(made.ground, grid=Grid(96, 128), flow_known=True, simulated=True))
    save_maps(plain, tmp_path / "maps.npz")
    assert read_maps(tmp_path / "maps.npz").ground == plain.ground


@pytest.mark.parametrize("content", [None, b"", b"PK", b"\x00" * 200])
def test_what_is_no_file_of_maps_is_told(tmp_path, content):
    path = tmp_path / "maps.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TrackingError, match="maps"):
        read_maps(path)


@pytest.mark.parametrize("change", ["format", "version", "without head", "without rows", "settings", "cut"])
def test_another_file_of_arrays_is_told(made, tmp_path, change):
    path = tmp_path / "maps.npz"
    save_maps(made, path)
    if change == "cut":
        path.write_bytes(path.read_bytes()[:-300])
    else:
        with np.load(path) as held:
            arrays = {name: held[name] for name in held.files}
        head = str(arrays["head"])
        head = head.replace('"version": 1', '"version": 99') if change == "version" else head
        head = head.replace("icenet correlation maps", "other") if change == "format" else head
        head = head.replace('"chip": 32', '"chip": 33') if change == "settings" else head
        arrays["head"] = np.array(head)
        arrays.pop(change.removeprefix("without "), None)
        np.savez(path, **arrays)
    with pytest.raises(TrackingError, match=r"maps\.npz"):
        read_maps(path)


def test_a_file_of_another_kind_is_not_written(made, tmp_path):
    with pytest.raises(UsageError, match=r"\.npz"):
        save_maps(made, tmp_path / "maps.zip")
    assert not list(tmp_path.iterdir())


def test_a_dataset_has_all_maps_with_their_axes(made):
    data = made.to_xarray()
    assert data["ncc"].dims == ("predictor", "target", "y", "x")
    np.testing.assert_array_equal(data["ncc"].sel(predictor="median", target="t2"), made.values["median"][1])
    np.testing.assert_array_equal(data["state"].sel(predictor="median"), made.states["median"])
    x, y = made.cells.xy(np.array([0, 2]), np.array([0, 3]))
    assert (data["x"].values[[0, 3]], data["y"].values[[0, 2]]) == (pytest.approx(x), pytest.approx(y))
    meanings = data["state"].attrs["flag_meanings"].split()
    assert [CellState[word.upper()] for word in meanings] == list(data["state"].attrs["flag_values"])


def test_facts_and_words(made):
    facts = made.facts()
    assert facts["shape"] == "2 predictors × 3 × 4"
    assert facts["valid"] == "25 % scored"
    assert facts["done"] == ""
    assert "50 % done" in repr(replace(made, done=0.5))
    assert dates_words(made) == f"2 t0 from {DATES[2]} to {DATES[3]}"
    assert dates_words(replace(made, windows=WINDOWS[:1])) == f"t0 {DATES[2]}, t1 {DATES[3]}, t2 {DATES[4]}"
    at_the_end = replace(made, windows=(DateWindow(0, 4, 6),))
    assert dates_words(at_the_end) == f"t0 {DATES[4]}, t1 {DATES[5]}"
    assert set(STATE_WORDS) == set(CellState)
    told = record(made)
    assert told["t0"] == [DATES[2], DATES[3]]
    assert MapSettings(**told["settings"]) == SETTINGS
    assert PredictorSet(**told["predictor_set"]) == made.predictor_set


def test_a_plot_shows_the_map_that_is_asked_for(made):
    axes = made.plot("persistence", 1, ax=Figure().add_subplot())
    np.testing.assert_array_equal(np.ma.filled(axes.images[0].get_array(), np.nan), made.values["persistence"][0])
    with pytest.raises(UsageError, match="persistence, median"):
        made.plot("icenet")

"""What is in the files of maps, read back by other means."""

import json

import numpy as np
import pandas as pd
import pytest
import rasterio
from affine import Affine
from matplotlib.image import imread
from rasterio.crs import CRS

from napari_icenet.errors import Cancelled, TrackingError, UsageError
from napari_icenet.evaluation.correlation_map.cells import choose_cells
from napari_icenet.evaluation.correlation_map.export import (
    read_maps,
    save_maps,
    write_csv,
    write_figure,
    write_geotiff,
    write_report,
)
from napari_icenet.evaluation.correlation_map.figure import maps_figure
from napari_icenet.evaluation.correlation_map.gather import Gathering, WindowTracks
from napari_icenet.evaluation.correlation_map.maps import CellState, MapMetadata
from napari_icenet.evaluation.correlation_map.report import evaluation_of
from napari_icenet.evaluation.correlation_map.tasks import Follow, Score, TaskSpec, WorkerContext
from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.stack import SceneStack
from tests.evaluation.correlation_map.mapped import LINE_UP, SETTINGS, noisy_ice

pytestmark = pytest.mark.process

PLAIN = noisy_ice()
GRID = Grid(112, 112, Affine(30, 0, 500_000, 0, -30, 4_000_000), CRS.from_epsg(32718))
STACK = SceneStack(PLAIN.scenes, PLAIN.bands, GRID, name="ice")


def made(simulated=False, area=None):
    """Maps made in this process, step by step."""
    from contextlib import nullcontext

    context = WorkerContext(STACK, nullcontext)
    context.take(TaskSpec(SETTINGS, LINE_UP, 10**8))
    cells, windows = choose_cells(GRID.shape, SETTINGS, area), SETTINGS.windows(STACK)
    ground = MapMetadata(STACK.name, "B1", GRID, STACK.labels, simulated, ("Seen by nobody",))
    gathering = Gathering(SETTINGS, LINE_UP, ground, windows, cells)
    tracks, places = context.follow(Follow(0, windows[0], cells.places, 1), lambda share, text: None)
    index = np.arange(len(tracks))
    gathering.follow(0, WindowTracks(tracks, cells.numbers(*places)))
    searched = np.ones(len(tracks), bool)
    # As where networks have a process of their own: the predictors of a tile come one after the other.
    for entries in ((1, 2), (0,)):
        job = Score(0, windows[0], 0, tracks, index, searched, entries)
        gathering.score(job, context.score(job))
    return gathering.maps(1.0)


@pytest.fixture(scope="module")
def maps():
    return made()


def test_predictors_that_come_apart_are_put_in_order(maps):
    table = maps.table()["t2"]
    assert list(table) == list(LINE_UP.keys)
    for p, key in enumerate(LINE_UP.keys):
        counted = maps.scores.counted[:, 1]
        assert table[key]["mean"] == pytest.approx(np.nanmean(maps.values[key][1]), abs=1e-6)
        assert table[key]["median"] == pytest.approx(np.median(maps.scores.ncc[counted, p, 1]))
        assert maps.histogram(2).counts[key].sum() == counted.sum()
    assert table["persistence"]["error_px"] < 1
    low = maps.histogram(2).counts["high-pass"][:26].sum() / maps.histogram(2).counts["high-pass"].sum()
    assert low == pytest.approx(table["high-pass"]["low"])
    best = maps.best(2)
    values = np.stack([maps.values[key][1] for key in LINE_UP.keys])
    there = best >= 0
    assert (there == (maps.state == CellState.SCORED)).all()
    assert (np.take_along_axis(values, np.maximum(best, 0)[None], 0)[0][there] == values.max(0)[there]).all()


def test_geotiff_has_a_band_for_each_predictor_and_target(maps, tmp_path):
    write_geotiff(maps, STACK, tmp_path / "maps.tif")
    with rasterio.open(tmp_path / "maps.tif") as file:
        assert file.descriptions == tuple(f"{title} t{k}" for title in LINE_UP.titles for k in (1, 2))
        assert np.isnan(file.nodata)
        assert file.crs == GRID.crs
        assert np.array_equal(file.read(4), maps.values["high-pass"][1], equal_nan=True)
        # The chip of the first cell covers the first 32 pixels of 30 m; its centre is 480 m from the corner.
        assert file.xy(0, 0) == (500_480, 3_999_520)
        assert file.res == (480, 480)
        assert file.tags()["simulated"] == "no"
        assert file.tags()["credits"] == "Seen by nobody"
        assert json.loads(file.tags()["record"])["settings"]["stride"] == 16
        assert file.tags()["TIFFTAG_SOFTWARE"].startswith("napari-icenet ")


def test_csv_has_a_row_for_each_cell_predictor_and_target(maps, tmp_path):
    write_csv(maps, tmp_path / "maps.csv")
    table = pd.read_csv(tmp_path / "maps.csv")
    assert len(table) == maps.state.size * 3 * 2
    one = table[(table.predictor == "blurred") & (table.target == "t2")].set_index(["row", "col"])
    r, c = 3, 4
    line = one.loc[(maps.rows[r], maps.cols[c])]
    assert line.ncc == pytest.approx(maps.values["blurred"][1, r, c], abs=1e-4)
    assert (line.state, line.chips) == ("scored", 1)
    assert (line.x, line.y) == (500_000 + 30 * maps.cols[c], 4_000_000 - 30 * maps.rows[r])
    lost = one.loc[(maps.rows[0], maps.cols[0])]
    assert lost.state == "lost"
    assert np.isnan(lost.ncc)
    assert (table.dates == "t0 2020-06-09, t1 2020-06-25, t2 2020-07-11").all()


def test_figure_marks_what_is_simulated_and_whom_to_thank(tmp_path):
    area = np.zeros(GRID.shape, bool)
    area[:, :80] = True
    maps = made(simulated=True, area=area)
    words = [text.get_text() for text in maps_figure(maps).texts]
    assert "SIMULATED" in words
    assert "Seen by nobody" in words
    assert any("lost" in word for word in words)
    write_figure(maps, tmp_path / "maps.png")
    assert imread(tmp_path / "maps.png").shape[2] == 4
    write_geotiff(maps, None, tmp_path / "maps.tif")
    with rasterio.open(tmp_path / "maps.tif") as file:
        assert file.tags()["simulated"] == "yes"
        assert file.tags()["TIFFTAG_IMAGEDESCRIPTION"].startswith("Simulated")


def test_saved_maps_are_the_same_when_read(maps, tmp_path):
    save_maps(maps, tmp_path / "maps.npz")
    read = read_maps(tmp_path / "maps.npz")
    assert (read.settings, read.predictor_set, read.ground, read.windows) == (
        maps.settings, maps.predictor_set, maps.ground, maps.windows,
    )  # fmt: skip
    assert read.table() == maps.table()
    for key in LINE_UP.keys:
        assert np.array_equal(read.values[key], maps.values[key], equal_nan=True)
        assert np.array_equal(read.states[key], maps.states[key])
    assert read.chip_of(4, 4) == maps.chip_of(4, 4)
    assert read.done == 1
    assert [p.name for p in tmp_path.iterdir()] == ["maps.npz"]


@pytest.mark.parametrize("content", [b"", b"no maps", None])
def test_files_that_hold_no_maps_are_refused(tmp_path, content):
    path = tmp_path / "maps.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TrackingError, match=r"maps\.npz"):
        read_maps(path)
    if content is None:
        np.savez(path, head=np.array('{"format": "something else"}'))
        with pytest.raises(TrackingError, match="no correlation maps"):
            read_maps(path)


def test_a_name_that_does_not_fit_is_refused(maps, tmp_path):
    for write in (save_maps, write_csv, write_figure):
        with pytest.raises(UsageError, match=r"maps\.xyz"):
            write(maps, tmp_path / "maps.xyz")
    with pytest.raises(TrackingError, match="no folder"):
        write_csv(maps, tmp_path / "nowhere" / "maps.csv")


def test_report_is_that_of_an_evaluation_from_the_same_scores(maps, tmp_path):
    shares = []
    where = write_report(maps, STACK, tmp_path / "report", progress=lambda share, text: shares.append(share))
    held = json.loads((where / "table.json").read_text())
    assert held["chain"]["t2"] == json.loads(json.dumps(maps.table()["t2"]))
    assert held["provenance"]["map"]["asked"] == maps.state.size
    assert held["provenance"]["t0"] == 10
    names = {path.name for path in where.iterdir()}
    assert names == {"table.json", "table.md", "maps", "correlation_maps.png", "panels_chain.png", "strata.png"}
    assert shares == sorted(shares)
    with pytest.raises(UsageError, match="exists"):
        write_report(maps, STACK, tmp_path / "report")


def test_a_report_that_is_stopped_leaves_nothing(maps, tmp_path):
    def stop(share, text):
        raise Cancelled("no report is wanted any more.")

    with pytest.raises(Cancelled):
        write_report(maps, STACK, tmp_path / "report", progress=stop)
    assert not list(tmp_path.iterdir())


def test_a_report_of_another_stack_is_refused(maps):
    with pytest.raises(UsageError, match="made of ice"):
        evaluation_of(maps, noisy_ice(dates=13))


def test_maps_as_a_dataset_lie_on_the_map_and_tell_each_cell(maps):
    dataset = maps.to_xarray()
    assert dataset["ncc"].dims == ("predictor", "target", "y", "x")
    found = dataset["ncc"].sel(predictor="high-pass", target="t2")
    assert np.array_equal(found.values, maps.values["high-pass"][1], equal_nan=True)
    assert np.array_equal(dataset["state"].sel(predictor="high-pass", target="t1"), maps.states["high-pass"][0])
    x, y = maps.cells.xy(2, 3)
    assert (float(dataset["x"][3]), float(dataset["y"][2])) == (float(x), float(y))
    assert CRS.from_wkt(dataset["spatial_ref"].attrs["crs_wkt"]) == GRID.crs

"""What results say of themselves, their tables and their plots."""

from __future__ import annotations

from datetime import datetime

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import pytest
import torch
from affine import Affine
from rasterio.crs import CRS

import napari_icenet as icenet
from napari_icenet.common.palette import NCC_STOPS
from napari_icenet.errors import UsageError
from napari_icenet.scenes.grid import Grid
from tests.evaluation.correlation_map.mapped import noisy_ice
from tests.tracking.glacier import moving

mpl.use("agg")
GRID = Grid(160, 160, Affine(30, 0, 490_000, 0, -30, -960_000), CRS.from_epsg(3031))
STEPS = np.array([(0, 0), (0.4, 1.3), (0.8, 2.6), (1.7, 3.4)])
PLACED = {"at": (80, 80), "settings": icenet.TrackSettings(chip=48, scale=1.5)}


@pytest.fixture(scope="module")
def stack() -> icenet.SceneStack:
    return moving(STEPS, side=160, grid=GRID)


@pytest.fixture(scope="module")
def track(stack: icenet.SceneStack) -> icenet.Track:
    return icenet.follow(stack, **PLACED)


@pytest.fixture(scope="module")
def maps(stack: icenet.SceneStack) -> list[icenet.VelocityMap]:
    settings = icenet.VelocitySettings(chip=32, max_chip=32, spacing=16)
    return icenet.map_pairs(stack, icenet.make_pairs(stack), settings)


@pytest.fixture(scope="module")
def series(maps: list[icenet.VelocityMap]) -> icenet.VelocitySeries:
    return icenet.invert(maps)


@pytest.fixture(scope="module")
def evaluation() -> icenet.Evaluation:
    ice = noisy_ice()
    grid = Grid(112, 112, GRID.transform, GRID.crs)
    on_map = icenet.SceneStack(ice.scenes, ice.bands, grid, name="ice")
    return icenet.evaluate(
        on_map, predictors=["median"], chip=32, stride=32, frames=6, tracking="chain", resamples=100, threads=1
    )


@pytest.mark.slow
def test_each_says_dates_shape_system_and_what_is_valid(stack, track, maps, series, evaluation) -> None:
    share = f"{100 * maps[0].valid.mean():.0f} % valid"
    assert repr(stack) == "<SceneStack ice · 4 dates, 2020-01-01 to 2020-02-18 · 4 × 1 × 160 × 160 · B1 · EPSG:3031>"
    assert "4 dates, 2020-01-01 to 2020-02-18 · 100 % valid" in repr(track)
    assert repr(maps[0]).startswith(f"<VelocityMap 2020-01-01 to 2020-01-17 · 10 × 10 · EPSG:3031 · {share}")
    assert "4 dates, 2020-01-01 to 2020-02-18 · 3 × 10 × 10 · EPSG:3031" in repr(series)
    assert "× 2 predictors" in repr(evaluation)
    assert "3 maps, 2020-01-01 to 2020-02-18" in repr(icenet.quality_report(maps))
    assert "100 % measured" in repr(icenet.describe(stack))
    for one in (stack, track, maps[0], series, evaluation):
        html = one._repr_html_()
        assert html.startswith(f"<div><strong>{type(one).__name__}</strong><table>")
        assert html.count("<tr>") == html.count("</tr>") >= 4


def test_names_are_escaped_in_notebooks() -> None:
    stack = icenet.SceneStack.from_array(np.zeros((1, 4, 4)), [datetime(2020, 1, 1)], name="<b>")
    assert "&lt;b&gt;" in stack._repr_html_()


def test_a_track_as_points_on_the_map(track) -> None:
    table = track.to_dataframe()
    assert table["date"].tolist() == [np.datetime64(when, "s") for when in track.times]
    assert np.array_equal(table["v"], track.speed, equal_nan=True)
    points = track.to_geodataframe()
    assert isinstance(points, gpd.GeoDataFrame)
    assert points.crs.to_epsg() == 3031
    x, y = GRID.xy(track.rows, track.cols)
    assert np.allclose([(p.x, p.y) for p in points.geometry], np.stack([x, y], axis=1))


def test_a_lost_date_has_no_point(stack) -> None:
    frames = np.stack([stack.read(t, 1) for t in range(4)])
    frames[2] = np.nan
    holed = icenet.SceneStack.from_array(frames, [s.time for s in stack.scenes], grid=GRID)
    points = icenet.follow(holed, **PLACED).to_geodataframe()
    assert points.geometry.isna().tolist() == [False, False, True, False]


def test_without_a_map_there_is_a_table_and_no_points() -> None:
    plain = icenet.follow(moving(STEPS, side=160), **PLACED)
    assert "x" not in plain.to_dataframe()
    with pytest.raises(UsageError, match="to_dataframe"):
        plain.to_geodataframe()


def test_scores_row_by_row(evaluation) -> None:
    scores = evaluation.scores["chain"]
    table = evaluation.to_dataframe()
    assert len(table) == len(scores) * 2 * 2
    for p, name in enumerate(evaluation.names):
        for k, target in enumerate(("t1", "t2")):
            rows = table[(table["predictor"] == name) & (table["target"] == target)]
            assert np.array_equal(rows["ncc"], scores.ncc[:, p, k])
            assert np.array_equal(rows["counted"], scores.counted[:, k])
            assert np.array_equal(rows["miss"], scores.miss[:, p, k], equal_nan=True)
    points = evaluation.to_geodataframe()
    assert points.crs.to_epsg() == 3031
    x, y = GRID.xy(scores.place[0, 0] - 0.5, scores.place[0, 1] - 0.5)
    assert (points.geometry[0].x, points.geometry[0].y) == pytest.approx((float(x), float(y)))
    with pytest.raises(UsageError, match="3 names"):
        scores.to_dataframe(["a", "b", "c"])


def test_a_flowline_as_points(maps) -> None:
    profile = icenet.along(maps, [[80, 20], [80, 130]])
    points = profile.to_geodataframe()
    assert len(points) == profile.v.size
    assert points.crs.to_epsg() == 3031
    assert np.allclose(points.geometry.y, GRID.xy(80, 0)[1])
    axes = profile.plot()
    assert len(axes.lines) == 3
    assert axes.get_ylabel() == "speed (m/yr)"


def test_a_stack_is_drawn_where_it_lies(stack) -> None:
    axes = stack.plot("2020-01-17", "B1")
    image = axes.images[0]
    assert np.array_equal(np.asarray(image.get_array()), stack.read(1, 1))
    assert image.get_extent() == pytest.approx([490, 494.8, -964.8, -960])
    assert axes.get_xlabel() == "x (km)"
    assert axes.get_title(loc="left") == "ice · B1 · 2020-01-17"


def test_a_track_is_drawn_with_its_unit_and_errors(track) -> None:
    axes = track.plot()
    assert axes.get_ylabel() == "speed (m/yr)"
    line = axes.containers[0].lines[0]
    assert np.array_equal(line.get_ydata(), track.speed[1:])
    assert axes.get_ylim()[0] == 0
    assert track.plot("ncc").get_ylabel() == "ncc"
    with pytest.raises(UsageError, match="choose speed"):
        track.plot("colour")


def test_a_map_is_drawn_from_zero_and_leaves_out_what_is_not_believed(maps) -> None:
    one = maps[0]
    image = one.plot().images[0]
    assert image.get_clim()[0] == 0
    assert image.get_cmap().name == "viridis"
    drawn = np.ma.filled(np.ma.masked_invalid(image.get_array()), np.nan)
    assert np.array_equal(np.isnan(drawn), ~one.valid)


def test_a_series_is_drawn_at_a_place_by_pixel_or_map(series) -> None:
    by_pixel = series.plot(row=87.5, col=71.5).containers[0].lines[0].get_ydata()
    x, y = (float(v) for v in GRID.xy(87.5, 71.5))
    by_map = series.plot(x=x, y=y).containers[0].lines[0].get_ydata()
    assert np.array_equal(by_pixel, series.v[:, 5, 4])
    assert np.array_equal(by_map, by_pixel)
    for wrong in ({}, {"row": 1, "col": 1, "x": x, "y": y}, {"row": 900, "col": 900}):
        with pytest.raises(UsageError):
            series.plot(**wrong)


def test_scores_are_drawn_as_shares_of_chips(evaluation) -> None:
    axes = evaluation.plot(target=1)
    scores = evaluation.scores["chain"]
    shares = [patch.get_data().values for patch in axes.patches]
    assert [share.sum() for share in shares] == pytest.approx([1, 1])
    assert axes.get_xlim() == (-1, 1)
    mean = scores.ncc[scores.counted[:, 0], 1, 0].mean()
    assert axes.lines[1].get_xdata()[0] == mean
    assert scores.plot().get_legend().get_texts()[0].get_text().startswith("predictor 1")


def test_axes_that_are_given_are_drawn_on(track) -> None:
    from matplotlib.figure import Figure

    own = Figure().subplots()
    assert track.plot(ax=own) is own


def test_sequences_for_torch(tmp_path) -> None:
    dataset = icenet.datasets.build(noisy_ice(), tmp_path / "ice.zarr", chip=32, stride=32, frames=6, split_by="time")
    assert repr(dataset).startswith("<SequenceDataset ice.zarr · 14 dates")
    held = dataset.as_torch(None)
    assert len(held) == len(dataset)
    assert len(dataset.as_torch("train")) == len(dataset.select(split="train"))
    batch = next(iter(torch.utils.data.DataLoader(held, batch_size=3)))
    whole = dataset.read([0, 1, 2])
    assert np.array_equal(batch["chips"].numpy(), whole.chips, equal_nan=True)
    assert np.array_equal(batch["valid"].numpy(), whole.valid)
    assert np.allclose(batch["levels"].numpy(), np.stack(dataset.levels([0, 1, 2]), axis=-1))


def test_correlations_are_drawn_from_minus_one_to_one_light_in_the_middle() -> None:
    from tests.evaluation.correlation_map.test_export import made

    maps = made()
    axes = maps.plot("high-pass", 1)
    image = axes.images[0]
    assert image.get_clim() == (-1, 1)
    assert np.allclose(image.get_cmap()(0.5)[:3], mpl.colors.to_rgb(NCC_STOPS[2]), atol=0.01)
    assert repr(maps).startswith("<CorrelationMaps ice ·")
    with pytest.raises(UsageError, match="choose persistence"):
        maps.plot("nobody")

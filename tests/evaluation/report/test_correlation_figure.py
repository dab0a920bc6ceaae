"""The figure of correlation maps: panels, their places on the ground, and what explains them."""

from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS

from napari_icenet.evaluation.report.correlation_figure import Layout, Row, draw_maps, map_figure
from napari_icenet.evaluation.scoring.place_means import PlaceMeans
from napari_icenet.scenes.grid import Grid
from tests.evaluation.made import GivenSource, evaluation
from tests.evaluation.scoring.factory import scores

pytestmark = pytest.mark.slow

#: Cells of 64 px of 30 m.
UTM = Grid(4, 6, Affine(1920, 0, 4e5, 0, -1920, -1e6), CRS.from_epsg(3031))
PLAIN = Grid(4, 6)
COUNTS = np.ones((2, 4, 6), np.int32)


def layout(cells=UTM, titles=("One", "Two"), **values):
    return Layout(titles, cells, 32, 64, 64, **values)


def row(label="robust", seed=0, **values):
    shown = np.random.default_rng(seed).uniform(-1, 1, (2, 4, 6)).astype(np.float32)
    shown[:, 0, 0] = np.nan
    return Row(label, list(shown), ["mean 0.1", "mean 0.2"], **values)


def drawn(rows, given=None, source=None):
    figure = draw_maps(rows, given or layout(), source or GivenSource(), ("title", "note"))
    panels = [axes for axes in figure.axes if axes.images and axes.get_label() != "<colorbar>"]
    return figure, panels


def values_of(axes, k=0):
    return np.ma.filled(axes.images[k].get_array().astype(float), np.nan)


def test_each_panel_shows_its_map_on_one_scale():
    rows = [row("chain", 1), row("robust", 2)]
    _, panels = drawn(rows)
    shown = [values for one in rows for values in one.values]
    assert len(panels) == 4
    for axes, values in zip(panels, shown, strict=True):
        np.testing.assert_array_equal(values_of(axes), values)
        assert axes.images[0].get_clim() == (-1, 1)
        assert axes.images[0].get_interpolation() == "nearest"


def test_titles_stand_on_the_first_row_and_notes_on_all():
    _, panels = drawn([row("chain"), row("robust")])
    assert [axes.get_title(loc="left") for axes in panels] == ["One", "Two", "", ""]
    assert [any("mean 0.1" in text.get_text() for text in axes.texts) for axes in panels] == [True, False] * 2
    labels = [(axes.get_xlabel(), axes.get_ylabel()) for axes in panels]
    assert labels == [("", "y, km"), ("", ""), ("x, km", "y, km"), ("x, km", "")]


@pytest.mark.parametrize(
    ("cells", "extent", "labels"),
    [
        (UTM, (400, 400 + 6 * 1.92, -1000 - 4 * 1.92, -1000), ("x, km", "y, km")),
        # The first chip's centre is at row 32, column 64; its cell reaches half a stride around.
        (PLAIN, (32, 32 + 6 * 64, 4 * 64, 0), ("column, px", "row, px")),
        (
            Grid(4, 6, Affine(0.1, 0, 10, 0, -0.1, 60), CRS.from_epsg(4326)),
            (32, 416, 256, 0),
            ("column, px", "row, px"),
        ),
        (
            Grid(4, 6, Affine(1920, 5, 4e5, 5, -1920, -1e6), CRS.from_epsg(3031)),
            (32, 416, 256, 0),
            ("column, px", "row, px"),
        ),
    ],
)
def test_panels_lie_on_the_ground_or_on_pixels(cells, extent, labels):
    _, panels = drawn([row()], layout(cells))
    assert panels[0].images[0].get_extent() == pytest.approx(extent)
    assert (panels[0].get_xlabel(), panels[0].get_ylabel()) == labels


@pytest.mark.parametrize("shape", [(4, 6), (9, 3), (5, 5), (1, 20)])
@pytest.mark.parametrize("rows", [1, 2, 3])
def test_cells_are_square_and_panels_do_not_overlap(shape, rows):
    cells = Grid(*shape)
    given = [Row(str(k), [np.zeros(shape, np.float32)] * 2, ["", ""]) for k in range(rows)]
    figure, panels = drawn(given, layout(cells))
    width, height = figure.get_size_inches()
    boxes = [axes.get_position() for axes in panels]
    for box in boxes:
        assert box.width * width / shape[1] == pytest.approx(box.height * height / shape[0], rel=1e-3)
        assert 0 < box.x0 < box.x1 < 1
        assert 0 < box.y0 < box.y1 < 1
    for one in boxes:
        for other in boxes:
            apart = one.x1 <= other.x0 or other.x1 <= one.x0 or one.y1 <= other.y0 or other.y1 <= one.y0
            assert one is other or apart


def test_cells_without_a_number_are_painted_and_explained():
    lost = np.zeros((4, 6), bool)
    lost[0, 0] = lost[3, 5] = True
    marked = [{"lost": lost}, {}]
    figure, panels = drawn([row(marked=marked)], layout(colours={"lost": "#ff0000", "waiting": "#00ff00"}))
    painted = panels[0].images[1]
    np.testing.assert_array_equal(~np.ma.getmaskarray(painted.get_array()), lost)
    assert painted.cmap(0)[:3] == (1, 0, 0)
    assert len(panels[1].images) == 1
    words = [text.get_text() for text in figure.texts]
    assert {"lost", "waiting"} <= set(words)
    boxes = [axes.get_facecolor()[:3] for axes in figure.axes if axes.get_facecolor()[:3] in ((1, 0, 0), (0, 1, 0))]
    assert boxes == [(1, 0, 0), (0, 1, 0)]


def test_the_scale_is_drawn_with_its_name():
    figure, _ = drawn([row()], layout(label="NCC at t2"))
    bar = figure.axes[-1]
    assert bar.get_ylabel() == "NCC at t2"
    assert [round(tick, 2) for tick in bar.get_yticks()] == [-1, -0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75, 1]


@pytest.mark.parametrize("modes", [("robust",), ("chain", "robust")])
def test_the_maps_of_an_evaluation_have_its_means(modes):
    ncc = np.random.default_rng(0).uniform(0, 1, (5, 2, 2))
    source = GivenSource(bands=("B1", "B4"), simulated=True, credits=("thanks",))
    made = evaluation({mode: scores(ncc) for mode in modes}, source=source)
    values = np.random.default_rng(1).uniform(-1, 1, (2, 2, 4, 6)).astype(np.float32)
    means = {mode: PlaceMeans(values, COUNTS, UTM, 32, 64, 64) for mode in modes}
    figure = map_figure(made, means, "byrd")
    panels = [axes for axes in figure.axes if axes.images and axes.get_label() != "<colorbar>"]
    assert len(panels) == 2 * len(modes)
    for k, axes in enumerate(panels):
        np.testing.assert_array_equal(values_of(axes), values[k % 2, 1])
    expected = [f"mean {ncc[:, p, 1].mean():.3f}" for p in range(2)] * len(modes)
    told = [next(text.get_text() for text in axes.texts if "mean" in text.get_text()) for axes in panels]
    assert told == expected
    words = " ".join(text.get_text() for text in figure.texts)
    assert "byrd" in words
    assert "mean over B1, B4 and 1 window of 5" in words
    assert "SIMULATED" in words


def test_many_bands_are_counted():
    source = GivenSource(bands=tuple(f"B{k}" for k in range(1, 9)))
    made = evaluation(scores(np.zeros((3, 2, 2))), source=source)
    means = {"robust": PlaceMeans(np.zeros((2, 2, 4, 6), np.float32), COUNTS, UTM, 32, 64, 64)}
    assert "mean over 8 bands" in " ".join(text.get_text() for text in map_figure(made, means, "byrd").texts)

"""The figure of strata: bars and dots are the numbers of the table."""

from __future__ import annotations

import numpy as np
import pytest

from napari_icenet.evaluation.report.strata_figure import strata_figure
from tests.evaluation.made import GivenSource, evaluation
from tests.evaluation.scoring.factory import scores

pytestmark = pytest.mark.slow

NAMES = ("persistence", "median")


def chips(n=12, *, low=0.0, cloud=True, seed=0):
    rng = np.random.default_rng(seed)
    made = scores(rng.uniform(low, 1, (n, 2, 2)))
    made.gap[:] = np.resize([5, 15, 30, 60, 200], n)
    if cloud:
        made.cloud[:] = np.resize([0.0, 0.2, 0.9], n)
    return made


def panels(figure):
    """Axes by (row, column) of the grid."""
    found = {}
    for axes in figure.axes:
        place = axes.get_subplotspec()
        found[place.rowspan.start, place.colspan.start] = axes
    return found


@pytest.fixture(scope="module")
def made():
    return evaluation({"chain": chips(seed=1), "robust": chips(low=-0.5)}, NAMES)


@pytest.fixture(scope="module")
def figure(made):
    return strata_figure(made)


def test_a_row_for_each_mode_and_a_panel_for_each_division(made, figure):
    assert set(panels(figure)) == {(r, c) for r in range(2) for c in range(4)}
    titles = [panels(figure)[0, c].get_title(loc="left") for c in range(4)]
    assert titles == [division["title"] for division in made.strata["chain"].values()]
    assert not any(panels(figure)[1, c].get_title(loc="left") for c in range(4))
    assert [panels(figure)[r, 0].get_ylabel().split()[0] for r in range(2)] == ["chain", "robust"]


@pytest.mark.parametrize("row", [0, 1])
@pytest.mark.parametrize("column", range(4))
def test_bars_and_dots_are_the_tables(made, figure, row, column):
    division = list(made.strata[("chain", "robust")[row]].values())[column]
    axes = panels(figure)[row, column]
    expected = [
        part["predictors"][name] for part in division["strata"].values() for name in NAMES
    ]  # fmt: skip
    heights = [bar.get_height() for bar in axes.patches]
    assert heights[::2] == pytest.approx([one["high"] for one in expected])
    assert heights[1::2] == pytest.approx([one["medium"] for one in expected])
    # The pale bar stands on the full one.
    assert [bar.get_y() for bar in axes.patches][1::2] == pytest.approx([one["high"] for one in expected])
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    assert [float(dot.get_ydata()[0]) for dot in dots] == pytest.approx([one["mean"] for one in expected])
    spans = [line for line in axes.lines if line.get_marker() != "o"]
    known = [one["interval"] for one in expected if one["interval"] is not None]
    assert [list(map(float, line.get_ydata())) for line in spans] == [pytest.approx(ends) for ends in known]
    counts = [label.get_text().splitlines()[-1] for label in axes.get_xticklabels()]
    assert counts == [f"n {part['n']}" for part in division["strata"].values()]


def test_the_scale_of_a_row_reaches_below_its_lowest_end(made, figure):
    for row, mode in enumerate(("chain", "robust")):
        parts = [part for division in made.strata[mode].values() for part in division["strata"].values()]
        ends = [
            end
            for part in parts
            for one in part["predictors"].values()
            for end in (one["mean"], *(one["interval"] or ()))
        ]
        low, high = panels(figure)[row, 0].get_ylim()
        assert low == pytest.approx(1.1 * min(0, *ends))
        assert high == 1
    assert panels(figure)[1, 0].get_ylim()[0] < 0


def test_a_bar_of_a_predictor_has_its_colour_and_stands_beside_the_others(figure):
    axes = panels(figure)[0, 3]
    first, _, second, _ = axes.patches[:4]
    assert first.get_facecolor() != second.get_facecolor()
    assert first.get_x() + first.get_width() <= second.get_x()
    handles = figure.legends[0].legend_handles
    assert [handle.get_facecolor()[:3] for handle in handles] == [
        first.get_facecolor()[:3],
        second.get_facecolor()[:3],
    ]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["Persistence", "Aligned median"]


def test_a_division_without_strata_says_why():
    figure = strata_figure(evaluation(chips(cloud=False), NAMES))
    cloud = panels(figure)[0, 0]
    assert not cloud.patches
    assert " ".join(" ".join(text.get_text() for text in cloud.texts).split()) == "the scenes have no cloud mask"
    # Numbers of the scale stand at the first panel that has one.
    shown = [panels(figure)[0, c].yaxis.get_tick_params()["labelleft"] for c in range(1, 4)]
    assert shown == [True, False, False]


@pytest.mark.parametrize("simulated", [True, False])
def test_the_headline_says_of_what(simulated):
    source = GivenSource(name="byrd", simulated=simulated, credits=("Landsat, USGS",))
    words = [text.get_text() for text in strata_figure(evaluation(chips(), NAMES, source=source)).texts]
    assert any("byrd" in word for word in words)
    assert ("SIMULATED" in words) is simulated
    assert "Landsat, USGS" in words

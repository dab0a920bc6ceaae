"""The panels: each shows the array that its column is named after, and the number that belongs to it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from napari_icenet.evaluation.report.panel_cases import choose_cases
from napari_icenet.evaluation.report.panels import panels_figure
from napari_icenet.evaluation.scoring.past import past_of
from napari_icenet.matching.prefilter import prefilter
from napari_icenet.predictors.registry import predictor
from tests.datasets.factory import sequences
from tests.evaluation.chips import SIDE, noise
from tests.evaluation.made import GivenSource, evaluation
from tests.evaluation.scoring.factory import scores

pytestmark = pytest.mark.slow

NAMES = ("persistence", "high-pass", "blurred", "median")
OTHERS = ("blurred", "median")
#: Columns: three of the past, a template each, the high-pass of t0, t1, t2, the high-pass of t2.
COLUMNS = 3 + len(OTHERS) + 4
T0 = 2


@pytest.fixture(scope="module")
def shown():
    return sequences(noise(7, 5, SIDE, SIDE), days=[0, 16, 32, 41, 70])


@pytest.fixture(scope="module")
def judged():
    rng = np.random.default_rng(3)
    return scores(rng.uniform(-0.2, 1, (7, len(NAMES), 2)))


@pytest.fixture(scope="module")
def made(shown, judged):
    return evaluation(judged, NAMES, source=GivenSource(shown))


@pytest.fixture(scope="module")
def figure(made):
    return panels_figure(made, "robust")


def grid(figure, columns=COLUMNS):
    """Axes row by row."""
    assert len(figure.axes) % columns == 0
    return [figure.axes[k : k + columns] for k in range(0, len(figure.axes), columns)]


def picture(axes):
    (image,) = axes.images
    return np.ma.filled(image.get_array(), np.nan)


def test_a_row_for_each_chosen_chip_read_again(figure, judged, made):
    cases = choose_cases(judged)
    assert [kind for kind, _ in cases] == ["worst", "worst", "median", "median", "best", "best"]
    assert len(grid(figure)) == len(cases)
    assert [index for _, index in made.source.read[: len(cases)]] == [i for _, i in cases]


@pytest.mark.parametrize("row", range(6))
def test_every_panel_shows_the_array_it_names(figure, judged, shown, row):
    _, i = choose_cases(judged)[row]
    sharp, chips = prefilter("high-pass"), shown.chips[i]
    past = past_of(shown, i, T0, 2)
    expected = [
        chips[0], chips[1], chips[2], *(predictor(name)(past).template for name in OTHERS),
        sharp(chips[2]), chips[3], chips[4], sharp(chips[4]),
    ]  # fmt: skip
    for axes, image in zip(grid(figure)[row], expected, strict=True):
        np.testing.assert_allclose(picture(axes), image, rtol=1e-6)
        low, high = np.percentile(image[np.isfinite(image)], (2, 98))
        assert axes.images[0].get_clim() == pytest.approx((low, high))


@pytest.mark.parametrize("row", range(6))
def test_numbers_below_the_panels(figure, judged, row):
    _, i = choose_cases(judged)[row]
    said = [axes.get_xlabel() for axes in grid(figure)[row]]
    ncc = dict(zip(NAMES, judged.ncc[i, :, 1], strict=True))
    numbers = [f"{ncc[name]:.2f}".replace("-", "−") for name in ("persistence", *OTHERS, "high-pass")]
    assert said == ["−32 d", "−16 d", *numbers, "+9 d", "+38 d", ""]
    bold = [axes.xaxis.label.get_fontweight() == "bold" for axes in grid(figure)[row][2:6]]
    order = ("persistence", *OTHERS, "high-pass")
    assert bold == [name == max(order, key=ncc.get) for name in order]


def test_titles_stand_over_the_first_row_alone(figure):
    first, *others = grid(figure)
    assert [axes.get_title() for axes in first] == [
        "t−2", "t−1", "t0\nPersistence", "Blurred", "Aligned median", "High-pass\nof t0", "t1", "t2",
        "High-pass\nof t2",
    ]  # fmt: skip
    assert not any(axes.get_title() for row in others for axes in row)


def test_panels_of_a_row_do_not_overlap_and_groups_stand_apart(figure):
    boxes = [axes.get_position() for axes in grid(figure)[0]]
    gaps = [after.x0 - before.x1 for before, after in pairwise(boxes)]
    assert min(gaps) > 0
    wide = [k for k, gap in enumerate(gaps) if gap > 1.5 * min(gaps)]
    assert wide == [2, 2 + len(OTHERS) + 1]
    assert boxes[-1].x1 < 1


def test_words_beside_a_row_name_its_place_and_date(figure, judged):
    words = [text.get_text() for text in figure.texts]
    for _, i in choose_cases(judged):
        row, col = judged.place[i]
        assert f"B1, row {row},\ncolumn {col}\nt0 2020-02-02" in words


def test_a_predictor_without_a_template_says_so(judged):
    blank = noise(7, 5, SIDE, SIDE)
    blank[:, :3] = np.nan
    figure = panels_figure(evaluation(judged, NAMES, source=GivenSource(sequences(blank))), "robust")
    said = [[text.get_text() for text in axes.texts] for axes in grid(figure)[0]]
    none = ["no template"]
    assert said == [["missing"]] * 3 + [none, none, ["missing"], [], [], []]


def test_frames_before_the_first_are_no_panels_of_their_own(judged):
    short = sequences(noise(7, 3, SIDE, SIDE), days=[0, 16, 32])
    made = evaluation(judged, NAMES, source=GivenSource(short), frames=3)
    first = grid(panels_figure(made, "robust"))[0]
    assert [[text.get_text() for text in axes.texts] for axes in first[:2]] == [["no template"]] * 2
    assert [axes.get_xlabel() for axes in first[:2]] == ["", ""]
    np.testing.assert_array_equal(picture(first[2]), short.chips[choose_cases(judged)[0][1], 0])


def test_a_chip_that_does_not_count_has_no_numbers(shown):
    judged = scores(np.full((7, len(NAMES), 2), 0.5))
    made = evaluation(judged, NAMES, source=GivenSource(shown))
    judged.counted[:, 1] = [True, True, False, False, False, False, False]
    rows_shown = grid(panels_figure(made, "robust"))
    assert len(rows_shown) == len(choose_cases(judged)) == 2
    assert rows_shown[0][2].get_xlabel() == "0.50"


def test_a_chip_of_one_value_is_drawn(judged):
    flat = noise(7, 5, SIDE, SIDE)
    flat[:, 3] = 7
    made = evaluation(judged, NAMES, source=GivenSource(sequences(flat)))
    axes = grid(panels_figure(made, "robust"))[0][6]
    assert (picture(axes) == 7).all()
    low, high = axes.images[0].get_clim()
    assert low == 7 < high

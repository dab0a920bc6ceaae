"""The tables in words: every cell against the number it stands for."""

from __future__ import annotations

import numpy as np
import pytest

from napari_icenet.evaluation.data_leakage import TrainedHere
from napari_icenet.evaluation.report.markdown import (
    bands_words,
    markdown,
    number,
    summary,
    title_of,
    windows_words,
)
from napari_icenet.evaluation.scoring.table import LEAST_BLOCKS, NO_DIFFERENCE, PAPER, TOO_FEW
from napari_icenet.scenes.grid import Grid
from napari_icenet.scenes.raster.pixel_size import with_pixel_size
from tests.evaluation.made import GivenSource, evaluation
from tests.evaluation.scoring.factory import scores
from tests.program import rows

MEDIAN = "Aligned median"
#: Three chips in blocks of their own: persistence and median at t1, t2.
NCC = [[[0.1, 0.2], [0.9, 0.8]], [[0.5, -0.4], [0.5, 0.4]], [[0.3, 0.9], [0.8, 0.71]]]


def section(text: str, heading: str) -> str:
    """What stands below a heading, up to the next one."""
    return text.partition(f"{heading}\n")[2].partition("\n#")[0]


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (None, 3, "–"),
        (0.0, 3, "0.000"),
        (-0.0004, 3, "0.000"),
        (-0.0005001, 3, "−0.001"),
        (-1.5, 2, "−1.50"),
        (12.3456, 0, "12"),
        (0.9996, 3, "1.000"),
        (-0.49, 0, "0"),
    ],
)
def test_numbers_have_no_sign_before_zero(value, digits, text):
    assert number(value, digits) == text


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("persistence", "Persistence"),
        ("high-pass", "High-pass"),
        ("icenet@my-run", "IceNet · my-run"),
        ("mine", "mine"),
        ("mine@run", "mine · run"),
    ],
)
def test_titles(name, title):
    assert title_of(name) == title


@pytest.mark.parametrize(
    ("bands", "starts", "words", "windows"),
    [
        (("B1",), 1, "Band B1", "1 window of 5 consecutive dates"),
        (("B1", "B4"), 3, "Bands B1, B4", "3 windows of 5 consecutive dates"),
    ],
)
def test_bands_and_windows_are_counted(bands, starts, words, windows):
    source = GivenSource(bands=bands, starts=tuple(np.datetime64("2020-01-01") + k for k in range(starts)))
    made = evaluation(scores(NCC), source=source)
    assert bands_words(made) == words
    assert windows_words(made) == windows


def test_rows_of_a_target_are_those_of_the_table():
    made = evaluation(scores(NCC))
    text = markdown(made)
    for target in ("t1", "t2"):
        found = rows(section(text, f"### {target}"))
        for name, row in made.tables["robust"][target].items():
            mean, interval, low, medium, high, difference, _, lacking, ratio, error, seen, close = found[title_of(name)]
            assert mean == number(row["mean"])
            assert interval == f"{number(row['interval'][0])} … {number(row['interval'][1])}"
            assert (low, medium, high) == tuple(number(row[k]) for k in ("low", "medium", "high"))
            assert difference == number(row.get("difference"))
            assert lacking == "0"
            assert (ratio, error, seen, close) == ("–",) * 4


def test_means_are_those_of_the_correlations():
    text = markdown(evaluation(scores(NCC)))
    found = rows(section(text, "### t2"))
    values = np.array(NCC)[:, :, 1]
    assert float(found["Persistence"][0]) == pytest.approx(values[:, 0].mean(), abs=5e-4)
    assert float(found[MEDIAN][0]) == pytest.approx(values[:, 1].mean(), abs=5e-4)
    assert float(found[MEDIAN][5]) == pytest.approx((values[:, 1] - values[:, 0]).mean(), abs=5e-4)
    assert found["Persistence"][5] == "–"
    assert [float(cell) for cell in found["Persistence"][2:5]] == pytest.approx([2 / 3, 0, 1 / 3], abs=5e-4)


def test_tracking_stands_beside_correlation():
    made = scores(NCC)
    made.tracked[:, 1] = True
    made.miss[:, 0, 1] = [0.25, 1.5, np.nan]
    made.peak_ratio[:, 0, 1] = [1.5, 2.5, np.nan]
    found = rows(section(markdown(evaluation(made)), "### t2"))
    assert found["Persistence"][-4:] == ["2.00", "0.88", "0.67", "0.33"]


def test_chips_that_are_left_out_are_counted():
    made = scores(NCC)
    made.counted[0, 1] = False
    made.lacking[1, 1, 1] = True
    text = section(markdown(evaluation(made)), "### t2")
    assert "2 chips in 2 blocks; 1 left out; tracking tried on 0." in text
    assert rows(text)[MEDIAN][7] == "1"


def test_the_papers_table_has_the_papers_numbers():
    found = rows(section(markdown(evaluation(scores(NCC))), "## The paper's Table 1 (Byrd Glacier, 2015–2017)"))
    for name, row in PAPER.items():
        assert [float(cell) for cell in found[name]] == [row["mean"], row["low"], row["medium"], row["high"]]


def test_the_early_template_is_told_with_its_count():
    made = scores(NCC)
    made.early[:, 1] = [0.2, 0.4, 0.75]
    found = rows(section(markdown(evaluation(made)), "### The template for t1 with the chip at t2"))
    assert found[MEDIAN] == ["0.450", "0.333", "0.333", "0.333", "3"]


def test_modes_stand_one_after_the_other_each_with_its_words():
    text = markdown(evaluation({"chain": scores(NCC), "robust": scores(NCC)}))
    assert text.index("## Tracking: chain") < text.index("## Tracking: robust")
    assert "Chain: each chip is the best match of the last one" in text
    assert "Robust: frames that fail do not move the track" in text
    # t2, which the paper reports, stands first.
    assert text.index("### t2") < text.index("### t1")


@pytest.mark.parametrize("simulated", [True, False])
def test_simulated_scenes_are_named_so(simulated):
    text = markdown(evaluation(scores(NCC), source=GivenSource(simulated=simulated)))
    assert ("**Simulated scenes**" in text) is simulated


def test_a_pixel_size_that_was_given_is_told():
    grids = {"ice": with_pixel_size(Grid(24, 32), 12.5, "ice"), "map": Grid(24, 32)}
    made = evaluation(scores(NCC), source=GivenSource(grids=grids))
    assert "\nice lies on no map: pixel size of 12.5 m as given.\n" in markdown(made)
    assert summary(made).endswith("closure\nice: pixel size of 12.5 m as given")
    assert made.provenance()["georeference"] == {"ice": "pixel size of 12.5 m as given"}
    assert "georeference" not in evaluation(scores(NCC)).provenance()


def test_whom_to_thank_and_what_flatters_stand_at_the_top():
    flatters = TrainedHere("median", ("ice",), flatters=True, sentence="It knows this ice.")
    plain = TrainedHere("median", ("ice",), flatters=False, sentence="It knows the rest.")
    source = GivenSource(credits=("Landsat, USGS", "Sentinel, ESA"))
    head = markdown(evaluation(scores(NCC), source=source, trained_here=(flatters, plain))).partition("## ")[0]
    assert "Landsat, USGS. Sentinel, ESA." in head
    assert "**It knows this ice.**" in head
    assert "\nIt knows the rest.\n" in head


@pytest.mark.parametrize(
    ("frames", "shown", "ordinal"), [(3, 1, "first"), (4, 2, "second"), (5, 3, "third"), (12, 8, "10"), (13, 8, "11th")]
)
def test_what_predictors_see_is_told(frames, shown, ordinal):
    text = markdown(evaluation(scores(NCC), frames=frames))
    word = "tenth" if ordinal == "10" else ordinal
    assert f"Predictors see the last {shown} frames up to t0, the {word} of {frames}" in text


@pytest.mark.parametrize("known", [True, False])
def test_the_error_is_named_by_what_it_is_held_against(known):
    made = evaluation(scores(NCC), source=GivenSource(flow_known=known))
    assert ("the known flow takes the ice" in markdown(made)) is known
    assert ("closure, template → t1 → t2" in markdown(made)) is not known
    assert summary(made).endswith("known flow" if known else "closure")


@pytest.mark.parametrize(("split", "chosen"), [(None, False), ("train", False), ("validation", True), ("test", True)])
def test_sigma_of_the_blurred_is_told_and_where_it_comes_from(split, chosen):
    text = markdown(evaluation(scores(NCC), ("persistence", "blurred"), split=split))
    assert "Blurred has σ = 2 px" in text
    assert ("chosen on the training split" in text) is chosen
    assert "Blurred has" not in markdown(evaluation(scores(NCC), split=split))


LEARNED = ("persistence", "median", "icenet")


def lined_up(gain: float, blocks: int):
    """Scores of two baselines and a network that correlates ``gain`` better than the median on every chip."""
    median = np.linspace(0.2, 0.5, blocks)
    columns = np.stack([median - 0.2, median, median + gain], axis=1)
    return scores(np.repeat(columns[..., None], 2, 2))


@pytest.mark.parametrize(
    ("gain", "blocks", "verdict"),
    [(0.1, LEAST_BLOCKS, None), (-0.1, LEAST_BLOCKS, None), (0.0, LEAST_BLOCKS, NO_DIFFERENCE), (0.1, 3, TOO_FEW)],
)
def test_networks_are_held_against_the_best_baseline(gain, blocks, verdict):
    made = evaluation(lined_up(gain, blocks), LEARNED, learned={"icenet"})
    text = section(markdown(made), "### t2")
    best = made.tables["robust"]["t2"]["icenet"]["best_baseline"]
    line = next(line for line in text.splitlines() if line.startswith("Less the best baseline"))
    assert f"{MEDIAN} (the highest mean over the same chips, {number(best['mean'])})" in line
    assert f"IceNet {number(gain)} ({number(gain)} … {number(gain)}; higher in" in line
    assert f"higher in {blocks if gain > 0 else 0} of {blocks} blocks" in line
    for word in (NO_DIFFERENCE, TOO_FEW):
        assert (word in line) is (word == verdict)
    assert (f"Fewer than {LEAST_BLOCKS} blocks carry no claim" in line) is (blocks < LEAST_BLOCKS)
    assert "Networks compute in float32." in markdown(made)


def test_without_a_network_nothing_is_held_against_a_baseline():
    assert "best baseline" not in markdown(evaluation(scores(NCC)))


def test_strata_tell_means_and_who_is_best():
    made = scores(NCC)
    made.gap[:] = [5, 5, 50]
    text = section(markdown(evaluation(made)), "### Where each wins and fails (t2)")
    found = rows(text.partition("By days from t0 to t2")[2].partition("\nBy ")[0])
    assert found["≤ 10"] == ["2", "−0.100 (0.00)", "0.600 (1.00)"]
    assert found["40–100"] == ["1", "0.900 (1.00)", "0.710 (0.00)"]
    assert "By cloud at t0 or t2: the scenes have no cloud mask." in text


def test_the_summary_is_the_table_in_columns():
    made = evaluation({"chain": scores(NCC), "robust": scores(NCC[:2])})
    lines = summary(made).splitlines()
    assert [line for line in lines if " chips in " in line] == [
        "chain, t1: 3 chips in 3 blocks",
        "chain, t2: 3 chips in 3 blocks",
        "robust, t1: 2 chips in 2 blocks",
        "robust, t2: 2 chips in 2 blocks",
    ]
    row = next(line for line in lines[lines.index("chain, t2: 3 chips in 3 blocks") :] if line.startswith(MEDIAN))
    assert row.removeprefix(MEDIAN).split()[:4] == ["0.637", "0.000", "0.333", "0.667"]
    # Columns stand below their headings.
    assert len({len(line) for line in lines if line.startswith((MEDIAN, "Persistence"))}) == 1


def test_a_predictor_that_no_chip_counts_for_has_dashes():
    made = scores(NCC)
    made.counted[:] = False
    text = markdown(evaluation(made))
    assert rows(section(text, "### t2"))[MEDIAN][:5] == ["–"] * 5
    assert "0 chips in 0 blocks; 3 left out" in text

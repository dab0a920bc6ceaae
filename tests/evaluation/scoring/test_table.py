"""The table from scores, against counts and means by hand."""

import numpy as np
import pytest

from napari_icenet.evaluation.scoring.scores import Scores
from napari_icenet.evaluation.scoring.strata import divisions, strata_table
from napari_icenet.evaluation.scoring.table import (
    NO_DIFFERENCE,
    PAPER,
    TOO_FEW,
    early_table,
    mode_table,
    shares,
    target_table,
    tracking_row,
)
from tests.evaluation.scoring.factory import scores

NAMES = ("persistence", "median")
DRAWN = {"resamples": 200, "seed": 0}


def test_shares_count_their_limits_as_medium():
    made = shares(np.array([-0.2, 0.2999, 0.3, 0.7, 0.7001]))
    assert made == {"low": 2 / 5, "medium": 2 / 5, "high": 1 / 5}
    assert shares(np.array([])) == {"low": None, "medium": None, "high": None}


def test_rows_are_means_and_shares_of_the_chips_that_count():
    made = scores([[[0.1, 0.2], [0.9, 0.8]], [[0.5, 0.0], [0.5, 0.4]], [[0.3, 0.9], [0.8, 0.71]]])
    made.counted[0, 1] = False
    made.lacking[1, 0, 1] = True
    table = mode_table(made, NAMES, **DRAWN)
    assert list(table) == ["t1", "t2"]
    row = table["t2"]["persistence"]
    assert row["mean"] == pytest.approx((0.0 + 0.9) / 2)
    assert (row["low"], row["medium"], row["high"]) == (0.5, 0, 0.5)
    assert (row["n"], row["left_out"], row["without_template"]) == (2, 1, 1)
    assert "difference" not in row
    other = table["t2"]["median"]
    assert other["mean"] == pytest.approx((0.4 + 0.71) / 2)
    assert other["difference"] == pytest.approx(((0.4 - 0.0) + (0.71 - 0.9)) / 2)
    assert other["n"] == row["n"]
    assert table["t1"]["persistence"]["mean"] == pytest.approx((0.1 + 0.5 + 0.3) / 3)
    assert table["t1"]["persistence"]["n"] == 3


@pytest.mark.parametrize(("target", "mean"), [(1, 0.2), (2, 0.6)])
def test_targets_are_counted_from_1(target, mean):
    made = scores([[[0.1, 0.5], [0.9, 0.8]], [[0.3, 0.7], [0.5, 0.4]]])
    assert target_table(made, NAMES, target, **DRAWN)["persistence"]["mean"] == pytest.approx(mean)


def test_tracking_is_told_of_the_target_that_is_meant():
    made = scores(np.zeros((3, 2, 2)))
    made.tracked[:, 0], made.tracked[:2, 1] = False, True
    made.miss[:2, 1, 1] = 0.5, 1.5
    assert tracking_row(made, 1, 1)["tracked"] == 0
    row = tracking_row(made, 1, 2)
    assert (row["tracked"], row["error_px"], row["close"]) == (2, 1.0, 0.5)


def test_blocks_are_of_ground_not_of_bands_or_dates():
    made = scores(np.zeros((6, 2, 2)), place=[[0, 0], [0, 0], [5, 5], [70, 0], [70, 0], [0, 70]])
    assert mode_table(made, NAMES, **DRAWN)["t1"]["median"]["blocks"] == 3


def test_the_interval_of_a_difference_is_paired():
    base = np.random.default_rng(0).uniform(0, 0.5, (12, 1, 1))
    both = np.concatenate([base, base + 0.25], axis=1).repeat(2, axis=2)
    made = scores(both, place=[[64 * i, 0] for i in range(12)])
    row = mode_table(made, NAMES, **DRAWN)["t2"]["median"]
    assert row["difference_interval"] == pytest.approx([0.25, 0.25])
    assert row["interval"][1] - row["interval"][0] > 0.05


LINED_UP = ("persistence", "median", "svg-lp", "icenet")


def lined_up(gains, *, blocks=12, seed=0):
    """Scores of two baselines and two networks: ``gains`` of each over the median, plus noise of its own."""
    rng = np.random.default_rng(seed)
    median = rng.uniform(0, 0.5, (blocks, 1))
    columns = [median - 0.2, median, *(median + gain + 0.02 * rng.normal(size=(blocks, 1)) for gain in gains)]
    return scores(np.repeat(np.hstack(columns)[..., None], 2, 2), place=[[64 * i, 0] for i in range(blocks)])


def test_learned_ones_are_held_against_the_best_baseline():
    made = lined_up([0.0, 0.1])
    rows = mode_table(made, LINED_UP, learned={"svg-lp", "icenet"}, **DRAWN)["t2"]
    assert "best_baseline" not in rows["median"]
    best = rows["icenet"]["best_baseline"]
    assert best["name"] == "median"
    assert best["mean"] == rows["median"]["mean"]
    paired = made.ncc[:, 3, 1] - made.ncc[:, 1, 1]
    assert best["difference"] == pytest.approx(paired.mean())
    draws = np.random.default_rng(0).integers(12, size=(200, 12))
    assert best["interval"] == pytest.approx(np.percentile(paired[draws].mean(1), [2.5, 97.5]))
    assert (best["higher"], best["blocks"], best["verdict"]) == (12, 12, "better")
    other = rows["svg-lp"]["best_baseline"]
    assert other["interval"][0] < 0 < other["interval"][1]
    assert other["verdict"] == NO_DIFFERENCE
    worse = mode_table(lined_up([-0.1, 0]), LINED_UP, learned={"svg-lp", "icenet"}, **DRAWN)["t2"]["svg-lp"]
    assert worse["best_baseline"]["verdict"] == "worse"


def test_few_blocks_carry_no_claim():
    for blocks, verdict in ((5, TOO_FEW), (6, "better")):
        made = lined_up([0.0, 0.1], blocks=blocks)
        best = mode_table(made, LINED_UP, learned={"svg-lp", "icenet"}, **DRAWN)["t2"]["icenet"]["best_baseline"]
        assert best["interval"][0] > 0
        assert (best["higher"], best["verdict"]) == (blocks, verdict)


def test_the_best_baseline_is_that_of_the_target():
    made = lined_up([0.1, 0.1])
    made.ncc[:, 0, 0] += 0.3
    table = mode_table(made, LINED_UP, learned={"svg-lp", "icenet"}, **DRAWN)
    assert table["t1"]["icenet"]["best_baseline"]["name"] == "persistence"
    assert table["t2"]["icenet"]["best_baseline"]["name"] == "median"


def test_nothing_is_claimed_from_a_single_block_or_without_a_baseline():
    made = lined_up([0.1, 0.1], blocks=1)
    row = mode_table(made, LINED_UP, learned={"icenet", "svg-lp"}, **DRAWN)["t2"]["icenet"]["best_baseline"]
    assert (row["interval"], row["verdict"]) == (None, NO_DIFFERENCE)
    alone = mode_table(made, LINED_UP, learned=LINED_UP, **DRAWN)["t2"]["icenet"]
    assert alone["best_baseline"] is None


def test_the_early_template_is_judged_on_the_chips_of_t2():
    made = scores(np.zeros((3, 2, 2)))
    made.early[:, 0] = [0.1, 0.4, 0.9]
    made.counted[2, 1] = False
    row = early_table(made, NAMES)["persistence"]
    assert row["mean"] == pytest.approx(0.25)
    assert row["n"] == 2


def test_tracking_counts_what_it_did_not_find():
    made = scores(np.zeros((5, 2, 2)))
    made.tracked[:4, 1] = True
    made.miss[:4, 0, 1] = [0.2, 0.4, 3.0, np.nan]
    made.peak_ratio[:4, 0, 1] = [1.5, 2.5, 1.1, np.nan]
    row = mode_table(made, NAMES, **DRAWN)["t2"]["persistence"]
    assert row["error_px"] == pytest.approx(0.4)
    assert (row["tracked"], row["found"], row["close"]) == (4, 0.75, 0.5)
    assert row["peak_ratio"] == 1.5
    assert mode_table(made, NAMES, **DRAWN)["t1"]["persistence"]["error_px"] is None


def test_the_papers_shares_are_whole():
    for row in PAPER.values():
        assert row["low"] + row["medium"] + row["high"] == pytest.approx(1, abs=0.002)


def test_every_chip_is_in_one_stratum_of_each_division():
    rng = np.random.default_rng(0)
    made = scores(rng.uniform(-0.2, 1, (60, 2, 2)), band=np.repeat(["B1", "B2"], 30))
    made.cloud[:] = rng.choice([0, 0.05, 0.2, 0.5, 0.9, np.nan], 60)
    made.gap[:] = rng.choice([5, 10, 10.5, 20, 33, 100, 200], 60)
    made.texture[:] = rng.uniform(size=60)
    made.texture[30:] *= 100  # another band, another contrast
    for division in divisions(made):
        assert np.sum(list(division.strata.values()), axis=0).tolist() == [1] * 60
    texture = divisions(made)[-1]
    assert [part[:30].sum() for part in texture.strata.values()] == [10, 10, 10]
    gap = {title: made.gap[part] for title, part in divisions(made)[2].strata.items()}
    assert set(gap["≤ 10"]) == {5, 10}
    assert set(gap["> 100"]) == {200}


def test_strata_say_who_wins():
    made = scores([[[0, 0.5], [0, 0.4]], [[0, 0.2], [0, 0.8]], [[0, 0.6], [0, 0.6]]])
    made.gap[:] = [5, 5, 50]
    parts = strata_table(made, NAMES, **DRAWN)["gap"]["strata"]
    first = parts["≤ 10"]
    assert first["n"] == 2
    assert first["predictors"]["persistence"]["best"] == 0.5
    assert first["predictors"]["median"]["mean"] == pytest.approx(0.6)
    # Nobody is best where two are alike.
    assert parts["40–100"]["predictors"]["median"]["best"] == 0


def test_scenes_without_masks_are_not_called_clear():
    cloud = strata_table(scores(np.zeros((3, 2, 2))), NAMES, **DRAWN)["cloud"]
    assert cloud["strata"] == {}
    assert "no cloud mask" in cloud["note"]


def test_scores_concatenate_in_order():
    both = Scores.concatenated([scores([[[0.1, 0.2]]]), scores([[[0.3, 0.4]]])])
    assert both.ncc[:, 0, 1].tolist() == [0.2, 0.4]


@pytest.mark.parametrize("order", [("persistence", "median"), ("median", "persistence")])
def test_a_baseline_that_is_nan_is_never_the_best(order):
    ncc = np.zeros((8, 3, 2))
    ncc[:, order.index("persistence")], ncc[:, order.index("median")], ncc[:, 2] = np.nan, 0.2, 0.6
    best = mode_table(scores(ncc), (*order, "icenet"), learned={"icenet"}, **DRAWN)["t2"]["icenet"]["best_baseline"]
    assert best["name"] == "median"
    assert best["difference"] == pytest.approx(0.4)
    ncc[:, :2] = np.nan
    rows = mode_table(scores(ncc), (*order, "icenet"), learned={"icenet"}, **DRAWN)["t2"]
    assert rows["icenet"]["best_baseline"] is None


def test_nan_is_not_the_best_of_a_stratum():
    ncc = np.zeros((4, 2, 2))
    ncc[:, 0, 1], ncc[:, 1, 1] = (np.nan, 0.5, np.nan, 0.1), (0.3, 0.2, np.nan, 0.1)
    table = strata_table(scores(ncc), NAMES, **DRAWN)
    parts = [part for division in table.values() for part in division["strata"].values() if part["n"] == 4]
    assert parts
    for part in parts:
        assert {name: row["best"] for name, row in part["predictors"].items()} == {"persistence": 0.25, "median": 0.25}

"""Scores as a table, as points on the ground and as a picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from affine import Affine
from matplotlib.figure import Figure
from rasterio.crs import CRS

from napari_icenet.errors import UsageError
from napari_icenet.evaluation.scoring.scores import Scores
from napari_icenet.scenes.grid import Grid
from tests.evaluation.scoring.factory import scores

NAMES = ("persistence", "median")
UTM = Grid(500, 500, Affine(30, 0, 4e5, 0, -30, -1e6), CRS.from_epsg(3031))


@pytest.fixture
def made():
    rng = np.random.default_rng(0)
    found = scores(rng.uniform(-1, 1, (4, 2, 2)), place=[[64, 32], [64, 96], [128, 32], [200, 200]])
    found.counted[1, 1] = False
    found.lacking[2, 1, 0] = True
    found.miss[0, 1, 1] = 0.5
    found.peak_ratio[0, 1, 1] = 2.5
    return replace(found, band=np.array(["B1", "B1", "B4", "B4"]), cloud=np.array([0.1, np.nan, 0.2, 0.3]))


def test_a_row_for_each_chip_predictor_and_target(made):
    table = made.to_dataframe(NAMES)
    assert len(table) == 4 * 2 * 2
    for i in range(4):
        for p, name in enumerate(NAMES):
            for k, target in enumerate(("t1", "t2")):
                chosen = (table["row"] == made.place[i, 0]) & (table["col"] == made.place[i, 1])
                (row,) = table[chosen & (table["predictor"] == name) & (table["target"] == target)].itertuples()
                assert row.ncc == made.ncc[i, p, k]
                assert row.counted == made.counted[i, k]
                assert row.lacking == made.lacking[i, p, k]
                np.testing.assert_equal(row.miss, made.miss[i, p, k])
                np.testing.assert_equal(row.peak_ratio, made.peak_ratio[i, p, k])
                np.testing.assert_equal(row.cloud, made.cloud[i])
                assert (row.band, row.split, row.stack) == (made.band[i], "train", "ice")
                assert row.start == np.datetime64("2020-01-01")


def test_means_of_the_table_are_those_of_the_scores(made):
    table = made.to_dataframe(NAMES)
    counted = table[table["counted"] & (table["target"] == "t2")]
    found = counted.groupby("predictor")["ncc"].mean()
    for p, name in enumerate(NAMES):
        assert found[name] == pytest.approx(made.ncc[made.counted[:, 1], p, 1].mean())


def test_without_names_predictors_have_numbers(made):
    assert made.to_dataframe()["predictor"].unique().tolist() == ["predictor 1", "predictor 2"]


@pytest.mark.parametrize("names", [(), ("one",), ("one", "two", "three")])
def test_every_predictor_needs_a_name(made, names):
    with pytest.raises(UsageError, match=f"{len(names)} names .* 2 predictors"):
        made.to_dataframe(names)
    with pytest.raises(UsageError):
        made.plot(names, ax=Figure().add_subplot())


def test_points_lie_at_the_middle_of_the_chips(made):
    table = made.to_geodataframe(UTM, NAMES)
    assert table.crs.to_epsg() == 3031
    for row in table.itertuples():
        # The middle of an even chip is the corner of its position's pixel.
        x, y = UTM.transform @ (row.col, row.row)
        assert (row.geometry.x, row.geometry.y) == (pytest.approx(x), pytest.approx(y))


def test_pictures_without_a_map_give_no_points(made):
    with pytest.raises(UsageError):
        made.to_geodataframe(Grid(500, 500))


@pytest.mark.parametrize("target", [1, 2])
def test_a_plot_has_the_shares_and_means_of_the_chips_that_count(made, target):
    axes = made.plot(NAMES, target=target, ax=Figure().add_subplot())
    edges = np.linspace(-1, 1, 41)
    for p in range(2):
        values = made.ncc[made.counted[:, target - 1], p, target - 1]
        np.testing.assert_allclose(axes.patches[p].get_data().values, np.histogram(values, edges)[0] / len(values))
        assert axes.lines[p].get_xdata()[0] == pytest.approx(values.mean())
    words = [text.get_text() for text in axes.get_legend().get_texts()]
    assert [word.split()[0] for word in words] == list(NAMES)
    assert f"t{target}" in axes.get_xlabel()


def test_facts(made):
    assert made.facts() == {
        "dates": "2020-01-01", "shape": "4 chips × 2 predictors × t1, t2", "valid": "88 % counted", "stack": "ice",
    }  # fmt: skip


@pytest.mark.parametrize("kinds", [1, 3])
def test_no_scores_are_scores(kinds):
    none = Scores.none(kinds)
    assert len(none) == 0
    assert none.facts() == {"shape": f"no chip × {kinds} predictors"}
    assert none.block_ids.size == 0
    assert len(none.to_dataframe()) == 0
    some = scores(np.zeros((2, kinds, 2)))
    both = Scores.concatenated([none, some, none])
    np.testing.assert_array_equal(both.ncc, some.ncc)
    np.testing.assert_array_equal(both.stack, some.stack)


@pytest.mark.parametrize("seed", range(5))
def test_a_number_for_each_block_of_each_stack(seed):
    rng = np.random.default_rng(seed)
    count = 60
    found = scores(np.zeros((count, 1, 2)))
    block = rng.integers(-3, 4, (count, 2))
    stack = rng.choice(["a", "b", "long name"], count) if seed else np.full(count, "a")
    made = replace(found, block=block, stack=stack)
    keys = list(zip(stack.tolist(), *block.T.tolist(), strict=True))
    ids = made.block_ids
    assert sorted(set(ids.tolist())) == list(range(len(set(keys))))
    assert len({(key, one) for key, one in zip(keys, ids.tolist(), strict=True)}) == len(set(keys))

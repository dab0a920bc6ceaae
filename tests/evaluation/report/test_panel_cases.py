"""The chips that panels show."""

import numpy as np

from napari_icenet.evaluation.report.panel_cases import choose_cases
from tests.evaluation.scoring.factory import scores


def at(t2, **values):
    ncc = np.zeros((len(t2), 1, 2))
    ncc[:, 0, 1] = t2
    return scores(ncc, **values)


def test_worst_median_and_best():
    found = choose_cases(at([0.5, 0.1, 0.9, 0.3, 0.7]), each=1)
    assert found == [("worst", 1), ("median", 0), ("best", 2)]


def test_two_of_a_kind_lie_in_blocks_of_their_own():
    made = at([0.1, 0.2, 0.3, 0.8, 0.9], place=[(0, 0), (0, 0), (64, 0), (128, 0), (128, 0)])
    assert [i for kind, i in choose_cases(made, each=2) if kind == "worst"] == [0, 2]


def test_what_is_not_counted_is_not_shown():
    made = at([0.1, 0.2, 0.3])
    made.counted[0, 1] = False
    assert {i for _, i in choose_cases(made, each=1)} == {1, 2}


def test_nan_is_neither_best_nor_worst():
    made = at([0.1, np.nan, 0.9, np.nan, 0.3])
    assert choose_cases(made, each=1) == [("worst", 0), ("median", 4), ("best", 2)]

"""Scores of hand-made chips against correlations worked out by numpy."""

import numpy as np
import pytest

from napari_icenet.evaluation.scoring.displacement import TemplateTracking, expected_places
from napari_icenet.evaluation.scoring.scorer import Scorer
from napari_icenet.matching.prefilter import prefilter
from napari_icenet.matching.template import Prediction
from napari_icenet.predictors.registry import predictor
from tests.datasets.factory import sequences
from tests.evaluation.chips import SIDE, Ahead, Nothing, Oldest, moving_chips, noise

T0 = 7
NEVER = np.zeros(8, bool)


def ncc(a, b):
    both = np.isfinite(a) & np.isfinite(b)
    return np.corrcoef(a[both].astype(float), b[both].astype(float))[0, 1]


def score(shown, *predictors, tracked=False, expected=None):
    scorer = Scorer(predictors, T0, 8, threads=2)
    return scorer.score(shown, 0, np.full(len(shown), tracked), expected)


@pytest.fixture(scope="module")
def shown():
    ice = noise(4, 1, SIDE, SIDE, seed=5)
    chips = ice + noise(4, 12, SIDE, SIDE)
    chips[0, 3, 4:9] = np.nan
    chips[0, 9, :, :6] = np.nan
    return sequences(chips)


def test_each_prediction_meets_its_own_frame(shown):
    scores = score(shown, predictor("persistence"), Oldest(), Ahead())
    for i, chips in enumerate(shown.chips):
        assert scores.ncc[i, 0] == pytest.approx([ncc(chips[7], chips[8]), ncc(chips[7], chips[9])], abs=1e-9)
        assert scores.ncc[i, 1] == pytest.approx([ncc(chips[0], chips[8]), ncc(chips[0], chips[9])], abs=1e-9)
        near, far = chips[7].copy(), chips[7].copy()
        near[:8, :8] += 16
        far[:8, :8] += 32
        assert scores.ncc[i, 2] == pytest.approx([ncc(near, chips[8]), ncc(far, chips[9])], abs=1e-9)
        # The template for t1 held against t2 is neither of the two.
        assert scores.early[i, 2] == pytest.approx(ncc(near, chips[9]), abs=1e-9)
    assert scores.counted.all()
    assert not scores.lacking.any()


def test_high_pass_meets_the_filtered_frame(shown):
    scores, sharp = score(shown, predictor("high-pass")), prefilter("high-pass")
    for i, chips in enumerate(shown.chips):
        expected = [ncc(sharp(chips[7]), sharp(chips[t])) for t in (8, 9)]
        assert scores.ncc[i, 0] == pytest.approx(expected, abs=1e-6)
        assert abs(scores.ncc[i, 0, 1] - ncc(chips[7], chips[9])) > 1e-4


def test_without_a_template_a_chip_counts_and_scores_nothing(shown):
    scores = score(shown, predictor("persistence"), Nothing())
    assert scores.lacking[:, 1].all()
    assert not scores.ncc[:, 1].any()
    assert scores.counted.all()


def test_a_chip_is_left_out_for_all_or_for_none():
    chips = noise(4, 12, SIDE, SIDE)
    chips[0, 9] = np.nan  # t2 is missing
    chips[1, 8] = 3.0  # t1 is flat
    chips[2, :8] = np.nan  # nothing was ever seen
    chips[3, 7] = np.nan  # t0 alone is missing: persistence has no template, and is not excused
    scores = score(sequences(chips), predictor("persistence"), predictor("median"))
    assert scores.counted.tolist() == [[True, False], [False, True], [False, False], [True, True]]
    assert scores.lacking[3, 0].all()
    assert not scores.ncc[3, 0].any()
    assert not scores.lacking[3, 1].any()


def test_results_do_not_depend_on_threads(shown):
    predictors = [predictor(name) for name in ("persistence", "consensus")]
    one, three = (Scorer(predictors, T0, 8, threads=n).score(shown, 0, NEVER[:4]) for n in (1, 3))
    assert np.array_equal(one.ncc, three.ncc)


def test_a_template_is_found_where_the_ice_went():
    chips = moving_chips([(0, 0), (2.4, -1.7)])
    found, ratio = TemplateTracking(8).find(chips[0], chips[1])
    assert found == pytest.approx([2.4, -1.7], abs=0.1)
    assert ratio > 1.5


def test_known_flow_tells_how_far_a_template_misses():
    # The tracking put the chips of t1 and t2 two and four pixels down; the ice went 2.5 and 5.
    moves = [(0, 0)] * 8 + [(0.5, 0), (1.0, 0)] + [(0, 0)] * 2
    rows = np.array([100] * 8 + [102, 104] + [100] * 2)
    shown = sequences(moving_chips(moves)[None], rows=rows)
    dates = np.arange(12)[None]

    def flow(row, col, first, second):
        return (second - first) * 2.5, 0.0

    expected = expected_places(shown, dates, T0, flow)
    assert expected(0) == pytest.approx(np.array([[0.5, 0], [1.0, 0]]))
    scores = score(shown, predictor("persistence"), Nothing(), tracked=True, expected=expected)
    assert scores.miss[0, 0] == pytest.approx([0, 0], abs=0.1)
    assert np.isnan(scores.miss[0, 1]).all()

    def wrong(row, col, first, second):
        return (second - first) * 2.5, 1.5

    off = score(shown, predictor("persistence"), tracked=True, expected=expected_places(shown, dates, T0, wrong))
    assert off.miss[0, 0] == pytest.approx([1.5, 1.5], abs=0.1)


def test_other_ice_is_not_tracked():
    shown = sequences(moving_chips([(0, 0)] * 12)[None])
    expected = expected_places(shown, np.arange(12)[None], T0, lambda row, col, i, j: (5.0 * (j - i), 0.0))
    scores = score(shown, predictor("persistence"), tracked=True, expected=expected)
    assert scores.tracked.tolist() == [[True, False]]
    assert np.isnan(scores.miss[0, 0, 1])


def test_closure_is_how_far_two_ways_to_t2_differ():
    moves = [(0, 0)] * 8 + [(1, 2), (3, -1)] + [(0, 0)] * 2
    scores = score(sequences(moving_chips(moves)[None]), predictor("persistence"), tracked=True)
    assert scores.miss[0, 0] == pytest.approx([0, 0], abs=0.15)
    # A template that lies at t1 but not at t2 does not close.
    chips = moving_chips([(0, 0), (1, 2), (3, -1), (-2, 0)])
    tracking = TemplateTracking(8)
    onward = tracking.onward((chips[1], chips[2]))
    assert onward == pytest.approx([2, -3], abs=0.1)
    miss, _ = tracking.judge((Prediction(chips[0]), Prediction(chips[3])), (chips[1], chips[2]), onward)
    assert miss == pytest.approx([2.0, 2.0], abs=0.15)

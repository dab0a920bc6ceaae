"""Criteria of acceptance: their order, their thresholds, and the table by which click, dataset and map differ."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from napari_icenet.datasets.settings import DatasetSettings
from napari_icenet.matching.acceptance import (
    CLICK,
    CLICK_CHAIN,
    DATASET,
    DATASET_CHAIN,
    MAP,
    Criteria,
    border_reasons,
    chips_inside,
    judge_match,
    judge_matches,
)
from napari_icenet.matching.lost_reason import REASONS, LostReason, reason_code
from napari_icenet.tracking.settings import TrackSettings
from napari_icenet.velocity.settings import VelocitySettings

NOTHING = np.zeros(1, np.uint8)
ALL = Criteria(min_peak_ratio=1.5, max_disagreement_px=1.5, max_round_trip_px=1.0)
#: Evidence that speaks for a match, and the value at which each piece begins to speak against it.
GOOD = {"peak_ratio": 1.5, "disagreement_px": 1.5, "round_trip_px": 1.0, "neighbours_agree": True}
BAD = {"peak_ratio": 1.499, "disagreement_px": 1.501, "round_trip_px": 1.001, "neighbours_agree": False}
REASON_OF = dict(
    zip(GOOD, [LostReason.AMBIGUOUS, LostReason.DISAGREEMENT, LostReason.ROUND_TRIP, LostReason.OUTLIER], strict=True)
)


def test_a_match_at_every_threshold_is_accepted():
    assert judge_match(None, ALL, **GOOD) is None


@pytest.mark.parametrize("name", GOOD)
def test_each_criterion_alone_gives_its_reason(name):
    assert judge_match(None, ALL, **{**GOOD, name: BAD[name]}) is REASON_OF[name]


@pytest.mark.parametrize("first", range(4))
def test_the_first_criterion_that_fails_is_the_reason(first):
    names = list(GOOD)
    evidence = {name: (BAD if i >= first else GOOD)[name] for i, name in enumerate(names)}
    assert judge_match(None, ALL, **evidence) is REASON_OF[names[first]]


@pytest.mark.parametrize("reason", [reason for reason in LostReason if reason is not LostReason.FLAT], ids=str)
def test_an_earlier_reason_stays(reason):
    assert judge_match(reason, ALL, **BAD) is reason


def test_evidence_in_steps_decides_as_evidence_at_once():
    rng = np.random.default_rng(1)
    evidence = {
        "peak_ratio": rng.uniform(1, 2, 500).astype(np.float32),
        "disagreement_px": rng.uniform(0, 3, 500),
        "round_trip_px": rng.uniform(0, 2, 500),
        "neighbours_agree": rng.random(500) < 0.5,
    }
    reasons = rng.choice([0, reason_code(LostReason.BORDER)], 500).astype(np.uint8)
    steps = reasons
    for name, values in evidence.items():
        steps = judge_matches(steps, ALL, **{name: values})
    np.testing.assert_array_equal(steps, judge_matches(reasons, ALL, **evidence))


def test_many_matches_are_judged_as_each_of_them():
    ratios = [1.2, 1.8, np.nan]
    many = judge_matches(np.zeros(3, np.uint8), DATASET, peak_ratio=ratios)
    assert [REASONS[code] for code in many] == [judge_match(None, DATASET, peak_ratio=ratio) for ratio in ratios]


def test_the_reasons_given_are_left_as_they_were():
    given = np.zeros(1, np.uint8)
    judge_matches(given, MAP, peak_ratio=[1.0])
    assert given[0] == 0


@pytest.mark.parametrize(
    ("criteria", "reason"),
    [(CLICK, None), (MAP, None), (DATASET, LostReason.AMBIGUOUS)],
    ids=["click", "map", "dataset"],
)
def test_only_a_dataset_refuses_a_peak_without_room_for_a_rival(criteria, reason):
    assert judge_match(None, criteria, peak_ratio=math.nan) is reason


@pytest.mark.parametrize("criteria", [CLICK_CHAIN, DATASET_CHAIN])
@pytest.mark.parametrize("reason", [LostReason.BORDER, LostReason.AMBIGUOUS], ids=str)
def test_the_chain_accepts_any_highest_correlation(criteria, reason):
    assert judge_match(reason, criteria) is None


@pytest.mark.parametrize("reason", [LostReason.FILL, LostReason.FLAT, LostReason.OUTSIDE], ids=str)
def test_the_chain_has_nothing_to_accept_without_a_correlation(reason):
    assert judge_match(reason, DATASET_CHAIN) is reason


@pytest.mark.parametrize(("overlap", "reason"), [(0.49, LostReason.FILL), (0.5, LostReason.FLAT)])
def test_no_correlation_in_spite_of_enough_pixels_is_flat(overlap, reason):
    assert judge_match(LostReason.FILL, replace(MAP, min_overlap=0.5), overlap=overlap) is reason


def test_overlap_speaks_of_matches_without_correlation_alone():
    assert judge_match(None, MAP, overlap=1.0) is None


def test_peaks_on_the_outermost_pixels_are_at_the_border():
    row, col = (grid.ravel() for grid in np.indices((4, 5)))
    border = reason_code(LostReason.BORDER)
    found = border_reasons(row, col, (4, 5)).reshape(4, 5)
    assert (found == [[border] * 5, [border, 0, 0, 0, border], [border, 0, 0, 0, border], [border] * 5]).all()


def test_a_chip_inside_has_all_its_pixels_in_the_frame():
    places = np.arange(-2, 12)
    inside = chips_inside(places, np.full_like(places, 4), 4, (10, 8))
    expected = [row - 2 >= 0 and row + 1 <= 9 for row in places]
    assert inside.tolist() == expected


@pytest.mark.parametrize(
    ("settings", "criteria"),
    [
        (TrackSettings(), CLICK),
        (TrackSettings(tracking="chain"), CLICK_CHAIN),
        (DatasetSettings(tracking="robust"), DATASET),
        (DatasetSettings(), DATASET_CHAIN),
        (VelocitySettings(), MAP),
    ],
    ids=["click", "click chain", "dataset", "dataset chain", "map"],
)
def test_default_settings_ask_what_the_table_says(settings, criteria):
    assert settings.criteria == criteria


def test_settings_pass_their_thresholds_on():
    click = TrackSettings(min_overlap=0.4, min_peak_ratio=2, max_disagreement_px=3, max_round_trip_px=4)
    assert click.criteria == replace(
        CLICK, min_overlap=0.4, min_peak_ratio=2, max_disagreement_px=3, max_round_trip_px=4
    )
    dataset = DatasetSettings(tracking="robust", max_fill=0.25, min_peak_ratio=2, max_round_trip_px=4)
    assert dataset.criteria == replace(DATASET, min_overlap=0.75, min_peak_ratio=2, max_round_trip_px=4)
    assert DatasetSettings(min_valid=0.6).criteria == replace(DATASET_CHAIN, min_overlap=0.6)
    assert VelocitySettings(min_overlap=0.3, min_peak_ratio=2).criteria == replace(
        MAP, min_overlap=0.3, min_peak_ratio=2
    )

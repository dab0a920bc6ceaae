"""The record of a quality report: what it says in short, what it refuses, and that it survives a file."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from napari_icenet.velocity.quality.report import (
    DEFINITIONS,
    ClosureQuality,
    MapQuality,
    OffsetQuality,
    QualityReport,
    Spread,
    StaticTerrain,
    StrainVariability,
    Value,
)

VALUE = Value(value=0.2, low=0.1, high=0.3)


def quality(first="2020-01-01", second="2020-01-17", **values):
    """A map's record by hand."""
    return MapQuality(
        **{
            "labels": (first, second), "scenes": ("a", "b"), "times": ("t", "u"), "days": 16.0, "unit": "m/yr",
            "settings": {"chip": 32}, "radius_px": (8, 8), "device": "cpu", "notes": (), "cells": 100, "points": 80,
            "valid": 60, "valid_share": 0.75, "invalid": {"fill": 20}, "chip_px": {"32": 60}, "ncc": None,
            "peak_ratio": None, "formal_error_px": None, "speed": None, "speed_error": None, "offset": None,
            "static_terrain": "none", "strain": "none", **values,
        }
    )  # fmt: skip


def closure(median):
    return ClosureQuality(
        labels=("a", "b", "c"), points=9, share=None, median_px=median, p90_px=median, rms_px=median, bias_px=None
    )


def report(maps, **values):
    given = {"software": "x", "simulated": False, "closure": (), "closure_note": None, "valid_share": 0.75}
    return QualityReport(**{**given, "maps": tuple(maps), **values})


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ([("2020-01-01", "2020-01-17")], "1 map, 2020-01-01 to 2020-01-17"),
        (
            [("2020-03-01", "2020-04-01"), ("2020-01-01", "2020-01-17"), ("2020-02-01", "2020-06-01")],
            "3 maps, 2020-01-01 to 2020-06-01",
        ),
    ],
)
def test_maps_are_counted_with_the_dates_they_span(days, words):
    assert report([quality(*pair) for pair in days]).facts()["maps"] == words


@pytest.mark.parametrize(("share", "words"), [(0.75, "75 % valid"), (1.0, "100 % valid"), (None, "")])
def test_the_valid_share(share, words):
    assert report([quality()], valid_share=share).facts()["valid"] == words


@pytest.mark.parametrize(
    ("medians", "words"),
    [((), ""), ((None,), ""), ((0.125,), "closure 0.12 px"), ((0.1, None, 0.5, 0.3), "closure 0.30 px")],
)
def test_closure_is_the_median_of_the_triangles_that_close(medians, words):
    assert report([quality()], closure=tuple(closure(m) for m in medians)).facts()["closure"] == words


@pytest.mark.parametrize(("simulated", "word"), [(True, "simulated"), (False, "")])
def test_what_is_simulated_is_named_so(simulated, word):
    made = report([quality()], simulated=simulated)
    assert made.facts()["origin"] == word
    assert ("simulated" in repr(made)) is simulated


@pytest.fixture
def full():
    """A record in which everything could be measured."""
    spread = Spread(p10=0.1, median=0.5, p90=0.9)
    terrain = dict.fromkeys(("du_px", "dv_px", "bias_u_px", "bias_v_px", "du", "dv", "bias_u", "bias_v"), VALUE)
    return report(
        [
            quality(
                ncc=spread, peak_ratio=spread, formal_error_px=spread, speed=spread, speed_error=spread,
                offset=OffsetQuality(
                    source="mask", points=9, drow_px=VALUE, dcol_px=VALUE, spread_px=(0.1, 0.2), removed=True,
                    left_px=(0.0, 0.1), rms_px=0.3,
                ),
                static_terrain=StaticTerrain(
                    points=9, source="slow mode", **terrain, outside_share=0.1, bandwidth_px=0.2
                ),
                strain=StrainVariability(
                    points=9, unit="1/yr", along=VALUE, shear=VALUE, middle_along=0.0, middle_shear=0.1
                ),
            )
        ],
        closure=(closure(0.2),),
    )  # fmt: skip


def test_a_file_gives_back_the_same_record(full):
    again = QualityReport.model_validate_json(full.model_dump_json())
    assert again == full
    assert isinstance(again.maps[0].static_terrain, StaticTerrain)
    assert isinstance(again.maps[0].strain, StrainVariability)


def test_sentences_and_numbers_are_told_apart_in_a_file():
    again = QualityReport.model_validate_json(report([quality(strain="too few points")]).model_dump_json())
    assert again.maps[0].strain == "too few points"


def test_every_definition_is_about_something_that_is_there(full):
    plain = json.loads(full.model_dump_json())

    def keys(values):
        if isinstance(values, dict):
            for name, value in values.items():
                yield name
                yield from keys(value)
        elif isinstance(values, list):
            for value in values:
                yield from keys(value)

    known = set(keys({name: value for name, value in plain.items() if name != "definitions"}))
    for name in DEFINITIONS:
        for part in name.replace(".", ", ").split(", "):
            assert part in known, name


def test_definitions_of_one_report_are_its_own(full):
    full.definitions["points"] = "changed"
    assert DEFINITIONS["points"] != "changed"
    assert report([quality()]).definitions == DEFINITIONS


@pytest.mark.parametrize(
    "values",
    [{"colour": "red"}, {"valid": "many"}, {"labels": ("2020-01-01",)}, {"strain": 3}, {"offset": {"source": "sky"}}],
)
def test_what_a_record_cannot_hold_is_refused(values):
    with pytest.raises(ValidationError):
        quality(**values)


def test_a_record_is_not_changed():
    with pytest.raises(ValidationError):
        quality().valid = 3

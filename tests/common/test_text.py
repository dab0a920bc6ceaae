"""Numbers and sentences as the window, reports and the shell write them."""

import math

import pytest

from napari_icenet.common import text


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.874, ".87"), (-0.12, "−.12"), (1, "1.00"), (-0.001, ".00"), (0.999, "1.00"), (-1, "−1.00")],
)
def test_hundredths(value, written):
    assert text.hundredths(value) == written


@pytest.mark.parametrize(("value", "written"), [(0.123, "+0.12"), (-0.123, "−0.12"), (0.001, "0.00"), (-0.001, "0.00")])
def test_signed(value, written):
    assert text.signed(value) == written


@pytest.mark.parametrize(
    ("value", "signed", "written"),
    [(1.234, False, "1.23"), (-1.234, False, "−1.23"), (1.234, True, "+1.23"), (-0.001, True, "0.00"),
     (None, False, ""), (math.nan, True, ""), (math.inf, False, "")],
)  # fmt: skip
def test_decimal(value, signed, written):
    assert text.decimal_text(value, signed=signed) == written


@pytest.mark.parametrize(
    ("share", "written"), [(0.39, "39 %"), (0.004, "0.4 %"), (0, "0 %"), (1, "100 %"), (None, ""), (math.nan, "")]
)
def test_percent(share, written):
    assert text.percent_text(share) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0, "1 s"), (-5, "1 s"), (40, "40 s"), (720, "12 min"), (12000, "3 h 20 min"), (7200, "2 h"),
     (86400, "1 day"), (187200, "2 days 4 h")],
)  # fmt: skip
def test_span(seconds, written):
    assert text.span_text(seconds) == written


def test_mean_with_half_of_its_interval():
    assert text.mean_text(0.36, (0.33, 0.39)) == ".36 ± .03"
    assert text.mean_text(0.36, None) == ".36"
    assert text.mean_text(None, None) == ""


def test_thousands_are_grouped_by_a_narrow_space():
    assert text.grouped(-1234567) == "−1\N{NARROW NO-BREAK SPACE}234\N{NARROW NO-BREAK SPACE}567"


@pytest.mark.parametrize(("sentence", "written"), [("ice flows.", "Ice flows."), ("", ""), ("NCC", "NCC")])
def test_capital(sentence, written):
    assert text.capital(sentence) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.5, "0.5"), (" 30 m ", "30 m"), (10**300, "1e+300"), ("1" * 300, "1.11111e+299"),
        (10**400, "1" + "0" * 22 + "…"), ("x" * 300, "x" * 23 + "…"), (1e308, "1e+308"),
    ],
)  # fmt: skip
def test_what_a_person_gave_is_told_in_few_letters(value, written):
    assert text.brief(value) == written

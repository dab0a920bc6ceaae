from __future__ import annotations

from datetime import datetime

import pytest

from napari_icenet.errors import UsageError
from napari_icenet.scenes.dates import parse_dates


@pytest.mark.parametrize(
    "text",
    [
        "2020-01-31, 2020-02-16 14:03, 20200303",
        "2020-01-31\n2020-02-16T14:03\n20200303\n",
        " 20200131;20200216T140300\t2020-03-03 ",
        "2020-01-31T00:00:00Z 2020-02-16T16:03+02:00 20200303",
    ],
)
def test_dates_are_read_as_typed_or_pasted(text: str) -> None:
    assert parse_dates(text) == [datetime(2020, 1, 31), datetime(2020, 2, 16, 14, 3), datetime(2020, 3, 3)]


def test_dates_stay_in_the_order_given_and_may_repeat() -> None:
    assert parse_dates("20200303 20200131 20200303")[1:] == [datetime(2020, 1, 31), datetime(2020, 3, 3)]


def test_each_unreadable_date_is_named() -> None:
    with pytest.raises(UsageError, match="Unreadable dates: 2020-02-30, yesterday, 5; write 2020-01-31"):
        parse_dates("2020-01-31 2020-02-30 yesterday 5")
    with pytest.raises(UsageError, match="Unreadable date: 2020-W05"):
        parse_dates("2020-W05")


@pytest.mark.parametrize("text", ["", " \n, ;"])
def test_no_date_at_all_says_what_to_type(text: str) -> None:
    with pytest.raises(UsageError, match="There is no date here"):
        parse_dates(text)

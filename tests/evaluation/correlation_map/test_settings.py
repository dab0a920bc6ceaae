"""Which windows of dates a map is made of."""

import pytest

from napari_icenet.common.settings_model import made
from napari_icenet.errors import UsageError
from napari_icenet.evaluation.correlation_map.settings import DateWindow, MapSettings
from tests.datasets.ice import moving, stack_of


def stack(dates):
    return stack_of(moving(dates, 32))


@pytest.mark.parametrize(
    ("dates", "t0", "expected"),
    [
        (14, 10, DateWindow(1, 10, 12)),
        (14, 9, DateWindow(0, 9, 12)),
        (14, 3, DateWindow(0, 3, 6)),
        (14, 0, DateWindow(0, 0, 3)),
        (14, 12, DateWindow(3, 12, 11)),
        (2, 0, DateWindow(0, 0, 2)),
    ],
)
def test_a_window_ends_with_t2_and_begins_nine_dates_before_t0_where_there_are_as_many(dates, t0, expected):
    (window,) = MapSettings(t0=t0).windows(stack(dates))
    assert window == expected
    assert window.start + window.last == t0
    assert window.frames - window.last == 3


def test_without_a_t0_there_are_the_windows_of_an_evaluation():
    assert [w.t0 for w in MapSettings().windows(stack(14))] == [9, 10, 11]
    assert {(w.dates, w.frames) for w in MapSettings().windows(stack(14))} == {(12, 12)}
    assert MapSettings().windows(stack(5)) == (DateWindow(0, 2, 5),)
    assert MapSettings().windows(stack(2)) == (DateWindow(0, 0, 2),)


@pytest.mark.parametrize(("dates", "t0", "why"), [(3, 2, "last date"), (3, 7, "3 dates"), (1, 0, "only one date")])
def test_a_t0_without_a_date_after_it_is_refused(dates, t0, why):
    with pytest.raises(UsageError, match=why):
        MapSettings(t0=t0).windows(stack(dates))


def test_settings_that_make_no_sense_are_named():
    with pytest.raises(UsageError, match="chip 33"):
        made(MapSettings, {"chip": 33})

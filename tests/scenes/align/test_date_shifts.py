"""Shifts of dates: their table, lines, figure, and parts."""

from __future__ import annotations

import pickle

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from napari_icenet.errors import UsageError
from napari_icenet.scenes.align.shift_files import check_shifts_file, write_shifts
from tests.valley import PATHS, SHIFTS, known_shifts, valley

mpl.use("agg")


@pytest.fixture(scope="module")
def stack():
    return valley(paths=PATHS, side=48)[0]


@pytest.fixture(scope="module")
def shifts(stack):
    return known_shifts(stack, unknown=[3])


def test_they_say_what_they_are(shifts):
    assert repr(shifts) == (
        "<DateShifts 8 dates, 2020-01-01 to 2020-04-22 · up to 8.26 px · ± 0.05 px · mask · 7 pairs · 1 not known>"
    )


def test_a_line_for_each_path_and_row(shifts, stack):
    first, second = shifts.lines()
    assert first.startswith("path/row 011/115: +0.10 px along rows, +0.05 px along columns against 2020-01-01")
    assert "median of 4 of 4 dates; each ± 0.05 px" in first
    assert second.startswith("path/row 012/115: +6.00 px along rows, −5.10 px along columns")
    assert "median of 3 of 4 dates" in second
    gone = known_shifts(stack, unknown=[1, 3, 5, 7])
    assert gone.lines()[1] == "path/row 012/115: not known on any of 4 dates"
    plain, _ = valley(side=48)
    assert [line.partition(":")[0] for line in known_shifts(plain).lines()] == ["all dates"]


def test_the_table_has_a_row_per_date(shifts, stack):
    table = shifts.to_dataframe()
    assert list(table) == ["date", "path_row", "shift_row", "shift_col", "shift_error", "shift_source"]
    assert table["date"].tolist() == list(stack.labels)
    assert table["path_row"][1] == "012/115"
    np.testing.assert_array_equal(table["shift_row"][[0, 1, 2]], SHIFTS[:3, 0])
    assert table.loc[3, ["shift_row", "shift_col", "shift_error"]].isna().all()
    assert table["shift_source"].tolist() == ["mask", "mask", "mask", "", "mask", "mask", "mask", "mask"]


def test_they_are_drawn_over_the_dates_by_path_and_row(shifts):
    axes = shifts.plot()
    assert axes.get_ylabel() == "shift against 2020-01-01 (px)"
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    assert legend == ["011/115", "012/115", "along rows", "along columns"]
    drawn = [bar.lines[0] for bar in axes.containers]
    rows = next(line for line in drawn if line.get_marker() == "o" and len(line.get_ydata()) == 3)
    np.testing.assert_array_equal(rows.get_ydata(), SHIFTS[[1, 5, 7], 0])
    assert len({line.get_color() for line in drawn}) == 2


def test_table_and_figure_are_written(shifts, tmp_path):
    write_shifts(shifts, tmp_path / "s.csv")
    table = pd.read_csv(tmp_path / "s.csv")
    np.testing.assert_allclose(table["shift_col"], np.where(np.arange(8) == 3, np.nan, SHIFTS[:, 1]))
    assert Image.open(tmp_path / "s.png").size[0] > 800
    with pytest.raises(UsageError, match=r"end the name in \.csv"):
        check_shifts_file(tmp_path / "s.txt")


def test_a_search_on_a_date_that_is_not_known_is_centred_as_on_the_nearest_of_its_path(shifts):
    row, col = shifts.likely
    assert (row[3], col[3]) == (shifts.drow[1], shifts.dcol[1])
    np.testing.assert_array_equal(np.delete(row, 3), np.delete(SHIFTS[:, 0], 3))
    # Where paths are not known, as on its neighbour.
    plain = known_shifts(valley(side=48)[0], unknown=[3])
    assert plain.likely[0][3] == plain.drow[2]


def test_against_another_date(shifts):
    drow, dcol = shifts.against(1)
    np.testing.assert_allclose(np.delete(drow, 3), np.delete(SHIFTS[:, 0] - 6, 3))
    assert (drow[1], dcol[1]) == (0, 0)
    assert np.isnan(shifts.against(3)[0]).all()


def test_some_of_the_dates(shifts, stack):
    some = shifts.of_dates([1, 3, 5])
    assert some.labels == tuple(stack.labels[t] for t in (1, 3, 5))
    assert some.reference == 0
    np.testing.assert_allclose(some.drow, [0, np.nan, SHIFTS[5, 0] - SHIFTS[1, 0]])
    assert some.error.tolist()[::2] == [0.0, 0.05]
    assert shifts.of_dates([0, 2]).reference == 0
    with pytest.raises(UsageError, match="none of 2020-02-18 is known"):
        shifts.of_dates([3])


def test_those_of_other_dates_are_refused(shifts, stack):
    shifts.check(stack.labels, "valley")
    with pytest.raises(UsageError, match="measure them again"):
        shifts.check(stack.labels[1:], "valley")


def test_they_travel_with_their_stack_to_other_processes(stack, shifts):
    stack.shifts = shifts
    try:
        there = pickle.loads(pickle.dumps(stack))
    finally:
        stack.shifts = None
    np.testing.assert_array_equal(there.shifts.drow, shifts.drow)

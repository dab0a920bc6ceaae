"""Cells and numbers of tables as spreadsheets write them."""

import math

import numpy as np
import pytest

from napari_icenet.common.csv_table import number_of, read_cells, with_decimal_points
from napari_icenet.errors import SceneError

TEXT = "name,row,col\n\nSerm\u00e9,1.5,2\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", list(",;\t"))
def test_encodings_and_separators_of_spreadsheets_are_read(tmp_path, encoding, delimiter):
    path = tmp_path / "a.csv"
    path.write_bytes(("\n\r\n" + TEXT.replace(",", delimiter)).encode(encoding))
    found, lines = read_cells(path, SceneError, "table")
    assert found == delimiter
    assert lines == [(3, ["name", "row", "col"]), (5, ["Serm\u00e9", "1.5", "2"])]


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16-le", "utf-16-be"])
def test_other_encodings_are_refused_with_the_way_out(tmp_path, encoding):
    path = tmp_path / "a.csv"
    path.write_bytes(TEXT.encode(encoding))
    with pytest.raises(SceneError, match="is no text in UTF-8; save it as CSV UTF-8"):
        read_cells(path, SceneError, "table")


@pytest.mark.parametrize(
    ("value", "number"),
    [("1", 1), (" -1.5e3 ", -1500), (".5", 0.5), ("5.", 5), (7, 7), (np.float32(0.5), 0.5), (np.int16(3), 3)],
)
def test_plain_numbers_are_read(value, number):
    assert number_of(value) == number


@pytest.mark.parametrize("value", [None, "", "  ", "NaN", "na", "NULL", float("nan")])
def test_empty_cells_are_missing(value):
    assert math.isnan(number_of(value))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("369,540", "369,540 is no number; write decimals with a point, as in 150.25, and thousands without a mark"),
        ("69,5", "69,5 is no number; write decimals with a point"),
        ("1 234 567", "write decimals with a point"),
        ("1'234", "write decimals with a point"),
        ("inf", "inf is no number; leave the cell empty"), ("-Infinity", "leave the cell empty"),
        ("1e999", "leave the cell empty"), (math.inf, "leave the cell empty"),
        (True, "True is no number; mend it"), (np.True_, "is no number"), ("True", "True is no number; mend it"),
        ("1_000", "is no number"), ("0x10", "is no number"), ("\u0661", "is no number"), ("12 m", "is no number"),
    ],
)  # fmt: skip
def test_what_is_no_plain_number_says_the_way_out(value, words):
    with pytest.raises(ValueError, match=words):
        number_of(value)


def test_decimal_commas_are_points_where_that_is_beyond_doubt():
    rows = [["Serm\u00e9, north", "69,5", "-50,123", "7"]]
    assert with_decimal_points(";", rows) == [["Serm\u00e9, north", "69.5", "-50.123", "7"]]
    for delimiter, doubtful in ((";", [["369,540"]]), (";", [["69,5", "1.25"]]), (",", rows)):
        assert with_decimal_points(delimiter, doubtful) == doubtful

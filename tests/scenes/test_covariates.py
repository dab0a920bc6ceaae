"""Facts of each date from a CSV: what is read, which acquisition it belongs to, and what is refused."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from napari_icenet.errors import SceneError
from napari_icenet.scenes.covariates import find_covariate, give_covariates, read_covariates
from tests.datasets.ice import moving, stack_of

NAN = float("nan")


def write(folder: Path, text: str, **how) -> Path:
    path = folder / "weather.csv"
    path.write_text(text, **({"encoding": "utf-8"} | how))
    return path


def test_columns_are_read_in_their_order_with_units_and_holes(tmp_path):
    path = write(tmp_path, "wind (m/s), date ,aerosol\n3.5,2020-01-01,\n\n,2020-01-17T14:03,0.25\n")
    table = read_covariates(path)
    assert table.names == ("wind (m/s)", "aerosol")
    assert table.times == (datetime(2020, 1, 1), datetime(2020, 1, 17, 14, 3))
    assert table.timed == (False, True)
    np.testing.assert_array_equal(table.values, [[3.5, NAN], [NAN, 0.25]])


@pytest.mark.parametrize("separator", [";", "\t"])
def test_what_spreadsheets_write_is_read(separator, tmp_path):
    text = "Date,wind\n20200101,-1e-2\n2020-01-17 14:03,4\n".replace(",", separator)
    table = read_covariates(write(tmp_path, text, encoding="utf-8-sig", newline="\r\n"))
    assert table.names == ("wind",)
    assert table.timed == (False, True)
    assert table.values.tolist() == [[-0.01], [4]]


def test_a_day_counts_for_every_acquisition_on_it(tmp_path):
    table = read_covariates(write(tmp_path, "date,wind\n2020-01-01,3\n2020-03-01,9\n"))
    times = [datetime(2020, 1, 1, 14, 3), datetime(2020, 1, 1, 14, 4), datetime(2020, 1, 2)]
    np.testing.assert_array_equal(table.at(times), [[3], [3], [NAN]])


def test_times_tell_acquisitions_of_one_day_apart(tmp_path):
    morning, evening = datetime(2020, 1, 1, 9, 30, 12), datetime(2020, 1, 1, 21, 15)
    table = read_covariates(
        write(tmp_path, "date,wind\n2020-01-01T21:15,2\n2020-01-01T09:30,1\n2020-01-01T12:00,7\n2020-01-01,5\n")
    )
    # The line of noon is nearer to the morning, whose own is nearer still.
    assert table.at([morning, evening]).tolist() == [[1], [2]]
    assert table.at([evening]).tolist() == [[2]]
    only = read_covariates(write(tmp_path, "date,wind\n2020-01-01T21:15,2\n"))
    np.testing.assert_array_equal(only.at([morning, evening]), [[NAN], [2]])
    rest = read_covariates(write(tmp_path, "date,wind\n2020-01-01T21:15,2\n2020-01-01,5\n"))
    assert rest.at([morning, evening]).tolist() == [[5], [2]]


def test_time_zones_are_brought_to_utc(tmp_path):
    table = read_covariates(write(tmp_path, "date,wind\n2020-01-01T23:30-03:00,2\n"))
    assert table.at([datetime(2020, 1, 2, 2, 30)]).tolist() == [[2]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("day,wind\n2020-01-01,3\n", "no column date, but day, wind; call that of the dates date"),
        ("date,Date,wind\n2020-01-01,2020-01-01,3\n", "several columns date"),
        ("date\n2020-01-01\n", "no column beside date"),
        ("date,wind\n", "a header and no date"),
        ("date,wind,\n2020-01-01,3,4\n", "a column without a name"),
        ("date,wind,Wind\n2020-01-01,3,4\n", "two columns"),
        ("date,wind\n2020-01-01,3\n2020-02-01\n", "line 3, has 1 cells, its header 2"),
        ("date,wind\n2020-01-01,3\n2020-01-01,4\n", "has 2020-01-01 in lines 2 and 3; keep one, or add their times"),
        ("date,wind\n2020-01-01,3\n20200101,4\n", "in lines 2 and 3"),
        ("date,wind\nyesterday,3\n", "line 2: yesterday is no date; write 2020-01-31"),
        ("date,wind\n2020-02-31,3\n", "line 2: 2020-02-31 is no date"),
        ("date,wind\n,3\n", "line 2: an empty cell is no date"),
        ("date,wind (m/s)\n2020-01-01,calm\n", r"line 2: calm is no number for wind \(m/s\); leave the cell empty"),
        ("date,wind\n2020-01-01,3 m/s\n", "3 m/s is no number for wind"),
        ("date,wind\n2020-01-01,1_000\n", "1_000 is no number for wind"),
        ("date,wind\n2020-01-01,inf\n", "inf is no number for wind"),
        ("date,wind\n2020-01-01,1e999\n", "1e999 is no number for wind"),
        ("date,wind\n2020-01-01,nan\n", "nan is no number for wind; leave the cell empty where it is missing"),
        ("date,wind,aerosol\n2020-01-01,3,\n", "no number in the column aerosol"),
        ("date," + ",".join(f"c{k}" for k in range(70)) + "\n", "has 70 covariates; keep at most 64"),
    ],
)
def test_files_that_cannot_be_used_say_where_and_what_to_do(text, words, tmp_path):
    path = write(tmp_path, text)
    with pytest.raises(SceneError, match=words) as caught:
        read_covariates(path)
    assert "weather.csv" in str(caught.value)
    assert str(caught.value).endswith(".")


def test_what_is_no_text_or_not_there(tmp_path):
    path = tmp_path / "weather.csv"
    path.write_bytes(b"date,wind\n\xff\xfe\x00")
    with pytest.raises(SceneError, match="no text in UTF-8"):
        read_covariates(path)
    with pytest.raises(SceneError, match=r"none\.csv cannot be read .No such file"):
        read_covariates(tmp_path / "none.csv")
    with pytest.raises(SceneError, match=r"cannot be read \(Is a directory\)"):
        read_covariates(tmp_path)


def test_stacks_are_given_what_is_known_of_their_dates(tmp_path):
    stack = stack_of(moving(3))  # on 1 and 17 January and 2 February
    path = write(tmp_path, "date,wind\n2020-02-02,3\n2020-01-01,5\n2021-01-01,9\n")
    (told,) = give_covariates([stack], path)
    assert "2 of the 3 dates of ice" in told
    assert stack.covariates.names == ("wind",)
    np.testing.assert_array_equal(stack.covariates.values, [[5], [NAN], [3]])


def test_a_file_of_other_years_is_refused(tmp_path):
    stack = stack_of(moving(3))
    path = write(tmp_path, "date,wind\n2001-02-02,3\n2003-01-01,5\n")
    with pytest.raises(SceneError, match="from 2001-02-02 to 2003-01-01 and none of ice from 2020-01-01 to 2020-02-02"):
        give_covariates([stack], path)


def test_a_covariate_is_known_by_its_name_without_unit():
    names = ("wind (m/s)", "Wind [km/h]", "aerosol")
    assert find_covariate(names, "aerosol") == "aerosol"
    assert find_covariate(names, "wind (m/s)") == "wind (m/s)"
    assert find_covariate(names, "wind") is None
    assert find_covariate(names[1:], "wind") == "Wind [km/h]"
    assert find_covariate(names, "rain") is None

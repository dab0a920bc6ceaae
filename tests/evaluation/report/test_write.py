"""Where a report may be written."""

import pytest

from napari_icenet.errors import UsageError
from napari_icenet.evaluation.report.write import TABLE, check_report


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "report"


def test_a_new_or_an_empty_place_that_is_to_be_replaced_will_do(folder):
    check_report(folder)
    folder.mkdir()
    check_report(folder, force=True)


def test_a_report_is_replaced_when_asked_alone(folder):
    folder.mkdir()
    (folder / TABLE).touch()
    check_report(folder, force=True)
    with pytest.raises(UsageError, match="--force"):
        check_report(folder)


@pytest.mark.parametrize("force", [False, True])
def test_what_is_no_report_is_left_as_it_is(folder, force):
    folder.mkdir()
    (folder / "thesis.tex").touch()
    with pytest.raises(UsageError):
        check_report(folder, force=force)
    assert (folder / "thesis.tex").exists()


def test_a_file_is_no_report(folder):
    folder.touch()
    with pytest.raises(UsageError):
        check_report(folder, force=True)


def test_the_folder_around_must_be_there(folder):
    with pytest.raises(UsageError):
        check_report(folder / "inner")

"""The user's own lists."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from napari_icenet.common.user_files import changing, home, read_list, write_list
from napari_icenet.errors import TrainingError


def test_the_folder_is_the_one_that_the_environment_names(monkeypatch, tmp_path):
    monkeypatch.setenv("ICENET_HOME", str(tmp_path))
    assert home() == tmp_path


def test_a_list_is_read_as_it_was_written(tmp_path):
    write_list(tmp_path / "new" / "runs.json", {"a": 1})
    assert read_list(tmp_path / "new" / "runs.json") == {"a": 1}


@pytest.mark.parametrize("content", ["", "{", "[1]", "\xff"])
def test_a_damaged_list_is_empty(tmp_path, content):
    path = tmp_path / "runs.json"
    path.write_text(content, encoding="latin-1")
    assert read_list(path) == {}
    assert read_list(tmp_path / "missing.json") == {}


def test_a_list_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(TrainingError):
        write_list(tmp_path / "file" / "runs.json", {})


def test_no_change_is_lost_to_another(tmp_path):
    path = tmp_path / "runs.json"

    def add(number):
        with changing(path) as values:
            values[str(number)] = number

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(12)))
    assert read_list(path) == {str(n): n for n in range(12)}


def test_what_was_not_changed_is_not_written(tmp_path):
    path = tmp_path / "runs.json"
    with changing(path):
        pass
    assert not path.exists()

import pytest

from napari_icenet.gui.widgets.preferences import Remembered


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "settings.json"


@pytest.mark.parametrize("value", ["a folder", 64, 1.75, True])
def test_choices_outlive_the_window(path, value):
    Remembered("track", path).set("key", value)
    found = Remembered("track", path).get("key", type(value)())
    assert found == value
    assert type(found) is type(value)


def test_sections_do_not_meet(path):
    Remembered("track", path).set("chip", 64)
    assert Remembered("scenes", path).get("chip", 128) == 128


def test_a_value_of_another_type_is_not_taken(path):
    kept = Remembered("track", path)
    kept.set("chip", "large")
    kept.set("scale", 2)
    kept.set("on", 1)
    assert kept.get("chip", 128) == 128
    assert kept.get("scale", 1.5) == 2.0
    assert kept.get("on", False) is False


@pytest.mark.parametrize("content", ["", "{", "[1, 2]", '{"track": 3}', '{"track": null}'])
def test_a_damaged_file_counts_as_none(path, content):
    path.parent.mkdir()
    path.write_text(content)
    kept = Remembered("track", path)
    assert kept.get("chip", 128) == 128
    kept.set("chip", 64)
    assert kept.get("chip", 128) == 64


def test_a_home_that_cannot_be_written_stops_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    kept = Remembered("track", tmp_path / "file" / "settings.json")
    kept.set("chip", 64)
    assert kept.get("chip", 128) == 128

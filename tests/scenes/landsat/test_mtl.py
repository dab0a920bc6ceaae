from __future__ import annotations

import json
import string
from datetime import date, time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_icenet.errors import SceneError
from napari_icenet.scenes.landsat.mtl import Metadata, find_metadata, read_metadata

TEXT = """GROUP = LANDSAT_METADATA_FILE
  GROUP = PRODUCT_CONTENTS
    PROCESSING_LEVEL = "L2SP"
    COLLECTION_NUMBER = 02
    NOTE = "a = b; GROUP = c"
  END_GROUP = PRODUCT_CONTENTS
  GROUP = LEVEL1_PROCESSING_RECORD
    PROCESSING_LEVEL = "L1GT"
    DATE_PRODUCT_GENERATED = 2020-09-08T20:20:42Z
  END_GROUP = LEVEL1_PROCESSING_RECORD
  GROUP = IMAGE_ATTRIBUTES
    DATE_ACQUIRED = 2015-07-10
    SCENE_CENTER_TIME = "14:34:35.9783990Z"
    SUN_ELEVATION = 40.00159030
    MULT = 2.0000E-05
    CLOUD_COVER = cloudy
  END_GROUP = IMAGE_ATTRIBUTES
END_GROUP = LANDSAT_METADATA_FILE
END
AFTER = 1
"""


@pytest.mark.parametrize(
    ("written", "read"),
    [("14:34:35.5Z", time(14, 34, 35, 500000)), ("14:34:35Z", time(14, 34, 35)), ("00:00:00.0000001", time())],
)
def test_times_of_any_precision(tmp_path: Path, written: str, read: time) -> None:
    path = tmp_path / "X_MTL.txt"
    path.write_text(f'GROUP = A\n  T = "{written}"\nEND_GROUP = A\n')
    assert read_metadata(path).time_of_day("T", "A") == read


@pytest.fixture
def metadata(tmp_path: Path) -> Metadata:
    path = tmp_path / "X_MTL.txt"
    path.write_text(TEXT)
    return read_metadata(path)


def test_one_key_in_two_groups_keeps_both_values(metadata: Metadata) -> None:
    assert metadata.text("PROCESSING_LEVEL", "PRODUCT_CONTENTS") == "L2SP"
    assert metadata.text("PROCESSING_LEVEL", "LEVEL1_PROCESSING_RECORD") == "L1GT"


def test_values_are_typed_when_asked_for(metadata: Metadata) -> None:
    assert metadata.number("MULT", "IMAGE_ATTRIBUTES") == 2e-5
    assert metadata.day("DATE_ACQUIRED", "IMAGE_ATTRIBUTES") == date(2015, 7, 10)
    assert metadata.day("DATE_PRODUCT_GENERATED", "LEVEL1_PROCESSING_RECORD") == date(2020, 9, 8)
    # Seven decimals are cut to the six that a time holds.
    assert metadata.time_of_day("SCENE_CENTER_TIME", "IMAGE_ATTRIBUTES") == time(14, 34, 35, 978399)
    assert metadata.text("COLLECTION_NUMBER", "PRODUCT_CONTENTS") == "02"
    assert metadata.text("NOTE", "PRODUCT_CONTENTS") == "a = b; GROUP = c"


def test_a_missing_key_is_named_with_its_group_and_file(metadata: Metadata) -> None:
    with pytest.raises(SceneError, match=r"X_MTL\.txt has no SUN_AZIMUTH in group IMAGE_ATTRIBUTES"):
        metadata.number("SUN_AZIMUTH", "IMAGE_ATTRIBUTES")


def test_a_value_of_another_kind_is_named(metadata: Metadata) -> None:
    with pytest.raises(SceneError, match=r"X_MTL\.txt gives CLOUD_COVER as 'cloudy', which is not a number"):
        metadata.number("CLOUD_COVER", "IMAGE_ATTRIBUTES")
    with pytest.raises(SceneError, match="SCENE_CENTER_TIME"):
        metadata.day("SCENE_CENTER_TIME", "IMAGE_ATTRIBUTES")
    with pytest.raises(SceneError, match="not a time of day"):
        metadata.time_of_day("DATE_ACQUIRED", "IMAGE_ATTRIBUTES")


def test_json_says_the_same_as_text(tmp_path: Path, metadata: Metadata) -> None:
    path = tmp_path / "X_MTL.json"
    groups = {name: dict(values) for name, values in metadata.groups.items() if values}
    path.write_text(json.dumps({"LANDSAT_METADATA_FILE": groups}))
    assert {k: v for k, v in read_metadata(path).groups.items() if v} == groups


def test_padding_behind_old_files_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "X_MTL.txt"
    path.write_bytes(TEXT.encode() + b"\x00" * 500)
    assert read_metadata(path).number("MULT", "IMAGE_ATTRIBUTES") == 2e-5


def test_a_text_cut_short_gives_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "X_MTL.txt"
    path.write_text(TEXT[: TEXT.index("SUN_ELEVATION")])
    assert read_metadata(path).day("DATE_ACQUIRED", "IMAGE_ATTRIBUTES") == date(2015, 7, 10)


@pytest.mark.parametrize(
    ("name", "text"), [("a_MTL.txt", ""), ("a_MTL.txt", "<html>404</html>"), ("a_MTL.json", "{"), ("a_MTL.json", "[]")]
)
def test_a_file_without_metadata_is_named(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(SceneError, match=name):
        read_metadata(tmp_path / name)


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match=r"gone_MTL\.txt cannot be read"):
        read_metadata(tmp_path / "gone_MTL.txt")


def test_text_comes_before_json_and_other_products_do_not_count(tmp_path: Path) -> None:
    for name in ("B_MTL.json", "B_MTL.txt", "A_MTL.txt", "._B_MTL.txt", "B_MTL.xml", "B_MTL.txt.bak"):
        (tmp_path / name).touch()
    assert [path.name for path in find_metadata(tmp_path, "b")] == ["B_MTL.txt", "B_MTL.json", "B_MTL.xml"]
    assert len(find_metadata(tmp_path)) == 4


_names = st.text(string.ascii_uppercase + "_0123456789", min_size=1, max_size=12).map("K".__add__)
_values = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(str),
    st.dates().map(str),
    st.text(string.ascii_letters + string.digits + " .,:;=()/-", max_size=30).map(lambda text: f'"{text}"'),
)


@pytest.mark.slow
@given(groups=st.dictionaries(_names, st.dictionaries(_names, _values, min_size=1), min_size=1, max_size=4))
def test_any_groups_read_back(tmp_path_factory: pytest.TempPathFactory, groups: dict[str, dict[str, str]]) -> None:
    lines = [
        line
        for name, values in groups.items()
        for line in (f"GROUP = {name}", *(f"  {k} = {v}" for k, v in values.items()), f"END_GROUP = {name}")
    ]
    path = tmp_path_factory.mktemp("mtl") / "X_MTL.txt"
    path.write_text("\n".join(["GROUP = L1_METADATA_FILE", *lines, "END_GROUP = L1_METADATA_FILE", "END"]))
    read = read_metadata(path).groups
    assert {name: dict(values) for name, values in read.items() if values} == {
        name: {k: v.strip('"') if v.startswith('"') else v for k, v in values.items()}
        for name, values in groups.items()
    }


@pytest.mark.real
def test_text_json_and_xml_of_a_real_product_agree(real_data: Path) -> None:
    for folder in (real_data / "landsat_products").iterdir():
        text, *others = (read_metadata(path) for path in find_metadata(folder))
        assert [other.path.suffix for other in others] == [".json", ".xml"]
        for group, key in (
            ("IMAGE_ATTRIBUTES", "DATE_ACQUIRED"),
            ("PRODUCT_CONTENTS", "PROCESSING_LEVEL"),
            ("LEVEL1_PROCESSING_RECORD", "PROCESSING_LEVEL"),
            ("LEVEL2_SURFACE_REFLECTANCE_PARAMETERS", "REFLECTANCE_MULT_BAND_1"),
            ("LEVEL1_RADIOMETRIC_RESCALING", "REFLECTANCE_MULT_BAND_1"),
        ):
            assert [other.text(key, group) for other in others] == [text.text(key, group)] * 2
        assert float(text.text("REFLECTANCE_MULT_BAND_1", "LEVEL1_RADIOMETRIC_RESCALING")) == 2e-5
        assert float(text.text("REFLECTANCE_MULT_BAND_1", "LEVEL2_SURFACE_REFLECTANCE_PARAMETERS")) == 2.75e-5

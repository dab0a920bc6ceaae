"""What looks like scenes, and what does not; nothing that lies there makes it fail."""

from __future__ import annotations

import json

import pytest

from napari_icenet.scenes.detect import looks_like_scenes
from napari_icenet.scenes.store.schema import FORMAT, is_saved_stack

PRODUCT = "LC08_L1TP_005009_20150710_20200908_02_T1"


@pytest.mark.parametrize(
    ("name", "found"),
    [
        (f"{PRODUCT}_MTL.txt", True),
        (f"{PRODUCT}_MTL.json", True),
        ("anything_mtl.TXT", True),
        (f"{PRODUCT}_B4.TIF", True),
        (f"{PRODUCT}.tiff", True),
        ("work.icenet", True),
        ("picture.tif", False),
        ("20200101.tif", False),
        ("notes.txt", False),
        (f"{PRODUCT}.png", False),
    ],
)
def test_files_by_their_names(tmp_path, name, found):
    path = tmp_path / name
    path.touch()
    assert looks_like_scenes(path) is found


@pytest.mark.parametrize(
    ("folder", "files", "found"),
    [
        (PRODUCT, (), True),
        ("data", (), False),
        ("data", ("notes.txt",), False),
        ("data", ("x_MTL.txt",), True),
        ("data", (f"{PRODUCT}/a.txt",), True),
        ("data", ("scene/x_MTL.txt",), True),
        ("data", ("scene/deep/x_MTL.txt",), False),
        ("data", ("20200101.tif", "20200117.tif"), True),
    ],
)
def test_folders_by_what_lies_in_them(tmp_path, folder, files, found):
    place = tmp_path / folder
    place.mkdir()
    for name in files:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).touch()
    assert looks_like_scenes(place) is found


def test_what_is_not_there_is_none(tmp_path):
    assert not looks_like_scenes(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (json.dumps({"attributes": {"format": FORMAT}}), True),
        (json.dumps({"attributes": {"format": "another"}}), False),
        (json.dumps({"attributes": {}}), False),
        (json.dumps({"attributes": None}), False),
        (json.dumps({"attributes": [FORMAT]}), False),
        (json.dumps({}), False),
        ("[]", False),
        ("3", False),
        ("null", False),
        ("{", False),
        ("", False),
        (None, False),
    ],
)
def test_stores_of_other_programs_are_none_of_ours(tmp_path, content, found):
    store = tmp_path / "ice.zarr"
    store.mkdir()
    if content is not None:
        (store / "zarr.json").write_text(content)
    assert is_saved_stack(store) is found
    assert looks_like_scenes(store) is found


def test_bytes_that_are_no_text_are_no_stack(tmp_path):
    (tmp_path / "zarr.json").write_bytes(b"\xff\xfe\xff")
    assert not is_saved_stack(tmp_path)

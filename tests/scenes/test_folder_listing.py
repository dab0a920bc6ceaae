"""Folders are looked into once, however many ask what lies in them."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from napari_icenet.errors import StackError
from napari_icenet.scenes.detect import looks_like_scenes
from napari_icenet.scenes.folder_listing import list_folder, listing_or_none
from napari_icenet.scenes.open import open_stack
from tests.scenes.products import COLLECTION_1_L1, COLLECTION_2_L1, stored_values, write_product, write_tiff


@pytest.fixture
def looks(monkeypatch):
    """How often each folder is looked into; Path.iterdir and glob call these, too."""
    counted: Counter[Path] = Counter()
    scandir, listdir = os.scandir, os.listdir

    def count(function):
        def counting(path="."):
            counted[Path(path)] += 1
            return function(path)

        return counting

    monkeypatch.setattr(os, "scandir", count(scandir))
    monkeypatch.setattr(os, "listdir", count(listdir))
    return counted


def test_files_and_folders_are_told_apart_and_sorted(tmp_path):
    for name in ("b.tif", "a.tif", ".hidden.tif"):
        (tmp_path / name).touch()
    for name in ("z", "y", ".git"):
        (tmp_path / name).mkdir()
    listing = list_folder(tmp_path)
    assert listing.files == (tmp_path / "a.tif", tmp_path / "b.tif")
    assert listing.folders == (tmp_path / "y", tmp_path / "z")
    assert not listing.empty


def test_a_folder_of_hidden_files_alone_is_not_empty(tmp_path):
    assert list_folder(tmp_path).empty
    (tmp_path / ".hidden").touch()
    assert not list_folder(tmp_path).empty


def test_links_count_as_what_they_lead_to(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "file.tif").touch()
    (tmp_path / "link").symlink_to(tmp_path / "there")
    (tmp_path / "link.tif").symlink_to(tmp_path / "file.tif")
    (tmp_path / "broken.tif").symlink_to(tmp_path / "nowhere")
    listing = list_folder(tmp_path)
    assert listing.folders == (tmp_path / "link", tmp_path / "there")
    assert listing.files == (tmp_path / "file.tif", tmp_path / "link.tif")


def test_a_link_to_where_one_may_not_look_is_told(tmp_path, monkeypatch):
    for name in ("20200131", "20200216"):
        write_tiff(tmp_path / f"{name}.tif", stored_values(1))
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there")
    look = os.stat

    def denied(path, *args, **kwargs):
        if Path(path).name == "link":
            raise PermissionError(13, "Permission denied", str(path))
        return look(path, *args, **kwargs)

    monkeypatch.setattr(os, "stat", denied)
    listing = list_folder(tmp_path)
    assert listing.closed == (tmp_path / "link",)
    assert listing.folders == (tmp_path / "there",)
    stack = open_stack(tmp_path)
    assert [notice.message for notice in stack.notices] == [
        "link is left out: it is a link to what may not be read; check permissions there."
    ]


def test_a_folder_that_vanishes_or_may_not_be_listed_ends_in_one_sentence(tmp_path, monkeypatch):
    folder = write_product(tmp_path, COLLECTION_2_L1)
    (tmp_path / "20200131").mkdir()
    scandir = os.scandir

    def denied(path="."):
        if Path(path) != tmp_path:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", denied)
    assert listing_or_none(folder) is None
    with pytest.raises(StackError, match=r"LC08.* cannot be read .*Permission denied.*; check its permissions"):
        open_stack(tmp_path)
    with pytest.raises(StackError, match=r"20200131 cannot be read .*Permission denied.*; check its permissions"):
        open_stack(tmp_path / "20200131")


def test_what_was_listed_is_handed_on(tmp_path, looks):
    listing = list_folder(tmp_path)
    assert list_folder(listing) is listing
    assert looks[tmp_path] == 1


def test_opening_dated_images_looks_into_their_folder_once(tmp_path, looks):
    for name in ("20200131", "20200216"):
        write_tiff(tmp_path / f"{name}.tif", stored_values(1))
    assert len(open_stack(tmp_path).scenes) == 2
    assert looks[tmp_path] == 1


@pytest.mark.parametrize("bands", [None, ("B2",), ("B8",)], ids=str)
def test_opening_products_looks_into_each_folder_once(tmp_path, looks, bands):
    folders = [write_product(tmp_path, name, pan=True) for name in (COLLECTION_1_L1, COLLECTION_2_L1)]
    open_stack(tmp_path, bands=bands)
    assert {folder: looks[folder] for folder in (tmp_path, *folders)} == dict.fromkeys((tmp_path, *folders), 1)


def test_telling_whether_a_folder_holds_scenes_looks_into_it_once(tmp_path, looks):
    (tmp_path / "notes.txt").touch()
    assert not looks_like_scenes(tmp_path)
    assert looks[tmp_path] == 1

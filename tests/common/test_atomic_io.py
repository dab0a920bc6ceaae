"""Files and folders that are whole or as before."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pandas as pd
import pytest

from napari_icenet.common.atomic_io import (
    check_destination,
    put_in_place,
    replaced_folder,
    write_durably,
    write_parquet,
    write_whole,
)
from napari_icenet.errors import TrackingError, UsageError


class Broken(Exception):
    """The writer's own failure."""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    path.write_bytes(b"old")
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("flush", [True, False])
@pytest.mark.parametrize("write", [b"new", lambda file: file.write(b"new")])
def test_a_file_is_replaced(old, write, flush):
    write_durably(old, write, flush=flush)
    assert old.read_bytes() == b"new"
    assert names(old.parent) == [old.name]


def test_the_old_file_stays_while_the_new_one_is_written(old):
    seen = []

    def write(file):
        file.write(b"n")
        file.flush()
        seen.append((old.read_bytes(), len(list(old.parent.glob("*.csv")))))

    write_durably(old, write)
    assert seen == [(b"old", 1)]  # nor does a pattern find the half-written one


def test_a_failing_writer_leaves_the_old_file_and_no_trace(old):
    def write(file):
        file.write(b"half")
        raise Broken

    with pytest.raises(Broken):
        write_durably(old, write)
    assert old.read_bytes() == b"old"
    assert names(old.parent) == [old.name]


def test_content_is_on_the_disk_before_the_name(old, monkeypatch):
    calls = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (calls.append("fsync"), fsync(handle)))
    monkeypatch.setattr(os, "replace", lambda *paths: (calls.append("replace"), replace(*paths)))
    write_durably(old, b"new")
    assert calls == (["fsync", "replace", "fsync"] if os.name == "posix" else ["fsync", "replace"])


@pytest.mark.parametrize(("name", "written"), [("a.csv", "comma"), ("a.CSV", "comma"), ("a.tsv", "tab")])
def test_the_suffix_chooses_the_writer_and_stays_last(tmp_path, name, written):
    given = []

    def writer(text):
        def write(path):
            given.append(path.suffix)
            path.write_text(text)

        return write

    write_whole(tmp_path / name, {".csv": writer("comma"), ".tsv": writer("tab")}, "tables")
    assert (tmp_path / name).read_text() == written
    assert given == [Path(name).suffix.lower()]
    assert names(tmp_path) == [name]


def test_a_full_disk_while_writing_is_an_error_of_ours(old):
    def write(path):
        path.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(TrackingError, match="No space left"):
        write_whole(old, {".csv": write}, "tables")
    assert old.read_bytes() == b"old"
    assert names(old.parent) == [old.name]


def test_destinations_are_refused_before_the_work(tmp_path):
    with pytest.raises(UsageError):
        check_destination(tmp_path / "a.txt", {".csv"}, "tables")
    with pytest.raises(TrackingError):
        check_destination(tmp_path / "missing" / "a.csv", {".csv"}, "tables")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(TrackingError):
        check_destination(tmp_path / "folder.csv", {".csv"}, "tables")
    check_destination(tmp_path / "a.csv", {".csv"}, "tables")


def test_a_folder_is_replaced_as_a_whole(tmp_path):
    target = tmp_path / "report"
    for content in ("first", "second"):
        with replaced_folder(target) as folder:
            (folder / content).write_text(content)
        assert names(target) == [content]
    assert names(tmp_path) == ["report"]


def test_a_folder_that_fails_leaves_the_old_one(tmp_path):
    target = tmp_path / "report"
    target.mkdir()
    (target / "old").touch()

    def fill():
        with replaced_folder(target) as folder:
            (folder / "half").touch()
            raise Broken

    with pytest.raises(Broken):
        fill()
    assert names(target) == ["old"]
    assert names(tmp_path) == ["report"]


def test_the_old_folder_comes_back_where_the_new_one_cannot_take_its_place(tmp_path):
    target = tmp_path / "report"
    target.mkdir()
    with pytest.raises(FileNotFoundError):
        put_in_place(tmp_path / "missing", target)
    assert names(tmp_path) == ["report"]


def test_parquet_round_trip(tmp_path):
    pytest.importorskip("pyarrow")
    table = pd.DataFrame({"row": [1.5, float("nan")], "name": ["a", "b"]})
    write_parquet(table, tmp_path / "a.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "a.parquet"), table)


def test_parquet_without_pyarrow_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(TrackingError, match="pyarrow"):
        write_parquet(pd.DataFrame(), tmp_path / "a.parquet")
    assert not names(tmp_path)

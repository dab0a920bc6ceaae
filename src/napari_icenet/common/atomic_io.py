"""Write files and folders that are whole or as before: made under a temporary name, then renamed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from uuid import uuid4

from napari_icenet.errors import TrackingError, UsageError

if TYPE_CHECKING:
    import pandas as pd


def write_durably(path: Path, write: bytes | Callable[[BinaryIO], object], *, flush: bool = True) -> None:
    """Replace a file by a new one that is whole even after a power cut; on any error the old one stays.

    Parameters
    ----------
    path : Path
    write : bytes or callable
        The content, or what writes it to an open file.
    flush : bool
        Force it to the disk. Without, the file is whole or as before, but a power cut may undo the change.

    Raises
    ------
    OSError
        The disk is full, or the folder is missing or closed.
    """
    # No suffix: a pattern such as *.npz does not find what is half written.
    with _replaced(path, f".{path.name}.{uuid4().hex[:8]}") as temporary, open(temporary, "wb") as file:
        if callable(write):
            write(file)
        else:
            file.write(write)
        if flush:
            file.flush()
            os.fsync(file.fileno())
    if flush:
        _flush_folder(path.parent)


def write_whole(path: str | Path, writers: Mapping[str, Callable[[Path], None]], what: str) -> None:
    """Write a file by its name's suffix: first under a temporary name, then renamed, so that it is whole or absent.

    Parameters
    ----------
    path : path
        Replaced if it is there.
    writers : mapping of str to callable
        By lower-case suffix, what writes to a given path.
    what : str
        What is written, in the plural, for messages.

    Raises
    ------
    UsageError
        The name ends in no suffix that is known.
    TrackingError
        The folder is missing or closed, or the disk is full.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    check_destination(path, writers, what)
    try:
        # The suffix stays last: drivers choose the format by it.
        with _replaced(path, f".{path.stem}.{uuid4().hex[:8]}{suffix}") as temporary:
            writers[suffix](temporary)
    except OSError as error:
        raise TrackingError(f"{path} cannot be written ({error.strerror or error}); choose another folder.") from error


@contextmanager
def replaced_folder(path: Path) -> Iterator[Path]:
    """Yield a new, empty folder that takes the place of ``path`` at the end, or vanishes on any error.

    Raises OSError: the disk is full, or the parent is missing or closed; what was there is still there.
    """
    folder = path.with_name(f".{path.name}.{uuid4().hex[:8]}.partial")
    try:
        folder.mkdir()
        yield folder
        put_in_place(folder, path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def put_in_place(folder: Path, path: Path) -> None:
    """Put a finished folder where an older one may be; that one vanishes once the new one stands.

    Raises OSError: the place cannot be written; what was there is still there.
    """
    old = folder.with_name(f"{folder.name}.old")
    try:
        if path.exists():
            path.rename(old)
        folder.rename(path)
    except OSError:
        if old.exists() and not path.exists():
            old.rename(path)
        raise
    if old.exists():
        shutil.rmtree(old)


def check_destination(path: Path, suffixes: Collection[str], what: str) -> None:
    """Make sure that a file of this name can be made or replaced, before the work that fills it.

    Raises
    ------
    UsageError
        The name ends in none of the suffixes.
    TrackingError
        The folder is missing or closed, or the name is a folder's.
    """
    check_name(path, suffixes, what)
    check_folder(path)


def check_name(path: Path, suffixes: Collection[str], what: str) -> None:
    """Refuse a name that ends in none of the suffixes (:class:`~napari_icenet.errors.UsageError`)."""
    if path.suffix.lower() not in suffixes:
        raise UsageError(f"{what} cannot be written as {path}; end the name in {', '.join(suffixes)}.")


def check_folder(path: Path) -> None:
    """Refuse a file whose folder is missing or closed (:class:`~napari_icenet.errors.TrackingError`)."""
    if not path.parent.is_dir():
        raise TrackingError(f"{path} cannot be written: there is no folder {path.parent}; make it first.")
    if path.is_dir() or not os.access(path.parent, os.W_OK | os.X_OK):
        why = "it is a folder" if path.is_dir() else "its folder may not be written to"
        raise TrackingError(f"{path} cannot be written: {why}; choose another name.")


def write_parquet(table: pd.DataFrame, path: Path) -> None:
    """Write a table as Parquet.

    Raises TrackingError: pyarrow is not installed.
    """
    try:
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise TrackingError(
            "writing Parquet needs pyarrow; install it with pip install 'napari-icenet[parquet]', or write a .csv."
        ) from error
    table.to_parquet(path, index=False)


@contextmanager
def _replaced(path: Path, name: str) -> Iterator[Path]:
    """Yield a sibling of ``path`` that takes its name at the end, or vanishes on any error."""
    temporary = path.with_name(name)
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _flush_folder(folder: Path) -> None:
    """Force the new name to the disk, on systems where folders can be opened."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

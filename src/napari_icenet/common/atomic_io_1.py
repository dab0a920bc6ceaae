"""Files that are whole or absent."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from napari_icenet.errors import TrackingError, UsageError

if TYPE_CHECKING:
    import pandas as pd


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


def write_whole(path: str | Path, writers: Mapping[str, Callable[[Path], None]], what: str) -> None:
    """Write a file by its name's suffix: first beside, then renamed, so that it is whole or absent.

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
    # The suffix stays last: drivers choose the format by it.
    beside = path.with_name(f".{path.stem}.{uuid4().hex[:8]}{suffix}")
    try:
        writers[suffix](beside)
        os.replace(beside, path)
    except OSError as error:
        raise TrackingError(f"{path} cannot be written ({error.strerror or error}); choose another folder.") from error
    finally:
        beside.unlink(missing_ok=True)


def write_parquet(table: pd.DataFrame, path: Path) -> None:
    """Write a table as Parquet.

    Raises
    ------
    TrackingError
        pyarrow is not installed.
    """
    try:
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise TrackingError(
            "writing Parquet needs pyarrow; install it with pip install 'napari-icenet[parquet]', or write a .csv."
        ) from error
    table.to_parquet(path, index=False)

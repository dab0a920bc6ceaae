"""Files that a crash cannot spoil: written beside, forced to the disk, then renamed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4


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
    beside = path.with_name(f".{path.name}.{uuid4().hex[:8]}")
    try:
        with open(beside, "wb") as file:
            if callable(write):
                write(file)
            else:
                file.write(write)
            if flush:
                file.flush()
                os.fsync(file.fileno())
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
    if flush:
        _flush_folder(path.parent)


def _flush_folder(folder: Path) -> None:
    """Force the new name to the disk, on systems where folders can be opened."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

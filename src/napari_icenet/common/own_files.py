"""Files that this package has written, told from those of others before they are replaced."""

from __future__ import annotations

import mmap
from pathlib import Path

from napari_icenet.errors import TrackingError, UsageError

#: Name in the attributes, tags or columns of all that is written (:func:`~napari_icenet.common.software.software`).
_NAME = b"napari-icenet"


def is_own(path: Path) -> bool:
    """Whether a file names this package as the software that wrote it; an empty file is anybody's.

    Raises TrackingError: the file cannot be read.
    """
    try:
        if path.stat().st_size == 0:
            return True
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return content.find(_NAME) >= 0
    except OSError as error:
        raise TrackingError(f"{path} cannot be read ({error.strerror}); choose another name.") from error


def refuse_foreign(path: Path) -> None:
    """Make sure that no file of others is replaced, before the work that fills it.

    Raises
    ------
    UsageError
        There is a file that this package has not written.
    """
    if path.is_file() and not is_own(path):
        raise UsageError(f"{path} was not written by icenet, so it is not replaced; choose another name.")

"""Folders that are whole or as before."""

from __future__ import annotations

import shutil
from pathlib import Path


def put_in_place(folder: Path, path: Path) -> None:
    """Put a finished folder where an older one may be; that one vanishes once the new one stands.

    Raises
    ------
    OSError
        The place cannot be written; what was there is still there.
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

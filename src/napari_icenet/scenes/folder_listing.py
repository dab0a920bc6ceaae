"""Members of a folder, read once and handed on: on network drives each look at a folder takes its time."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FolderListing:
    """What lies in a folder, sorted; hidden members are left out.

    Attributes
    ----------
    folder : Path
    files, folders : tuple of Path
    empty : bool
        Whether there is nothing at all, not even hidden.
    broken : tuple of Path
        Links that lead nowhere.
    """

    folder: Path
    files: tuple[Path, ...]
    folders: tuple[Path, ...]
    empty: bool
    broken: tuple[Path, ...] = ()


def list_folder(folder: Path | FolderListing) -> FolderListing:
    """Look into a folder, or pass on what was seen there before.

    Raises OSError: the folder cannot be looked into.
    """
    if isinstance(folder, FolderListing):
        return folder
    files, folders, broken, empty = [], [], [], True
    with os.scandir(folder) as entries:
        for entry in entries:
            empty = False
            if entry.name.startswith("."):
                continue
            path = folder / entry.name
            if path.is_dir() if entry.is_symlink() else entry.is_dir():
                folders.append(path)
            elif path.is_file() if entry.is_symlink() else entry.is_file():
                files.append(path)
            elif entry.is_symlink():
                broken.append(path)
    return FolderListing(folder, tuple(sorted(files)), tuple(sorted(folders)), empty, tuple(sorted(broken)))

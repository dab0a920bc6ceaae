"""Members of a folder, read once and handed on: on network drives each look at a folder takes its time."""

from __future__ import annotations

import os
import stat
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
    closed : tuple of Path
        Links that lead where one may not look, and members that cannot be looked at.
    """

    folder: Path
    files: tuple[Path, ...] = ()
    folders: tuple[Path, ...] = ()
    empty: bool = True
    broken: tuple[Path, ...] = ()
    closed: tuple[Path, ...] = ()


def list_folder(folder: Path | FolderListing) -> FolderListing:
    """Look into a folder, or pass on what was seen there before.

    Raises OSError: the folder cannot be looked into.
    """
    if isinstance(folder, FolderListing):
        return folder
    kinds: dict[str, list[Path]] = {"files": [], "folders": [], "broken": [], "closed": []}
    empty = True
    with os.scandir(folder) as entries:
        for entry in entries:
            empty = False
            if entry.name.startswith("."):
                continue
            path = folder / entry.name
            kind = _kind_of_link(path) if entry.is_symlink() else _kind_of(entry)
            if kind is not None:
                kinds[kind].append(path)
    return FolderListing(folder, empty=empty, **{kind: tuple(sorted(paths)) for kind, paths in kinds.items()})


def listing_or_none(folder: Path) -> FolderListing | None:
    """What lies in a folder; None where it cannot be looked into, or has vanished."""
    try:
        return list_folder(folder)
    except OSError:
        return None


def _kind_of(entry: os.DirEntry[str]) -> str | None:
    try:
        return "folders" if entry.is_dir() else "files" if entry.is_file() else None
    except OSError:
        return "closed"


def _kind_of_link(path: Path) -> str | None:
    try:
        mode = path.stat().st_mode
    except PermissionError:
        return "closed"
    except OSError:
        return "broken"
    # Pipes and devices are neither.
    return "folders" if stat.S_ISDIR(mode) else "files" if stat.S_ISREG(mode) else None

"""One process at a time in the folder of a run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from napari_icenet.errors import TrainingError


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder for as long as the context lasts; the system lets go of it when a process dies.

    Raises
    ------
    TrainingError
        Another process holds it, or it cannot be written to.
    """
    path = folder / "lock"
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise TrainingError(f"{path} cannot be written ({error.strerror}); choose another folder.") from error
    try:
        try:
            _lock(handle)
        except OSError as error:
            raise TrainingError(f"{folder} is in use by a run that is going on; stop that one first.") from error
        yield
    finally:
        os.close(handle)


def _lock(handle: int) -> None:
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

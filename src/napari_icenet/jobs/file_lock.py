"""One process at a time in the folder of a run."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from napari_icenet.errors import TrainingError

#: How often, and after how many seconds, a lock is tried again before it counts as held.
_TRIES, _WAIT = 5, 0.05


@contextmanager
def locked(folder: Path, name: str = "lock", *, tries: int = _TRIES) -> Iterator[None]:
    """Hold the folder for as long as the context lasts; the system lets go of it when a process dies.

    Parameters
    ----------
    folder : Path
    name : str
        Of the file that is held; those who hold different ones are not in each other's way.
    tries : int
        Made at intervals of 50 ms before the folder counts as held by another.

    Raises
    ------
    TrainingError
        Another process holds it, or it cannot be written to.
    """
    path = folder / name
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise TrainingError(f"{path} cannot be written ({error.strerror}); choose another folder.") from error
    try:
        try:
            _lock_soon(handle, tries)
        except OSError as error:
            raise TrainingError(f"{folder} is in use by a run that is going on; stop that one first.") from error
        yield
    finally:
        os.close(handle)


def held(folder: Path) -> bool | None:
    """Whether a process holds the folder; None where that cannot be told, as on some network disks."""
    if os.name == "nt":
        return None
    import fcntl

    try:
        handle = os.open(folder / "lock", os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return True if error.errno in (errno.EWOULDBLOCK, errno.EACCES) else None
    finally:
        os.close(handle)
    return False


def _lock_soon(handle: int, tries: int) -> None:
    """Lock, even if somebody is just looking whether the folder is held."""
    for _ in range(tries):
        try:
            return _lock(handle)
        except OSError:
            time.sleep(_WAIT)
    return _lock(handle)


def _lock(handle: int) -> None:
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
